"""What a study searches: the space of candidates, the budgets they keep, and the objectives, measured or not.

An objective that a search knows, such as `params` or `latency@rtx4090`, follows from the spec; any other name is one
that the caller measures.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import Trial

from tresnet_gen.analysis.counts import Totals
from tresnet_gen.explore.search.axes import Axis, Range, Space
from tresnet_gen.explore.search.budgets import Budget, Objective, Question, question_of
from tresnet_gen.explore.search.figures import WORDS, FigureError, measure
from tresnet_gen.explore.search.results import Result as Found
from tresnet_gen.explore.search.results import reference_of, spec_text, stem_of
from tresnet_gen.frontend.describe import resolved_values
from tresnet_gen.frontend.diagnostics import SpecError
from tresnet_gen.frontend.fields import NOT_INHERITED
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph

NOTE = "# Found by a study of tresnet-gen; the values in the description were measured."
INVALID_EXCESS = 1.0  # an invalid spec counts as one at twice a budget
LEAST_EXCESS = 1e-9  # of a figure that equals a strict limit


class Fit(NamedTuple):
    """A candidate held against the budgets; `excess` is the worst overrun as a fraction, 0 when all are kept."""

    graph: Graph | None  # None for an invalid spec
    excess: float
    why: str  # findings of an invalid spec
    figures: Mapping[str, float]  # objectives that follow from the spec


class Aim(NamedTuple):
    """An objective: its name, and the figure that gives it where it is not measured."""

    name: str
    maximise: bool
    known: Objective | None

    @property
    def text(self) -> str:
        """The objective in words, with nothing left out."""
        return self.known.text if self.known else f"{'maximise' if self.maximise else 'minimise'} {self.name}"


class Source(NamedTuple):
    """How the base was named: a path or a bundled name, and `--set` texts."""

    argument: str
    overrides: tuple[str, ...]


class Problem:
    """A space with budgets and aims, in the terms of Optuna: parameters are named by their paths."""

    def __init__(self, source: Source, space: Space, budgets: Sequence[Budget], aims: Sequence[Aim]) -> None:
        self.source = source
        self.space = space
        self.budgets = tuple(budgets)
        self.aims = tuple(aims)
        self._known = Question(self.budgets, tuple(aim.known for aim in aims if aim.known))
        self.distributions = {axis.path: _distribution(axis) for axis in space.axes}

    @property
    def directions(self) -> list[Literal["minimize", "maximize"]]:
        """The aims in Optuna's words."""
        return ["maximize" if aim.maximise else "minimize" for aim in self.aims]

    @property
    def identity(self) -> dict[str, Any]:
        """What two studies must share to be one, as JSON values. Names and descriptions of specs are not part of it."""
        return {
            "spec": _digest(self.space),
            "axes": sorted(f"{axis.path}={_written(axis)}" for axis in self.space.axes),
            "budgets": sorted(budget.text for budget in self.budgets),
            "objectives": [aim.text for aim in self.aims],
        }

    def params(self, number: int) -> dict[str, Any]:
        """Return a candidate of the space as parameters."""
        digits = zip(self.space.axes, self.space.digits(number), strict=True)
        return {axis.path: _parameter(axis, digit) for axis, digit in digits}

    def suggest(self, trial: Trial) -> None:
        """Have Optuna choose the parameters of a trial."""
        for name, values in self.distributions.items():
            if isinstance(values, IntDistribution):
                trial.suggest_int(name, values.low, values.high, step=values.step)
            else:
                trial.suggest_categorical(name, values.choices)

    def edits(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return parameters as `--set` texts."""
        values = self.space.values(self._digits(params))
        return tuple(f"{path}={value.text}" for path, value in values.items())

    def fit(self, params: Mapping[str, Any]) -> Fit:
        """Return the candidate of parameters, held against the budgets."""
        try:
            graph = build_graph(self.space.spec(self._digits(params)))
        except SpecError as error:
            return Fit(None, INVALID_EXCESS, str(error), {})
        found = {text: measured.value for text, measured in measure(graph, self._known.figures).items()}
        excess = max((_excess(budget, found[budget.figure.text]) for budget in self.budgets), default=0.0)
        return Fit(graph, excess, "", {aim.name: found[aim.known.figure.text] for aim in self.aims if aim.known})

    def values(self, figures: Mapping[str, float], measured: Mapping[str, float]) -> dict[str, float]:
        """Return the values of all aims, in their order.

        Raises:
            ValueError: for measured values missing or unknown.
        """
        wanted = [aim.name for aim in self.aims if not aim.known]
        if set(wanted) != set(measured):
            raise ValueError(f"values wanted: {', '.join(wanted) or 'none'}; got {', '.join(measured) or 'none'}")
        return {aim.name: float(figures[aim.name] if aim.known else measured[aim.name]) for aim in self.aims}

    def name_of(self, number: int) -> str:
        """Return the name of the spec that trial `number` measured."""
        return f"{stem_of(self.space.base)}_t{number}"

    def spec_text(self, number: int, params: Mapping[str, Any], values: Mapping[str, float], folder: str) -> str:
        """Return what a trial measured as the text of a spec in `folder`; `values` go into its description."""
        edits = self.space.values(self._digits(params))
        spec = self.space.base.with_values(edits)
        found = Found(self.name_of(number), number, edits, edits, spec, Totals(0, 0, 0), {})
        shown = " and ".join(
            f"{name} {value:,.0f}" if value == round(value) else f"{name} {value:.4g}" for name, value in values.items()
        )
        reference = reference_of(self.source.argument, self.space.base, self.source.overrides, folder)
        return spec_text(found, reference, f"{self.space.base.spec.name} searched by measuring: {shown}", NOTE)

    def costs(self, values: Mapping[str, float]) -> tuple[float, ...]:
        """Return what to make small, in the order of the aims."""
        return tuple(-values[aim.name] if aim.maximise else values[aim.name] for aim in self.aims)

    def _digits(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        return tuple(_digit(axis, params[axis.path]) for axis in self.space.axes)


def problem_of(source: Source, space: Space, budgets: Sequence[str], objectives: Sequence[tuple[str, bool]]) -> Problem:
    """Return the problem of a space with budget texts and objectives: a name, and whether to maximise it.

    Raises:
        FigureError: for a budget or objective that says nothing, or none as an objective.
    """
    if not objectives:
        raise FigureError("name what to optimise: maximise=['accuracy'], minimise=['macs']")
    known = [(text, maximise) for text, maximise in objectives if text.partition("@")[0].strip() in WORDS]
    question = question_of(budgets, known or [("params", False)])
    if question.relative:
        base = measure(build_graph(space.base.spec), question.figures)
        question = question.against({text: measured.value for text, measured in base.items()})
    figures = iter(question.objectives)
    aims = [Aim(text, maximise, next(figures) if (text, maximise) in known else None) for text, maximise in objectives]
    for name in [aim.name for aim in aims]:
        if sum(aim.name == name for aim in aims) > 1:
            raise FigureError(f"`{name}` is named twice as an objective")
    return Problem(source, space, question.budgets, aims)


def _excess(budget: Budget, value: float) -> float:
    if budget.holds(value):
        return 0.0
    limit = float(budget.limit)
    return max(abs(value - limit) / limit if limit else 1.0, LEAST_EXCESS)


def _distribution(axis: Axis) -> IntDistribution | CategoricalDistribution:
    """Return the values of an axis for Optuna: whole numbers in even steps keep their order, others are words."""
    numbers = _even_steps(axis)
    if numbers:
        return IntDistribution(numbers[0], numbers[-1], step=numbers.step)
    return CategoricalDistribution([axis.values[digit].text for digit in range(len(axis.values))])


def _even_steps(axis: Axis) -> range | None:
    if isinstance(axis.values, Range):
        return axis.values.numbers
    numbers = [value.plain for value in axis.values]
    if any(type(number) is not int for number in numbers):
        return None
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    steps = range(numbers[0], numbers[-1] + 1, step) if step > 0 else range(0)
    return steps if list(steps) == numbers else None


def _parameter(axis: Axis, digit: int) -> int | str:
    numbers = _even_steps(axis)
    return numbers[digit] if numbers else axis.values[digit].text


def _digit(axis: Axis, parameter: Any) -> int:
    numbers = _even_steps(axis)
    if numbers:
        return numbers.index(parameter)
    return next(digit for digit in range(len(axis.values)) if axis.values[digit].text == parameter)


def _written(axis: Axis) -> str:
    numbers = _even_steps(axis)
    if numbers:
        return f"{numbers[0]}..{numbers[-1]}..{numbers.step}"
    return ",".join(axis.values[digit].text for digit in range(len(axis.values)))


def _digest(space: Space) -> str:
    values = {key: value for key, value in resolved_values(space.base.spec).items() if key not in NOT_INHERITED}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
