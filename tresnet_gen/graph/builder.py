"""Appends ops to a graph; a shape that cannot be becomes a finding at the key that causes it."""

from collections.abc import Iterator
from contextlib import contextmanager

from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
from tresnet_gen.frontend.spec import Act, Path, Spec
from tresnet_gen.frontend.wording import dotted
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Call, Graph, Node


class CollapseError(SpecError):
    """A feature map that became too small for an op; a larger input may help."""


class Builder:
    """Grows a graph. Positions returned by `add` are the inputs of later ops."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.nodes: list[Node] = []
        self.blocks: list[Call] = []
        self._calls: list[Call] = []
        self._held: list[list[int]] = []
        self.stage = "stem"
        self.origin: Path = ("stem",)

    def add(self, name: str, op: ops.Op, *inputs: int) -> int:
        """Append an op and return its position.

        Raises:
            CollapseError: when the op's input is too small for it.
        """
        shape = self.nodes[inputs[0]].shape if inputs else ()
        try:
            output = op.output(shape)
        except ops.ShapeError as error:
            raise self._collapse(str(error)) from error
        self.nodes.append(Node(name, op, inputs, output, self.stage, self.origin))
        return len(self.nodes) - 1

    @contextmanager
    def call(self, name: str, x: int) -> Iterator[None]:
        """Note that the ops added inside run in a call of module `name` with `x`."""
        start = len(self.nodes)
        self._held.append([x])
        yield
        self._calls.append(Call(name, start, len(self.nodes), tuple(self._held.pop())))

    @contextmanager
    def block(self, name: str, x: int) -> Iterator[None]:
        """Note that the ops added inside are a block."""
        with self.call(name, x):
            yield
        self.blocks.append(self._calls[-1])

    def hold(self, *positions: int) -> None:
        """Note that the module being called keeps outputs in variables until it returns."""
        self._held[-1] += positions

    def channels(self, position: int) -> int:
        """Return the channels an op puts out."""
        return self.nodes[position].shape[0]

    def conv_bn(
        self,
        name: str,
        x: int,
        out_channels: int,
        kernel: int,
        act: Act | None = None,
        stride: int = 1,
        groups: int = 1,
    ) -> int:
        """Append a convolution without bias, its norm and, with `act`, an activation."""
        conv = ops.Conv2d(self.channels(x), out_channels, kernel, stride, groups)
        with self.call(name, x):
            x = self.add(f"{name}.conv", conv, x)
            if act and self.spec.norm.type == "inplace_abn":
                assert act.slope
                return self.add(f"{name}.bn", ops.InPlaceABN(out_channels, act.slope), x)
            x = self.add(f"{name}.bn", ops.BatchNorm(out_channels), x)
            return self.add(f"{name}.act", ops.Activation(act.type, act.slope), x) if act else x

    def squeeze_excite(self, name: str, x: int, hidden: int) -> int:
        """Append mean, 1x1 convolution, ReLU, 1x1 convolution, sigmoid and the product with `x`."""
        channels = self.channels(x)
        with self.call(name, x):
            mean = self.add(f"{name}.mean", ops.GlobalMean(keepdim=True), x)
            gate = self.add(f"{name}.fc1", ops.Conv2d(channels, hidden, 1, bias=True), mean)
            gate = self.add(f"{name}.relu", ops.Activation("relu"), gate)
            gate = self.add(f"{name}.fc2", ops.Conv2d(hidden, channels, 1, bias=True), gate)
            self.hold(mean, gate)
            gate = self.add(f"{name}.sigmoid", ops.Sigmoid(), gate)
            return self.add(f"{name}.mul", ops.Scale(), x, gate)

    def graph(self) -> Graph:
        """Return the finished graph."""
        return Graph(self.spec, tuple(self.nodes), tuple(self._calls), tuple(self.blocks))

    def _collapse(self, why: str) -> CollapseError:
        height, width = self.spec.input.size
        message = f"{self.stage} (`{dotted(self.origin)}`) collapses at an input of {height} x {width}: {why}"
        return CollapseError([Diagnostic("E302", message, self.spec.places.nearest(self.origin))])
