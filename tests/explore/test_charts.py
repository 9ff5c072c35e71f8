"""Charts: where marks stand follows from the values, what colour says text says too, and names cannot break out."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.corpus import DESCRIPTIONS
from tresnet_gen.explore import svg
from tresnet_gen.explore.charts import Axis, Bar, Guide, Point, Sample, Segment, Series, amount, bars, scatter, timeline
from tresnet_gen.explore.charts.scales import scale
from tresnet_gen.explore.charts.timeline import outline

SVG = "{http://www.w3.org/2000/svg}"


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def inside(root: ElementTree.Element) -> tuple[float, float]:
    """Return how far the chart's own coordinates reach."""
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    return width, height


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3_965_921_008, "bytes", "3.69 GiB"),
        (1 << 20, "bytes", "1.00 MiB"),
        (5_736_545_792, "", "5.74 G"),
        (999, "", "999"),
        (0, "bytes", "0 bytes"),
        (4761.3, "images/s", "4,761 images/s"),
        (0.00021, "s", "210 µs"),
        (71e12, "FLOP/s", "71.0 TFLOP/s"),
        (12.5, "%", "12.5 %"),
    ],
)
def test_amounts_have_their_unit(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@given(
    st.lists(st.floats(1e-6, 1e15), min_size=1, max_size=20),
    st.booleans(),
    st.sampled_from(["", "bytes", "images/s", "s"]),
)
@settings(max_examples=150)
def test_a_scale_holds_its_values_and_has_a_few_ticks(values: list[float], log: bool, unit: str) -> None:
    laid_out = scale(Axis("x", unit, log=log), values)
    assert all(-1e-9 <= laid_out.at(value) <= 1 + 1e-9 for value in values)
    assert laid_out.at(laid_out.low) == 0
    assert math.isclose(laid_out.at(laid_out.high), 1)
    ticks = [tick for tick, _ in laid_out.ticks]
    assert ticks == sorted(ticks)
    assert len({label for _, label in laid_out.ticks}) == len(ticks) <= 24
    assert log or len(ticks) >= 2


def test_ticks_of_bytes_are_round_in_their_own_unit() -> None:
    laid_out = scale(Axis("memory", "bytes", zero=True), [3_965_921_008])
    assert [label for _, label in laid_out.ticks] == ["0", "1", "2", "3", "4"]
    assert [tick for tick, _ in laid_out.ticks] == [index << 30 for index in range(5)]
    assert laid_out.title == "memory, GiB"


@pytest.mark.parametrize("values", [[math.nan], [math.inf], [1.0, -math.inf]])
def test_a_value_without_a_place_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="no place"):
        scale(Axis("x"), values)
    with pytest.raises(ValueError, match="no place"):
        scale(Axis("x", log=True), [0.0, 1.0])


SAMPLES = [
    *(Sample("forward", "stem" if i < 3 else "layer1", f"op{i}", 100.0 * (i + 1)) for i in range(10)),
    *(Sample("backward", "layer1", f"op{9 - i}", 1050.0 - 90 * i) for i in range(10)),
    Sample("optimizer", "optimizer", "optimizer", 130.0),
]


def marked(root: ElementTree.Element) -> tuple[float, float]:
    [circle] = [element for element in root.iter(f"{SVG}circle") if element.get("class") == "peak"]
    return float(circle.attrib["cx"]), float(circle.attrib["cy"])


def test_the_peak_is_marked_where_the_curve_is_highest() -> None:
    root = parsed(timeline("memory", Axis("live memory", "bytes"), SAMPLES))
    peak = max(range(len(SAMPLES)), key=lambda index: SAMPLES[index].value)
    curve = next(e.attrib["d"] for e in root.iter(f"{SVG}path") if e.get("stroke-width") == "1.5" and "H" in e.get("d"))
    steps = re.findall(r"V([\d.]+)H([\d.]+)", curve)
    assert len(steps) == len(SAMPLES)
    ends = [float(re.match(r"M([\d.]+)", curve)[1]), *(float(x) for _, x in steps)]
    x, y = marked(root)
    assert ends[peak] < x < ends[peak + 1]
    assert y == min(float(height) for height, _ in steps) == float(steps[peak][0])
    # The curve's height is linear in the value: zero lies on the axis.
    zero = float(re.match(r"M[\d.]+ ([\d.]+)", curve)[1])
    for sample, (height, _) in zip(SAMPLES, steps, strict=True):
        assert math.isclose((zero - float(height)) / (zero - y), sample.value / 1050.0, abs_tol=0.001)
    assert "peak 1.03 KiB" in texts(root)
    assert {"forward", "backward", "optimizer", "layer1"} <= set(texts(root))


def test_many_samples_are_thinned_to_their_extremes() -> None:
    values = [float(7919 * index % 10_007) for index in range(9_000)]
    steps = outline(values, 600)
    assert len(steps) == 1200
    assert max(value for _, value in steps) == max(values)
    assert min(value for _, value in steps) == min(values)
    assert all(values[int(end) - 1] == value for end, value in steps)
    assert [end for end, _ in steps] == sorted(end for end, _ in steps)


ROWS = [
    Bar("parameters", (Segment("stem", 1), Segment("layer1", 5), Segment("head", 3)), note="9"),
    Bar("MACs", (Segment("stem", 2), Segment("layer1", 0), Segment("head", 2)), note="4"),
]


def lengths(root: ElementTree.Element) -> dict[str, float]:
    """Return the length of each bar's part by what hovering says."""
    parts = [(rect, rect.find(f"{SVG}title")) for rect in root.iter(f"{SVG}rect")]
    return {title.text or "": float(rect.attrib["width"]) + 1.5 for rect, title in parts if title is not None}


