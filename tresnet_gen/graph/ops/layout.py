"""The image, and ops that only move its elements."""

from collections.abc import Sequence

from tresnet_gen.graph.ops.op import Op, Shape, ShapeError
from tresnet_gen.graph.ops.work import Work, bytes_of
from tresnet_gen.graph.tape import Kernel, Tape, Tensor


class Input(Op):
    """The image."""

    kind = "input"
    kernels = 0
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

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"copy_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        channels, _, width = x.shape
        if channels == 1 and width == self.block_size:  # the patches of such an image lie in memory as they should
            return tape.alias(x, output)
        folded = tape.new(output, x.width)
        tape.mark("clone")
        return folded


class Part(Op):
    """One of the parts that channels are split into; `widths` are the channels of all of them, a view costs nothing."""

    kind = "split"
    kernels = 0
    __slots__ = ("index", "widths")

    def __init__(self, widths: tuple[int, ...], index: int) -> None:
        self.widths = widths
        self.index = index

    def output(self, shape: Shape) -> Shape:
        return (self.widths[self.index], *shape[1:])

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"split_bytes": bytes_of(output, output)}  # what reads the view copies it first

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return tape.part(x, self.index, output)


class Chunk(Part):
    """One of the equal parts that channels are split into."""

    kind = "chunk"
    __slots__ = ()


class Concat(Op):
    """Channels of several feature maps, one behind the other; `channels` is their sum."""

    kind = "cat"
    __slots__ = ("channels",)

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def output(self, shape: Shape) -> Shape:
        return (self.channels, *shape[1:])

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"copy_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        y = tape.new(output, inputs[0].width)
        tape.mark("cat")
        return tape.record(y, inputs)  # gradients are views of the sum's


class ChannelShuffle(Op):
    """Deal the channels of each group out in turns: (g, C/g) -> (C/g, g)."""

    kind = "channel_shuffle"
    __slots__ = ("groups",)

    def __init__(self, groups: int) -> None:
        self.groups = groups

    def work(self, inputs: Sequence[Shape], output: Shape) -> Work:
        return {"copy_bytes": bytes_of(*inputs, output)}

    def run(self, tape: Tape, output: Shape, state: Sequence[Tensor], *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if output[0] == self.groups:  # one channel a group: they lie in memory as they should
            return tape.record(tape.alias(x), (x,))
        y = tape.copy(x)
        tape.mark("clone")
        return tape.record(y, (x,), backward=(Kernel("clone", (x,)),))
