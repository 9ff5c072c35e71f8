"""What a picture says is what the graph has: every op once, every edge, its shape, and how often a block comes."""

from collections import Counter
from itertools import pairwise

import networkx
import pytest

from tests.explore.pictured import NAMES, comparisons, drawn_graphs, graph_of, graphs, pictures
from tresnet_gen.analysis.counts import count
from tresnet_gen.explore.pictures import LEVELS, Picture, picture_of
from tresnet_gen.explore.pictures.compare import changed
from tresnet_gen.explore.pictures.fold import fold
from tresnet_gen.explore.pictures.picture import ADDED, CHANGED, REMOVED, SAME
from tresnet_gen.explore.pictures.runs import runs_of
from tresnet_gen.graph.graph import Call, Graph


def depths(picture: Picture) -> dict[str, int]:
    """Return how often each box comes."""
    inner = {cluster.key: cluster.depth if cluster.parent else 1 for cluster in picture.clusters}
    return {box.key: inner.get(box.cluster, 1) for box in picture.boxes}


@pytest.mark.parametrize("level", LEVELS)
def test_boxes_times_their_depth_are_the_whole_network(level: str) -> None:
    for graph in graphs():
        picture = picture_of(graph, level)
        times = depths(picture)
        ops = [(graph.nodes[index], times[box.key]) for box in picture.boxes for index in box.nodes]
        totals = count(graph).totals
        assert sum(depth for _, depth in ops) == len(graph.nodes)
        assert sum(node.op.params * depth for node, depth in ops) == totals.params
        assert sum(node.macs * depth for node, depth in ops) == totals.macs
        assert len(picture.boxes) == len({box.key for box in picture.boxes})


@pytest.mark.parametrize("level", ["block", "op"])
def test_depths_are_those_of_the_spec(level: str) -> None:
    for graph in graphs():
        picture = picture_of(graph, level)
        stages = [cluster for cluster in picture.clusters if not cluster.parent]
        assert [cluster.key for cluster in stages] == [stage.name for stage in count(graph).stages]
        for stage, cluster in zip(graph.spec.stages, stages[1:-1], strict=True):
            runs = [inner for inner in picture.clusters if inner.parent == cluster.key]
            assert cluster.depth == stage.depth
            assert sum(run.depth for run in runs) == (stage.depth if runs else 0)
            assert cluster.details[0].startswith(f"{stage.block.replace('_', ' ')} ×{stage.depth}")
            assert [run.figures for run in runs] == [(f"×{run.depth}",) * (run.depth > 1) for run in runs]


@pytest.mark.parametrize("level", LEVELS)
def test_edges_carry_the_shape_of_the_op_they_come_from(level: str) -> None:
    for graph in graphs():
        picture = picture_of(graph, level)
        drawn = {index: box.key for box in picture.boxes for index in box.nodes}
        last = len(graph.nodes) - 1
        for edge in picture.edges:
            node = graph.nodes[edge.node]
            assert edge.label == " × ".join(map(str, node.shape))
            assert edge.node == last or any(edge.node in reader.inputs for reader in graph.nodes)
            if edge.node in drawn:
                assert drawn[edge.node] == edge.source
            else:  # the last of several equal blocks, whose first is drawn
                source = next(box for box in picture.boxes if box.key == edge.source)
                assert node.shape == graph.nodes[source.nodes[-1]].shape
                assert node.stage == graph.nodes[source.nodes[-1]].stage


@pytest.mark.parametrize("level", LEVELS)
def test_every_edge_of_drawn_ops_is_drawn(level: str) -> None:
    for graph in graphs():
        picture = picture_of(graph, level)
        drawn = {index: box.key for box in picture.boxes for index in box.nodes}
        wanted = {
            (source, drawn[index])
            for index, node in enumerate(graph.nodes)
            if index in drawn
            for source in node.inputs
            if drawn.get(source) != drawn[index]
        }
        found = {(edge.node, edge.target) for edge in picture.edges if edge.target != "logits"}
        assert found == wanted
        order = {box.key: number for number, box in enumerate(picture.boxes)}
        assert all(order[edge.source] < order[edge.target] for edge in picture.edges)


def subgraph(graph: Graph, block: Call) -> "networkx.DiGraph[int]":
    """Return a block with what it reads, ops and shapes on its nodes."""
    digraph = networkx.DiGraph()
    for index in range(block.start, block.stop):
        node = graph.nodes[index]
        digraph.add_node(index, what=(repr(node.op), node.shape))
        for source in node.inputs:
            if source < block.start:
                digraph.add_node(source, what=("outside", graph.nodes[source].shape))
            digraph.add_edge(source, index)
    return digraph


def equal(one: "networkx.DiGraph[int]", other: "networkx.DiGraph[int]") -> bool:
    return networkx.is_isomorphic(one, other, node_match=lambda a, b: a["what"] == b["what"])


