"""The inverted residual block: 1x1 expand, depthwise convolution, SE, 1x1 project without activation, a sum."""

from collections.abc import Iterator, Sequence
from math import gcd

from tresnet_gen.frontend.spec import InvertedResidualStage
from tresnet_gen.graph.blocks.block import Block, Fault, append_se, append_skip, se_stage_faults
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
        inputs = (in_channels, stage.width)[: stage.depth]
        hidden = [expanded(channels, stage.expansion) for channels in inputs]
        yield from _group_faults("expand_groups", stage.expand_groups, {"input": inputs, "expanded": hidden})
        outputs = (stage.width,)
        yield from _group_faults("project_groups", stage.project_groups, {"expanded": hidden, "output": outputs})
        # Hidden channels are 8 or more: enough for the most kernels that a list can have.

    def append(self, builder: Builder, name: str, x: int, stage: InvertedResidualStage, stride: int) -> int:
        in_channels = builder.channels(x)
        hidden = expanded(in_channels, stage.expansion)
        out = builder.conv_bn(f"{name}.expand", x, hidden, 1, stage.act, groups=stage.expand_groups)
        out = builder.depthwise_bn(f"{name}.depthwise", out, stage.kernel, stage.act, stride)
        out = append_se(builder, f"{name}.se", out, stage.se, in_channels, stage.width)
        out = builder.conv_bn(f"{name}.project", out, stage.width, 1, groups=stage.project_groups)
        return append_skip(builder, name, out, x, stride)


def _group_faults(key: str, groups: int, channels: dict[str, Sequence[int]]) -> Iterator[Fault]:
    """Yield the fault of groups that do not divide all of the channels, which stand under what they are."""
    for what, numbers in channels.items():
        for number in numbers:
            if number % groups:
                common = gcd(*(other for found in channels.values() for other in found))
                near = max(n for n in range(1, min(groups, common) + 1) if common % n == 0)
                yield Fault(key, f"`{key}` must divide the {number} {what} channels; got {groups}", f"use {near}")
                return


INVERTED_RESIDUAL = InvertedResidual()
