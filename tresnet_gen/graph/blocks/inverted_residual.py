"""The inverted residual block: 1x1 expand, depthwise convolution, SE, 1x1 project without activation, a sum."""

from collections.abc import Iterator

from tresnet_gen.frontend.spec import InvertedResidualStage
from tresnet_gen.graph.blocks.block import Block, Fault, append_se, append_skip, kernel_fault, se_stage_faults
from tresnet_gen.graph.builder import Builder
from tresnet_gen.graph.channels import expanded


class InvertedResidual(Block):
    """Puts out `width` channels; a stride of 2 sits in the depthwise convolution.

    Source: https://arxiv.org/abs/1801.04381; mixed kernels: https://arxiv.org/abs/1907.09595.
    """

    def out_channels(self, stage: InvertedResidualStage) -> int:
        return stage.width

    def faults(self, stage: InvertedResidualStage, in_channels: int) -> Iterator[Fault]:
        yield from se_stage_faults(stage, in_channels, lambda c: (expanded(c, stage.expansion), stage.width))
        found: dict[str, Fault] = {}
        for channels in (in_channels, stage.width) if stage.depth > 1 else (in_channels,):
            for fault in self._group_faults(stage, channels):
                found.setdefault(fault.key, fault)
        yield from found.values()

    def append(self, builder: Builder, name: str, x: int, stage: InvertedResidualStage, stride: int) -> int:
        in_channels = builder.channels(x)
        hidden = expanded(in_channels, stage.expansion)
        out = builder.conv_bn(f"{name}.expand", x, hidden, 1, stage.act, groups=stage.expand_groups)
        out = builder.depthwise_bn(f"{name}.depthwise", out, stage.kernel, stage.act, stride)
        out = append_se(builder, f"{name}.se", out, stage.se, in_channels, stage.width)
        out = builder.conv_bn(f"{name}.project", out, stage.width, 1, groups=stage.project_groups)
        return append_skip(builder, name, out, x, stride)

    @staticmethod
    def _group_faults(stage: InvertedResidualStage, in_channels: int) -> Iterator[Fault]:
        hidden = expanded(in_channels, stage.expansion)
        for key, what, channels in (
            ("expand_groups", "input", in_channels),
            ("expand_groups", "expanded", hidden),
            ("project_groups", "expanded", hidden),
            ("project_groups", "output", stage.width),
        ):
            groups: int = getattr(stage, key)
            if channels % groups:
                near = max(n for n in range(1, min(groups, channels) + 1) if channels % n == 0)
                yield Fault(key, f"`{key}` must divide the {channels} {what} channels; got {groups}", f"use {near}")
        yield from kernel_fault(stage.kernel, hidden)


INVERTED_RESIDUAL = InvertedResidual()
