"""`tresnet-gen report`: specs to one HTML file."""

import shlex
import sys
from collections.abc import Sequence

import click

from tresnet_gen.analysis.devices import Gpu
from tresnet_gen.cli import hint_tables, options
from tresnet_gen.cli.files import UnwritableError, read_existing, write_atomically
from tresnet_gen.cli.rates import Anchor, rates_of, tied
from tresnet_gen.cli.specs import load, refuse
from tresnet_gen.cli.terminal import exact, talk
from tresnet_gen.emission.stamp import spec_sha256
from tresnet_gen.explore.estimates import Question, estimate
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.frontend.diagnostics import Diagnostic, printable

FOREIGN = "not written by `tresnet-gen report`, or edited since; --force overwrites it"


@click.command("report", short_help="Write one HTML file: figures, charts, layers, hints, a comparison.")
@options.specs()
@click.option(
    "-o", "output", metavar="PATH", default="report.html", show_default=True, help="HTML; - for standard output."
)
@options.overrides()
@options.size()
@options.train()
@options.step()
@options.cards()
@options.throughput()
@options.anchor()
@options.silenced()
@click.option("--search", "search", metavar="FILE", help="Show what `search` found: its search.json.")
@click.option("--force", is_flag=True, help="Overwrite a file that `report` did not write, or that was edited since.")
def command(
    specs: tuple[str, ...],
    output: str,
    overrides: tuple[str, ...],
    size: str | None,
    train: bool,
    batch: int,
    precision: str,
    optimizer: str | None,
    rounding: int,
    gpus: tuple[str, ...],
    memories: tuple[int, ...],
    own: tuple[Gpu, ...],
    layout: str,
    compiled: bool,
    anchor: Anchor | None,
    silenced: tuple[str, ...],
    search: str | None,
    force: bool,
) -> None:
    """Write one self-contained HTML file about one or more specs.

    It needs no network, and no script but to sort and filter tables. Several specs are compared with the first.
    """
    step = options.step_of(train, precision, optimizer)
    named = options.gpus_of(gpus, own)
    rates = tied(rates_of(named, train, layout, compiled), anchor, "text")
    question = Question(step, batch, rounding, layout, options.cards_of(named, memories), rates)
    edits = [*overrides, *([size] if size else [])]
    text = report_text(load(specs, edits, "text"), question, edits, silenced, command_line(sys.argv[1:]))
    if output == "-":
        exact(text)
    else:
        write_report(output, text, force)


def report_text(
    loaded: Sequence[Loaded], question: Question, edits: Sequence[str], silenced: Sequence[str], line: str
) -> str:
    """Return the HTML about specs; `edits` are the overrides they were loaded with, `line` makes the report again."""
    from tresnet_gen.explore.report.page import Subject, page
    from tresnet_gen.explore.report.render import html

    subjects = []
    for one in loaded:
        estimated = estimate(one, question)
        # Standard input cannot be read a second time, with the edits of the hints.
        found = hint_tables.tried(estimated, question, edits, silenced, "text") if one.argument != "-" else []
        subjects.append(Subject(estimated, tuple(found), spec_sha256(one.graph.spec)))
    return html(page(subjects, question, line))


def write_report(output: str, text: str, force: bool) -> None:
    """Write a report in place of an older one, or of nothing; exits with 2 where something else stands there."""
    from tresnet_gen.explore.report.render import is_own

    try:
        existing = read_existing(output)
        if existing is not None and not force and not is_own(existing):
            refuse([Diagnostic("E000", f"{printable(output, 400)}: {FOREIGN}")], "text", code=2)
        if existing != text:
            write_atomically(output, text)
    except UnwritableError as error:
        refuse([Diagnostic("E000", str(error))], "text", code=2)
    talk(f"{'unchanged' if existing == text else 'wrote'} {printable(output, 400)}")


def command_line(arguments: Sequence[str]) -> str:
    """Return the command line of a report without what says where it goes: the same report, whatever the folder."""
    kept, skipped = [], False
    for argument in arguments:
        if skipped or argument == "--force":
            skipped = False
        elif argument == "-o":
            skipped = True
        elif not (argument.startswith("-o") and not argument.startswith("--")):
            kept.append(argument)
    return shlex.join(["tresnet-gen", *kept])
