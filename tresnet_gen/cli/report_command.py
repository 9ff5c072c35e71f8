"""`tresnet-gen report`: specs to one HTML file."""

import os
import sys
from typing import TYPE_CHECKING

import click

from tresnet_gen.cli import options, reports
from tresnet_gen.cli.files import UnwritableError
from tresnet_gen.cli.specs import load, refuse
from tresnet_gen.cli.terminal import exact, talk
from tresnet_gen.explore.estimates import Question
from tresnet_gen.frontend.diagnostics import Diagnostic, printable

if TYPE_CHECKING:
    from tresnet_gen.explore.report.blocks import Block


@click.command("report", short_help="Write one HTML file: figures, charts, layers, hints, a comparison.")
@options.specs()
@click.option(
    "-o", "output", metavar="PATH", default="report.html", show_default=True, help="HTML; - for standard output."
)
@options.overrides()
@options.size()
@options.asked()
@options.silenced()
@click.option("--search", "search", metavar="FILE", help="Show what `search` found: its search.json.")
@click.option("--force", is_flag=True, help="Overwrite a file that `report` did not write, or that was edited since.")
def command(
    specs: tuple[str, ...],
    output: str,
    overrides: tuple[str, ...],
    size: str | None,
    question: Question,
    silenced: tuple[str, ...],
    search: str | None,
    force: bool,
) -> None:
    """Write one self-contained HTML file about one or more specs.

    It needs no network, and no script but to sort and filter tables. Several specs are compared with the first.
    """
    if os.path.splitext(output)[1].lower() not in ("", ".html", ".htm"):
        raise click.BadParameter("a report is HTML: end it in .html; browsers print it to PDF", param_hint="-o")
    edits = [*overrides, *([size] if size else [])]
    found = _search(search) if search else ()
    loaded = load(specs, edits, "text")
    text = reports.page_text(loaded, question, edits, reports.command_line(sys.argv[1:]), silenced, found)
    if output == "-":
        exact(text)
        return
    try:
        changed = reports.write(output, text, force)
    except UnwritableError as error:
        refuse([Diagnostic("E000", str(error))], "text", code=2)
    talk(f"{'wrote' if changed else 'unchanged'} {printable(output, 400)}")


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
