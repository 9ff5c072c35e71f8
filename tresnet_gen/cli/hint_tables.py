"""Hints tried out, and their table."""

from collections.abc import Collection, Sequence

import click

from tresnet_gen import tables
from tresnet_gen.analysis.counts import count
from tresnet_gen.analysis.hints import hints
from tresnet_gen.cli.specs import load
from tresnet_gen.explore.estimates import Estimate, Question
from tresnet_gen.explore.hint_gains import Tried, note, rows


def tried(
    one: Estimate, question: Question, overrides: Sequence[str], silenced: Collection[str], output_format: str
) -> list[Tried]:
    """Return the hints for a spec that are not silenced, each tried out.

    Raises:
        click.UsageError: for a spec on standard input, which cannot be read a second time.
    """
    if one.loaded.argument == "-":
        raise click.UsageError("--hints reads the spec again with each edit: give a file or a bundled name")
    found = []
    for hint in hints(one.graph):
        if hint.code not in silenced:
            [edited] = load([one.loaded.argument], [*overrides, *hint.edits], output_format)
            speeds = tuple(rate.of(edited.graph) for rate in question.rates)
            found.append(Tried(hint, count(edited.graph).totals, speeds))
    return found


def text(one: Estimate, found: Sequence[Tried], question: Question, markdown: bool) -> str:
    """Return the table of hints, and what its figures mean."""
    table = rows(one, found, question)
    lay_out = tables.markdown if markdown else tables.aligned
    title = f"{one.graph.spec.name}, hints"
    if not found:
        return f"\n{title}: none"
    return "\n".join(["", title, "", *lay_out(table, range(4, len(table[0]))), "", note(one)])
