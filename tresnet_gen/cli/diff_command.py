"""`tresnet-gen diff`: what changes from one spec to another."""

import sys

import click

from tresnet_gen.cli import diff_tables, options
from tresnet_gen.cli.specs import load, refuse_second_stdin
from tresnet_gen.cli.terminal import data, document
from tresnet_gen.explore.estimates import Question


@click.command("diff", short_help="Show what changes from spec A to spec B.")
@click.argument("old", metavar="A", type=options.SpecType())
@click.argument("new", metavar="B", type=options.SpecType())
@options.overrides()
@options.comparison()
@options.formats("csv", "markdown")
def command(old: str, new: str, overrides: tuple[str, ...], question: Question, output_format: str) -> None:
    """Show what changes from spec A to spec B: keys, shapes, counts, memory of a training step.

    Exit code 1 when they differ.

    --set changes B: `tresnet-gen diff tresnet_m tresnet_m --set stages.2.depth=16` tells what an edit costs.
    """
    refuse_second_stdin([old, new])
    [before] = load([old], (), output_format)
    [after] = load([new], overrides, output_format)
    compared = diff_tables.compare(before, after, question)
    if output_format == "json":
        document(models=compared.names, diff=diff_tables.document(compared), diagnostics=[])
    elif output_format == "csv":
        data(diff_tables.csv_text(compared.changes))
    else:
        markdown = output_format == "markdown"
        shown = diff_tables.text(compared, " -> ".join(compared.names), markdown)
        data(f"{shown}\n\n{diff_tables.meanings(question, markdown)}" if compared.changes.differs else shown)
    sys.exit(1 if compared.changes.differs else 0)
