"""Appends ops to a graph; a shape that cannot be becomes a finding at the key that causes it."""

from collections.abc import Iterator
from contextlib import contextmanager

from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
from tresnet_gen.frontend.spec import Act, Path, Spec
from tresnet_gen.frontend.wording import dotted
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Call, Graph, Node

GATES: dict[str, type[ops.Op]] = {"sigmoid": ops.Sigmoid, "hard_sigmoid": ops.HardSigmoid}


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
            return self.norm_act(name, self.add(f"{name}.conv", conv, x), act)

    def norm_act(self, name: str, x: int, act: Act | None) -> int:
        """Append the norm of a convolution and, with `act`, an activation."""
        channels = self.channels(x)
        if act and self.spec.norm.in_place:
            assert act.slope
            return self.add(f"{name}.bn", ops.InPlaceABN(channels, act.slope), x)
        x = self.add(f"{name}.bn", ops.BatchNorm(channels), x)
        return self.add(f"{name}.act", ops.Activation(act.type, act.slope), x) if act else x

    def depthwise_bn(self, name: str, x: int, kernel: int | tuple[int, ...], act: Act | None, stride: int = 1) -> int:
        """Append a depthwise convolution, or one of each of several kernels, norm and, with `act`, an activation."""
        channels = self.channels(x)
        if isinstance(kernel, int):
            return self.conv_bn(name, x, channels, kernel, act, stride, channels)
        with self.call(name, x):
            x = self.mixed_conv(f"{name}.conv", x, kernel, stride)
            return self.norm_act(name, x, act)

    def mixed_conv(self, name: str, x: int, kernels: tuple[int, ...], stride: int) -> int:
        """Append depthwise convolutions of several kernels, each of its share of channels; the first has the rest."""
        channels = self.channels(x)
        rest = channels - channels // len(kernels) * (len(kernels) - 1)
        widths = (rest, *(channels // len(kernels) for _ in kernels[1:]))
        with self.call(name, x):
            parts = self.split(f"{name}.split", x, widths)
            convolved = [
                self.add(f"{name}.{index}", ops.Conv2d(width, width, kernel, stride, width), part)
                for index, (width, kernel, part) in enumerate(zip(widths, kernels, parts, strict=True))
            ]
            return self.add(f"{name}.cat", ops.Concat(channels), *convolved)

    def split(self, name: str, x: int, widths: tuple[int, ...]) -> list[int]:
        """Append the parts that channels are split into."""
        return [self.add(f"{name}{index}", ops.Part(widths, index), x) for index in range(len(widths))]

    def squeeze_excite(self, name: str, x: int, hidden: int, act: Act, gate: str) -> int:
        """Append mean, 1x1 convolution, activation, 1x1 convolution, gate and the product with `x`."""
        channels = self.channels(x)
        with self.call(name, x):
            mean = self.add(f"{name}.mean", ops.GlobalMean(keepdim=True), x)
            scale = self.add(f"{name}.fc1", ops.Conv2d(channels, hidden, 1, bias=True), mean)
            scale = self.add(f"{name}.act", ops.Activation(act.type, act.slope), scale)
            scale = self.add(f"{name}.fc2", ops.Conv2d(hidden, channels, 1, bias=True), scale)
            self.hold(mean, scale)
            scale = self.add(f"{name}.gate", GATES[gate](), scale)
            return self.add(f"{name}.mul", ops.Scale(), x, scale)

    def graph(self) -> Graph:
        """Return the finished graph."""
        return Graph(self.spec, tuple(self.nodes), tuple(self._calls), tuple(self.blocks))

    def _collapse(self, why: str) -> CollapseError:
        height, width = self.spec.input.size
        message = f"{self.stage} (`{dotted(self.origin)}`) collapses at an input of {height} x {width}: {why}"
        return CollapseError([Diagnostic("E302", message, self.spec.places.nearest(self.origin))])