@pytest.mark.parametrize("name", ["tresnet_l", "mobilenetv3_large_100", "shufflenet_v2_x1_0", "mixnet_l", "resnet50d"])
def test_equal_blocks_are_isomorphic_and_neighbours_are_not(name: str) -> None:
    graph = graph_of(name)
    runs = runs_of(graph)
    assert [block for run in runs for block in run.blocks] == list(graph.blocks)
    for run in runs:
        first, *rest = (subgraph(graph, block) for block in run.blocks)
        assert all(equal(first, other) for other in rest)
    for run, following in pairwise(runs):
        if run.stage == following.stage:
            assert not equal(subgraph(graph, run.blocks[0]), subgraph(graph, following.blocks[0]))


def test_tresnet_l_in_words() -> None:
    picture = picture_of(graph_of("tresnet_l"))
    assert [(c.title, *c.figures) for c in picture.clusters if c.parent] == [
        ("blocks 0–3", "×4"),
        ("block 0",),
        ("blocks 1–4", "×4"),
        ("block 0",),
        ("blocks 1–17", "×17"),
        ("block 0",),
        ("blocks 1–2", "×2"),
    ]
    assert [(box.title, *box.details) for box in picture.boxes if box.cluster == "layer3.0"] == [
        ("avg pool 2×2", "stride 2"),
        ("conv 1×1, 1216", "BN"),
        ("conv 1×1, 304", "BN, leaky ReLU 0.001"),
        ("conv 3×3, 304", "BN, leaky ReLU 0.001"),
        ("blur 3×3", "stride 2"),
        ("SE, 152 hidden", "ReLU, sigmoid"),
        ("scale",),
        ("conv 1×1, 1216", "BN"),
        ("add", "ReLU"),
    ]
    labels = {edge.source: edge.label for edge in picture.edges}
    assert labels["image"] == "3 × 224 × 224"
    assert labels["layer3.0/se.mean"] == "304 × 1 × 1"
    assert labels["layer3.1/add"] == "1216 × 14 × 14"
    assert picture.subtitle == "3 × 224 × 224 · 55,989,256 parameters · 10.9\N{NO-BREAK SPACE}G MACs"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mixnet_l", {"depthwise, 240", "kernels 3, 5, 7, 9", "SE, 20 hidden", "SiLU, sigmoid", "2 groups"}),
        ("shufflenet_v2_x1_0", {"split 58 + 58", "concat", "channel shuffle", "depthwise 3×3, 58", "max pool 3×3"}),
        ("resnext50_32x4d", {"32 groups", "stride 2, 32 groups", "max pool 3×3", "conv 7×7, 64"}),
        ("resnet50d", {"avg pool 2×2", "conv 3×3, 32"}),
        ("mobilenetv3_large_100", {"linear, 1280", "ReLU, hard sigmoid", "BN, hard swish", "hard swish"}),
        ("tresnet_l_abn", {"space to depth", "in-place ABN 0.001", "blur 3×3"}),
        ("efficientnet_b0", {"BN, SiLU", "depthwise 5×5, 144"}),
    ],
)
def test_every_family_has_its_words(name: str, words: set[str]) -> None:
    picture = picture_of(graph_of(name))
    assert words <= {line for box in picture.boxes for line in (box.title, *box.details)}


def test_what_is_computed_again_is_said() -> None:
    picture = picture_of(graph_of("tresnet_m", "checkpoint=block"))
    stages = [cluster for cluster in picture.clusters if not cluster.parent]
    assert all("computed again in backward" in stage.details for stage in stages[1:-1])


def test_one_stage_alone_keeps_its_inside() -> None:
    whole, alone = (picture_of(graph_of("tresnet_l"), "op", stage=stage) for stage in (None, "layer3"))
    inner = [box for box in whole.boxes if box.cluster.startswith("layer3")]
    assert [box.title for box in alone.boxes] == ["layer2", *(box.title for box in inner), "layer4"]
    keys = {box.key for box in inner}
    assert [edge for edge in alone.edges if edge.source in keys and edge.target in keys] == [
        edge for edge in whole.edges if edge.source in keys and edge.target in keys
    ]
    assert {edge.label for edge in alone.edges if edge.source == "before"} == {"152 × 28 × 28"}
    assert {edge.label for edge in alone.edges if edge.target == "behind"} == {"1216 × 14 × 14"}


def test_a_line_out_of_a_stage_is_marked_when_all_it_stands_for_is() -> None:
    picture = picture_of(graph_of("tresnet_m"), against=graph_of("resnet50"), stage="layer3")
    assert {edge.mark for edge in picture.edges if edge.target == "behind"} == {SAME}
    assert {edge.mark for edge in picture.edges if edge.source == "before"} == {ADDED, REMOVED, CHANGED}


# What one network changes against another


def signature(picture: Picture, gone: str) -> tuple[Counter[object], Counter[object]]:
    """Return the boxes and the edges that are left of a comparison when one side's are taken out."""
    left = {box.key: (box.cluster, box.name) for box in picture.boxes if box.mark != gone}
    edges = (edge for edge in picture.edges if edge.mark != gone)
    return Counter(left.values()), Counter((left[edge.source], left[edge.target]) for edge in edges)


