"""`tresnet-gen diff`: what changes from one spec to another."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from tresnet_gen import tables
from tresnet_gen.analysis.counts import Totals
from tresnet_gen.analysis.devices import Gpu
from tresnet_gen.cli import options
from tresnet_gen.cli.rates import rates_of
from tresnet_gen.cli.show_command import value_text
from tresnet_gen.cli.specs import load, refuse_second_stdin
from tresnet_gen.cli.terminal import data, document, legend
from tresnet_gen.explore.diff import Diff, KeyChange, PartChange, diff
from tresnet_gen.explore.estimates import Estimate, Question, as_json, estimate
from tresnet_gen.explore.figures import notes
from tresnet_gen.explore.rates import Rate, rounded
from tresnet_gen.frontend.describe import Setting
from tresnet_gen.graph.ops import Shape

FIGURES = ("params", "macs", "activations")
Sides = tuple[Estimate, Estimate]


@click.command("diff", short_help="Show what changes from spec A to spec B.")
@click.argument("old", metavar="A", type=options.SpecType())
@click.argument("new", metavar="B", type=options.SpecType())
@options.overrides()
@options.step()
@options.cards()
@options.throughput()
@options.formats("csv", "markdown")
def command(
    old: str,
    new: str,
    overrides: tuple[str, ...],
    batch: int,
    precision: str,
    optimizer: str | None,
    rounding: int,
    gpus: tuple[str, ...],
    memories: tuple[int, ...],
    own: tuple[Gpu, ...],
    layout: str,
    compiled: bool,
    output_format: str,
) -> None:
    """Show what changes from spec A to spec B: keys, shapes, counts, memory of a training step.

    Exit code 1 when they differ.

    --set changes B: `tresnet-gen diff tresnet_m tresnet_m --set stages.2.depth=16` tells what an edit costs.
    """
    refuse_second_stdin([old, new])
    [before] = load([old], (), output_format)
    [after] = load([new], overrides, output_format)
    changes = diff(before.graph, after.graph)
    step = options.step_of(True, precision, optimizer)
    named = options.gpus_of(gpus, own)
    modes = (False,) if compiled else (False, True)
    rates = [rate for train in modes for rate in rates_of(named, train, layout, compiled)]
    question = Question(step, batch, rounding, layout, options.cards_of(named, memories), tuple(rates))
    sides = estimate(before, question), estimate(after, question)
    if output_format == "json":
        document(
            models=[before.graph.spec.name, after.graph.spec.name], diff=_json(changes, sides, question), diagnostics=[]
        )
    elif output_format == "csv":
        data(tables.csv_text([("key", "old", "new", "old_from", "new_from"), *map(_key_row, changes.keys)]))
    else:
        data(_text(sides, question, changes, markdown=output_format == "markdown"))
    sys.exit(1 if changes.differs else 0)


def _text(sides: Sides, question: Question, changes: Diff, markdown: bool) -> str:
    lay_out = tables.markdown if markdown else tables.aligned
    title = " -> ".join(side.graph.spec.name for side in sides)
    if not changes.differs:
        return f"{title}: no differences"
    lines = [f"### {title}" if markdown else title, ""]
    keys = [("key", "change", "from", "to"), *map(_key_change, changes.keys)]
    lines += [*lay_out(keys), ""]
    parts = [part for part in changes.parts if part.differs]
    if parts:
        lines += [*lay_out([("part", "output", "params", "MACs", "activations"), *map(_part_row, parts)]), ""]
    lines += [*lay_out([("total", "count", "change"), *_total_rows(changes.total)], (2,)), ""]
    step = question.step
    what = f"training step, {step.precision}, {step.optimizer}"
    lines += [*lay_out([(what, "bytes", "change"), *_memory_rows(sides, question)], (2,)), ""]
    if question.rates:
        lines += [*lay_out([("images/s", "predicted", "change", "error"), *_rate_rows(sides, question)], (2, 3)), ""]
    same = [part.name for part in changes.parts if not part.differs]
    if same:
        lines += [f"same shape and counts: {', '.join(same)}", ""]
    return "\n".join([*lines, legend(markdown, notes(question))])


def _key_row(change: KeyChange) -> tuple[str, ...]:
    return change.key, _value(change.old), _value(change.new), _place(change.old), _place(change.new)


def _key_change(change: KeyChange) -> tuple[str, ...]:
    key, old, new, old_place, new_place = _key_row(change)
    return key, f"{_short(old)} -> {_short(new)}", old_place, new_place


def _short(text: str) -> str:
    return text if len(text) <= 32 else f"{text[:29]}..."


def _value(setting: Setting | None) -> str:
    return value_text(setting) if setting else "(none)"


def _place(setting: Setting | None) -> str:
    return setting.place if setting else ""


def _part_row(part: PartChange) -> tuple[str, ...]:
    """Return a row of rounded figures; the totals are exact."""
    cells = []
    for figure in FIGURES:
        old, new = _both(part, figure)
        cells.append(
            tables.rounded(new)
            if old == new
            else f"{tables.rounded(old)} -> {tables.rounded(new)} {_share(old, new)}".rstrip()
        )
    return (part.name, _shapes(part), *cells)


def _total_rows(total: PartChange) -> Iterator[tuple[str, ...]]:
    for figure, name in zip(FIGURES, ("params", "MACs", "activations"), strict=True):
        old, new = _both(total, figure)
        yield name, f"{old:,} -> {new:,}" if old != new else f"{new:,}", _share(old, new)


def _memory_rows(sides: Sides, question: Question) -> Iterator[tuple[str, ...]]:
    one, other = sides
    pairs = [
        (f"saved for backward, batch {question.batch:,}", one.memory.saved_bytes, other.memory.saved_bytes),
        (f"peak, batch {question.batch:,}", one.memory.peak_bytes, other.memory.peak_bytes),
    ]
    for card, fit, other_fit in zip(question.cards, one.fits, other.fits, strict=True):
        pairs.append((f"largest batch, {card.label}", fit.typical, other_fit.typical))
    for name, old, new in pairs:
        yield name, f"{old:,} -> {new:,}" if old != new else f"{new:,}", _share(old, new)


def _rate_rows(sides: Sides, question: Question) -> Iterator[tuple[str, ...]]:
    for rate, old, new in zip(question.rates, *(side.speeds for side in sides), strict=True):
        change = f"({new.images_per_s / old.images_per_s - 1:+.1%})"
        error = f"{new.error.pct:.1f} %"
        yield _rate_name(rate), f"{rounded(old.images_per_s)} -> {rounded(new.images_per_s)}", change, error


def _rate_name(rate: Rate) -> str:
    how = "torch.compile" if rate.compiled else rate.layout
    return f"{rate.gpu.name}, {'training' if rate.train else 'inference'}, {how}"


def _shapes(part: PartChange) -> str:
    old, new = _shape(part.old_output), _shape(part.new_output)
    return old if old == new else f"{old or '(none)'} -> {new or '(none)'}"


def _shape(shape: Shape | None) -> str:
    return " x ".join(map(str, shape)) if shape else ""


def _both(part: PartChange, figure: str) -> tuple[int, int]:
    old, new = (getattr(totals, figure) if totals else 0 for totals in (part.old, part.new))
    return old, new


def _share(old: int, new: int) -> str:
    return f"({(new - old) / old:+.1%})" if old and old != new else ""


def _json(changes: Diff, sides: Sides, question: Question) -> dict[str, Any]:
    old, new = (as_json(side, question) for side in sides)
    return {
        "memory": {"old": old["memory"], "new": new["memory"]},
        "throughput": {"old": old["throughput"], "new": new["throughput"]},
        "keys": [{"key": c.key, "old": _side(c.old), "new": _side(c.new)} for c in changes.keys],
        "parts": [
            {
                "name": part.name,
                "old": _counts(part.old, part.old_output),
                "new": _counts(part.new, part.new_output),
            }
            for part in (*changes.parts, changes.total)
        ],
    }


def _side(setting: Setting | None) -> dict[str, Any] | None:
    return {"value": setting.value, "from": setting.place} if setting else None


def _counts(totals: Totals | None, output: Shape | None) -> dict[str, Any] | None:
    if totals is None:
        return None
    counts: dict[str, Any] = {figure: getattr(totals, figure) for figure in FIGURES}
    return {**counts, "output": list(output)} if output else counts
