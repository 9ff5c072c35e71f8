"""The image, and ops that only move its elements."""

from collections.abc import Sequence

from tresnet_gen.graph.ops.op import Op, Shape, ShapeError
from tresnet_gen.graph.tape import Tape, Tensor


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

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        folded = tape.copy(x)
        tape.mark("clone")
        return folded
