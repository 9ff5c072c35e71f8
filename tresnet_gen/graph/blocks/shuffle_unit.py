"""The shuffle unit: half of the channels pass by, half are convolved; both are joined and shuffled."""

from collections.abc import Iterator

from tresnet_gen.frontend.spec import ShuffleUnitStage
from tresnet_gen.graph import ops
from tresnet_gen.graph.blocks.block import Block, Fault
from tresnet_gen.graph.builder import Builder


class ShuffleUnit(Block):
    """Puts out `width` channels; with a stride of 2 both halves see all input channels and stride.

    Source: ShuffleNetV2, https://arxiv.org/abs/1807.11164.
    """

    def out_channels(self, stage: ShuffleUnitStage) -> int:
        return stage.width

    def faults(self, stage: ShuffleUnitStage, in_channels: int) -> Iterator[Fault]:
        if stage.width % 2:
            message = f"`width` must be even, its halves are joined; got {stage.width}"
            near = f"{stage.width - 1} or {stage.width + 1}" if stage.width > 1 else "2"
            yield Fault("width", message, f"use {near}")
        if stage.stride == 1 and in_channels != stage.width:
            message = f"`stride` 1 keeps the channels: {in_channels} come in, `width` is {stage.width}"
            yield Fault("stride", message, "use `stride: 2`" + f", or `width: {in_channels}`" * (in_channels % 2 == 0))

    def append(self, builder: Builder, name: str, x: int, stage: ShuffleUnitStage, stride: int) -> int:
        half = stage.width // 2
        if stride == 2:
            skip = self._append_downsample(builder, f"{name}.downsample", x, stage)
            out = x
        else:
            skip, out = (builder.add(f"{name}.chunk{i}", ops.Chunk((half, half), i), x) for i in range(2))
        out = builder.conv_bn(f"{name}.conv1", out, half, 1, stage.act)
        out = builder.depthwise_bn(f"{name}.conv2", out, stage.kernel, None, stride)
        out = builder.conv_bn(f"{name}.conv3", out, half, 1, stage.act)
        builder.hold(skip, out)
        out = builder.add(f"{name}.cat", ops.Concat(stage.width), skip, out)
        return builder.add(f"{name}.shuffle", ops.ChannelShuffle(2), out)

    @staticmethod
    def _append_downsample(builder: Builder, name: str, x: int, stage: ShuffleUnitStage) -> int:
        with builder.call(name, x):
            out = builder.depthwise_bn(f"{name}.0", x, stage.kernel, None, 2)
            return builder.conv_bn(f"{name}.1", out, stage.width // 2, 1, stage.act)


SHUFFLE_UNIT = ShuffleUnit()
