"""Published networks that are not bundled, written from docs/spec.md and their papers' tables alone."""

import pytest
import torch

from tests.oracle import build, build_graph_of
from tresnet_gen.analysis.counts import count
from tresnet_gen.emission.render import emit

RESNEXT101_64X4D = """\
name: resnext101_64x4d
stem: {type: conv, kernel: 7, stride: 2, width: 64, pool: max}
stages:
  - {block: bottleneck, depth: 3, width: 256, expansion: 1, groups: 64, shortcut: conv}
  - {block: bottleneck, depth: 4, width: 512, expansion: 1, groups: 64, shortcut: conv, stride: 2}
  - {block: bottleneck, depth: 23, width: 1024, expansion: 1, groups: 64, shortcut: conv, stride: 2}
  - {block: bottleneck, depth: 3, width: 2048, expansion: 1, groups: 64, shortcut: conv, stride: 2}
"""

# Width 1.4, depth 1.8.
EFFICIENTNET_B4 = """\
name: efficientnet_b4
input: {size: 380}
act: {type: silu}
stem: {type: conv, kernel: 3, stride: 2, width: 48}
stages:
  - {block: depthwise_separable, depth: 2, width: 24, se: &se {ratio: 4, of: input, act: {type: silu}}}
  - {block: inverted_residual, depth: 4, width: 32, stride: 2, se: *se}
  - {block: inverted_residual, depth: 4, width: 56, stride: 2, kernel: 5, se: *se}
  - {block: inverted_residual, depth: 6, width: 112, stride: 2, se: *se}
  - {block: inverted_residual, depth: 6, width: 160, kernel: 5, se: *se}
  - {block: inverted_residual, depth: 8, width: 272, stride: 2, kernel: 5, se: *se}
  - {block: inverted_residual, depth: 2, width: 448, se: *se}
head: {width: 1792}
"""

# MixNet-M of width 1.6, depth 1.2.
MIXNET_XL = """\
name: mixnet_xl
act: {type: silu}
stem: {type: conv, kernel: 3, stride: 2, width: 40, act: &relu {type: relu}}
stages:
  - {block: depthwise_separable, depth: 1, width: 40, act: *relu}
  - {block: inverted_residual, depth: 1, width: 48, stride: 2, kernel: [3, 5, 7],
     expand_groups: 2, project_groups: 2, act: *relu}
  - {block: inverted_residual, depth: 1, width: 48, expansion: 3, expand_groups: 2, project_groups: 2, act: *relu}
  - {block: inverted_residual, depth: 1, width: 64, stride: 2, kernel: [3, 5, 7, 9],
     se: &half {ratio: 2, of: input, act: {type: silu}}}
  - {block: inverted_residual, depth: 4, width: 64, kernel: [3, 5], expand_groups: 2, project_groups: 2, se: *half}
  - {block: inverted_residual, depth: 1, width: 128, stride: 2, kernel: [3, 5, 7],
     se: &quarter {ratio: 4, of: input, act: {type: silu}}}
  - {block: inverted_residual, depth: 4, width: 128, kernel: [3, 5, 7, 9],
     expand_groups: 2, project_groups: 2, se: *quarter}
  - {block: inverted_residual, depth: 1, width: 192, se: *half}
  - {block: inverted_residual, depth: 4, width: 192, kernel: [3, 5, 7, 9], expansion: 3,
     expand_groups: 2, project_groups: 2, se: *half}
  - {block: inverted_residual, depth: 1, width: 320, stride: 2, kernel: [3, 5, 7, 9], se: *half}
  - {block: inverted_residual, depth: 4, width: 320, kernel: [3, 5, 7, 9], project_groups: 2, se: *half}
head: {width: 1536, act: *relu}
"""


@pytest.mark.parametrize(
    ("text", "params"),
    [(RESNEXT101_64X4D, 83_455_272), (EFFICIENTNET_B4, 19_341_616), (MIXNET_XL, 11_896_768)],
    ids=["resnext101_64x4d", "efficientnet_b4", "mixnet_xl"],
)
def test_parameters_are_those_of_timm(text: str, params: int) -> None:
    graph = build_graph_of(text)
    assert count(graph).totals.params == params
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in build(emit(graph)).parameters()) == params
