"""The classes of blocks in an emitted file; one kind of block is one module here."""

from tresnet_gen.emission.blocks.basic import BasicView
from tresnet_gen.emission.blocks.bottleneck import BottleneckView
from tresnet_gen.emission.blocks.depthwise_separable import DepthwiseSeparableView
from tresnet_gen.emission.blocks.fused_inverted_residual import FusedInvertedResidualView
from tresnet_gen.emission.blocks.inverted_residual import InvertedResidualView
from tresnet_gen.emission.blocks.shuffle_unit import ShuffleUnitView
from tresnet_gen.emission.blocks.view import BlockView, Network

VIEWS: dict[str, type[BlockView]] = {
    "basic": BasicView,
    "bottleneck": BottleneckView,
    "inverted_residual": InvertedResidualView,
    "depthwise_separable": DepthwiseSeparableView,
    "fused_inverted_residual": FusedInvertedResidualView,
    "shuffle_unit": ShuffleUnitView,
}

__all__ = ["VIEWS", "BlockView", "Network"]
