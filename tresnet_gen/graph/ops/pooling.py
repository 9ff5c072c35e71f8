"""Pooling."""

from collections.abc import Sequence

from tresnet_gen.graph.ops.op import Op, Shape, extent
from tresnet_gen.graph.ops.work import Work, bytes_of
from tresnet_gen.graph.tape import INT64, Kernel, Tape, Tensor


class MaxPool(Op):
    """3x3 max pool of stride 2, padded by 1."""

    kind = "max_pool2d"

    def output(self, shape: Shape) -> Shape:
        channels, height, width = shape
        return channels, extent(height, 3, 2, 1), extent(width, 3, 2, 1)

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"max_pool_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        y, indices = tape.new(output, x.width), tape.new(output, INT64)
        tape.mark("max_pool2d_with_indices")
        backward = Kernel("max_pool2d_with_indices_backward", (x,))
        return tape.record(y, (x,), saves=(x,), results=(indices,), backward=(backward,))


class AvgPool(Op):
    """2x2 mean of stride 2 that rounds odd sizes up."""

    kind = "avg_pool2d"

    def output(self, shape: Shape) -> Shape:
        channels, height, width = shape
        return channels, (height + 1) // 2, (width + 1) // 2

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"avg_pool_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        y = tape.new(output, x.width)
        tape.mark("avg_pool2d")
        return tape.record(y, (x,), saves=(x,), backward=(Kernel("avg_pool2d_backward", (x,)),))


class GlobalMean(Op):
    """Mean over height and width, which `keepdim` keeps as 1 x 1."""

    kind = "mean"
    __slots__ = ("keepdim",)

    def __init__(self, keepdim: bool) -> None:
        self.keepdim = keepdim

    def output(self, shape: Shape) -> Shape:
        return (shape[0], 1, 1) if self.keepdim else shape[:1]

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"mean_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        y = tape.new(output, x.width)
        tape.mark("mean")
        return tape.record(y, (x,), backward=(Kernel("div", (x,)),))
