"""Reports on disk: the page about loaded specs, and who may be overwritten."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tresnet_gen.cli import hint_tables
from tresnet_gen.cli.files import UnwritableError, read_existing, write_atomically
from tresnet_gen.emission.stamp import spec_sha256
from tresnet_gen.explore.estimates import Question, estimate
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.frontend.diagnostics import printable

if TYPE_CHECKING:
    from tresnet_gen.explore.report.blocks import Block

FOREIGN = "not written by `tresnet-gen report`, or edited since"


def page_text(
    loaded: Sequence[Loaded],
    question: Question,
    edits: Sequence[str],
    line: str,
    silenced: Sequence[str] = (),
    found: Sequence["Block"] = (),
    hints: bool = True,
) -> str:
    """Return the HTML about specs.

    Args:
        loaded: the specs; differences are to the first.
        question: what is asked beside the counts.
        edits: the overrides that the specs were loaded with.
        line: the command line that makes the report again.
        silenced: codes of hints to leave out.
        found: what is shown of a search.
        hints: whether to try hints; that reads the specs again, and exits where they have become wrong meanwhile.
    """
    from tresnet_gen.explore.report.page import Subject, page
    from tresnet_gen.explore.report.render import html

    subjects = []
    for one in loaded:
        estimated = estimate(one, question)
        again = hints and one.argument != "-"  # standard input cannot be read a second time
        tried = hint_tables.tried(estimated, question, edits, silenced, "text") if again else []
        subjects.append(Subject(estimated, tuple(tried), spec_sha256(one.graph.spec)))
    return html(page(subjects, question, line, found))


def write(path: str, text: str, force: bool = False, command: str = "") -> bool:
    """Write a report in place of an older one, or of nothing; return whether that changed anything.

    `command` stands before options that another command has.

    Raises:
        UnwritableError: where something else stands and there is no `force`, and where nothing can be written.
    """
    from tresnet_gen.explore.report.render import is_own

    existing = read_existing(path)
    if existing is not None and not force and not is_own(existing):
        raise UnwritableError(f"{printable(path, 400)}: {FOREIGN}; {command}--force overwrites it")
    if existing != text:
        write_atomically(path, text)
    return existing != text


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
