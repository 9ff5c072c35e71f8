"""What a search found, as the blocks of a report: its front as a chart and a table, and what was asked."""

from collections.abc import Iterator

from tresnet_gen.explore.charts.scales import digits
from tresnet_gen.explore.front_chart import Aim, Front, Mark, front_chart, is_drawn
from tresnet_gen.explore.report.blocks import Block, Cell, Head, Notes, Table
from tresnet_gen.explore.report.blocks import Figure as Chart
from tresnet_gen.explore.report.figures import drawn
from tresnet_gen.explore.report.search_file import Candidate, Found, Measured

MOST_ROWS = 2_000


def blocks(found: Found) -> list[Block]:
    """Return the blocks of a search."""
    return [*_chart(found), _table(found), Notes(tuple(_notes(found)))]


def _chart(found: Found) -> Iterator[Chart]:
    """Yield the front in its first two objectives, if there are two."""
    front = Front(
        [Aim(aim.figure, found.base.figures[aim.figure].unit, aim.maximise) for aim in found.objectives],
        _mark(found, found.base, found.base.name),
        [_mark(found, one, str(rank)) for rank, one in enumerate(found.front, 1)],
        [[one[aim.figure] for aim in found.objectives] for one in found.dominated],
    )
    if is_drawn(front):
        note = f"Each mark of the front has its number in the table. {len(front.others):,} other candidates are drawn."
        yield drawn(front.title, lambda width, _: front_chart(front, width, standalone=False), note)


def _mark(found: Found, one: Candidate, label: str) -> Mark:
    return Mark(one.name, label, one.edits, [one.figures[aim.figure].value for aim in found.objectives])


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


def _notes(found: Found) -> Iterator[tuple[str, str]]:
    for aim in found.objectives:
        yield "maximised" if aim.maximise else "minimised", aim.figure
    yield "budgets", ", ".join(found.budgets) or "none"
    yield "candidates", ", ".join(f"{key.replace('_', ' ')} {count:,}" for key, count in found.counts.items())
    if not found.complete:
        yield "stopped", "the search was stopped before its end: the front is that of the candidates it saw"
    yield "not accuracy", "figures of size and speed say what a network costs, not how well it will do once trained"
