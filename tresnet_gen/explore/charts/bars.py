"""Rows of stacked bars: shares of a whole, or amounts on a common axis."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tresnet_gen.explore import svg
from tresnet_gen.explore.charts.plot import COLORS, SMALL, TEXT, WIDE, Entry, color, finish, legend
from tresnet_gen.explore.charts.scales import amount
from tresnet_gen.explore.measure import text_width

THICK, PACE, GAP = 24, 36, 1.5


class Segment(NamedTuple):
    """A part of a bar."""

    name: str
    value: float


class Bar(NamedTuple):
    """A row; `note` is written behind it, such as its total."""

    name: str
    segments: tuple[Segment, ...]
    unit: str = ""
    note: str = ""


def bars(title: str, rows: Sequence[Bar], shares: bool = True, width: float = WIDE, standalone: bool = True) -> str:
    """Return stacked bars: each row to 100 %, or without `shares` all rows to the scale of the longest.

    Segments of one name have one colour; their order is that of the first row, and in wide ones stands what they are.

    Raises:
        ValueError: for a value below 0.
    """
    if any(one.value < 0 for row in rows for one in row.segments):
        raise ValueError(f"{title}: a part of a bar is below 0")
    names = list(dict.fromkeys(one.name for row in rows for one in row.segments))
    hues = {name: COLORS[index % len(COLORS)] for index, name in enumerate(names)}
    parts, top = legend([Entry("square", hues[name], name) for name in names], width, 0)
    stacked = width < WIDE / 1.5  # on a phone names stand above bars
    left = 0.0 if stacked else max(text_width(row.name, TEXT) for row in rows) + 14
    right = max(text_width(row.note, SMALL) for row in rows)
    room = width - left - (right + 10 if right and not stacked else 0)
    longest = max(_total(row) for row in rows) or 1.0
    for row in rows:
        top += 20 if stacked else 0
        scale = room / ((_total(row) or 1.0) if shares else longest)
        parts += _names(row, top, width, stacked)
        parts += _bar(row, hues, left, top, scale)
        top += PACE + (4 if stacked else 0)
    return finish(width, top - PACE + THICK + 4, title, parts, standalone)


def _total(row: Bar) -> float:
    return sum(one.value for one in row.segments)


def _names(row: Bar, top: float, width: float, stacked: bool) -> Iterator[str]:
    baseline = top - 6 if stacked else top + THICK / 2 + 4.5
    yield svg.text(row.name, 0, baseline, font_size=TEXT, fill=color("ink"))
    if row.note:
        yield svg.text(row.note, width, baseline, font_size=SMALL, fill=color("muted"), text_anchor="end")


def _bar(row: Bar, hues: dict[str, str], left: float, top: float, scale: float) -> Iterator[str]:
    total = _total(row)
    for one in row.segments:
        long = one.value * scale
        if long > 0:
            share = one.value / total
            note = svg.element(
                "title", svg.escape(f"{row.name}, {one.name}: {amount(one.value, row.unit)} ({share:.1%})")
            )
            seen, hue = max(long - GAP, 0.4), color(hues[one.name])
            yield svg.element("rect", x=left, y=top + THICK - 3, width=seen, height=3, fill=hue)
            yield svg.element("rect", note, x=left, y=top, width=seen, height=THICK, fill=hue, fill_opacity="0.3")
            yield from _inside(one, share, left, top, long)
        left += long


def _inside(one: Segment, share: float, left: float, top: float, long: float) -> Iterator[str]:
    """Yield what is written in a segment: name and share, or what of it fits."""
    for words in (f"{one.name} {share:.0%}", f"{share:.0%}"):
        if text_width(words, SMALL) + 10 <= long:
            yield svg.text(
                words,
                left + (long - GAP) / 2,
                top + THICK / 2 + 3,
                font_size=SMALL,
                fill=color("ink"),
                text_anchor="middle",
                pointer_events="none",
            )
            return
