"""What changes from one spec to another, as lines of text, rows and JSON."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tresnet_gen import tables
from tresnet_gen.analysis.counts import Totals
from tresnet_gen.cli.show_command import value_text
from tresnet_gen.cli.terminal import legend
from tresnet_gen.explore.diff import Diff, KeyChange, PartChange, diff
from tresnet_gen.explore.estimates import Estimate, Question, as_json, estimate
from tresnet_gen.explore.figures import notes
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.explore.rates import Rate, rounded
from tresnet_gen.frontend.describe import Setting
from tresnet_gen.graph.ops import Shape

FIGURES = ("params", "macs", "activations")


class Comparison(NamedTuple):
    """Two specs with their figures, and what changes from one to the other."""

    old: Estimate
    new: Estimate
    changes: Diff
    question: Question

    @property
    def names(self) -> list[str]:
        """The names of both."""
        return [side.graph.spec.name for side in (self.old, self.new)]


def compare(old: Loaded, new: Loaded, question: Question) -> Comparison:
    """Return what changes from `old` to `new`."""
    return Comparison(estimate(old, question), estimate(new, question), diff(old.graph, new.graph), question)


def text(compared: Comparison, title: str, markdown: bool = False) -> str:
    """Return the tables of everything that changes below a title, without the legend."""
    changes = compared.changes
    if not changes.differs:
        return f"{title}: no differences"
    lay_out = tables.markdown if markdown else tables.aligned
    blocks = [[f"### {title}" if markdown else title]]
    blocks += [lay_out([("key", "change", "from", "to"), *map(_key_change, changes.keys)])]
    parts = [part for part in changes.parts if part.differs]
    if parts:
        blocks += [lay_out([("part", "output", "params", "MACs", "activations"), *map(_part_row, parts)])]
    blocks += [lay_out(table, (2, 3)) for table in _figures(compared)]
    same = [part.name for part in changes.parts if not part.differs]
    if same:
        blocks += [[f"same shape and counts: {', '.join(same)}"]]
    return "\n\n".join("\n".join(block) for block in blocks)


def totals(compared: Comparison, title: str) -> str:
    """Return the totals of the new side alone, below a title, without the legend."""
    blocks = [tables.aligned([(*row[:2], *row[3:]) for row in table]) for table in _figures(compared)]
    return "\n\n".join(["\n".join(block) for block in [[title], *blocks]])


def meanings(question: Question, markdown: bool = False) -> str:
    """Return what the figures mean."""
    return legend(markdown, notes(question))


def csv_text(changes: Diff) -> str:
    """Return the changed keys as CSV."""
    return tables.csv_text([("key", "old", "new", "old_from", "new_from"), *map(_key_row, changes.keys)])


def document(compared: Comparison) -> dict[str, Any]:
    """Return the JSON object of a comparison."""
    changes = compared.changes
    old, new = (as_json(side, compared.question) for side in (compared.old, compared.new))
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


def _figures(compared: Comparison) -> Iterator[list[tuple[str, ...]]]:
    """Yield the tables of totals: counts, memory, images a second where they were asked for."""
    step = compared.question.step
    yield [("total", "count", "change"), *_total_rows(compared.changes.total)]
    yield [(f"training step, {step.precision}, {step.optimizer}", "bytes", "change"), *_memory_rows(compared)]
    if compared.question.rates:
        yield [("images/s", "predicted", "change", "error"), *_rate_rows(compared)]


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
        yield name, _change(old, new), _share(old, new)


def _memory_rows(compared: Comparison) -> Iterator[tuple[str, ...]]:
    one, other, _, question = compared
    pairs = [
        (f"saved for backward, batch {question.batch:,}", one.memory.saved_bytes, other.memory.saved_bytes),
        (f"peak, batch {question.batch:,}", one.memory.peak_bytes, other.memory.peak_bytes),
    ]
    for card, fit, other_fit in zip(question.cards, one.fits, other.fits, strict=True):
        pairs.append((f"largest batch, {card.label}", fit.typical, other_fit.typical))
    for name, old, new in pairs:
        yield name, _change(old, new), _share(old, new)


def _rate_rows(compared: Comparison) -> Iterator[tuple[str, ...]]:
    for rate, old, new in zip(compared.question.rates, compared.old.speeds, compared.new.speeds, strict=True):
        same = old.images_per_s == new.images_per_s
        predicted = rounded(new.images_per_s)
        change = "" if same else f"({tables.change(old.images_per_s, new.images_per_s)})"
        figure = predicted if same else f"{rounded(old.images_per_s)} -> {predicted}"
        yield _rate_name(rate), figure, change, f"{new.error.pct:.1f} %"


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


def _change(old: int, new: int) -> str:
    return f"{old:,} -> {new:,}" if old != new else f"{new:,}"


def _share(old: int, new: int) -> str:
    return f"({tables.change(old, new)})" if old and old != new else ""


def _side(setting: Setting | None) -> dict[str, Any] | None:
    return {"value": setting.value, "from": setting.place} if setting else None


def _counts(totals: Totals | None, output: Shape | None) -> dict[str, Any] | None:
    if totals is None:
        return None
    counts: dict[str, Any] = {figure: getattr(totals, figure) for figure in FIGURES}
    return {**counts, "output": list(output)} if output else counts
