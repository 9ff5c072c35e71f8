"""What changes from one spec to another: keys, stage shapes, counts."""

from collections.abc import Iterator
from typing import NamedTuple

from tresnet_gen.analysis.counts import Counts, StageCount, Totals, count
from tresnet_gen.frontend.describe import Setting, settings
from tresnet_gen.frontend.spec import Path
from tresnet_gen.frontend.wording import dotted
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops import Shape


class KeyChange(NamedTuple):
    """A value that differs; a side that lacks the key is None."""

    key: str
    old: Setting | None
    new: Setting | None

    @property
    def written(self) -> bool:
        """Whether a spec wrote either side, rather than both following from defaults."""
        return any(side is not None and side.span is not None for side in (self.old, self.new))


class PartChange(NamedTuple):
    """Stem, a stage, the head or the total on both sides; a side that lacks the part is None."""

    name: str
    old: Totals | None
    new: Totals | None
    old_output: Shape | None
    new_output: Shape | None

    @property
    def differs(self) -> bool:
        """Whether anything changes."""
        return (self.old, self.old_output) != (self.new, self.new_output)


class Diff(NamedTuple):
    """All changes; `parts` holds every part, changed or not, `total` the models.

    `keys` leaves out what follows from another change: values that neither spec wrote.
    """

    differs: bool
    keys: tuple[KeyChange, ...]
    parts: tuple[PartChange, ...]
    total: PartChange


def diff(old: Graph, new: Graph) -> Diff:
    """Return what changes from `old` to `new`."""
    old_counts, new_counts = count(old), count(new)
    parts = tuple(_part_changes(old_counts, new_counts))
    total = PartChange("total", old_counts.totals, new_counts.totals, None, None)
    changes = list(_key_changes(old, new))
    written = tuple(change for change in changes if change.written)
    return Diff(bool(changes), written, parts, total)


def _key_changes(old: Graph, new: Graph) -> Iterator[KeyChange]:
    before = {setting.path: setting for setting in settings(old.spec)}
    after = {setting.path: setting for setting in settings(new.spec)}
    _fold_nulls(before, after)
    _fold_nulls(after, before)
    order = [*before, *(path for path in after if path not in before)]
    for path in sorted(order, key=lambda path: _position(path, order)):
        one, other = before.get(path), after.get(path)
        if one is None or other is None or one.value != other.value:
            yield KeyChange(dotted(path), one, other)


def _fold_nulls(one: dict[Path, Setting], other: dict[Path, Setting]) -> None:
    """Where one side has null and the other a mapping, make the mapping one value: se: {ratio: 4} -> null."""
    for path in [path for path, setting in one.items() if setting.value is None]:
        below = [inner for inner in other if len(inner) > len(path) and inner[: len(path)] == path]
        if below:
            parts = [other.pop(inner) for inner in below]
            span = next((part.span for part in parts if part.span), None)
            other[path] = Setting(path, {dotted(p.path[len(path) :]): p.value for p in parts}, span)


def _position(path: Path, order: list[Path]) -> tuple[int, int]:
    """Return a place that keeps the keys of one stage, and of one other mapping, together."""
    depth = 2 if path[0] == "stages" else 1
    group = next(index for index, other in enumerate(order) if other[:depth] == path[:depth])
    return group, order.index(path)


def _part_changes(old: Counts, new: Counts) -> Iterator[PartChange]:
    before, after = ({stage.name: stage for stage in counts.stages} for counts in (old, new))
    longer = old if len(old.stages) >= len(new.stages) else new
    for name in (stage.name for stage in longer.stages):
        one, other = before.get(name), after.get(name)
        yield PartChange(name, _totals(one), _totals(other), _output(one), _output(other))


def _totals(stage: StageCount | None) -> Totals | None:
    return stage.totals if stage else None


def _output(stage: StageCount | None) -> Shape | None:
    return stage.output if stage else None
