"""A graph as what checkpoints name: layers with tensors, the block each stands in, and its place there."""

from collections.abc import Iterator
from typing import NamedTuple

from tresnet_gen.frontend.spec import Spec
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Call, Graph, Node
from tresnet_gen.graph.ops import Op, Shape

MEAN, VARIANCE, COUNTER = "running_mean", "running_var", "num_batches_tracked"


class Block(NamedTuple):
    """A block: `stage` and `position` in it count from 0, `modules` are its modules that have tensors, in order."""

    name: str
    kind: str
    stage: int
    position: int
    width: int  # output channels
    modules: tuple[str, ...]


class Layer(NamedTuple):
    """A layer with tensors. `place` is its path inside its block, or inside `body` or `head` where it has none."""

    name: str
    op: Op
    block: Block | None
    place: str

    @property
    def tensors(self) -> ops.Tensors:
        """Name within the layer and shape of its state-dict entries."""
        return (*self.op.parameters, *self.op.buffers)

    @property
    def is_norm(self) -> bool:
        """Whether it scales, shifts and keeps statistics."""
        return any(name == COUNTER for name, _ in self.op.buffers)


class Network(NamedTuple):
    """What a checkpoint of a spec's network holds.

    `blurred` are the convolutions with norm whose output a blur halves.
    """

    spec: Spec
    layers: tuple[Layer, ...]
    blocks: tuple[Block, ...]
    blurred: frozenset[str]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its blocks."""
        return frozenset(block.kind for block in self.blocks)

    @property
    def stem(self) -> tuple[Layer, ...]:
        """The layers of the stem."""
        return tuple(layer for layer in self.layers if not layer.block and layer.name.startswith("body.conv"))

    def has(self, name: str) -> bool:
        """Return whether a layer has this name, or stands below it."""
        return any(f"{layer.name}.".startswith(f"{name}.") for layer in self.layers)


def network_of(graph: Graph) -> Network:
    """Return the layers of a graph in the order of its state dict."""
    blocks = {call.name: _block(graph, call) for call in graph.blocks}
    owners = {index: blocks[call.name] for call in graph.blocks for index in range(call.start, call.stop)}
    layers = tuple(_layer(node, owners.get(index)) for index, node in enumerate(graph.nodes) if _has_tensors(node.op))
    return Network(graph.spec, layers, tuple(blocks.values()), frozenset(_blurred(graph)))


def _block(graph: Graph, call: Call) -> Block:
    *_, stage, index = call.name.split(".")
    number = int(stage.removeprefix("layer")) - 1
    nodes = graph.nodes[call.start : call.stop]
    modules = dict.fromkeys(_below(node.name, call.name).partition(".")[0] for node in nodes if _has_tensors(node.op))
    kind = graph.spec.stages[number].block
    return Block(call.name, kind, number, int(index), nodes[-1].shape[0], tuple(modules))


def _layer(node: Node, block: Block | None) -> Layer:
    return Layer(node.name, node.op, block, _below(node.name, block.name if block else node.name.partition(".")[0]))


def _has_tensors(op: Op) -> bool:
    return bool(op.parameters or op.buffers)


def _below(name: str, parent: str) -> str:
    return name.removeprefix(f"{parent}.")


def _blurred(graph: Graph) -> Iterator[str]:
    """Yield the modules that put out what a blur takes in."""
    for node in graph.nodes:
        if isinstance(node.op, ops.BlurPool):
            yield graph.nodes[node.inputs[0]].name.rpartition(".")[0]


def shape_text(shape: Shape) -> str:
    """Return a shape as text."""
    return " x ".join(map(str, shape)) or "a scalar"
