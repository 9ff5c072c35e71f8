"""A search and what it found as JSON, rows and a chart; and the state that a stopped one goes on from."""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from tresnet_gen.explore.search.axes import Axis, Range, Space
from tresnet_gen.explore.search.budgets import Objective, Question
from tresnet_gen.explore.search.figures import COUNTS, Figure, Measured
from tresnet_gen.explore.search.front import Member
from tresnet_gen.explore.search.results import Result
from tresnet_gen.explore.search.run import Dominated, State, sample_of
from tresnet_gen.frontend.describe import resolved_values
from tresnet_gen.version import __version__


class Sample(NamedTuple):
    """A part of the candidates, drawn by a seed."""

    size: int
    seed: int


class Search(NamedTuple):
    """What was asked: `spec` is what the user called the base, `sample` None for all candidates."""

    spec: str
    space: Space
    question: Question
    sample: Sample | None = None

    @property
    def candidates(self) -> int:
        """How many candidates are looked at."""
        return min(self.sample.size, self.space.size) if self.sample else self.space.size

    @property
    def numbers(self) -> list[int] | None:
        """The candidates of the sample, None for all."""
        return sample_of(self.space.size, self.sample.size, self.sample.seed) if self.sample else None

    @property
    def fingerprint(self) -> str:
        """A digest of all that the outcome depends on."""
        asked = (
            __version__,
            resolved_values(self.space.base.spec),
            [_axis(axis) for axis in self.space.axes],
            [budget.text for budget in self.question.budgets],
            [objective.text for objective in self.question.objectives],
            [repr(figure.gpu) for figure in self.question.figures],
            self.sample,
        )
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def as_json(search: Search, state: State, base: Result, found: Sequence[Result]) -> dict[str, Any]:
    """Return the JSON object of a search."""
    question = search.question
    return {
        "spec": search.spec,
        "axes": [_axis(axis) for axis in search.space.axes],
        "budgets": [budget.text for budget in question.budgets],
        "objectives": [
            {"figure": aim.figure.text, "direction": "maximise" if aim.maximise else "minimise"}
            for aim in question.objectives
        ],
        "sample": search.sample._asdict() if search.sample else None,
        "complete": state.complete,
        "counts": {
            "space": search.space.size,
            "candidates": search.candidates,
            "valid": state.valid,
            "within_budget": state.within,
            "front": len(found),
        },
        "base": _result(base, question),
        "front": [_result(one, question) for one in found],
        "dominated": [
            {"number": number, "figures": _values(costs, question.objectives)} for number, costs in behind(state)
        ],
    }


def behind(state: State) -> list[tuple[int, tuple[float, ...]]]:
    """Return the noted candidates within the budgets that are not on the front: number and costs."""
    front = {member.costs for member in state.members}
    return [(number, costs) for number, costs in state.dominated.noted if costs not in front]


def _axis(axis: Axis) -> dict[str, Any]:
    if isinstance(axis.values, Range):
        numbers = axis.values.numbers
        return {"path": axis.path, "first": numbers[0], "last": numbers[-1], "step": numbers.step}
    return {"path": axis.path, "values": [value.plain for value in axis.values]}


def _result(one: Result, question: Question) -> dict[str, Any]:
    return {
        "name": one.name,
        "number": one.number,
        "values": {path: value.plain for path, value in one.values.items()},
        "edits": {path: value.plain for path, value in one.edits.items()},
        **{word: getattr(one.totals, word) for word in COUNTS},
        "figures": {figure.text: _figure(figure, one.measured[figure.text]) for figure in question.figures},
        "twins": one.twins,
    }


def _figure(figure: Figure, found: Measured) -> dict[str, Any]:
    return {"value": found.value, "unit": figure.unit, **{k: v for k, v in found._asdict().items() if k != "value"}}


def _values(costs: Sequence[float], objectives: Sequence[Objective]) -> dict[str, float]:
    return {aim.figure.text: aim.cost(cost) for aim, cost in zip(objectives, costs, strict=True)}


# A state, to a file and back.


def state_json(state: State) -> dict[str, Any]:
    """Return a state as JSON."""
    return {
        **state._asdict(),
        "members": [list(member) for member in state.members],
        "dominated": {"stride": state.dominated.stride, "noted": [list(one) for one in state.dominated.noted]},
    }


def state_of(values: Any, size: int, objectives: int) -> State | None:
    """Return the state that JSON holds, None where it is none of a space of `size` candidates."""
    try:
        members = tuple(Member(tuple(costs), number, twins) for costs, number, twins in values["members"])
        noted = tuple((number, tuple(costs)) for number, costs in values["dominated"]["noted"])
        dominated = Dominated(values["dominated"]["stride"], noted)
        state = State(**{**values, "members": members, "dominated": dominated})
    except (KeyError, TypeError, ValueError):
        return None
    counts = (*state[:5], dominated.stride, *(one.twins for one in members))
    numbers = (*(one.number for one in members), *(number for number, _ in noted))
    if not all(type(one) is int and one >= 0 for one in (*counts, *numbers)):
        return None
    rows = (*(one.costs for one in members), *(costs for _, costs in noted))
    finite = all(type(cost) in (int, float) and math.isfinite(cost) for row in rows for cost in row)
    fits = state.position <= size and all(number < size for number in numbers) and dominated.stride > 0
    legal = finite and fits and all(len(row) == objectives for row in rows) and isinstance(state.complete, bool)
    return state if legal else None


# Rows and a chart.


def description(search: Search, one: Result, front: int) -> str:
    """Return the description of a result's spec: where it comes from, and the figures it was chosen by."""
    values = [(aim.figure.text, one.measured[aim.figure.text].value) for aim in search.question.objectives]
    aims = [f"{text} {value:,}" if isinstance(value, int) else f"{text} {value:.4g}" for text, value in values]
    rank = int(one.name.rpartition("_")[2])
    return f"{search.space.base.spec.name} searched, {rank} of {front} on the front by {' and '.join(aims)}"


def rows(question: Question, found: Sequence[Result]) -> list[tuple[str, ...]]:
    """Return a head and a row for each result in full: name, values on the axes, counts, figures."""
    paths = list(found[0].values) if found else []
    figures = [figure for figure in question.figures if figure.word not in COUNTS]
    head = ["name", *paths, *COUNTS]
    for figure in figures:
        head += [figure.text, *(("low", "high", "error_pct") if figure.mode else ())]
    table = [tuple(head)]
    for one in found:
        row = [one.name, *(value.text for value in one.values.values())]
        row += [str(getattr(one.totals, word)) for word in COUNTS]
        for figure in figures:
            measured = one.measured[figure.text]
            row.append(repr(measured.value))
            row += [repr(part) for part in (measured.low, measured.high, measured.error_pct)] if figure.mode else []
        table.append(tuple(row))
    return table


def picture(search: Search, state: State, base: Result, found: Sequence[Result]) -> str | None:
    """Return the chart of a front, None where there is nothing to draw."""
    from tresnet_gen.explore.front_chart import Aim, Front, Mark, front_chart, is_drawn

    aims = search.question.objectives

    def mark(one: Result, label: str) -> Mark:
        edits = ", ".join(f"{path}: {value.text}" for path, value in one.edits.items())
        return Mark(one.name, label, edits, [one.measured[aim.figure.text].value for aim in aims])

    front = Front(
        [Aim(aim.figure.text, aim.figure.unit, aim.maximise) for aim in aims],
        mark(base, base.name),
        [mark(one, one.name.rpartition("_")[2]) for one in found],
        [list(_values(costs, aims).values()) for _, costs in behind(state)],
    )
    return front_chart(front) if is_drawn(front) else None