def test_shares_of_a_row_sum_to_the_whole() -> None:
    found = lengths(parsed(bars("shares", ROWS)))
    for row in ROWS:
        total = sum(one.value for one in row.segments)
        own = {note: long for note, long in found.items() if note.startswith(row.name)}
        assert len(own) == sum(one.value > 0 for one in row.segments)
        assert math.isclose(sum(float(note[note.index("(") + 1 : -2]) for note in own), 100, abs_tol=0.2)
        whole = sum(own.values())
        for one in row.segments:
            if one.value:
                [long] = [long for note, long in own.items() if f", {one.name}:" in note]
                assert math.isclose(long / whole, one.value / total, abs_tol=0.002)
    assert len({round(sum(v for k, v in found.items() if k.startswith(row.name))) for row in ROWS}) == 1


def test_amounts_on_one_axis_are_as_long_as_they_are_large() -> None:
    found = lengths(parsed(bars("amounts", ROWS, shares=False)))
    per_unit = [long / float(re.search(r": ([\d.]+) \(", note)[1]) for note, long in found.items()]
    assert max(per_unit) - min(per_unit) < 0.2


def test_a_part_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        bars("x", [Bar("a", (Segment("b", -1),))])


FRONT = Series("front", (Point(1, 10, "a"), Point(2, 20, "b"), Point(4, 40, "c")), "orange", "diamond", joined=True)
REST = Series("dominated", (Point(3, 15), Point(4, 5), Point(2, 19)), "muted", hollow=True)


def test_points_stand_where_their_values_say_and_a_front_is_a_staircase() -> None:
    root = parsed(scatter("search", Axis("MACs", better="low"), Axis("rate", better="high"), [REST, FRONT]))
    assert sum(1 for _ in root.iter(f"{SVG}circle")) == len(REST.points) + 1  # one in the legend
    [stairs] = [e.attrib["d"] for e in root.iter(f"{SVG}path") if e.get("stroke-width") == "1.75"]
    corners = [tuple(map(float, pair.split())) for pair in re.findall(r"[\d.]+ [\d.]+", stairs)]
    assert len(corners) == 5
    (x1, y1), (x2, y2), (x3, y3), _, (x5, y5) = corners
    assert (y1, x2) == (y2, x3)  # first across at the old rate, then up
    assert y3 < y1
    assert math.isclose((x5 - x1) / (x3 - x1), 3, rel_tol=0.01)
    assert math.isclose((y1 - y5) / (y1 - y3), 3, rel_tol=0.01)
    assert {"a", "b", "c", "front", "dominated", "MACs (less is better)", "rate (more is better)"} <= set(texts(root))


def test_a_label_without_room_is_left_out_and_stays_a_note() -> None:
    crowd = Series("crowd", tuple(Point(1 + i / 1e6, 1 + i / 1e6, f"a long label {i}") for i in range(30)))
    text = scatter("crowd", Axis("x"), Axis("y"), [crowd, Series("far", (Point(2, 2),))])
    written = [one for one in texts(parsed(text)) if one.startswith("a long")]
    assert 1 <= len(written) < 10
    assert all(f"<title>a long label {index}</title>" in text for index in range(30))


def test_series_differ_without_colour() -> None:
    text = scatter("x", Axis("x"), Axis("y"), [REST, FRONT], [Guide("roof", ((1, 1), (4, 50)))])
    gray = re.sub(r"var\(--(blue|orange|green|red|purple|teal|muted)\)", "gray", text)
    assert len({re.sub(r"[\d. -]+", "", e.get("d", "circle")) for e in parsed(gray).iter() if e.find(f"{SVG}title")
                is not None or e.tag == f"{SVG}circle"}) >= 2  # fmt: skip
    assert "stroke-dasharray" in gray


def every_chart(name: str, width: float = 720, standalone: bool = True) -> list[str]:
    samples = [sample._replace(group=name, name=name) for sample in SAMPLES]
    group = Series(name, (Point(1, 1, name, name), Point(2, 3)))
    return [
        timeline(name, Axis(name, "bytes"), samples, width=width, standalone=standalone),
        bars(name, [Bar(name, (Segment(name, 1), Segment("b", 2)), note=name)], width=width, standalone=standalone),
        scatter(name, Axis(name), Axis(name), [group], [Guide(name, ((1, 1), (2, 2)))], width, standalone),
    ]


@pytest.mark.parametrize("name", ["html", "attribute", "json", "jinja", "no_latin"])
def test_hostile_names_are_text(name: str) -> None:
    plain = [sorted({element.tag for element in parsed(chart).iter()}) for chart in every_chart("plain")]
    for chart, tags in zip(every_chart(DESCRIPTIONS[name]), plain, strict=True):
        assert sorted({element.tag for element in parsed(chart).iter()}) == tags
        assert not any(key.startswith("on") for element in parsed(chart).iter() for key in element.attrib)


@pytest.mark.parametrize("width", [720, 360])
def test_charts_stay_inside_their_picture(width: int) -> None:
    for chart in every_chart("layer1", width, standalone=False):
        root = ElementTree.fromstring(chart)
        across, high = inside(root)
        assert across == width
        assert root.attrib["aria-label"] == "layer1"
        for element in root.iter("text"):
            assert -1 <= float(element.attrib["x"]) <= width + 1
            assert 0 <= float(element.attrib["y"]) <= high
        assert "<style" not in chart


def test_charts_are_the_same_every_time() -> None:
    assert every_chart("x") == every_chart("x")


def luminance(color: str) -> float:
    parts = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [svg.LIGHT, svg.DARK])
def test_contrast_is_that_of_wcag_aa(scheme: dict[str, str]) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for ground in ("paper", "panel"):
        for ink in ("ink", "muted", "blue", "orange", "green", "red", "purple", "teal"):
            assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)
