"""Sums, products and dropout."""

from collections.abc import Sequence

from tresnet_gen.graph.ops.op import Op, Shape
from tresnet_gen.graph.ops.work import Work, bytes_of
from tresnet_gen.graph.tape import BOOL, Kernel, Tape, Tensor


class Scale(Op):
    """Product of a feature map with one gate per channel."""

    kind = "mul"
    pointwise = True

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"scale_bytes": bytes_of(inputs[0], output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        x, gate = inputs
        y = tape.copy(x)
        tape.mark("mul")
        broadcast = Kernel("mul", (x.like(),)), Kernel("sum", (gate,), by_engine=True)
        backward = Kernel("mul", (x,)), *((Kernel("mul", (gate,)),) if x.shape == gate.shape else broadcast)
        return tape.record(y, (x, gate), saves=(x, gate), backward=backward)


class Add(Op):
    """Sum of two feature maps of one shape."""

    kind = "add"
    pointwise = True

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"add_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        y = tape.copy(inputs[0])
        tape.mark("add")
        return tape.record(y, inputs)


class Dropout(Op):
    """Dropout, the identity in eval mode."""

    kind = "dropout"
    __slots__ = ("p",)

    def __init__(self, p: float) -> None:
        self.p = p

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not tape.train:
            return x
        if tape.fused_dropout:
            y, mask = tape.copy(x), tape.new(output, BOOL)
            tape.mark("native_dropout")
            return tape.record(y, (x,), results=(mask,), backward=(Kernel("native_dropout_backward", (x,)),))
        mask = tape.copy(x)
        tape.mark("empty_like")
        y = tape.copy(x)
        tape.mark("mul")
        return tape.record(y, (x,), results=(mask,), backward=(Kernel("mul", (x,)),))
