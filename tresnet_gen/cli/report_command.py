"""`tresnet-gen report`: specs to one HTML file."""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from tresnet_gen.explore.report.blocks import Block

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
    found = _search(search) if search else ()
    text = report_text(load(specs, edits, "text"), question, edits, silenced, command_line(sys.argv[1:]), found)
    if output == "-":
        exact(text)
    else:
        write_report(output, text, force)


def report_text(
    loaded: Sequence[Loaded],
    question: Question,
    edits: Sequence[str],
    silenced: Sequence[str],
    line: str,
    found: Sequence["Block"] = (),
) -> str:
    """Return the HTML about specs.

    `edits` are the overrides that they were loaded with, `line` makes the report again, `found` is what it shows of a
    search.
    """
    from tresnet_gen.explore.report.page import Subject, page
    from tresnet_gen.explore.report.render import html

    subjects = []
    for one in loaded:
        estimated = estimate(one, question)
        # Standard input cannot be read a second time, with the edits of the hints.
        tried = hint_tables.tried(estimated, question, edits, silenced, "text") if one.argument != "-" else []
        subjects.append(Subject(estimated, tuple(tried), spec_sha256(one.graph.spec)))
    return html(page(subjects, question, line, found))


def _search(path: str) -> list["Block"]:
    """Return what a report shows of a search.json; exits with 2 where it is none."""
    from tresnet_gen.explore.report.found import blocks
    from tresnet_gen.explore.report.search_file import MAX_BYTES, SearchFileError, read

    try:
        with open(path, "rb") as file:
            return blocks(read(file.read(MAX_BYTES + 1)))
    except (SearchFileError, OSError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        message = f"{printable(path, 400)}: not a search.json that can be read: {reason}"
        refuse([Diagnostic("E000", message)], "text", code=2)


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
