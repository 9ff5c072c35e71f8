"""Counts are those of the reference implementations, and add up."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from tests.drawn import TALLY, spec_texts
from tests.oracle import MODELS, TRESNETS, build_graph_of, facts
from tresnet_gen.analysis.counts import Counts, Totals, count
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph import ops
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph, Node
from tresnet_gen.resources import bundled_specs

SIZES = ("224", "448")


def graph_at(name: str, size: str) -> Graph:
    return build_graph(load_spec(name, [f"input.size={size}"]))


def known(name: str, size: str) -> dict[str, Any]:
    return dict(facts(name)["counts"][size])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MODELS)
def test_totals(name: str, size: str) -> None:
    totals = count(graph_at(name, size)).totals
    fact = known(name, size)
    assert totals == Totals(facts(name)["params"], fact["macs"], fact["activations"])
    assert totals.flops == 2 * fact["macs"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", TRESNETS)
def test_stages(name: str, size: str) -> None:
    graph = graph_at(name, size)
    stages = known(name, size)["stages"]
    counts = count(graph)
    assert [stage.name for stage in counts.stages] == list(stages)
    for stage in counts.stages:
        row = stages[stage.name]
        assert stage.totals == Totals(row["params"], row["macs"], row["activations"])
        assert sum(n.op.fvcore_flops(n.shape) for n in graph.nodes if n.stage == stage.name) == row["fvcore"]
        assert [*stage.output, 1, 1][:3] == row["output"]


def test_facts_are_there() -> None:
    assert len(MODELS) == 16
    assert {*MODELS} <= {*bundled_specs()}


def kind_in_timm(node: Node) -> str:
    """Return the operator that counts a node; the linear layer behind MobileNetV3's pool is a 1x1 convolution there."""
    match node.op:
        case ops.Conv2d() | ops.BlurPool():
            return "conv"
        case ops.Linear():
            return "conv" if node.name == "head.hidden" else "linear"
        case ops.BatchNorm():
            return "norm"
    return ""


@pytest.mark.parametrize("name", MODELS)
def test_parameters_by_kind_of_layer(name: str) -> None:
    found = Counter[str]()
    for node in graph_at(name, "224").nodes:
        found[kind_in_timm(node)] += node.op.params
    assert found.pop("", 0) == 0
    assert found == facts(name)["params_by_kind"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MODELS)
def test_fvcore(name: str, size: str) -> None:
    """fvcore counts an adaptive average pool, which most of timm's have, by its input; ours is a mean, not counted."""
    graph = graph_at(name, size)
    known_by = dict(known(name, size)["fvcore"])
    pooled = known_by.pop("adaptive_avg_pool2d", 0)
    assert count(graph).conventions.fvcore_flops == sum(known_by.values())
    last_map = next(n for n in reversed(graph.nodes) if len(n.shape) == 3)
    channels, height, width = last_map.shape
    assert pooled == (0 if name in (*TRESNETS, "shufflenet_v2_x1_0") else channels * height * width)
    for operator, flops in known_by.items():
        kind = "norm" if operator == "batch_norm" else operator
        assert sum(n.op.fvcore_flops(n.shape) for n in graph.nodes if kind_in_timm(n) == kind) == flops


@pytest.mark.parametrize("name", ["tresnet_m", "tresnet_l", "tresnet_xl"])
def test_model_cards_of_timm(name: str) -> None:
    conventions, card = count(graph_at(name, "224")).conventions, facts(name)["timm_card"]
    assert (conventions.timm_card_params, conventions.timm_card_flops) == (card["params"], card["flops"])


def test_a_bundled_spec_for_448_counts_what_the_override_counts() -> None:
    assert count(build_graph(load_spec("tresnet_m_448"))).totals == count(graph_at("tresnet_m", "448")).totals


def check_sums(graph: Graph, counts: Counts) -> None:
    ops_of = [node for node in graph.nodes if node.op.kind != "input"]
    assert [layer.name for layer in counts.layers] == [node.name for node in ops_of]
    for position in range(len(Totals._fields)):
        total = counts.totals[position]
        assert sum(layer.totals[position] for layer in counts.layers) == total
        assert sum(stage.totals[position] for stage in counts.stages) == total
    for stage in counts.stages:
        inside = [layer for layer, node in zip(counts.layers, ops_of, strict=True) if node.stage == stage.name]
        assert tuple(stage.totals) == tuple(map(sum, zip(*(layer.totals for layer in inside), strict=True)))
        assert stage.output == inside[-1].output


@pytest.mark.parametrize("name", bundled_specs())
def test_bundled_counts_add_up(name: str) -> None:
    graph = build_graph(load_spec(name))
    check_sums(graph, count(graph))


@given(spec_texts())
def test_drawn_counts_add_up(text: str) -> None:
    TALLY["summed by layer and stage"] += 1
    graph = build_graph_of(text)
    check_sums(graph, count(graph))
