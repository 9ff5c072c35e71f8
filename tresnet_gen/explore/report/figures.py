"""The charts of a report, each as wide as a page and as wide as a phone."""

from collections.abc import Callable, Iterator, Sequence

from tresnet_gen.analysis.throughput import Throughput
from tresnet_gen.explore import charts
from tresnet_gen.explore.charts import Axis, Bar, Guide, Point, Sample, Segment, Series, amount
from tresnet_gen.explore.estimates import Estimate, Question
from tresnet_gen.explore.rates import Rate
from tresnet_gen.explore.report.blocks import Drawing, Figure
from tresnet_gen.explore.report.roofline import KINDS, Spot, share_without_products, spots

WIDE, NARROW = 1040, 350
LEAST_SHARE = 0.001  # of the time: layers below it would stretch the axes
LABELLED = 8
LOOKS = (("blue", "circle"), ("orange", "square"), ("green", "diamond"), ("purple", "triangle"))


def drawn(title: str, draw: Callable[[float, bool], str], note: str = "") -> Figure:
    """Return a figure; `draw` takes the width and whether the reader has a mouse."""
    return Figure(title, draw(WIDE, True), draw(NARROW, False), note)


def drawing(one: Estimate, number: int) -> Drawing:
    """Return the pictures of a network, the one of `number` in the page."""
    from tresnet_gen.explore.pictures import draw

    name, prefix = one.graph.spec.name, f"drawing-{number}"
    return Drawing(name, draw(one.graph, "stage", prefix=prefix), draw(one.graph, "block", prefix=f"{prefix}-layers"))


def timeline(one: Estimate, question: Question, highest: int) -> Figure:
    """Return the live memory of the step, with its peak; `highest` is the peak of the largest model beside it."""
    stages = {node.name: node.stage for node in one.graph.nodes}
    samples = [
        Sample(_PHASES.get(m.phase, m.phase), stages.get(m.layer, m.layer), m.layer, m.live_bytes)
        for m in one.memory.timeline
    ]
    name, peak = one.graph.spec.name, one.memory.peak_at
    title = f"{name}: live memory over {'a training step' if question.step.train else 'inference'}"

    def draw(width: float, mouse: bool) -> str:
        axis = Axis("live memory", "bytes")
        return charts.timeline(title, axis, samples, highest, width, standalone=False, hover=mouse)

    note = (
        f"Peak: {peak.live_bytes:,} bytes, {peak.text}. From left to right the {len(samples):,} kernels that allocate, "
        "in the order they run; below them their stages."
    )
    if question.step.train and all(sample.phase != "optimizer" for sample in samples):
        note += " The optimizer's update allocates nothing."
    return drawn(title, draw, note)


_PHASES = {"step": "optimizer"}


def shares(one: Estimate, question: Question) -> Figure:
    """Return which stage has which share of parameters, MACs, saved memory and time."""
    stages = one.counts.stages
    rows = [
        _row("parameters", "", [(stage.name, stage.totals.params) for stage in stages]),
        _row("MACs", "", [(stage.name, stage.totals.macs) for stage in stages]),
        _row("activations", "", [(stage.name, stage.totals.activations) for stage in stages]),
    ]
    if question.step.train:
        saved = one.saved_by("stage") | {"loss": one.memory.layers["loss"]}
        rows.append(_row("saved memory", "bytes", list(saved.items())))
    rows += [_row(f"time, {speed.gpu}", "s", [(p.name, p.seconds) for p in speed.stages]) for speed in one.speeds]
    title = f"{one.graph.spec.name}: shares of the stages"
    return drawn(title, lambda width, _: charts.bars(title, rows, True, width, standalone=False))


def times(one: Estimate, speed: Throughput) -> Figure:
    """Return how long each stage takes, and what for."""
    rows = []
    for part in speed.stages:
        spent = ("compute", part.compute_s), ("memory", part.memory_s), ("overhead", part.overhead_s)
        rows.append(_row(part.name, "s", spent))
    title = f"{one.graph.spec.name}: time for an image on {speed.gpu}"
    note = f"{amount(speed.total.seconds, 's')} an image, mean error {speed.error.pct:.1f} %: predicted, not measured."
    return drawn(title, lambda width, _: charts.bars(title, rows, False, width, standalone=False), note)


def roofline(one: Estimate, rate: Rate, speed: Throughput) -> Figure:
    """Return the layers under the roofline of a GPU's data sheet."""
    gpu, total = rate.gpu, speed.total.seconds
    found = [spot for spot in spots(one.graph, speed) if spot.seconds >= LEAST_SHARE * total]
    peak, bandwidth = gpu.tensor_tflops * 1e12, gpu.bandwidth_gb_s * 1e9
    ridge = peak / bandwidth
    title = f"{one.graph.spec.name}: layers under the roofline of {gpu.name}"
    first = min([ridge / 4, *(spot.flop_per_byte for spot in found)])
    last = max([ridge * 4, *(spot.flop_per_byte for spot in found)])
    roof = (first, first * bandwidth), (ridge, peak), (last, peak)
    guide = Guide(f"{amount(peak, 'FLOP/s')}, {gpu.bandwidth_gb_s:,.0f} GB/s", roof)
    groups = list(_groups(found, total))
    x, y = Axis("arithmetic intensity", "FLOP/byte", log=True), Axis("predicted speed", "FLOP/s", log=True)
    note = (
        f"The roof is that of the data sheet of {gpu.title}; its ridge is at {ridge:.0f} FLOP/byte. Areas go with "
        f"time. Layers without multiply-accumulates (norms, activations, sums) have no place here, and take "
        f"{share_without_products(one.graph, speed):.0%} of the time; layers below 0.1 % of it are left out."
    )
    return drawn(title, lambda width, _: charts.scatter(title, x, y, groups, [guide], width, standalone=False), note)


def _groups(found: Sequence[Spot], total: float) -> Iterator[Series]:
    largest = max((spot.seconds for spot in found), default=1.0)
    named = {id(spot) for spot in sorted(found, key=lambda spot: -spot.seconds)[:LABELLED]}
    for kind, (hue, marker) in zip(KINDS, LOOKS, strict=True):
        points = [
            Point(spot.flop_per_byte, spot.flop_per_s, spot.label if id(spot) in named else "", _note(spot, total),
                  spot.seconds / largest)
            for spot in found
            if spot.kind == kind
        ]  # fmt: skip
        yield Series(kind, tuple(points), hue, marker)


def _note(spot: Spot, total: float) -> str:
    names = spot.names[0] if len(spot.names) == 1 else f"{spot.names[0]} ... {spot.names[-1]}"
    speed = f"{amount(spot.flop_per_byte, 'FLOP/byte')}, {amount(spot.flop_per_s, 'FLOP/s')}"
    return f"{spot.label} ({names}): {speed}, {spot.seconds / total:.1%} of the time, bound by {spot.bound}"


def _row(name: str, unit: str, parts: Sequence[tuple[str, float]]) -> Bar:
    total = sum(value for _, value in parts)
    return Bar(name, tuple(Segment(part, value) for part, value in parts), unit, amount(total, unit))
