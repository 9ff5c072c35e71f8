"""What charts have in common: the frame with its grid, the legend, the marks."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from tresnet_gen.explore import svg
from tresnet_gen.explore.charts.scales import Axis, Scale, scale
from tresnet_gen.explore.measure import text_width

WIDE, NARROW = 720, 360  # widths for a page and for a phone; text has the same size in both
SMALL, TEXT = 12, 13  # font sizes
COLORS = ("blue", "orange", "green", "purple", "red", "teal", "muted")
LINE_HEIGHT = 20


class Box(NamedTuple):
    """A part of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: "Box") -> bool:
        """Whether another box lies inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def meets(self, other: "Box") -> bool:
        """Whether the boxes overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


class Entry(NamedTuple):
    """A mark of a legend and what it stands for."""

    marker: str
    color: str
    name: str
    hollow: bool = False


class Plot(NamedTuple):
    """A laid out pair of axes."""

    x: Scale
    y: Scale
    area: Box


def color(name: str) -> str:
    """Return the CSS value of a shared colour."""
    return f"var(--{name})"


def plot(x: Axis, y: Axis, xs: Sequence[float], ys: Sequence[float], frame: Box) -> Plot:
    """Return axes that hold all values in a frame; tick labels and titles take their room from it."""
    across, up = scale(x, xs), scale(y, ys)
    room = max(text_width(label, SMALL) for _, label in up.ticks) if up.ticks else 0
    area = Box(frame.left + room + 10, frame.top + 22, frame.right, frame.bottom - 42)
    return Plot(across.between(area.left, area.right), up.between(area.bottom, area.top), area)


def axes(laid_out: Plot, title_above: float = 12) -> list[str]:
    """Return grid, tick labels and titles; labels that would touch the one before are left out."""
    x, y, area = laid_out
    parts, used = [], float("-inf")
    for value, label in x.ticks:
        place, half = x.at(value), text_width(label, SMALL) / 2
        parts.append(_grid_line(place, area.top, place, area.bottom))
        if place - half > used + 8 and place + half <= area.right + 12:
            parts.append(small(label, place, area.bottom + 17, text_anchor="middle"))
            used = place + half
    for value, label in y.ticks:
        place = y.at(value)
        parts.append(_grid_line(area.left, place, area.right, place))
        parts.append(small(label, area.left - 8, place + 4, text_anchor="end"))
    parts.append(
        svg.element(
            "path",
            d=f"M{svg.number(area.left)} {svg.number(area.bottom)}H{svg.number(area.right)}",
            stroke=color("muted"),
            fill="none",
        )
    )
    parts.append(svg.text(y.title, 0, area.top - title_above, font_size=SMALL, fill=color("ink"), font_weight="600"))
    parts.append(
        svg.text(
            x.title,
            area.right,
            area.bottom + 37,
            font_size=SMALL,
            fill=color("ink"),
            font_weight="600",
            text_anchor="end",
        )
    )
    return parts


def small(content: str, x: float, y: float, **attributes: str | float) -> str:
    """Return a muted text of the small size."""
    return svg.text(content, x, y, **{"font_size": SMALL, "fill": color("muted"), **attributes})


def legend(entries: Sequence[Entry], width: float, top: float) -> tuple[list[str], float]:
    """Return marks with their names, in as many lines as they need, and where the legend ends."""
    parts, left, line = [], 0.0, top
    for marker, hue, name, hollow in entries:
        long = text_width(name, SMALL) + 32
        if left and left + long > width:
            left, line = 0.0, line + LINE_HEIGHT
        parts.append(mark(marker, left + 6, line + 8, 5, hue, hollow=hollow))
        parts.append(svg.text(name, left + 17, line + 12, font_size=SMALL, fill=color("ink")))
        left += long
    return parts, line + LINE_HEIGHT + 6 if entries else top


def mark(marker: str, x: float, y: float, radius: float, hue: str, note: str = "", hollow: bool = False) -> str:
    """Return a marker of about the same area whatever its shape; `note` is shown on hovering."""
    fill = color("paper") if hollow else color(hue)
    look: dict[str, str | float] = {
        "fill": fill,
        "fill_opacity": "0.75" if not hollow else "0.6",
        "stroke": color(hue),
        "stroke_width": "1.25",
    }
    title = (svg.element("title", svg.escape(note)),) if note else ()
    if marker == "circle":
        return svg.element("circle", *title, cx=x, cy=y, r=radius, **look)
    if marker == "cross":
        look["stroke_width"] = "2"
    return svg.element("path", *title, d=_outline(marker, x, y, radius), **look)


def _outline(marker: str, x: float, y: float, radius: float) -> str:
    """Return the path of a marker."""
    side = radius * 0.89
    corners = {
        "square": ((-side, -side), (side, -side), (side, side), (-side, side)),
        "diamond": ((0, -radius * 1.25), (radius * 1.25, 0), (0, radius * 1.25), (-radius * 1.25, 0)),
        "triangle": ((0, -radius * 1.2), (radius * 1.2, radius * 0.9), (-radius * 1.2, radius * 0.9)),
        "down": ((0, radius * 1.2), (radius * 1.2, -radius * 0.9), (-radius * 1.2, -radius * 0.9)),
    }
    if marker == "cross":
        arm = radius / sqrt(2)
        return (
            f"M{point(x - arm, y - arm)}L{point(x + arm, y + arm)}M{point(x - arm, y + arm)}L{point(x + arm, y - arm)}"
        )
    return "M" + "L".join(point(x + dx, y + dy) for dx, dy in corners[marker]) + "Z"


def point(x: float, y: float) -> str:
    """Return a place as paths write it."""
    return f"{svg.number(x)} {svg.number(y)}"


def finish(width: float, height: float, title: str, parts: Sequence[str], standalone: bool) -> str:
    """Return a chart as a file, with a margin and paper of its own, or as an element for a page."""
    if not standalone:
        return svg.fragment(width, height, title, *parts)
    margin, head = 24, 34
    paper = svg.element("rect", width="100%", height="100%", fill=color("paper"))
    name = svg.text(title, margin, margin + 14, font_size=16, font_weight="600", fill=color("ink"))
    inner = svg.element("g", *parts, transform=f"translate({margin} {margin + head})")
    return svg.document(width + 2 * margin, height + 2 * margin + head, title, paper, name, inner) + "\n"


def _grid_line(x1: float, y1: float, x2: float, y2: float) -> str:
    return svg.element(
        "path", d=f"M{point(x1, y1)}L{point(x2, y2)}", stroke=color("line"), stroke_width="0.75", fill="none"
    )
