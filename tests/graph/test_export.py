"""Graphs for other programs hold the same nodes and edges."""

import re
from pathlib import Path

import networkx
import pytest

from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.export import dot, graphml
from tresnet_gen.resources import bundled_specs

BUNDLED = {name: build_graph(load_spec(name)) for name in bundled_specs()}


@pytest.mark.parametrize("name", BUNDLED)
def test_graphml_reads_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.graphml"
    path.write_text(graphml(BUNDLED[name]), encoding="utf-8")
    again, digraph = networkx.read_graphml(path, node_type=int), BUNDLED[name].to_networkx()
    assert dict(again.nodes(data=True)) == dict(digraph.nodes(data=True))
    assert set(again.edges) == set(digraph.edges)


@pytest.mark.parametrize("name", BUNDLED)
def test_dot_has_every_node_in_its_stage_and_every_edge(name: str) -> None:
    graph, text = BUNDLED[name], dot(BUNDLED[name])
    assert text.startswith(f'digraph "{name}" {{\n')
    stage, stages, labels = "", {}, {}
    for line in text.splitlines():
        if cluster := re.fullmatch(r"  subgraph cluster_(\w+) \{", line):
            stage = cluster[1]
        elif node := re.fullmatch(r'    n(\d+) \[label="([^"]*)"\];', line):
            stages[int(node[1])], labels[int(node[1])] = stage, node[2].split(r"\n")
    assert stages == {index: node.stage for index, node in enumerate(graph.nodes)}
    for index, node in enumerate(graph.nodes):
        assert labels[index][:2] == [node.name, node.op.kind]
    edges = {(int(source), int(target)) for source, target in re.findall(r"^  n(\d+) -> n(\d+);$", text, re.MULTILINE)}
    assert edges == set(graph.to_networkx().edges)
    assert text.count("{") == text.count("}")
