"""Budgets and objectives of a search: `memory<16GiB@64,amp,sgd`, and which figures to make small or large.

A budget is a figure, one of < <= > >=, and a number with a unit, or a multiple of what the base has: `memory<=x1`.
Options of the figure stand behind an `@`, on either side: `memory@64,amp,sgd<16GiB` says the same.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tresnet_gen.analysis.devices import Gpu
from tresnet_gen.explore.search.amounts import EXAMPLES, amount
from tresnet_gen.explore.search.figures import Figure, FigureError, completed, parse
from tresnet_gen.frontend.diagnostics import printable

_BUDGET = re.compile(r"([^<>=]*?)\s*(<=|>=|<|>)\s*([^<>=@]*)(@[^<>=]*)?", re.DOTALL)
_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Budget(NamedTuple):
    """A bound on a figure: `limit` in its unit, `written` as the user wrote it.

    Where `of_base` says so, the limit is a factor on the base's figure.
    """

    figure: Figure
    relation: str
    limit: int | Fraction
    written: str
    of_base: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value is within the budget."""
        return _HOLDS[self.relation](value, self.limit)

    def against(self, base: float) -> "Budget":
        """Return the budget with its limit in the figure's unit, for a base with a value of the figure."""
        return self._replace(limit=_whole(self.limit * Fraction(base)), of_base=False) if self.of_base else self

    @property
    def text(self) -> str:
        """The budget with nothing left out."""
        at = f"@{self.figure.options}" if self.figure.options else ""
        return f"{self.figure.word}{self.relation}{self.written}{at}"


class Objective(NamedTuple):
    """A figure to make as small as can be, or as large."""

    figure: Figure
    maximise: bool = False

    def cost(self, value: float) -> float:
        """Return what to make small."""
        return -value if self.maximise else value

    @property
    def text(self) -> str:
        """The objective in words."""
        return f"{'maximise' if self.maximise else 'minimise'} {self.figure.text}"


class Question(NamedTuple):
    """What a search asks of every candidate."""

    budgets: tuple[Budget, ...]
    objectives: tuple[Objective, ...]

    @property
    def relative(self) -> bool:
        """Whether budgets are multiples of what the base has."""
        return any(budget.of_base for budget in self.budgets)

    def against(self, base: Mapping[str, float]) -> "Question":
        """Return the question with every limit a number, for the base's figures by their texts."""
        return self._replace(budgets=tuple(budget.against(base[budget.figure.text]) for budget in self.budgets))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of objectives, then those of budgets, each once."""
        figures = [*(aim.figure for aim in self.objectives), *(budget.figure for budget in self.budgets)]
        return tuple({figure.text: figure for figure in figures}.values())


def question_of(
    budgets: Sequence[str], objectives: Sequence[tuple[str, bool]], gpus: Mapping[str, Gpu] | None = None
) -> Question:
    """Return the question of budget texts and of objectives: a text, and whether to maximise it.

    `gpus` are known by name beside those of the tool.

    Raises:
        FigureError: for a text that says nothing, a figure named as two objectives, or none as an objective.
    """
    read = [_budget(text, gpus) for text in budgets]
    aims = [Objective(parse(text, gpus), maximise) for text, maximise in objectives]
    if not aims:
        raise FigureError("name what to optimise: --minimise latency@rtx4090, --maximise params")
    whole = completed([*(budget.figure for budget in read), *(aim.figure for aim in aims)])
    read = [budget._replace(figure=figure) for budget, figure in zip(read, whole[: len(read)], strict=True)]
    aims = [aim._replace(figure=figure) for aim, figure in zip(aims, whole[len(read) :], strict=True)]
    named = [aim.figure for aim in aims]
    for figure in named:
        if named.count(figure) > 1:
            raise FigureError(f"`{figure.text}` is named twice as an objective")
    return Question(tuple(read), tuple(aims))


def _budget(text: str, gpus: Mapping[str, Gpu] | None) -> Budget:
    match = _BUDGET.fullmatch(text.strip())
    if not match:
        raise FigureError(f"a budget looks like macs<6G or memory<16GiB@64,amp,sgd; got {printable(text)}")
    name, relation, written, behind = match[1], match[2], match[3].strip(), match[4] or ""
    if "@" in name and behind:
        raise FigureError(f"options stand behind one `@`; got {printable(text)}")
    figure = parse(name + behind, gpus)
    multiple = re.fullmatch(r"x([0-9]{1,6}(?:\.[0-9]{1,6})?)", written, re.ASCII)
    limit = Fraction(multiple[1]) if multiple else amount(written, figure.unit)
    if limit is None:
        example = EXAMPLES.get(figure.unit, "6G, 40M, 1000")
        raise FigureError(f"`{figure.word}` is bounded by a number such as {example}, x1; got `{printable(written)}`")
    return Budget(figure, relation, _whole(limit), written, of_base=bool(multiple))


def _whole(number: Fraction) -> int | Fraction:
    return int(number) if number.denominator == 1 else number
