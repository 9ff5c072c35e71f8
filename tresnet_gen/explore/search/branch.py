"""One branch of a search: the candidates that share all but their stages.

A stage's values are checked and worked out once, whatever the others are. `survey` tells for every stage and input
shape how many legal ways there are to go on, and the least and greatest that these cost: the bounds by which `walk`
leaves out what cannot come within the budgets.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import NamedTuple

from tresnet_gen.explore.search.axes import Axis, Space, digits_of, edited, stage_of
from tresnet_gen.explore.search.budgets import Budget
from tresnet_gen.explore.search.costs import MOST_KEPT, Costs, Placed, count_of, of_seconds
from tresnet_gen.explore.search.figures import COUNTS, Figure
from tresnet_gen.frontend.diagnostics import Report, SpecError
from tresnet_gen.frontend.load import spec_of
from tresnet_gen.frontend.resolve import assign
from tresnet_gen.frontend.source import Entry, Mapping, Node
from tresnet_gen.frontend.source import Sequence as Items
from tresnet_gen.frontend.spec import Spec, Stage
from tresnet_gen.graph.ops import Shape

WATCHED = 256  # every so many ticks the watchers of a search are called
ROUNDING = 1e-9  # relative; more than sums of times can differ by the order in which they are added up


class StoppedError(Exception):
    """A search that was asked to stop before candidate number args[0]."""


class Control:
    """How a search is watched and stopped: `stop` is set from outside, watchers are called with candidate numbers."""

    def __init__(self, progress: Callable[[int], None] | None = None) -> None:
        self.stop = False
        self._watchers = [progress] if progress else []
        self._calls = 0

    def watch(self, watcher: Callable[[int], None]) -> None:
        """Call a watcher now and then before a candidate, with its number."""
        self._watchers.append(watcher)

    def tick(self, number: int) -> None:
        """Stop before candidate `number` if so asked.

        Raises:
            StoppedError: when it was.
        """
        if self.stop:
            raise StoppedError(number)
        self._calls += 1
        if self._calls % WATCHED == 0:
            for watcher in self._watchers:
                watcher(number)


class Bounds(NamedTuple):
    """Ways to go on from a stage: how many are legal, and the least and greatest of each metric among these."""

    valid: int
    least: tuple[float, ...] = ()
    greatest: tuple[float, ...] = ()


class Branch:
    """The candidates numbered from `first` on; `costs` is None where none of them is legal."""

    def __init__(self, space: Space, digits: Sequence[int], first: int, figures: Sequence[Figure]) -> None:
        outer, self.inner = split(space)
        edits = [axis.edit(digit) for axis, digit in zip(outer, digits, strict=True)]
        self.first = first
        self.size = prod(len(axis.values) for axes in self.inner for axis in axes)
        self.costs: Costs | None = None
        self.tree: Mapping | None = _assigned(space.base.tree, edits)
        stages = self.tree.entries["stages"].value if self.tree else None
        self.depth = len(stages.items) if isinstance(stages, Items) else 0
        self.inner = [*self.inner, *([] for _ in range(self.depth - len(self.inner)))]
        self.sizes = [prod(len(axis.values) for axis in axes) for axes in self.inner]
        self.spans = [prod(self.sizes[level + 1 :]) for level in range(self.depth)]
        self._stages: list[dict[int, Stage | None]] = [{} for _ in range(self.depth)]
        self._placed: list[dict[tuple[int, Shape], Placed | None]] = [{} for _ in range(self.depth)]
        self._bounds: dict[tuple[int, Shape], Bounds] = {}
        spec = self._any_spec()
        if spec:
            try:
                self.costs = Costs(spec, figures)
            except SpecError:
                return
            self.metrics = [*COUNTS, *self.costs.eager]

    def _any_spec(self) -> Spec | None:
        """Return a spec with legal values for each stage by itself, None where there is none."""
        found = [next((i for i in range(size) if self.stage(level, i)), None) for level, size in enumerate(self.sizes)]
        if not found or None in found or self.tree is None:
            return None
        edits = [edit for level, index in enumerate(found) for edit in self._edits(level, index or 0)]
        try:
            return edited(self.tree, edits)
        except SpecError:
            return None

    def _edits(self, level: int, index: int) -> list[tuple[str, Entry]]:
        axes = self.inner[level]
        return [axis.edit(digit) for axis, digit in zip(axes, digits_of(index, axes), strict=True)]

    def stage(self, level: int, index: int) -> Stage | None:
        """Return a stage with its values number `index`, None where they are not legal."""
        known = self._stages[level]
        if index not in known:
            known[index] = self._checked(level, index)
        return known[index]

    def _checked(self, level: int, index: int) -> Stage | None:
        """Check a stage as the only one of its spec."""
        tree = _assigned(self.tree, self._edits(level, index)) if self.tree else None
        stages = tree.entries["stages"] if tree else None
        if tree is None or stages is None or not isinstance(stages.value, Items):
            return None
        alone: Node = Items(stages.value.span, (stages.value.items[level],))
        try:
            return spec_of(Mapping(tree.span, {**tree.entries, "stages": Entry(stages.key, alone)}), Report()).stages[0]
        except SpecError:
            return None

    def place(self, level: int, index: int, shape: Shape) -> Placed | None:
        """Return a stage placed behind an input of a shape, None where it is not legal there."""
        known = self._placed[level]
        key = index, shape
        if key not in known:
            stage = self.stage(level, index)
            known[key] = self.costs.place(stage, shape) if stage and self.costs else None
        return known[key]

    def row(self, offset: int) -> list[Placed] | None:
        """Return the placed stages of the candidate at an offset from the first, None for one that is not legal."""
        if not self.costs:
            return None
        if sum(map(len, self._placed)) > MOST_KEPT:
            self._placed = [{} for _ in self._placed]
            self._stages = [{} for _ in self._stages]
        row: list[Placed] = []
        for level, span in enumerate(self.spans):
            index, offset = divmod(offset, span)
            placed = self.place(level, index, row[-1].shape if row else self.costs.stem_shape)
            if placed is None:
                return None
            row.append(placed)
        return row

    # All candidates.

    def survey(self, control: Control) -> int:
        """Return how many candidates are legal, and remember bounds of what they cost."""
        return self._survey(0, self.costs.stem_shape, control).valid if self.costs else 0

    def _survey(self, level: int, shape: Shape, control: Control) -> Bounds:
        if (level, shape) not in self._bounds:
            self._bounds[level, shape] = self._ways(level, shape, control) if level < self.depth else self._end(shape)
        return self._bounds[level, shape]

    def _ways(self, level: int, shape: Shape, control: Control) -> Bounds:
        valid, least, greatest = 0, (), ()  # type: int, tuple[float, ...], tuple[float, ...]
        for index in range(self.sizes[level]):
            control.tick(self.first)
            placed = self.place(level, index, shape)
            rest = self._survey(level + 1, placed.shape, control) if placed else None
            if not placed or not rest or not rest.valid:
                continue
            own = self._metrics(placed)
            low, high = (tuple(map(sum, zip(own, side, strict=True))) for side in (rest.least, rest.greatest))
            least = tuple(map(min, least, low)) if valid else low
            greatest = tuple(map(max, greatest, high)) if valid else high
            valid += rest.valid
        return Bounds(valid, least, greatest)

    def _end(self, shape: Shape) -> Bounds:
        assert self.costs
        head = self.costs.head(shape)
        counts = [count_of(word, head.totals) for word in COUNTS]
        own = (*counts, *(sum(part.seconds for part in head.parts[rate]) for rate in self.costs.eager))
        return Bounds(1, own, own)

    def _metrics(self, placed: Placed) -> list[float]:
        assert self.costs
        counts = [count_of(word, placed.totals) for word in COUNTS]
        return [*counts, *(placed.times[rate].seconds for rate in self.costs.eager)]

    def walk(self, start: int, budgets: Sequence[Budget], control: Control) -> "Iterator[tuple[int, list[Placed]]]":
        """Yield number and placed stages of the legal candidates from number `start` on, behind a survey.

        `budgets` leave out what their bounds tell to be beyond them.
        """
        if self.costs:
            tests = [test for budget in budgets if (test := self._test(budget))]
            stem = [count_of(word, self.costs.stem.totals) for word in COUNTS]
            times = [sum(part.seconds for part in self.costs.stem.parts[rate]) for rate in self.costs.eager]
            yield from self._walk(0, self.first, self.costs.stem_shape, [], [*stem, *times], start, tests, control)

    def _walk(
        self,
        level: int,
        number: int,
        shape: Shape,
        row: list[Placed],
        spent: list[float],
        start: int,
        tests: "Sequence[Test]",
        control: Control,
    ) -> "Iterator[tuple[int, list[Placed]]]":
        span, last = self.spans[level], level == self.depth - 1
        for index in range(max(0, (start - number) // span), self.sizes[level]):
            here = number + index * span
            control.tick(max(here, start))
            placed = self.place(level, index, shape)
            if placed is None:
                continue
            row.append(placed)
            if last:
                yield here, row
            else:
                bounds = self._survey(level + 1, placed.shape, control)
                now = [a + b for a, b in zip(spent, self._metrics(placed), strict=True)] if tests else spent
                if bounds.valid and not any(test(now, bounds) for test in tests):
                    yield from self._walk(level + 1, here, placed.shape, row, now, start, tests, control)
            row.pop()

    def _test(self, budget: Budget) -> "Test | None":
        """Return what tells that no way to go on comes within a budget, None for a figure without bounds."""
        assert self.costs
        word, at_most = budget.figure.word, budget.relation in ("<", "<=")
        if word in COUNTS:
            index = COUNTS.index(word)
            if at_most:
                return lambda now, bounds: not budget.holds(now[index] + bounds.least[index])
            return lambda now, bounds: not budget.holds(now[index] + bounds.greatest[index])
        rates = [rate.options for rate in self.costs.rates]
        if not budget.figure.mode or rates.index(budget.figure.options) not in self.costs.eager:
            return None
        index = len(COUNTS) + self.costs.eager.index(rates.index(budget.figure.options))
        if at_most == (word == "latency"):
            return lambda now, bounds: (
                not budget.holds(of_seconds(budget.figure, (now[index] + bounds.least[index]) * (1 - ROUNDING)))
            )
        return lambda now, bounds: (
            not budget.holds(of_seconds(budget.figure, (now[index] + bounds.greatest[index]) * (1 + ROUNDING)))
        )


Test = Callable[[Sequence[float], Bounds], bool]


def split(space: Space) -> tuple[list[Axis], list[list[Axis]]]:
    """Return the axes that concern more than a stage, and those of each stage."""
    outer = [axis for axis in space.axes if stage_of(axis) is None]
    numbers = [number for axis in space.axes if (number := stage_of(axis)) is not None]
    inner = [[axis for axis in space.axes if stage_of(axis) == level] for level in range(max(numbers, default=-1) + 1)]
    return outer, inner


def branches(space: Space, figures: Sequence[Figure], start: int = 0) -> Iterator[Branch]:
    """Yield the branches of a space from the one that holds candidate number `start` on."""
    outer, inner = split(space)
    size = prod(len(axis.values) for axes in inner for axis in axes)
    for number in range(start // size, prod(len(axis.values) for axis in outer)):
        yield Branch(space, digits_of(number, outer), number * size, figures)


def _assigned(tree: Mapping, edits: Sequence[tuple[str, Entry]]) -> Mapping | None:
    """Return a tree with edits made, None where one leads nowhere."""
    report = Report()
    for path, entry in edits:
        tree = assign(tree, path, entry, report)
    try:
        report.raise_if_any()
    except SpecError:
        return None
    return tree
