"""What an op must tell.

Shapes are those of one image: (channels, height, width), or (features,) behind the head's pooling. MACs count the
multiply-accumulates of convolutions and linear layers without bias, as half of torch's FlopCounterMode does.
"""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from tresnet_gen.graph.ops.work import Work
from tresnet_gen.graph.tape import Tape, Tensor

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
    kernels: ClassVar[int] = 1  # launched in eager mode
    pointwise: ClassVar[bool] = False  # each output element needs one of each input
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
    def constants(self) -> Tensors:
        """Tensors by name that take memory but are no entries of the state dict."""
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

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        """Replay the op as eager PyTorch runs it in the emitted module: what it allocates, saves, does in backward.

        `state` are the op's parameters, buffers and constants, `inputs` the tensors it reads.
        """
        raise NotImplementedError

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        """Return what the op does to a GPU beside launching kernels and reading weights: a quantity's name, its amount.

        `inputs` are the shapes of what it reads.
        """
        return {}

    def fvcore_flops(self, output: Shape) -> int:
        """Return what fvcore's FlopCountAnalysis counts for the op."""
        return self.macs(output)


def extent(size: int, kernel: int, stride: int, padding: int) -> int:
    """Return the output extent of a sliding window."""
    return (size + 2 * padding - kernel) // stride + 1
