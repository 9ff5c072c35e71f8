"""Exact counts of a graph, by layer, stage and model, for one image.

Conventions: `params` are trainable elements. `macs` are the multiply-accumulates of convolutions (SE and blur
included) and linear layers without bias, half of what torch's FlopCounterMode counts; `flops` = 2 * macs.
`activations` are the output elements of convolutions and linear layers, as timm and fvcore count them.
"""

from collections.abc import Iterable
from itertools import groupby
from math import prod
from typing import NamedTuple

from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Graph, Node
from tresnet_gen.graph.ops import Shape

CONVENTION = (
    "params: trainable; MACs: convolutions (SE and blur included) and linear layers, no bias, one image; "
    "FLOPs = 2 x MACs; activations: outputs of those layers"
)


class Totals(NamedTuple):
    """Figures that add up."""

    params: int
    macs: int
    activations: int

    @property
    def flops(self) -> int:
        """2 * macs."""
        return 2 * self.macs


class LayerCount(NamedTuple):
    """One op."""

    name: str
    op: str
    output: Shape
    totals: Totals


class StageCount(NamedTuple):
    """Stem, a stage or the head; `output` is the shape of its last op."""

    name: str
    output: Shape
    totals: Totals


class Conventions(NamedTuple):
    """The same model as other tools print it.

    `fvcore_flops`: fvcore's FlopCountAnalysis, timm's GMACs: convolution and linear MACs plus 2 per batch-norm
    element. `timm_card_params`, `timm_card_flops`: timm's model cards of TResNet, convolutions alone: parameters
    with SE biases; MACs without blur and classifier, plus SE biases and average-pool outputs.
    """

    fvcore_flops: int
    timm_card_params: int
    timm_card_flops: int


class Counts(NamedTuple):
    """All figures of a graph; stages add up to `totals`, layers to their stages."""

    totals: Totals
    stages: tuple[StageCount, ...]
    layers: tuple[LayerCount, ...]
    conventions: Conventions


def count(graph: Graph) -> Counts:
    """Return the exact counts of a graph."""
    stages: list[StageCount] = []
    layers: list[LayerCount] = []
    for name, nodes in groupby(graph.nodes[1:], key=lambda node: node.stage):  # all but the input
        inside = [_layer(node) for node in nodes]
        stages.append(StageCount(name, inside[-1].output, _sum(layer.totals for layer in inside)))
        layers += inside
    return Counts(_sum(stage.totals for stage in stages), tuple(stages), tuple(layers), _conventions(graph))


def _layer(node: Node) -> LayerCount:
    totals = Totals(node.op.params, node.macs, node.activations)
    return LayerCount(node.name, node.op.kind, node.shape, totals)


def _sum(parts: Iterable[Totals]) -> Totals:
    listed = list(parts)
    return Totals(
        sum(p.params for p in listed),
        sum(p.macs for p in listed),
        sum(p.activations for p in listed),
    )


def _conventions(graph: Graph) -> Conventions:
    convolutions = [(node, node.op) for node in graph.nodes if isinstance(node.op, ops.Conv2d)]
    biases = sum(op.out_channels for _, op in convolutions if op.bias)
    pooled = sum(prod(node.shape) for node in graph.nodes if isinstance(node.op, ops.AvgPool))
    return Conventions(
        fvcore_flops=sum(node.op.fvcore_flops(node.shape) for node in graph.nodes),
        timm_card_params=sum(op.params for _, op in convolutions),
        timm_card_flops=sum(node.macs for node, _ in convolutions) + biases + pooled,
    )
