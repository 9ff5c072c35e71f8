"""Convolutions and the linear layer."""

from collections.abc import Sequence
from math import prod

from tresnet_gen.graph.ops.op import Op, Shape, ShapeError, Tensors, extent
from tresnet_gen.graph.ops.work import NARROW, SPECIALISED_GROUPS, Work, bytes_of, is_vector, padded
from tresnet_gen.graph.tape import Kernel, Tape, Tensor


class Conv2d(Op):
    """Convolution padded by kernel // 2; weight (out, in / groups, k, k)."""

    kind = "conv2d"
    __slots__ = ("bias", "groups", "in_channels", "kernel", "out_channels", "stride")

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1, bias: bool = False
    ) -> None:
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel = kernel
        self.stride = stride
        self.groups = groups
        self.bias = bias

    def output(self, shape: Shape) -> Shape:
        _, height, width = shape
        k, s, p = self.kernel, self.stride, self.kernel // 2
        return self.out_channels, extent(height, k, s, p), extent(width, k, s, p)

    @property
    def parameters(self) -> Tensors:
        weight = ("weight", (self.out_channels, self.in_channels // self.groups, self.kernel, self.kernel))
        return (weight, ("bias", (self.out_channels,))) if self.bias else (weight,)

    def macs(self, output: Shape) -> int:
        return prod(output) * (self.in_channels // self.groups) * self.kernel**2

    def activations(self, output: Shape) -> int:
        return prod(output)

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        macs, read, written = self.macs(output), bytes_of(*inputs), bytes_of(output)
        if is_vector(output):
            return {}
        if self.groups == self.in_channels > 1:
            name = "depthwise_bytes" if self.stride == 1 else "strided_depthwise_bytes"
            return {"depthwise_macs": macs, name: read + written}
        if self.groups > 1 and self.kernel > 1:
            prefix = "" if self.in_channels // self.groups in SPECIALISED_GROUPS else "odd_"
            return {f"{prefix}grouped_macs": macs, f"{prefix}grouped_bytes": read + written}
        if self.in_channels <= 4:
            return {"stem_macs": macs, "stem_bytes": written}
        return self._dense_work(macs, read, written)

    def _dense_work(self, macs: int, read: int, written: int) -> Work:
        inside, outside = self.in_channels // self.groups, self.out_channels // self.groups
        name = "pointwise" if self.kernel == 1 else "spatial"
        work: Work = {
            f"{name}_macs": padded(macs, outside),
            f"{name}_read": read,
            f"{name}_written": written,
            "narrow_macs": macs / min(inside * self.kernel**2, 2048),
        }
        if inside % 8 or outside % 8:
            work["ragged_bytes"] = read + written
            if min(inside, outside) < NARROW:
                work["narrow_ragged_bytes"] = read + written
        if self.groups > 1:  # as a convolution for each group and copies around them
            work["split_bytes"] = 2 * (read + written)
        return work

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        # Autocast casts arguments from the last to the first. Input and weight are saved whatever wants a gradient.
        *bias, weight, x = [tape.cast(tensor) for tensor in (*reversed(state), *inputs)]
        y = tape.new(output, x.width)
        tape.mark("convolution")
        return tape.record(
            y, (x, weight, *bias), saves=(x, weight), backward=(Kernel("convolution_backward", (x, weight, *bias)),)
        )


class BlurPool(Op):
    """Reflect padding by 1 and a fixed 3x3 depthwise binomial filter of stride 2; the filter is no parameter."""

    kind = "blur_pool"
    kernels = 2
    __slots__ = ("channels",)

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def output(self, shape: Shape) -> Shape:
        channels, height, width = shape
        if min(height, width) < 2:
            raise ShapeError(f"a {height} x {width} feature map is too small to blur: reflect padding needs 2 x 2")
        return channels, extent(height, 3, 2, 1), extent(width, 3, 2, 1)

    def macs(self, output: Shape) -> int:
        return 9 * prod(output)

    def activations(self, output: Shape) -> int:
        return prod(output)

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        ((channels, height, width),) = inputs
        padded_bytes = bytes_of((channels, height + 2, width + 2))
        filtered = padded_bytes + bytes_of(output)
        return {
            "pad_bytes": bytes_of(*inputs) + padded_bytes,
            "blur_bytes": filtered,
            "strided_depthwise_bytes": filtered,
            "depthwise_macs": self.macs(output),
        }

    @property
    def constants(self) -> Tensors:
        return (("kernel", (self.channels, 1, 3, 3)),)

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (kernel,), (x,) = state, inputs
        channels, height, width = x.shape
        padded = tape.new((channels, height + 2, width + 2), x.width)
        tape.mark("reflection_pad2d")
        filters = tape.to_width(kernel, x.width)
        y = tape.new(output, x.width)
        tape.mark("convolution")
        layout, gradient = padded.like(), padded.like()
        casts = (filters.like(),) if x.width != kernel.width else ()
        backward = (
            Kernel("new_empty_strided", (layout,)),
            *(Kernel("_to_copy", (cast,)) for cast in casts),
            Kernel("convolution_backward", (gradient,)),
            Kernel("reflection_pad2d_backward", (x,), frees=(layout, *casts)),
        )
        return tape.record(y, (x,), results=(kernel,), backward=backward)


class Linear(Op):
    """Fully connected layer with bias; weight (out, in)."""

    kind = "linear"
    __slots__ = ("in_features", "out_features")

    def __init__(self, in_features: int, out_features: int) -> None:
        self.in_features = in_features
        self.out_features = out_features

    def output(self, shape: Shape) -> Shape:
        return (self.out_features,)

    @property
    def parameters(self) -> Tensors:
        return ("weight", (self.out_features, self.in_features)), ("bias", (self.out_features,))

    def macs(self, output: Shape) -> int:
        return self.in_features * self.out_features

    def activations(self, output: Shape) -> int:
        return self.out_features

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        bias, weight, x = [tape.cast(tensor) for tensor in (*reversed(state), *inputs)]
        y = tape.new(output, x.width)
        tape.mark("addmm")
        backward = Kernel("mm", (x,)), Kernel("mm", (weight,)), Kernel("sum", (bias,))
        return tape.record(y, (x, weight, bias), saves=(x, weight), backward=backward)