@pytest.mark.parametrize("level", LEVELS)
def test_a_comparison_has_all_of_both_and_nothing_else(level: str) -> None:
    for old, new in comparisons():
        both = picture_of(new, level, old)
        cuts = {run.place for side in (old, new) for run in runs_of(side)}
        for side, gone in ((old, ADDED), (new, REMOVED)):
            boxes, edges = signature(both, gone)
            expected_boxes, expected_edges = signature(fold(side, level, cuts), "")
            assert {name for _, name in boxes} == {name for _, name in expected_boxes}
            assert boxes.total() == expected_boxes.total()
            assert edges.total() == expected_edges.total()


@pytest.mark.parametrize("level", LEVELS)
def test_a_network_changes_nothing_against_itself(level: str) -> None:
    for graph in (*drawn_graphs(), *map(graph_of, NAMES[:6])):
        alone, both = picture_of(graph, level), picture_of(graph, level, graph)
        assert both.compared
        assert (both.boxes, both.clusters, both.edges) == (alone.boxes, alone.clusters, alone.edges)


def marked(picture: Picture) -> dict[str, str]:
    parts = (*picture.boxes, *picture.clusters)
    return {part.key: part.mark for part in parts if part.mark != SAME}


def test_more_depth_changes_the_run_and_its_stage_alone() -> None:
    picture = picture_of(graph_of("tresnet_m", "stages.2.depth=16"), against=graph_of("tresnet_m"))
    assert marked(picture) == {"layer3": CHANGED, "layer3.1": CHANGED}
    clusters = {cluster.key: cluster for cluster in picture.clusters}
    assert clusters["layer3.1"].figures == ("×10→×15",)
    assert clusters["layer3"].details == ("bottleneck ×11→×16, stride 2, SE, blur",)
    assert clusters["layer3"].figures[0] == "12.9\N{NO-BREAK SPACE}M→18.8\N{NO-BREAK SPACE}M params"
    assert {edge.mark for edge in picture.edges} == {SAME}


def test_an_se_that_is_added_is_a_branch_that_is_added() -> None:
    new = graph_of("tresnet_m", "stages.3.se={ratio: 8, min_channels: 64}")
    picture = picture_of(new, against=graph_of("tresnet_m"), stage="layer4")
    boxes = {box.key: box.mark for box in picture.boxes if box.mark != SAME}
    assert boxes == {f"layer4.{run}/{name}": ADDED for run in (0, 1) for name in ("se.mean", "se.mul")}
    edges = {(edge.source, edge.target): edge.mark for edge in picture.edges if edge.source.startswith("layer4.1")}
    assert edges["layer4.1/conv2.conv", "layer4.1/conv3.conv"] == REMOVED
    assert edges["layer4.1/conv2.conv", "layer4.1/se.mean"] == ADDED
    assert edges["layer4.1/se.mul", "layer4.1/conv3.conv"] == ADDED


def test_another_width_changes_convolutions_and_shapes() -> None:
    picture = picture_of(graph_of("resnet18", "stages.1.width=160"), against=graph_of("resnet18"))
    titles = {box.key: box.title for box in picture.boxes if box.mark == CHANGED}
    assert titles["layer2.0/conv1.conv"] == "conv 3×3, 128→160"
    assert {key.partition(".")[0] for key in titles} == {"layer2"}
    labels = {edge.source: (edge.label, edge.mark) for edge in picture.edges}
    assert labels["layer2.1/add"] == ("128→160 × 28 × 28", CHANGED)
    assert labels["layer1.0/add"] == ("64 × 56 × 56", SAME)


def test_what_moves_goes_and_comes() -> None:
    site = "stages.2.se={ratio: 8, min_channels: 64, site: output}"
    picture = picture_of(graph_of("tresnet_m", site), against=graph_of("tresnet_m"), stage="layer3")
    run = [(box.name, box.mark) for box in picture.boxes if box.cluster == "layer3.1"]
    moved = [name for name, times in Counter(name for name, _ in run).items() if times == 2]
    assert moved
    assert all({mark for name, mark in run if name == twice} == {ADDED, REMOVED} for twice in moved)
    assert len({box.key for box in picture.boxes}) == len(picture.boxes)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("conv 3×3, 64", "conv 3×3, 76", "conv 3×3, 64→76"),
        ("BN, ReLU", "BN, leaky ReLU 0.001", "BN, ReLU→leaky ReLU 0.001"),
        ("bottleneck ×6, stride 2", "bottleneck ×11, stride 2, SE, blur", "bottleneck ×6→×11, stride 2, + SE, + blur"),
        ("BN, ReLU", "BN", "BN, − ReLU"),
        ("64 × 56 × 56", "76 × 28 × 28", "64→76 × 56→28 × 56→28"),
    ],
)
def test_texts_say_from_what_to_what(old: str, new: str, text: str) -> None:
    assert changed(old, new) == text


def test_stages_that_come_and_go_keep_their_place() -> None:
    picture = pictures()["comparison 2 block"]
    keys = [cluster.key for cluster in picture.clusters if not cluster.parent]
    assert keys == ["stem", *(f"layer{number}" for number in range(1, 12)), "head"]
    marks = [cluster.mark for cluster in picture.clusters if not cluster.parent]
    assert marks == [CHANGED] * 4 + [REMOVED] * 8 + [CHANGED]
