"""The front of a search as a chart: `search` draws what it found, `report` what a search.json holds."""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.explore.charts import Axis, Point, Series, amount, scatter
from tresnet_gen.explore.charts.plot import WIDE

MOST_LABELS = 40  # of the front; a chart has room for few more
SECONDS = {"ms": 1e-3}  # units that a chart shows as seconds


class Aim(NamedTuple):
    """An objective: a figure, its unit, and whether more of it is better."""

    figure: str
    unit: str
    maximise: bool

    @property
    def axis(self) -> Axis:
        """The side of the chart that shows it."""
        unit = "s" if self.unit in SECONDS else self.unit
        return Axis(self.figure.replace(",", ", "), unit, better="high" if self.maximise else "low")

    def place(self, value: float) -> float:
        """Return a value in the unit of the axis."""
        return value * SECONDS.get(self.unit, 1)


class Mark(NamedTuple):
    """A candidate: its name, what is written beside it, its changes of the base in short, its value for each aim."""

    name: str
    label: str
    edits: str
    values: Sequence[float]


class Front(NamedTuple):
    """What is drawn; `others` are the values of candidates within the budgets that are not on the front."""

    aims: Sequence[Aim]
    base: Mark
    marks: Sequence[Mark]
    others: Sequence[Sequence[float]]

    @property
    def title(self) -> str:
        """What the chart is called."""
        return f"{self.base.name}: the front of a search"


def is_drawn(front: Front) -> bool:
    """Whether there are two objectives, and marks."""
    return len(front.aims) > 1 and len(front.marks) > 0


def front_chart(front: Front, width: float = WIDE, standalone: bool = True) -> str:
    """Return the chart of a front in its first two objectives; of two it is all, so its marks are joined."""
    across, up = front.aims[:2]
    others = (Point(across.place(values[0]), up.place(values[1])) for values in front.others)
    marks = [_point(front, mark) for mark in front.marks]
    marks[MOST_LABELS:] = (point._replace(label="") for point in marks[MOST_LABELS:])
    series = (
        Series("within the budgets", tuple(others), "muted", hollow=True),
        Series("front", tuple(marks), "blue", joined=len(front.aims) == 2),
        Series(front.base.name, (_point(front, front.base),), "orange", "diamond"),
    )
    return scatter(front.title, across.axis, up.axis, series, (), width, standalone)


def _point(front: Front, mark: Mark) -> Point:
    across, up = front.aims[:2]
    told = zip(front.aims, mark.values, strict=True)
    values = ", ".join(f"{aim.figure} {amount(value, aim.unit)}" for aim, value in told)
    note = f"{mark.name}: {mark.edits or 'no edits'}; {values}"
    return Point(across.place(mark.values[0]), up.place(mark.values[1]), mark.label, note)
