"""The graph as a graph: connected, acyclic, in execution order, and readable by other tools."""

import networkx
import pytest
from hypothesis import given

from tests.drawn import TALLY, spec_texts
from tests.oracle import TRESNETS, build_graph_of, state_facts
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.resources import bundled_specs

BUNDLED = {name: build_graph(load_spec(name)) for name in bundled_specs()}


def check_structure(graph: Graph) -> None:
    digraph = graph.to_networkx()
    order = list(digraph)
    assert networkx.is_directed_acyclic_graph(digraph)
    assert order == list(range(len(graph.nodes)))
    assert all(source < target for source, target in digraph.edges)

    first, last = order[0], order[-1]
    assert [n for n in order if digraph.in_degree(n) == 0] == [first]
    assert [n for n in order if digraph.out_degree(n) == 0] == [last]
    assert networkx.descendants(digraph, first) == set(order) - {first}
    assert networkx.ancestors(digraph, last) == set(order) - {last}

    names = [node.name for node in graph.nodes]
    assert len(set(names)) == len(names)
    stages = list(dict.fromkeys(node.stage for node in graph.nodes))
    assert stages == ["stem", *(f"layer{number}" for number in range(1, len(graph.spec.stages) + 1)), "head"]


def check_edges(graph: Graph) -> None:
    """Sums, gates and concatenations join values of fitting shapes; what is split is concatenated again, all of it."""
    for node in graph.nodes:
        sources = [graph.nodes[position] for position in node.inputs]
        if node.op.kind == "cat":
            assert len(sources) > 1
            assert list(node.inputs) == sorted(node.inputs)  # in the order they are made: their channels have one
            assert len({source.shape[1:] for source in sources} | {node.shape[1:]}) == 1
            assert sum(source.shape[0] for source in sources) == node.shape[0]
            continue
        assert len(sources) == {"input": 0, "add": 2, "mul": 2}.get(node.op.kind, 1)
        if node.op.kind == "add":
            assert sources[0].shape == sources[1].shape == node.shape
        elif node.op.kind == "mul":
            assert sources[0].shape == node.shape
            assert sources[1].shape == (node.shape[0], 1, 1)
        elif node.op.kind != "input":
            assert node.op.output(sources[0].shape) == node.shape
        if node.op.kind in ("split", "chunk"):
            siblings = [other for other in graph.nodes if other.inputs == node.inputs and other.op.kind == node.op.kind]
            assert sum(other.shape[0] for other in siblings) == sources[0].shape[0]


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_graphs_are_well_formed(name: str) -> None:
    check_structure(BUNDLED[name])
    check_edges(BUNDLED[name])


@given(spec_texts())
def test_drawn_graphs_are_well_formed(text: str) -> None:
    TALLY["as graphs"] += 1
    graph = build_graph_of(text)
    check_structure(graph)
    check_edges(graph)


@pytest.mark.parametrize(
    ("rule", "hidden"),
    [
        ("ratio: 3", 6),
        ("ratio: 3, round_to: 1", 7),
        ("ratio: 3, round_to: 8", 8),
        ("ratio: 3, min_channels: 9", 9),
        ("ratio: 3, of: input", 2),
        ("ratio: 2, of: hidden", 10),
    ],
)
def test_hidden_channels_of_a_squeeze_excite(rule: str, hidden: int) -> None:
    stem = "{type: conv, width: 8}"
    graph = build_graph_of(
        f"{{name: n, stem: {stem}, stages: [{{block: basic, depth: 1, width: 20, se: {{{rule}}}}}]}}"
    )
    assert [node.shape for node in graph.nodes if node.name.endswith("se.fc1")] == [(hidden, 1, 1)]


def test_attributes_of_a_node_are_its_figures() -> None:
    graph = BUNDLED["tresnet_m"]
    for (_, attributes), node in zip(graph.to_networkx().nodes(data=True), graph.nodes, strict=True):
        assert attributes["shape"] == "x".join(map(str, node.shape))
        assert (attributes["name"], attributes["stage"]) == (node.name, node.stage)
        assert (attributes["op"], attributes["params"]) == (node.op.kind, node.op.params)
        assert (attributes["macs"], attributes["activations"]) == (node.macs, node.activations)


def test_each_op_points_at_the_part_of_the_spec_it_comes_from() -> None:
    for graph in BUNDLED.values():
        for node in graph.nodes:
            expected = ("stages", int(node.stage[5:]) - 1) if node.stage.startswith("layer") else (node.stage,)
            assert node.origin[: len(expected)] == expected or node.op.kind == "input"


@pytest.mark.parametrize("name", TRESNETS)
def test_state_of_the_graph_is_that_of_timm(name: str) -> None:
    assert list(BUNDLED[name].state_shapes()) == state_facts(name)
