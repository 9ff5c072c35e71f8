"""A search: every candidate, or a sample, through budgets onto the front. It can be stopped and taken up again."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from tresnet_gen.explore.search.axes import Space
from tresnet_gen.explore.search.branch import Branch, Control, StoppedError, branches
from tresnet_gen.explore.search.budgets import Question
from tresnet_gen.explore.search.costs import Placed, reader
from tresnet_gen.explore.search.figures import COUNTS, Figure, measure
from tresnet_gen.explore.search.front import Front, Member
from tresnet_gen.graph.build import build_graph

MOST_DOMINATED = 400  # kept for the picture


class MismatchError(AssertionError):
    """A figure put together from stages that is not what the whole network has: a fault of the tool."""


class Dominated(NamedTuple):
    """Some candidates within the budgets that are not on the front: every `stride`-th within the budgets was noted."""

    stride: int = 1
    noted: tuple[tuple[int, tuple[float, ...]], ...] = ()


class State(NamedTuple):
    """How far a search came: `position` is the next candidate's number, `surveyed` the branches whose legal ones count.

    `evaluated` counts those whose figures were looked at, the others were beyond bounds; it depends on pruning alone.
    """

    position: int = 0
    surveyed: int = 0
    valid: int = 0
    within: int = 0
    evaluated: int = 0
    members: tuple[Member, ...] = ()
    dominated: Dominated = Dominated()
    complete: bool = False


Keep = Callable[[Callable[[], State]], None]


def sample_of(size: int, count: int, seed: int) -> list[int] | None:
    """Return `count` of the numbers below `size` in order, each at most once; None for all of them."""
    if count >= size:
        return None
    random, found = Random(seed), set[int]()
    few = min(count, size - count)
    while len(found) < few:
        found.add(random.randrange(size))
    return sorted(found) if few == count else [number for number in range(size) if number not in found]


def search(
    space: Space,
    question: Question,
    control: Control,
    state: State | None = None,
    sample: Sequence[int] | None = None,
    prune: bool = True,
    keep: Keep | None = None,
) -> State:
    """Return where a search ends: complete, or where `control` stopped it, to go on from there.

    `sample` are the numbers of candidates to look at, in order, all without. `keep` is called now and then with what
    gives the state to go on from.
    """
    searching = _Search(space, question, control, state or State(), prune)
    if keep:
        control.watch(lambda number: keep(lambda: searching.state(number)))
    return searching.run(sample)


class _Search:
    def __init__(self, space: Space, question: Question, control: Control, state: State, prune: bool) -> None:
        self.space = space
        self.question = question
        self.control = control
        self.budgets = question.budgets if prune else ()
        self.position, self.surveyed, self.valid = state.position, state.surveyed, state.valid
        self.within, self.evaluated = state.within, state.evaluated
        self.front = Front(state.members)
        self.stride, self.noted = state.dominated.stride, list(state.dominated.noted)

    def run(self, sample: Sequence[int] | None) -> State:
        try:
            for branch, found in self.exhaustive() if sample is None else self.sampled(sample):
                self.take(branch, found)
        except StoppedError as stopped:
            return self.state(stopped.args[0])
        return self.state(self.space.size)._replace(complete=True)

    def state(self, position: int) -> State:
        """Return where the search stands before the candidate number `position`.

        A survey, which a search that goes on does again, tells the first of its branch: that may lie behind.
        """
        position = max(position, self.position)
        dominated = Dominated(self.stride, tuple(self.noted))
        return State(position, self.surveyed, self.valid, self.within, self.evaluated, tuple(self.front), dominated)

    def exhaustive(self) -> "Iterator[tuple[Branch, Iterator[tuple[int, list[Placed]]]]]":
        start = self.position
        for branch in branches(self.space, self.question.figures, start):
            number = branch.first // branch.size
            valid = branch.survey(self.control)
            if number >= self.surveyed:
                self.valid, self.surveyed = self.valid + valid, number + 1
            yield branch, branch.walk(max(start, branch.first), self.budgets, self.control)

    def sampled(self, sample: Sequence[int]) -> "Iterator[tuple[Branch, Iterator[tuple[int, list[Placed]]]]]":
        branch = None
        for number in sample:
            if number < self.position:
                continue
            self.control.tick(number)
            if branch is None or not branch.first <= number < branch.first + branch.size:
                branch = next(branches(self.space, self.question.figures, number))
            row = branch.row(number - branch.first)
            if row:
                self.valid += 1
                yield branch, iter([(number, row)])

    def take(self, branch: Branch, found: Iterator[tuple[int, list[Placed]]]) -> None:
        """Look at candidates of a branch."""
        costs = branch.costs
        if not costs:
            return
        readers = {figure.text: reader(costs, figure) for figure in self.question.figures}
        budgets = sorted(self.question.budgets, key=lambda budget: budget.figure.word not in COUNTS)  # the cheap first
        tests = [(readers[budget.figure.text], budget.holds) for budget in budgets]
        aims = [(readers[aim.figure.text], -1 if aim.maximise else 1) for aim in self.question.objectives]
        for number, row in found:
            self.evaluated += 1
            if not self.evaluated & (self.evaluated - 1):  # at every power of two
                self.verify(branch, row, number)
            if all(holds(read(row)) for read, holds in tests):
                self.note(number, tuple(sign * read(row) for read, sign in aims))

    def note(self, number: int, costs: tuple[float, ...]) -> None:
        """Put a candidate on the front or beside it."""
        self.front.add(number, costs)
        if self.within % self.stride == 0:
            self.noted.append((number, costs))
        if len(self.noted) > 2 * MOST_DOMINATED:
            self.stride, self.noted = 2 * self.stride, self.noted[::2]
        self.within += 1

    def verify(self, branch: Branch, row: Sequence[Placed], number: int) -> None:
        """Hold a candidate's figures against those of its whole network.

        Raises:
            MismatchError: when one differs.
        """
        assert branch.costs
        stages = tuple(placed.stage for placed in row)
        graph = build_graph(branch.costs.spec._replace(stages=stages))
        whole = measure(graph, self.question.figures)
        for figure in self.question.figures:
            require(number, figure, whole[figure.text].value, reader(branch.costs, figure)(row))


def require(number: int, figure: Figure, whole: float, read: float) -> None:
    """Hold a figure that was put together against that of the whole network.

    Raises:
        MismatchError: when they differ.
    """
    if read != whole:
        raise MismatchError(f"candidate {number:,}: {figure.text} is {whole!r}, put together {read!r}")
