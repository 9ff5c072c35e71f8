"""Batch norm, alone and fused with the activation behind it."""

from collections.abc import Sequence
from math import prod

from tresnet_gen.graph.ops.op import Op, Shape, Tensors
from tresnet_gen.graph.ops.work import Work, bytes_of
from tresnet_gen.graph.tape import Kernel, Tape, Tensor


class BatchNorm(Op):
    """Batch norm with affine parameters and running statistics."""

    kind = "batch_norm"
    pointwise = True
    __slots__ = ("channels",)

    def __init__(self, channels: int) -> None:
        self.channels = channels

    @property
    def parameters(self) -> Tensors:
        return ("weight", (self.channels,)), ("bias", (self.channels,))

    @property
    def buffers(self) -> Tensors:
        return ("running_mean", (self.channels,)), ("running_var", (self.channels,)), ("num_batches_tracked", ())

    def fvcore_flops(self, output: Shape) -> int:
        return 2 * prod(output)

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"norm_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (weight, bias, mean, variance, _), (x,) = state, inputs
        y = tape.copy(x)
        if not tape.train:
            return _evaluated(tape, y, weight)
        statistics = (
            tape.copy(weight),
            tape.copy(weight),
        )
        tape.mark("batch_norm")
        backward = Kernel("batch_norm_backward", (x, weight, bias))
        return tape.record(
            y, (x, weight, bias), saves=(x, weight, mean, variance), results=statistics, backward=(backward,)
        )


class InPlaceABN(Op):
    """Batch norm and leaky ReLU written over the convolution's output, which backward recovers from the result.

    Source: https://arxiv.org/abs/1712.02616.
    """

    kind = "inplace_abn"
    pointwise = True
    __slots__ = ("channels", "slope")

    def __init__(self, channels: int, slope: float) -> None:
        self.channels = channels
        self.slope = slope

    parameters = BatchNorm.parameters
    buffers = BatchNorm.buffers
    fvcore_flops = BatchNorm.fvcore_flops

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"inplace_norm_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (weight, bias, _, _, _), (x,) = state, inputs
        if not tape.train:
            return _evaluated(tape, tape.copy(x), weight)
        tape.copy(weight)  # the mean, which only the running statistics need
        tape.mark("empty_like")
        inv_std = tape.copy(weight)
        tape.mark("empty_like")
        y = tape.alias(x)
        return tape.record(
            y, (x, weight, bias), results=(y, weight, bias, inv_std), backward=self._backward(x, weight, bias)
        )

    @staticmethod
    def _backward(x: Tensor, weight: Tensor, bias: Tensor) -> tuple[Kernel, ...]:
        """Return the kernels that undo the activation and differentiate batch norm by its output."""
        grad_z, z = x.like(), x.like()
        noise, square, noise_square, total, power, scale, inverse = (weight.like() for _ in range(7))
        return (
            Kernel("leaky_relu_backward", (grad_z,)),
            Kernel("leaky_relu", (z,)),
            Kernel("mul", (noise,)),
            Kernel("pow", (square,)),
            Kernel("pow", (noise_square,)),
            Kernel("add", (total,)),
            Kernel("clamp_min", (power,), frees=(square, noise_square)),
            Kernel("mul", (scale,), frees=(total,)),
            Kernel("div", (inverse,)),
            Kernel("native_batch_norm_backward", (x, weight, bias)),
        )


def _evaluated(tape: Tape, y: Tensor, weight: Tensor) -> Tensor:
    """Mark the kernel that normalises by running statistics; PyTorch's own makes room for the batch's as well."""
    if tape.native_norm:
        tape.copy(weight)
        tape.copy(weight)
    tape.mark("batch_norm")
    return y
