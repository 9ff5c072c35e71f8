"""The fused inverted residual block: one convolution that expands, SE, 1x1 project without activation, a sum."""

from collections.abc import Iterator

from tresnet_gen.frontend.spec import FusedInvertedResidualStage
from tresnet_gen.graph.blocks.block import Block, Fault, append_se, append_skip, se_stage_faults
from tresnet_gen.graph.builder import Builder
from tresnet_gen.graph.channels import expanded


class FusedInvertedResidual(Block):
    """Puts out `width` channels; with an expansion of 1 the first convolution does all and nothing projects.

    Source: https://arxiv.org/abs/2104.00298.
    """

    def out_channels(self, stage: FusedInvertedResidualStage) -> int:
        return stage.width

    def faults(self, stage: FusedInvertedResidualStage, in_channels: int) -> Iterator[Fault]:
        if stage.se and stage.expansion == 1:
            yield Fault("se", "`se` needs an expansion above 1: without one nothing is squeezed", "use `se: null`")
            return
        yield from se_stage_faults(stage, in_channels, lambda c: (expanded(c, stage.expansion), stage.width))

    def append(self, builder: Builder, name: str, x: int, stage: FusedInvertedResidualStage, stride: int) -> int:
        in_channels = builder.channels(x)
        hidden = stage.width if stage.expansion == 1 else expanded(in_channels, stage.expansion)
        out = builder.conv_bn(f"{name}.expand", x, hidden, stage.kernel, stage.act, stride)
        out = append_se(builder, f"{name}.se", out, stage.se, in_channels, stage.width)
        if stage.expansion != 1:
            out = builder.conv_bn(f"{name}.project", out, stage.width, 1)
        return append_skip(builder, name, out, x, stride)


FUSED_INVERTED_RESIDUAL = FusedInvertedResidual()
