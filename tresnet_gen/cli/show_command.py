"""`tresnet-gen show`: a spec as written, or resolved with the place of every value."""

import json

import click

from tresnet_gen import tables
from tresnet_gen.cli import options
from tresnet_gen.cli.specs import load
from tresnet_gen.cli.terminal import data, document
from tresnet_gen.frontend.describe import Setting, settings
from tresnet_gen.frontend.diagnostics import visible


@click.command("show", short_help="Show a spec's values and where each was written.")
@options.specs(several=False)
@click.option("--resolved", is_flag=True, help="Every value, defaults too, and the file and line it came from.")
@options.overrides()
@options.formats("csv", "markdown")
def command(spec: str, resolved: bool, overrides: tuple[str, ...], output_format: str) -> None:
    """Show a spec: without --resolved only the values that were written, through `extends`, `set` and --set."""
    [loaded] = load([spec], overrides, output_format)
    shown = [setting for setting in settings(loaded.graph.spec) if resolved or setting.span]
    rows = [("key", "value", "from"), *((s.key, value_text(s), s.place) for s in shown)]
    if output_format == "json":
        values = [{"key": s.key, "value": s.value, **_place(s)} for s in shown]
        document(models=[{"name": loaded.graph.spec.name, "spec": spec, "values": values}], diagnostics=[])
    elif output_format == "csv":
        data(tables.csv_text(rows))
    else:
        data("\n".join(tables.markdown(rows) if output_format == "markdown" else tables.aligned(rows)))


def value_text(setting: Setting) -> str:
    """Return a value as a spec writes it, on one line; what does not print is shown by its number."""
    if isinstance(setting.value, dict):
        return "{" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in setting.value.items()) + "}"
    return visible(setting.value) if isinstance(setting.value, str) else json.dumps(setting.value)


def _place(setting: Setting) -> dict[str, str | int | None]:
    span = setting.span
    return {"path": span.text.name, "line": span.line, "column": span.column} if span else {"path": None}
