"""`tresnet-gen validate`: every error of a spec at once."""

import click

from tresnet_gen.cli import options
from tresnet_gen.cli.specs import check
from tresnet_gen.cli.terminal import document, talk
from tresnet_gen.frontend.diagnostics import printable


@click.command("validate", short_help="Report every error of a spec, with line and column.")
@options.specs()
@options.overrides()
@options.formats("github")
def command(specs: tuple[str, ...], overrides: tuple[str, ...], output_format: str) -> None:
    """Check specs and report every error with file, line, column and what would be right.

    The keys are checked, then the shapes of every layer. `github` prints workflow commands that annotate a pull
    request.
    """
    checked = check(specs, overrides, output_format)
    if output_format == "json":
        models = [{"name": spec.name, "spec": argument} for argument, spec in zip(specs, checked, strict=True)]
        document(models=models, diagnostics=[])
    elif output_format == "text":
        for argument in specs:
            talk(f"{printable(argument, 400)}: ok")
