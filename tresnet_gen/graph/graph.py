"""The graph: nodes in execution order, each naming the nodes it reads."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tresnet_gen.frontend.spec import Path, Spec
from tresnet_gen.graph.ops import Op, Shape

if TYPE_CHECKING:
    import networkx


class Node(NamedTuple):
    """One op; `name` is its module path in the emitted file, `inputs` are positions in the graph.

    `stage` is stem, layer1, ... or head; `origin` is the path in the spec that the op comes from.
    """

    name: str
    op: Op
    inputs: tuple[int, ...]
    shape: Shape
    stage: str
    origin: Path

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""
        return self.op.macs(self.shape)

    @property
    def activations(self) -> int:
        """Output elements of a convolution or linear layer for one image."""
        return self.op.activations(self.shape)


class Call(NamedTuple):
    """A call of a module that is more than one op: nodes[start:stop] run inside it.

    `held` are the nodes whose outputs its frame holds until it returns: what it was called with, and its variables.
    """

    name: str
    start: int
    stop: int
    held: tuple[int, ...]


class Graph(NamedTuple):
    """A network's ops in execution order; the first is the input, the last puts out the logits.

    `calls` are the emitted module's own calls, inner ones before the outer; `blocks` those of them that are blocks.
    """

    spec: Spec
    nodes: tuple[Node, ...]
    calls: tuple[Call, ...]
    blocks: tuple[Call, ...]

    def state_shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield name and shape of every state-dict entry of the emitted module, in its order."""
        for node in self.nodes:
            for name, shape in (*node.op.parameters, *node.op.buffers):
                yield f"{node.name}.{name}", shape

    def parameter_shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield name and shape of every parameter of the emitted module, in its order."""
        for node in self.nodes:
            for name, shape in node.op.parameters:
                yield f"{node.name}.{name}", shape

    def to_networkx(self) -> "networkx.DiGraph[int]":
        """Return the graph with plain attributes, so that every networkx reader and writer takes it."""
        import networkx

        digraph: networkx.DiGraph[int] = networkx.DiGraph(name=self.spec.name)
        for index, node in enumerate(self.nodes):
            digraph.add_node(
                index,
                name=node.name,
                op=node.op.kind,
                shape="x".join(map(str, node.shape)),
                stage=node.stage,
                params=node.op.params,
                macs=node.macs,
                activations=node.activations,
            )
            digraph.add_edges_from((source, index) for source in node.inputs)
        return digraph
