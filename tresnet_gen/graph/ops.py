"""The ops: the only place with formulas for shapes, parameters, MACs and activations.

Shapes are those of one image: (channels, height, width), or (features,) behind the head's pooling. MACs count the
multiply-accumulates of convolutions and linear layers without bias, as half of torch's FlopCounterMode does.
"""

from math import prod
from typing import ClassVar

Shape = tuple[int, ...]
Tensors = tuple[tuple[str, tuple[int, ...]], ...]


class ShapeError(Exception):
    """An op that its input is too small for; args[0] says why."""


class Op:
    """One operation. Defaults: shape kept, no parameters, nothing counted.

    Ops are values, equal when their class and attributes are. They are no dataclasses because making one of those
    takes 0.4 ms, and every command makes all ops.
    """

    kind: ClassVar[str]
    __slots__: tuple[str, ...] = ()

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Op) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        attributes = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({attributes})"

    def output(self, shape: Shape) -> Shape:
        """Return the output's shape for the (first) input's.

        Raises:
            ShapeError: when the input is too small.
        """
        return shape

    @property
    def parameters(self) -> Tensors:
        """Trainable tensors by name within the op, in registration order."""
        return ()

    @property
    def buffers(self) -> Tensors:
        """Persistent buffers by name within the op."""
        return ()

    @property
    def params(self) -> int:
        """Trainable elements."""
        return sum(prod(shape) for _, shape in self.parameters)

    def macs(self, output: Shape) -> int:
        """Return the multiply-accumulates for one image."""
        return 0

    def activations(self, output: Shape) -> int:
        """Return the output elements where the op is a convolution or linear layer: timm's and fvcore's count."""
        return 0

    def fvcore_flops(self, output: Shape) -> int:
        """Return what fvcore's FlopCountAnalysis counts for the op."""
        return self.macs(output)


def _extent(size: int, kernel: int, stride: int, padding: int) -> int:
    """Return the output extent of a sliding window."""
    return (size + 2 * padding - kernel) // stride + 1


class Input(Op):
    """The image."""

    kind = "input"
    __slots__ = ("shape",)

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def output(self, shape: Shape) -> Shape:
        return self.shape


class SpaceToDepth(Op):
    """(C, H, W) -> (b*b*C, H/b, W/b)."""

    kind = "space_to_depth"
    __slots__ = ("block_size",)

    def __init__(self, block_size: int) -> None:
        self.block_size = block_size

    def output(self, shape: Shape) -> Shape:
        channels, height, width = shape
        b = self.block_size
        if height % b or width % b:
            raise ShapeError(f"{height} x {width} does not divide into {b} x {b} patches")
        return channels * b * b, height // b, width // b


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
        return self.out_channels, _extent(height, k, s, p), _extent(width, k, s, p)

    @property
    def parameters(self) -> Tensors:
        weight = ("weight", (self.out_channels, self.in_channels // self.groups, self.kernel, self.kernel))
        return (weight, ("bias", (self.out_channels,))) if self.bias else (weight,)

    def macs(self, output: Shape) -> int:
        return prod(output) * (self.in_channels // self.groups) * self.kernel**2

    def activations(self, output: Shape) -> int:
        return prod(output)


class BatchNorm(Op):
    """Batch norm with affine parameters and running statistics."""

    kind = "batch_norm"
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


class Activation(Op):
    """Elementwise activation named as in the spec language; `slope` belongs to leaky_relu."""

    kind = "activation"
    __slots__ = ("slope", "type")

    def __init__(self, type: str, slope: float | None = None) -> None:
        self.type = type
        self.slope = slope


class MaxPool(Op):
    """3x3 max pool of stride 2, padded by 1."""

    kind = "max_pool2d"

    def output(self, shape: Shape) -> Shape:
        channels, height, width = shape
        return channels, _extent(height, 3, 2, 1), _extent(width, 3, 2, 1)


class AvgPool(Op):
    """2x2 mean of stride 2 that rounds odd sizes up."""

    kind = "avg_pool2d"

    def output(self, shape: Shape) -> Shape:
        channels, height, width = shape
        return channels, (height + 1) // 2, (width + 1) // 2


class BlurPool(Op):
    """Reflect padding by 1 and a fixed 3x3 depthwise binomial filter of stride 2; the filter is no parameter."""

    kind = "blur_pool"
    __slots__ = ("channels",)

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def output(self, shape: Shape) -> Shape:
        channels, height, width = shape
        if min(height, width) < 2:
            raise ShapeError(f"a {height} x {width} feature map is too small to blur: reflect padding needs 2 x 2")
        return channels, _extent(height, 3, 2, 1), _extent(width, 3, 2, 1)

    def macs(self, output: Shape) -> int:
        return 9 * prod(output)

    def activations(self, output: Shape) -> int:
        return prod(output)


class GlobalMean(Op):
    """Mean over height and width, which `keepdim` keeps as 1 x 1."""

    kind = "mean"
    __slots__ = ("keepdim",)

    def __init__(self, keepdim: bool) -> None:
        self.keepdim = keepdim

    def output(self, shape: Shape) -> Shape:
        return (shape[0], 1, 1) if self.keepdim else shape[:1]


class Sigmoid(Op):
    """Logistic gate."""

    kind = "sigmoid"


class Scale(Op):
    """Product of a feature map with one gate per channel."""

    kind = "mul"


class Add(Op):
    """Sum of two feature maps of one shape."""

    kind = "add"


class Dropout(Op):
    """Dropout, the identity in eval mode."""

    kind = "dropout"
    __slots__ = ("p",)

    def __init__(self, p: float) -> None:
        self.p = p


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
