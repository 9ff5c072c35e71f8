"""Layers under the roofline of a GPU's data sheet.

Intensity is FLOPs over the bytes of a layer's input, output and weights, in 16 bit, each moved once: FLOPs are twice
the MACs, weights are shared out among a batch that fills the GPU. In training a layer runs up to three such products:
the output, the gradient of the input where one is wanted, and that of the weights. Each reads two of the three tensors
and writes the third, so intensity stays and FLOPs and bytes multiply. Speed is FLOPs over predicted seconds.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.analysis.throughput import BATCH, Throughput
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Graph, Node
from tresnet_gen.graph.ops.work import BYTES, bytes_of

KINDS = ("1x1 convolution", "larger convolution", "depthwise, grouped, blur", "linear")


class Spot(NamedTuple):
    """Layers of one stage that do the same: `names` in the graph's order, seconds an image of all of them together."""

    stage: str
    kind: str
    names: tuple[str, ...]
    flop_per_byte: float
    flop_per_s: float
    seconds: float
    bound: str

    @property
    def label(self) -> str:
        """What they are called in short: layer3 conv2 x18."""
        last = [part for part in self.names[0].split(".") if not part.isdigit()]
        leaf = last[-2] if last[-1] in ("conv", "fc") and len(last) > 2 and last[-2] != self.stage else last[-1]
        times = f" x{len(self.names)}" if len(self.names) > 1 else ""
        return f"{self.stage} {leaf}{times}" if leaf != self.stage else f"{self.stage}{times}"


def spots(graph: Graph, speed: Throughput) -> list[Spot]:
    """Return the layers with multiply-accumulates that take time, those that are alike together."""
    mode = speed.mode.split()[0]
    wanted = _wants_gradient(graph.nodes)
    found: dict[tuple[str, str, float, float, float], list[tuple[str, str]]] = {}
    for node, part in zip(graph.nodes[1:], speed.layers, strict=True):
        if node.macs and part.seconds > 0:
            inputs = [graph.nodes[source].shape for source in node.inputs]
            moved = bytes_of(*inputs, node.shape) + BYTES * node.op.params / BATCH[mode]
            products = 1
            if mode == "train":
                products += bool(node.op.params) + any(wanted[source] for source in node.inputs)
            key = node.stage, kind_of(node.op), 2.0 * node.macs * products, moved * products, part.seconds
            found.setdefault(key, []).append((node.name, part.bound))
    return [
        Spot(stage, kind, tuple(name for name, _ in same), flops / moved, flops / seconds, len(same) * seconds,
             same[0][1])
        for (stage, kind, flops, moved, seconds), same in found.items()
    ]  # fmt: skip


def share_without_products(graph: Graph, speed: Throughput) -> float:
    """Return which share of the time goes to layers without multiply-accumulates: norms, activations, sums."""
    spent = sum(part.seconds for node, part in zip(graph.nodes[1:], speed.layers, strict=True) if not node.macs)
    return spent / speed.total.seconds


def kind_of(op: ops.Op) -> str:
    """Return which of KINDS an op with multiply-accumulates is."""
    if not isinstance(op, ops.Conv2d):
        return KINDS[2] if isinstance(op, ops.BlurPool) else KINDS[3]
    if op.groups > 1:
        return KINDS[2]
    return KINDS[0] if op.kernel == 1 else KINDS[1]


def _wants_gradient(nodes: Sequence[Node]) -> list[bool]:
    """Return which nodes' outputs have gradients: those of parameters, and all behind them."""
    wanted: list[bool] = []
    for node in nodes:
        wanted.append(bool(node.op.params) or any(wanted[source] for source in node.inputs))
    return wanted
