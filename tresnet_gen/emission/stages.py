"""The stages of a network as an emitted file calls them: which blocks with which channels and strides."""

from typing import NamedTuple

from tresnet_gen.frontend.spec import BasicStage, BottleneckStage, DeepStem, ResidualStage, Spec, Stage
from tresnet_gen.graph.blocks import BLOCKS


class BlockRow(NamedTuple):
    """`repeat` equal blocks of stage `number`: its first, or the others."""

    number: int
    stage: Stage
    in_channels: int
    out_channels: int
    stride: int
    repeat: int


class StageUse(NamedTuple):
    """A stage with the channels it takes in and puts out."""

    number: int
    stage: Stage
    in_channels: int
    out_channels: int

    @property
    def rows(self) -> tuple[BlockRow, ...]:
        """The stage's first block, and the others if there are any."""
        stage = self.stage
        first = BlockRow(self.number, stage, self.in_channels, self.out_channels, stage.stride, 1)
        others = BlockRow(self.number, stage, self.out_channels, self.out_channels, 1, stage.depth - 1)
        return (first, others) if others.repeat else (first,)


def stage_uses(spec: Spec) -> tuple[StageUse, ...]:
    """Return the stages of a spec."""
    channels = spec.stem.widths[-1] if isinstance(spec.stem, DeepStem) else spec.stem.width
    uses = []
    for number, stage in enumerate(spec.stages):
        out_channels = BLOCKS[stage.block].out_channels(stage)
        uses.append(StageUse(number, stage, channels, out_channels))
        channels = out_channels
    return tuple(uses)


def residual_stage(stage: Stage) -> ResidualStage | None:
    """Return the stage if its blocks are residual ones, which have shortcuts and may blur."""
    return stage if isinstance(stage, BasicStage | BottleneckStage) else None


def blurs(stage: Stage) -> bool:
    """Return whether a stage's first block blurs."""
    residual = residual_stage(stage)
    return residual is not None and residual.aa and residual.stride == 2
