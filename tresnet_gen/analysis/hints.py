"""Hints: parts of a spec that GPUs are known to be slow at, each with the edit that would show what it costs.

A hint is no fault: accuracy may be worth its price. Codes are stable, so that one can be silenced.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tresnet_gen.frontend.spec import BasicStage, BottleneckStage, ConvStem, DeepStem, FusedInvertedResidualStage, Spec
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops.work import SPECIALISED_GROUPS, padded

CODES = {
    "H101": "width that is no multiple of 8",
    "H102": "squeeze-and-excitation at high resolution",
    "H103": "blur at high resolution",
    "H104": "channels per group without kernels of their own",
    "H105": "stem at full resolution",
    "H106": "width that leaves tiles of the tensor cores part empty",
}
HIGH_RESOLUTION = 4  # the input's side over that of the feature map, at most
PATCH = 4
LEAST_FILLED = 0.77  # of the arithmetic of the tiles that a width takes


class Hint(NamedTuple):
    """What is slow, where, and the `--set` edits that would change it."""

    code: str
    path: str
    message: str
    edits: tuple[str, ...]


def hints(graph: Graph) -> Iterator[Hint]:
    """Yield the hints for a graph's spec, in the order of the spec."""
    spec = graph.spec
    yield from _stem(spec)
    for index in range(len(spec.stages)):
        yield from _widths(spec, index)
        yield from _tiles(spec, index)
        yield from _high_resolution(graph, index)
        yield from _groups(spec, index)


def _stem(spec: Spec) -> Iterator[Hint]:
    stem, (height, width) = spec.stem, spec.input.size
    if isinstance(stem, ConvStem | DeepStem) and stem.pool and height % PATCH == width % PATCH == 0:
        channels = stem.widths[-1] if isinstance(stem, DeepStem) else stem.width
        edit = f"stem={{type: space_to_depth, block_size: {PATCH}, width: {channels}}}"
        yield Hint("H105", "stem", f"convolution and pool at {height // 2} x {width // 2} pixels", (edit,))


def _widths(spec: Spec, index: int) -> Iterator[Hint]:
    stage = spec.stages[index]
    if stage.width % 8:
        near = max(8, (stage.width + 4) // 8 * 8)
        path = f"stages.{index}.width"
        # Grouped stages keep their channels a group, where they can.
        groups = getattr(stage, "groups", 1)
        if near % groups == 0:
            yield Hint("H101", path, f"{stage.width} channels are no multiple of 8", (f"{path}={near}",))


def _tiles(spec: Spec, index: int) -> Iterator[Hint]:
    """Yield a hint for a width of dense convolutions whose tiles on the tensor cores stay part empty."""
    stage = spec.stages[index]
    dense = isinstance(stage, BasicStage | FusedInvertedResidualStage) or getattr(stage, "groups", 0) == 1
    filled = 1 / padded(1, stage.width)
    tile = 64 if stage.width >= 48 else 32
    near = max(tile, (stage.width + tile // 2) // tile * tile)
    if dense and filled < LEAST_FILLED and near != stage.width:
        path = f"stages.{index}.width"
        message = f"{stage.width} channels use {filled:.0%} of the arithmetic that their tiles take"
        yield Hint("H106", path, message, (f"{path}={near}",))


def _high_resolution(graph: Graph, index: int) -> Iterator[Hint]:
    side = max(graph.spec.input.size)
    inside = [node for node in graph.nodes if node.origin == ("stages", index)]
    scaled = [node.shape for node in inside if isinstance(node.op, ops.Scale)]
    if scaled and max(map(max, (shape[1:] for shape in scaled))) * HIGH_RESOLUTION >= side:
        shape = " x ".join(map(str, scaled[-1]))
        blocks = f" in each of {len(scaled)} blocks" if len(scaled) > 1 else ""
        message = f"reads and writes {shape} once more{blocks}"
        yield Hint("H102", f"stages.{index}.se", message, (f"stages.{index}.se=null",))
    for node in inside:
        if isinstance(node.op, ops.BlurPool):
            before = graph.nodes[node.inputs[0]].shape
            if max(before[1:]) * HIGH_RESOLUTION >= side:
                message = f"pads, copies and filters {' x '.join(map(str, before))}"
                yield Hint("H103", f"stages.{index}.aa", message, (f"stages.{index}.aa=false",))


def _groups(spec: Spec, index: int) -> Iterator[Hint]:
    stage = spec.stages[index]
    if not isinstance(stage, BottleneckStage) or stage.groups == 1:
        return
    channels = stage.width // stage.groups
    fitting = [size for size in SPECIALISED_GROUPS if stage.width % size == 0]
    if channels in SPECIALISED_GROUPS or not fitting:
        return
    near = min(fitting, key=lambda size: (abs(size - channels), size))
    path = f"stages.{index}.groups"
    message = f"{channels} channels a group; fast are {', '.join(map(str, sorted(SPECIALISED_GROUPS)))}"
    yield Hint("H104", path, message, (f"{path}={stage.width // near}",))
