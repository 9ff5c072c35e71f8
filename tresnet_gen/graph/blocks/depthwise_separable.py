"""The depthwise separable block: depthwise convolution, SE, 1x1 project without activation, a sum."""

from collections.abc import Iterator

from tresnet_gen.frontend.spec import DepthwiseSeparableStage
from tresnet_gen.graph.blocks.block import Block, Fault, append_se, append_skip, kernel_fault, se_stage_faults
from tresnet_gen.graph.builder import Builder


class DepthwiseSeparable(Block):
    """Puts out `width` channels: an inverted residual block without expansion."""

    def out_channels(self, stage: DepthwiseSeparableStage) -> int:
        return stage.width

    def faults(self, stage: DepthwiseSeparableStage, in_channels: int) -> Iterator[Fault]:
        yield from se_stage_faults(stage, in_channels, lambda channels: (channels, stage.width))
        yield from kernel_fault(stage.kernel, min(in_channels, stage.width) if stage.depth > 1 else in_channels)

    def append(self, builder: Builder, name: str, x: int, stage: DepthwiseSeparableStage, stride: int) -> int:
        out = builder.depthwise_bn(f"{name}.depthwise", x, stage.kernel, stage.act, stride)
        out = append_se(builder, f"{name}.se", out, stage.se, builder.channels(x), stage.width)
        out = builder.conv_bn(f"{name}.project", out, stage.width, 1)
        return append_skip(builder, name, out, x, stride)


DEPTHWISE_SEPARABLE = DepthwiseSeparable()
