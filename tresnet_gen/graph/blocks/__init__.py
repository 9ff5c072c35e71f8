"""The blocks, by the name a spec gives them. One block is one module here."""

from tresnet_gen.graph.blocks.basic import BASIC
from tresnet_gen.graph.blocks.block import Block
from tresnet_gen.graph.blocks.bottleneck import BOTTLENECK
from tresnet_gen.graph.blocks.depthwise_separable import DEPTHWISE_SEPARABLE
from tresnet_gen.graph.blocks.fused_inverted_residual import FUSED_INVERTED_RESIDUAL
from tresnet_gen.graph.blocks.inverted_residual import INVERTED_RESIDUAL
from tresnet_gen.graph.blocks.shuffle_unit import SHUFFLE_UNIT

BLOCKS: dict[str, Block] = {
    "basic": BASIC,
    "bottleneck": BOTTLENECK,
    "inverted_residual": INVERTED_RESIDUAL,
    "depthwise_separable": DEPTHWISE_SEPARABLE,
    "fused_inverted_residual": FUSED_INVERTED_RESIDUAL,
    "shuffle_unit": SHUFFLE_UNIT,
}

__all__ = ["BLOCKS", "Block"]
