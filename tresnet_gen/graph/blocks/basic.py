"""The basic block: two 3x3 convolutions, SE behind the second, a residual sum."""

from tresnet_gen.frontend.spec import BasicStage
from tresnet_gen.graph import ops
from tresnet_gen.graph.blocks.block import Block, append_shortcut, append_sum, se_hidden
from tresnet_gen.graph.builder import Builder


class Basic(Block):
    """Puts out `width` channels; a stride of 2 sits in conv1, or in the blur behind it."""

    class_name = "BasicBlock"

    def out_channels(self, stage: BasicStage) -> int:
        return stage.width

    def options(self, stage: BasicStage) -> dict[str, int]:
        return {"se_width": se_hidden(stage.se, stage.width)}

    def append(self, builder: Builder, name: str, x: int, stage: BasicStage, stride: int) -> int:
        blur = stage.aa and stride == 2
        shortcut = append_shortcut(builder, f"{name}.downsample", x, stage.width, stride, stage.shortcut)
        x = builder.conv_bn(f"{name}.conv1", x, stage.width, 3, stage.act, stride=1 if blur else stride)
        if blur:
            x = builder.add(f"{name}.blur", ops.BlurPool(stage.width), x)
        x = builder.conv_bn(f"{name}.conv2", x, stage.width, 3)
        if hidden := se_hidden(stage.se, stage.width):
            x = builder.squeeze_excite(f"{name}.se", x, hidden)
        return append_sum(builder, name, x, shortcut)


BASIC = Basic()
