"""What a search found, as the blocks of a report: its front as a chart and a table, and what was asked."""

from collections.abc import Iterator

from tresnet_gen.explore import charts
from tresnet_gen.explore.charts import Axis, Point, Series, amount
from tresnet_gen.explore.charts.scales import digits
from tresnet_gen.explore.report.blocks import Block, Cell, Head, Notes, Table
from tresnet_gen.explore.report.blocks import Figure as Chart
from tresnet_gen.explore.report.figures import drawn
from tresnet_gen.explore.report.search_file import Candidate, Found, Measured, Objective

MOST_LABELS = 40
MOST_ROWS = 2_000
SECONDS = {"ms": 1e-3}  # units that a chart shows as seconds


def blocks(found: Found) -> list[Block]:
    """Return the blocks of a search."""
    return [*_chart(found), _table(found), Notes(tuple(_notes(found)))]


def _chart(found: Found) -> Iterator[Chart]:
    """Yield the front in its first two objectives, if there are two."""
    if len(found.objectives) < 2 or not found.front:
        return
    across, up = found.objectives[:2]
    others = [
        (_scaled(found, across, one[across.figure]), _scaled(found, up, one[up.figure])) for one in found.dominated
    ]
    front = tuple(_point(found, one, rank) for rank, one in enumerate(found.front, 1))
    series = (
        Series("within the budgets", tuple(Point(x, y) for x, y in others), "muted", hollow=True),
        Series("front", front, "blue", joined=len(found.objectives) == 2),
        Series(found.base.name, (_point(found, found.base, 0),), "orange", "diamond"),
    )
    title = f"{found.base.name}: the front of a search"
    note = f"Each mark of the front has its number in the table. {len(found.dominated):,} other candidates are drawn."
    x, y = _axis(found, across), _axis(found, up)
    yield drawn(title, lambda width, _: charts.scatter(title, x, y, series, (), width, standalone=False), note)


def _point(found: Found, one: Candidate, rank: int) -> Point:
    across, up = found.objectives[:2]
    label = str(rank) if 0 < rank <= MOST_LABELS else "" if rank else one.name
    values = ", ".join(f"{aim.figure} {_value(one.figures[aim.figure])}" for aim in found.objectives)
    x, y = (_scaled(found, aim, one.figures[aim.figure].value) for aim in (across, up))
    return Point(x, y, label, f"{one.name}: {one.edits or 'no edits'}; {values}")


def _axis(found: Found, aim: Objective) -> Axis:
    unit = found.base.figures[aim.figure].unit
    return Axis(aim.figure, "s" if unit in SECONDS else unit, better="high" if aim.maximise else "low")


def _scaled(found: Found, aim: Objective, value: float) -> float:
    return value * SECONDS.get(found.base.figures[aim.figure].unit, 1)


def _table(found: Found) -> Table:
    figures = list(found.base.figures)
    head = [Head("#"), Head("name", False), Head("changes of the base", False), Head("params"), Head("MACs")]
    head += [_head(name, found.base.figures[name].unit) for name in figures if name not in ("params", "macs")]
    rows = [_row(str(rank), one, figures) for rank, one in enumerate(found.front[:MOST_ROWS], 1)]
    rows.append(_row("base", found.base, figures))
    left_out = len(found.front) - MOST_ROWS
    note = f"{left_out:,} more stand in search.json. " if left_out > 0 else ""
    note += "Predicted figures have the range that held nine in ten unseen networks, and their mean error."
    return Table("Front", tuple(head), tuple(rows), note=note, sortable=True, example=_example(found, len(rows)))


def _example(found: Found, rows: int) -> str:
    """Return words to filter by, none where there is little to filter."""
    edits = next((one.edits for one in found.front if one.edits), "")
    return edits.split(", ")[0] if rows > 12 else ""


def _head(name: str, unit: str) -> Head:
    word, _, options = name.partition("@")
    return Head(word, hint=", ".join(part for part in (*options.split(","), unit) if part))


def _row(rank: str, one: Candidate, figures: list[str]) -> tuple[Cell, ...]:
    twins = f"and {one.twins:,} with the same figures" if one.twins else ""
    cells = [
        Cell(rank),
        Cell(one.name, twins),
        Cell(one.edits or "none"),
        Cell(f"{one.params:,}"),
        Cell(f"{one.macs:,}"),
    ]
    for name in figures:
        if name not in ("params", "macs"):
            measured = one.figures.get(name)
            cells.append(Cell(_number(measured.value), _range(measured)) if measured else Cell("", mark="empty"))
    return tuple(cells)


def _range(one: Measured) -> str:
    if one.low is None or one.high is None:
        return ""
    error = f", error {one.error_pct:.1f} %" if one.error_pct is not None else ""
    return f"{_number(one.low)}-{_number(one.high)}{error}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else digits(value)


def _value(one: Measured) -> str:
    return amount(one.value, one.unit)


def _notes(found: Found) -> Iterator[tuple[str, str]]:
    for aim in found.objectives:
        yield "maximised" if aim.maximise else "minimised", aim.figure
    yield "budgets", ", ".join(found.budgets) or "none"
    yield "candidates", ", ".join(f"{key.replace('_', ' ')} {count:,}" for key, count in found.counts.items())
    if not found.complete:
        yield "stopped", "the search was stopped before its end: the front is that of the candidates it saw"
    yield "not accuracy", "figures of size and speed say what a network costs, not how well it will do once trained"
