"""Points on two axes: the candidates of a search with their front, layers under a roofline."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from tresnet_gen.explore import svg
from tresnet_gen.explore.charts.plot import (
    SMALL,
    WIDE,
    Box,
    Entry,
    Plot,
    axes,
    color,
    finish,
    legend,
    mark,
    plot,
    point,
)
from tresnet_gen.explore.charts.scales import Axis
from tresnet_gen.explore.measure import text_width

RADIUS, LARGEST = 4.5, 17.0
EDGE = 16  # room for half of the last tick's label

HALO: dict[str, str | float] = {"stroke": color("paper"), "stroke_width": 3, "paint_order": "stroke"}


class Point(NamedTuple):
    """A point; `label` is written beside it where there is room, `note` is shown on hovering.

    `weight`, from 0 to 1, is the point's share of the largest area; None for points of one size.
    """

    x: float
    y: float
    label: str = ""
    note: str = ""
    weight: float | None = None


class Series(NamedTuple):
    """Points of one kind. `joined` draws a front: the staircase along its points; `hollow` steps back behind others."""

    name: str
    points: tuple[Point, ...]
    color: str = "blue"
    marker: str = "circle"
    joined: bool = False
    hollow: bool = False


class Guide(NamedTuple):
    """A line that points are compared with, such as a roof; its name is written above its middle point."""

    name: str
    points: tuple[tuple[float, float], ...]


def scatter(
    title: str,
    x: Axis,
    y: Axis,
    series: Sequence[Series],
    guides: Sequence[Guide] = (),
    width: float = WIDE,
    standalone: bool = True,
) -> str:
    """Return a scatter chart; later series lie above earlier ones.

    Raises:
        ValueError: for values that an axis has no place for, or no values.
    """
    entries = [Entry(one.marker, one.color, one.name, one.hollow) for one in series if one.points]
    parts, top = legend(entries, width, 0)
    places = [(one.x, one.y) for group in series for one in group.points]
    places += [place for guide in guides for place in guide.points]
    if not places:
        raise ValueError(f"{title}: nothing to draw")
    places += list(_headroom(x, y, places))
    height = top + min(400, width * 0.85)
    laid_out = plot(
        x, y, [place[0] for place in places], [place[1] for place in places], Box(0, top, width - EDGE, height)
    )
    parts += axes(laid_out)
    for guide in guides:
        parts += _guide(guide, laid_out)
    for group in series:
        parts += _group(group, laid_out, x.better != "high")
    parts += _labels(series, guides, laid_out, y.better)
    return finish(width, height, title, parts, standalone)


def _headroom(x: Axis, y: Axis, places: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield places a little outside of the others, so that marks and labels do not touch the frame."""
    sides = [_beyond(axis, [place[index] for place in places]) for index, axis in enumerate((x, y))]
    yield from zip(*sides, strict=True)


