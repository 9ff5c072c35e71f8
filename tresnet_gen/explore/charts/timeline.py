"""An amount over the kernels of a step: memory from the first allocation to the optimizer's last."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from tresnet_gen.explore import svg
from tresnet_gen.explore.charts.plot import SMALL, WIDE, Box, Plot, axes, color, finish, plot, point, small
from tresnet_gen.explore.charts.scales import Axis, amount
from tresnet_gen.explore.measure import text_width

BAND, STRIP = 22, 18
MOST_HOVERS = 4_000  # layers that can be told apart by hovering


class Sample(NamedTuple):
    """The amount behind a kernel: `phase` has a band of its own, `group` a field of the strip below, `name` a hint."""

    phase: str
    group: str
    name: str
    value: float


class Span(NamedTuple):
    """Samples in a row: of one phase, of one group, of one layer."""

    name: str
    start: int
    stop: int
    value: float


def timeline(
    title: str,
    axis: Axis,
    samples: Sequence[Sample],
    highest: float = 0.0,
    width: float = WIDE,
    standalone: bool = True,
    hover: bool = True,
) -> str:
    """Return a chart of samples in their order, the peak marked; `highest` makes room for a larger chart beside it.

    Raises:
        ValueError: for a value that is not finite, or no sample.
    """
    if not samples:
        raise ValueError(f"{title}: nothing to draw")
    height = 330 if width >= WIDE / 1.5 else 280
    values = [one.value for one in samples]
    peak = max(range(len(values)), key=values.__getitem__)
    frame = Box(0, 0, width, height)
    # The top fifth is for the peak's label.
    laid_out = plot(Axis("", ""), axis._replace(zero=True), [0, len(samples)], [max(highest, *values) * 1.12], frame)
    x = laid_out.x._replace(low=0.0, high=float(len(samples)), ticks=(), title="")
    area = laid_out.area._replace(top=laid_out.area.top + BAND)
    laid_out = Plot(x, laid_out.y.between(area.bottom, area.top), area)
    parts = [
        *_bands(samples, laid_out),
        *axes(laid_out, BAND + 12),
        *_curve(values, laid_out),
        *_strip(samples, laid_out),
        *(_hovers(samples, laid_out, axis.unit) if hover else ()),
        *_peak(samples[peak], peak, laid_out, axis.unit),
    ]
    return finish(width, height, title, parts, standalone)


def spans(samples: Sequence[Sample], key: str) -> Iterator[Span]:
    """Yield the runs of samples whose phase and `key` are the same, each with its largest value."""
    start = 0
    for (phase, name), run in groupby(samples, key=lambda one: (one.phase, getattr(one, key))):
        values = [one.value for one in run]
        yield Span(name if key == "phase" else f"{phase}, {name}", start, start + len(values), max(values))
        start += len(values)


def outline(values: Sequence[float], columns: int) -> list[tuple[float, float]]:
    """Return the steps of a curve: where each ends, and its value; of many, the extremes in each column."""
    if len(values) <= 2 * columns:
        return [(index + 1, value) for index, value in enumerate(values)]
    steps: list[tuple[float, float]] = []
    for column in range(columns):
        start, stop = len(values) * column // columns, len(values) * (column + 1) // columns
        part = values[start:stop]
        low, high = part.index(min(part)), part.index(max(part))
        steps += [(start + index + 1, part[index]) for index in sorted((low, high))]
    return steps


def _curve(values: Sequence[float], laid_out: Plot) -> Iterator[str]:
    x, y, area = laid_out
    steps = outline(values, int(area.right - area.left))
    line = "".join(f"V{svg.number(y.at(value))}H{svg.number(x.at(position))}" for position, value in steps)
    start = f"M{point(x.at(0), area.bottom)}{line}"
    yield svg.element("path", d=f"{start}V{svg.number(area.bottom)}Z", fill=color("blue"), fill_opacity="0.18")
    yield svg.element("path", d=start, fill="none", stroke=color("blue"), stroke_width="1.5", stroke_linejoin="round")


def _bands(samples: Sequence[Sample], laid_out: Plot) -> Iterator[str]:
    x, _, area = laid_out
    for index, span in enumerate(spans(samples, "phase")):
        left, right = x.at(span.start), x.at(span.stop)
        yield svg.element(
            "rect",
            x=left,
            y=area.top - BAND,
            width=right - left,
            height=area.bottom - area.top + BAND,
            fill=color("panel"),
            fill_opacity="1" if index % 2 else "0.35",
        )
        if text_width(span.name, SMALL) + 8 <= right - left:
            yield small(span.name, left + 6, area.top - 6, fill=color("ink"))
        elif index:
            yield small(span.name, right, area.top - BAND - 5, fill=color("ink"), text_anchor="end")
            yield svg.element(
                "path",
                d=f"M{point(right, area.top - BAND - 2)}V{svg.number(area.top)}",
                stroke=color("muted"),
                stroke_width="1.5",
            )


def _strip(samples: Sequence[Sample], laid_out: Plot) -> Iterator[str]:
    """Yield the fields below the curve: what runs, where its name has room."""
    x, _, area = laid_out
    top = area.bottom + 4
    for index, span in enumerate(spans(samples, "group")):
        left, right = x.at(span.start), x.at(span.stop)
        name = span.name.partition(", ")[2]
        yield svg.element(
            "rect",
            svg.element("title", svg.escape(span.name)),
            x=left,
            y=top,
            width=right - left,
            height=STRIP,
            fill=color("line"),
            fill_opacity="0.9" if index % 2 else "0.45",
        )
        if text_width(name, SMALL) + 6 <= right - left:
            yield small(
                name, (left + right) / 2, top + 13, fill=color("ink"), text_anchor="middle", pointer_events="none"
            )


def _hovers(samples: Sequence[Sample], laid_out: Plot, unit: str) -> Iterator[str]:
    """Yield for each layer a clear field that says its largest amount."""
    x, _, area = laid_out
    high = svg.number(area.bottom - area.top)
    fields, found = [], list(spans(samples, "name"))
    if len(found) > MOST_HOVERS:
        return
    for span in found:
        left, right = x.at(span.start), x.at(span.stop)
        note = svg.element("title", svg.escape(f"{span.name}: {amount(span.value, unit)}"))
        wide = svg.number(right - left)
        fields.append(svg.element("path", note, d=f"M{point(left, area.top)}h{wide}v{high}h-{wide}z"))
    yield svg.element("g", *fields, fill_opacity="0")


def _peak(sample: Sample, index: int, laid_out: Plot, unit: str) -> Iterator[str]:
    x, y, area = laid_out
    at, up = x.at(index + 0.5), y.at(sample.value)
    yield svg.element(
        "path",
        d=f"M{point(at, up)}V{svg.number(area.bottom)}",
        stroke=color("red"),
        fill="none",
        stroke_dasharray="3 3",
    )
    yield svg.element(
        "circle", cx=at, cy=up, r=5, fill=color("red"), stroke=color("paper"), stroke_width="1.5", class_="peak"
    )
    words = f"peak {amount(sample.value, unit)}"
    half = text_width(words, SMALL, bold=True) / 2
    middle = min(max(at, area.left + half + 4), area.right - half - 4)
    yield svg.text(words, middle, up - 11, font_size=SMALL, font_weight="600", fill=color("red"), text_anchor="middle")
