"""What changes from one spec to another: keys, stage shapes, counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tresnet_gen.analysis.counts import Counts, StageCount, Totals, count
from tresnet_gen.frontend.describe import Setting, settings
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops import Shape


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A value that differs; a side that lacks the key is None."""

    key: str
    old: Setting | None
    new: Setting | None


@dataclass(frozen=True, slots=True)
class PartChange:
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


@dataclass(frozen=True, slots=True)
class Diff:
    """All changes; `parts` holds every part, changed or not, `total` the models."""

    keys: tuple[KeyChange, ...]
    parts: tuple[PartChange, ...]
    total: PartChange

    @property
    def differs(self) -> bool:
        """Whether the two specs resolve to different values."""
        return bool(self.keys)


def diff(old: Graph, new: Graph) -> Diff:
    """Return what changes from `old` to `new`."""
    old_counts, new_counts = count(old), count(new)
    parts = tuple(_part_changes(old_counts, new_counts))
    total = PartChange("total", old_counts.totals, new_counts.totals, None, None)
    return Diff(tuple(_key_changes(old, new)), parts, total)


def _key_changes(old: Graph, new: Graph) -> Iterator[KeyChange]:
    before = {setting.path: setting for setting in settings(old.spec)}
    after = {setting.path: setting for setting in settings(new.spec)}
    order = [*before, *(path for path in after if path not in before)]
    for path in sorted(order, key=lambda path: _position(path, order)):
        one, other = before.get(path), after.get(path)
        if one is None or other is None or one.value != other.value:
            yield KeyChange((one or other).key, one, other)  # type: ignore[union-attr]


def _position(path: tuple[Any, ...], order: list[tuple[Any, ...]]) -> tuple[int, int]:
    """Return a place that keeps the keys of one stage together."""
    group = next(index for index, other in enumerate(order) if other[:2] == path[:2])
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
