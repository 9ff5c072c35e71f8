"""`tresnet-gen list`: the bundled specs."""

import click

from tresnet_gen import tables
from tresnet_gen.analysis.counts import count
from tresnet_gen.cli import options
from tresnet_gen.cli.specs import load
from tresnet_gen.cli.terminal import data, document
from tresnet_gen.resources import bundled_specs


@click.command("list", short_help="List the bundled specs.")
@options.formats("csv", "markdown")
def command(output_format: str) -> None:
    """List the bundled specs, which can be named wherever a SPEC is wanted."""
    rows = [("name", "input", "params", "MACs", "description")]
    models = []
    for one in load(list(bundled_specs()), (), output_format):
        spec, totals = one.graph.spec, count(one.graph).totals
        size = " x ".join(map(str, (spec.input.channels, *spec.input.size)))
        rows.append((one.argument, size, f"{totals.params:,}", f"{totals.macs:,}", spec.description))
        models.append(
            {"name": one.argument, "description": spec.description, "params": totals.params, "macs": totals.macs}
        )
    if output_format == "json":
        document(models=models, diagnostics=[])
    elif output_format == "csv":
        data(
            tables.csv_text([tuple(cell.replace(",", "") if cell[:1].isdigit() else cell for cell in r) for r in rows])
        )
    else:
        lay_out = tables.markdown if output_format == "markdown" else tables.aligned
        data("\n".join(lay_out(rows, (2, 3))))
