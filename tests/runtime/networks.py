"""Small networks that have every kind of op between them."""

from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph

TRESNET = """
name: small
input: {size: 32}
num_classes: 10
act: {type: leaky_relu, slope: 1e-3}
stem: {type: space_to_depth, width: 8, act: {type: leaky_relu, slope: 1e-2}}
stages:
  - {block: basic, depth: 2, width: 8, se: {ratio: 4, min_channels: 4}}
  - {block: basic, depth: 2, width: 12, stride: 2, se: {ratio: 4}, aa: true}
  - {block: bottleneck, depth: 2, width: 8, stride: 2, se: {ratio: 8}, aa: true}
  - {block: bottleneck, depth: 1, width: 16}
"""
RESNET = """
name: small
input: {size: [40, 36]}
num_classes: 7
stem: {type: deep, widths: [6, 8], pool: max}
stages:
  - {block: bottleneck, depth: 1, width: 8, groups: 4, shortcut: conv, act: {type: silu}}
  - {block: basic, depth: 2, width: 16, stride: 2, shortcut: conv, act: {type: hard_swish}}
head: {type: avg_pool_linear, dropout: 0.2}
"""
NETWORKS = {
    "tresnet": TRESNET,
    "resnet": RESNET,
    "in-place": TRESNET + "norm: {type: inplace_abn}\n",
    "checkpointed": TRESNET + "checkpoint: block\n",
    "in-place and checkpointed": TRESNET + "norm: {type: inplace_abn}\ncheckpoint: block\n",
}


def graph_of(name: str) -> Graph:
    """Return the graph of one of the networks."""
    return build_graph(parse_spec(NETWORKS[name]))
