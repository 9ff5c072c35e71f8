"""Activations and gates."""

from collections.abc import Sequence

from tresnet_gen.graph.ops.op import Op, Shape
from tresnet_gen.graph.ops.work import Work, bytes_of, is_vector
from tresnet_gen.graph.tape import Kernel, Tape, Tensor

# What the emitted module applies in place keeps its result; the others keep their input and put out a second tensor.
IN_PLACE = {"relu": "threshold_backward", "leaky_relu": "leaky_relu_backward"}
OUT_OF_PLACE = {"relu6": "hardtanh", "silu": "silu", "hard_swish": "hardswish"}

GATED = ("silu", "hard_swish")  # their input times a gate of it


class Activation(Op):
    """Elementwise activation named as in the spec language; `slope` belongs to leaky_relu."""

    kind = "activation"
    pointwise = True
    __slots__ = ("slope", "type")

    def __init__(self, type: str, slope: float | None = None) -> None:
        self.type = type
        self.slope = slope

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        if is_vector(output):
            return {}
        moved = bytes_of(*inputs, output)
        return {"act_bytes": moved, "sigmoid_bytes": moved / 2} if self.type in GATED else {"act_bytes": moved}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if backward := IN_PLACE.get(self.type):
            y = tape.alias(x)
            return tape.record(y, (x,), results=(y,), backward=(Kernel(backward, (x,)),))
        y = tape.copy(x)
        tape.mark(OUT_OF_PLACE[self.type])
        return tape.record(y, (x,), saves=(x,), backward=(Kernel(f"{OUT_OF_PLACE[self.type]}_backward", (x,)),))


class Sigmoid(Op):
    """Logistic gate."""

    kind = "sigmoid"
    pointwise = True

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        y = tape.copy(x)
        tape.mark("sigmoid")
        return tape.record(y, (x,), results=(y,), backward=(Kernel("sigmoid_backward", (x,)),))


class HardSigmoid(Op):
    """Piecewise linear gate: clamp(x / 6 + 1 / 2, 0, 1)."""

    kind = "hard_sigmoid"
    pointwise = True

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        y = tape.copy(x)
        tape.mark("hardsigmoid")
        return tape.record(y, (x,), saves=(x,), backward=(Kernel("hardsigmoid_backward", (x,)),))
