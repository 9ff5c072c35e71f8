"""A graph for other programs: DOT for graphviz, GraphML for everything else."""

from collections.abc import Iterator

from tresnet_gen.graph.graph import Graph


def dot(graph: Graph) -> str:
    """Return the graph in DOT; one cluster a stage."""
    return "\n".join([f'digraph "{graph.spec.name}" {{', "  node [shape=box];", *_dot_body(graph), "}"]) + "\n"


def _dot_body(graph: Graph) -> Iterator[str]:
    stages: dict[str, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        stages.setdefault(node.stage, []).append(index)
    for stage, members in stages.items():
        yield f"  subgraph cluster_{stage} {{"
        yield f'    label="{stage}";'
        for index in members:
            node = graph.nodes[index]
            shape = " x ".join(map(str, node.shape))
            yield f'    n{index} [label="{node.name}\\n{node.op.kind}\\n{shape}"];'
        yield "  }"
    for index, node in enumerate(graph.nodes):
        yield from (f"  n{source} -> n{index};" for source in node.inputs)


def graphml(graph: Graph) -> str:
    """Return the graph in GraphML with the attributes of `Graph.to_networkx`."""
    import networkx

    return "\n".join(networkx.generate_graphml(graph.to_networkx())) + "\n"