def _beyond(axis: Axis, values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if axis.log:
        ratio = (high / low) ** 0.09 if low > 0 else 1.0
        return low / ratio, high * ratio
    margin = 0.06 * (high - low)
    return max(low - margin, 0.0) if low >= 0 else low - margin, high + margin


def radius_of(one: Point, width: float) -> float:
    """Return a point's radius in a plot of a width: area goes with weight, but a point is always seen."""
    shrink = sqrt(min(1.0, width / WIDE))
    return RADIUS * shrink if one.weight is None else max(2.5, LARGEST * shrink * sqrt(one.weight))


def _group(group: Series, laid_out: Plot, across_first: bool) -> Iterator[str]:
    x, y, area = laid_out
    if group.joined and len(group.points) > 1:
        ordered = sorted((x.at(one.x), y.at(one.y)) for one in group.points)
        path = "M" + point(*ordered[0])
        for before, after in pairwise(ordered):
            path += f"L{point(after[0], before[1]) if across_first else point(before[0], after[1])}L{point(*after)}"
        yield svg.element("path", d=path, fill="none", stroke=color(group.color), stroke_width="1.75")
    for one in sorted(group.points, key=lambda one: one.weight or 0.0, reverse=True):  # small ones above large ones
        place = x.at(one.x), y.at(one.y)
        yield mark(
            group.marker,
            *place,
            radius_of(one, area.right - area.left),
            group.color,
            one.note or one.label,
            group.hollow,
        )


def _guide(guide: Guide, laid_out: Plot) -> Iterator[str]:
    x, y, _ = laid_out
    places = [(x.at(one[0]), y.at(one[1])) for one in guide.points]
    path = "M" + "L".join(point(*place) for place in places)
    yield svg.element("path", d=path, fill="none", stroke=color("ink"), stroke_width="1.5", stroke_dasharray="6 4")
    box = _name_box(guide, laid_out)
    yield svg.text(guide.name, box.left, box.bottom - 5, font_size=SMALL, fill=color("ink"))


def _name_box(guide: Guide, laid_out: Plot) -> Box:
    """Return where a guide's name stands: above its middle point, to the left."""
    x, y, area = laid_out
    middle = guide.points[len(guide.points) // 2]
    width = text_width(guide.name, SMALL)
    left = max(x.at(middle[0]) - width, area.left + 4)
    return Box(left, y.at(middle[1]) - 20, left + width, y.at(middle[1]))


def _labels(series: Sequence[Series], guides: Sequence[Guide], laid_out: Plot, better: str) -> Iterator[str]:
    """Yield the labels that find room beside their points, those of later series and larger points first."""
    x, y, area = laid_out
    wide = area.right - area.left
    page = Box(area.left, area.top - 6, area.right + 2, area.bottom)
    taken = [box for guide in guides for box in _guide_boxes(guide, laid_out)]
    solid = [one for group in series for one in group.points if not group.hollow]
    taken += [_around(x.at(one.x), y.at(one.y), radius_of(one, wide) * 0.8) for one in solid]
    for group in reversed(series):
        for one in sorted((one for one in group.points if one.label), key=lambda one: -(one.weight or 0)):
            place = x.at(one.x), y.at(one.y)
            boxes = list(_beside(*place, 1.2 * radius_of(one, wide) + 3, text_width(one.label, SMALL)))
            if group.joined:  # a front has room on its outside alone
                boxes = [box for box in boxes if (box.top > place[1] if better == "low" else box.bottom < place[1])]
            for box in boxes:
                if page.holds(box) and not any(box.meets(other) for other in taken):
                    taken.append(box)
                    yield svg.text(one.label, box.left, box.bottom - 3, font_size=SMALL, fill=color("ink"), **HALO)
                    break


def _guide_boxes(guide: Guide, laid_out: Plot) -> Iterator[Box]:
    """Yield small boxes along a guide, and the one of its name."""
    x, y, _ = laid_out
    places = [(x.at(one[0]), y.at(one[1])) for one in guide.points]
    for (x1, y1), (x2, y2) in pairwise(places):
        steps = max(1, round((abs(x2 - x1) + abs(y2 - y1)) / 6))
        for step in range(steps + 1):
            yield _around(x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps, 3)
    yield _name_box(guide, laid_out)


def _around(x: float, y: float, radius: float) -> Box:
    return Box(x - radius, y - radius, x + radius, y + radius)


def _beside(x: float, y: float, gap: float, width: float) -> Iterator[Box]:
    """Yield the boxes that a label may take: right, left, above, below, and the corners."""
    near = gap * 0.7
    yield Box(x + gap, y - 8, x + gap + width, y + 7)
    yield Box(x - gap - width, y - 8, x - gap, y + 7)
    yield Box(x - width / 2, y - gap - 15, x + width / 2, y - gap)
    yield Box(x - width / 2, y + gap, x + width / 2, y + gap + 15)
    yield Box(x + near, y - near - 15, x + near + width, y - near)
    yield Box(x + near, y + near, x + near + width, y + near + 15)
    yield Box(x - near - width, y - near - 15, x - near, y - near)
    yield Box(x - near - width, y + near, x - near, y + near + 15)
