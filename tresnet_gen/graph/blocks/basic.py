"""The basic block: two 3x3 convolutions, SE behind the second, a residual sum."""

from collections.abc import Iterator

from tresnet_gen.frontend.spec import BasicStage
from tresnet_gen.graph import ops
from tresnet_gen.graph.blocks.block import Block, Fault, append_se, append_shortcut, append_sum, se_stage_faults
from tresnet_gen.graph.builder import Builder


class Basic(Block):
    """Puts out `width` channels; a stride of 2 sits in conv1, or in the blur behind it."""

    def out_channels(self, stage: BasicStage) -> int:
        return stage.width

    def faults(self, stage: BasicStage, in_channels: int) -> Iterator[Fault]:
        yield from se_stage_faults(stage, in_channels, lambda channels: (stage.width, stage.width))

    def append(self, builder: Builder, name: str, x: int, stage: BasicStage, stride: int) -> int:
        in_channels, blur = builder.channels(x), stage.aa and stride == 2
        shortcut = append_shortcut(builder, f"{name}.downsample", x, stage.width, stride, stage.shortcut)
        x = builder.conv_bn(f"{name}.conv1", x, stage.width, 3, stage.act, stride=1 if blur else stride)
        if blur:
            x = builder.add(f"{name}.blur", ops.BlurPool(stage.width), x)
        x = builder.conv_bn(f"{name}.conv2", x, stage.width, 3)
        x = append_se(builder, f"{name}.se", x, stage.se, in_channels, stage.width)
        return append_sum(builder, name, x, shortcut)


BASIC = Basic()
