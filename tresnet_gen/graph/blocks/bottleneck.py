"""The bottleneck block: 1x1 reduce, 3x3, SE, 1x1 expand, a residual sum."""

from tresnet_gen.frontend.spec import BottleneckStage
from tresnet_gen.graph import ops
from tresnet_gen.graph.blocks.block import Block, Fault, append_shortcut, append_sum, se_hidden
from tresnet_gen.graph.builder import Builder


class Bottleneck(Block):
    """Puts out width * expansion channels; a stride of 2 sits in conv2, or in the blur behind it."""

    class_name = "Bottleneck"

    def out_channels(self, stage: BottleneckStage) -> int:
        return stage.width * stage.expansion

    def options(self, stage: BottleneckStage) -> dict[str, int]:
        hidden = se_hidden(stage.se, self.out_channels(stage))
        return {"width": stage.width, "groups": stage.groups, "se_width": hidden}

    def faults(self, stage: BottleneckStage) -> list[Fault]:
        faults = super().faults(stage)
        if stage.width % stage.groups:
            below = stage.width - stage.width % stage.groups
            near = f"{below} or {below + stage.groups}" if below else str(stage.groups)
            message = f"`width` must be a multiple of `groups` ({stage.groups}); got {stage.width}"
            faults.append(Fault("width", message, f"use {near}"))
        return faults

    def append(self, builder: Builder, name: str, x: int, stage: BottleneckStage, stride: int) -> int:
        blur = stage.aa and stride == 2
        out_channels = self.out_channels(stage)
        shortcut = append_shortcut(builder, f"{name}.downsample", x, out_channels, stride, stage.shortcut)
        x = builder.conv_bn(f"{name}.conv1", x, stage.width, 1, stage.act)
        conv_stride = 1 if blur else stride
        x = builder.conv_bn(f"{name}.conv2", x, stage.width, 3, stage.act, conv_stride, stage.groups)
        if blur:
            x = builder.add(f"{name}.blur", ops.BlurPool(stage.width), x)
        if hidden := se_hidden(stage.se, out_channels):
            x = builder.squeeze_excite(f"{name}.se", x, hidden)
        x = builder.conv_bn(f"{name}.conv3", x, out_channels, 1)
        return append_sum(builder, name, x, shortcut)


BOTTLENECK = Bottleneck()
