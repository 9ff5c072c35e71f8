"""The bottleneck block: 1x1 reduce, 3x3, SE, 1x1 expand, a residual sum."""

from collections.abc import Iterator

from tresnet_gen.frontend.spec import BottleneckStage
from tresnet_gen.graph import ops
from tresnet_gen.graph.blocks.block import Block, Fault, append_se, append_shortcut, append_sum, se_stage_faults
from tresnet_gen.graph.builder import Builder


class Bottleneck(Block):
    """Puts out width * expansion channels; a stride of 2 sits in conv2, or in the blur behind it."""

    def out_channels(self, stage: BottleneckStage) -> int:
        return stage.width * stage.expansion

    def faults(self, stage: BottleneckStage, in_channels: int) -> Iterator[Fault]:
        out_channels = self.out_channels(stage)
        at_output = bool(stage.se and stage.se.site == "output")
        scaled = out_channels if at_output else stage.width
        yield from se_stage_faults(stage, in_channels, lambda channels: (scaled, out_channels))
        if stage.width % stage.groups:
            below = stage.width - stage.width % stage.groups
            near = f"{below} or {below + stage.groups}" if below else str(stage.groups)
            message = f"`width` must be a multiple of `groups` ({stage.groups}); got {stage.width}"
            yield Fault("width", message, f"use {near}")

    def append(self, builder: Builder, name: str, x: int, stage: BottleneckStage, stride: int) -> int:
        in_channels, out_channels = builder.channels(x), self.out_channels(stage)
        blur = stage.aa and stride == 2
        inner, output = (stage.se if stage.se and stage.se.site == site else None for site in ("inner", "output"))
        shortcut = append_shortcut(builder, f"{name}.downsample", x, out_channels, stride, stage.shortcut)
        x = builder.conv_bn(f"{name}.conv1", x, stage.width, 1, stage.act)
        conv_stride = 1 if blur else stride
        x = builder.conv_bn(f"{name}.conv2", x, stage.width, 3, stage.act, conv_stride, stage.groups)
        if blur:
            x = builder.add(f"{name}.blur", ops.BlurPool(stage.width), x)
        x = append_se(builder, f"{name}.se", x, inner, in_channels, out_channels)
        x = builder.conv_bn(f"{name}.conv3", x, out_channels, 1)
        x = append_se(builder, f"{name}.se", x, output, in_channels, out_channels)
        return append_sum(builder, name, x, shortcut)


BOTTLENECK = Bottleneck()
