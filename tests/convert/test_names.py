"""Names and shapes of networks of other implementations: each tensor finds its entry, in both directions."""

import pytest

from tests.convert.checkpoints import OFFICIAL, graph_of, shapes_of
from tests.oracle import MODELS, build_graph_of
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.convert.network import network_of
from tresnet_gen.runtime.convert.plan import entries_of, plan
from tresnet_gen.runtime.convert.schemes import writer

TIMM = [name for name in MODELS if not name.startswith("shufflenet")]
TORCHVISION = {
    "resnet18": "resnet18",
    "resnet50": "resnet50",
    "resnext50_32x4d": "resnext50_32x4d",
    "shufflenet_v2_x1_0": "shufflenet_v2_x1_0",
    "torchvision_mobilenet_v2": "mobilenetv2_100",
    "torchvision_mobilenet_v3_large": "mobilenetv3_large_100",
    "torchvision_efficientnet_b1": "efficientnet_b1",
}
EFFICIENTNET_V2_S = """\
name: efficientnet_v2_s
input: {size: 384}
act: {type: silu}
stem: {type: conv, kernel: 3, stride: 2, width: 24}
stages:
  - {block: fused_inverted_residual, depth: 2, width: 24, expansion: 1}
  - {block: fused_inverted_residual, depth: 4, width: 48, stride: 2, expansion: 4}
  - {block: fused_inverted_residual, depth: 4, width: 64, stride: 2, expansion: 4}
  - {block: inverted_residual, depth: 6, width: 128, stride: 2, expansion: 4, se: {ratio: 4, of: input}}
  - {block: inverted_residual, depth: 9, width: 160, expansion: 6, se: {ratio: 4, of: input}}
  - {block: inverted_residual, depth: 15, width: 256, stride: 2, expansion: 6, se: {ratio: 4, of: input}}
head: {type: avg_pool_linear, width: 1280}
"""
CASES = [
    *(pytest.param(name, name, "timm", id=f"timm-{name}") for name in TIMM),
    *(pytest.param(known, name, "torchvision", id=f"torchvision-{name}") for known, name in TORCHVISION.items()),
    *(pytest.param(f"official_{n}", spec, "official", id=f"official-{n}") for n, (spec, _) in OFFICIAL.items()),
]


@pytest.mark.parametrize(("known", "name", "word"), CASES)
def test_every_tensor_finds_its_entry_and_back(known: str, name: str, word: str) -> None:
    hold_names(graph_of(name), known, word)


def test_fused_inverted_residuals() -> None:
    hold_names(build_graph_of(EFFICIENTNET_V2_S), "torchvision_efficientnet_v2_s", "torchvision")


def hold_names(graph: Graph, known: str, word: str) -> None:
    """Hold that a checkpoint fits, and that the names written for it are its own but for the filters."""
    network, shapes = network_of(graph), shapes_of(known)
    seen = plan(network, shapes, partial=False)
    assert seen.fits
    assert not seen.counters
    assert [match.entry.name for match in seen.taken] == [name for name, _ in graph.state_shapes()]
    used = [name for match in seen.taken for name, _ in match.entry.pieces]
    assert sorted([*used, *seen.filters]) == sorted(shapes)
    scheme = writer(network, word)
    assert scheme
    written = dict(piece for entry in entries_of(network, scheme) for piece in entry.pieces)
    assert written == {name: shape for name, shape in shapes.items() if name not in seen.filters}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_filters_are_dropped(name: str) -> None:
    shapes = shapes_of(f"official_{name}")
    seen = plan(network_of(graph_of(OFFICIAL[name][0])), shapes, partial=False)
    assert sorted(seen.filters) == sorted(entry for entry in shapes if entry.endswith(".filt"))
    assert len(seen.filters) == (0 if name.startswith("in21k") else 3)


def test_a_filter_of_a_blur_that_the_spec_does_not_have_is_left_over() -> None:
    graph = graph_of("tresnet_m", "stages.1.aa=false")
    shapes = shapes_of("official_v1_tresnet_m")
    seen = plan(network_of(graph), shapes, partial=False)
    assert "body.layer2.0.conv1.1.op.filt" in seen.unused
    assert not seen.fits


def test_words_without_names_for_a_network() -> None:
    words = {name: network_of(graph_of(name)) for name in ("tresnet_m", "resnet50", "shufflenet_v2_x1_0")}
    assert writer(words["resnet50"], "official") is None
    assert writer(words["tresnet_m"], "torchvision") is None
    assert writer(words["shufflenet_v2_x1_0"], "timm") is None
    assert all(writer(network, "ours") for network in words.values())
