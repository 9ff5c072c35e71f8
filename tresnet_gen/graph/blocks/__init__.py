"""The blocks, by the name a spec gives them. One block is one module here."""

from tresnet_gen.graph.blocks.basic import BASIC
from tresnet_gen.graph.blocks.block import Block
from tresnet_gen.graph.blocks.bottleneck import BOTTLENECK

BLOCKS: dict[str, Block] = {"basic": BASIC, "bottleneck": BOTTLENECK}

__all__ = ["BLOCKS", "Block"]
