"""What an op does to a GPU, in quantities whose prices the device model knows (tresnet_gen/analysis/throughput.py).

Amounts are for one image in 16 bit. Bytes are those a kernel reads and writes; MACs count the padding of output
channels to the tiles that tensor cores work in. `kernels` and `weight_bytes` are paid once a batch.
"""

from collections.abc import Iterable
from math import prod

Work = dict[str, float]

BYTES = 2  # an element under autocast
TILES = ((128, 1.0), (64, 1.15), (32, 1.5))  # output channels of a tile, its cost for one MAC
SPECIALISED_GROUPS = frozenset((4, 8, 16, 32, 64, 128))  # channels a group that cuDNN has kernels for
NARROW = 128  # channels below which a convolution leaves tiles half empty

QUANTITIES = (
    *("stem_macs", "pointwise_macs", "spatial_macs", "narrow_macs", "depthwise_macs", "grouped_macs"),
    *("odd_grouped_macs", "stem_bytes", "pointwise_read", "pointwise_written", "spatial_read", "spatial_written"),
    *(
        "ragged_bytes",
        "narrow_ragged_bytes",
        "depthwise_bytes",
        "strided_depthwise_bytes",
        "grouped_bytes",
        "odd_grouped_bytes",
    ),
    *("pad_bytes", "blur_bytes", "norm_bytes", "inplace_norm_bytes", "act_bytes", "sigmoid_bytes", "add_bytes"),
    *("scale_bytes", "mean_bytes", "max_pool_bytes", "avg_pool_bytes", "copy_bytes", "split_bytes"),
    *("fused_bytes", "fused_mean_bytes", "kernels", "fused_kernels", "weight_bytes"),
)


def bytes_of(*shapes: Iterable[int]) -> int:
    """Return the bytes of feature maps."""
    return BYTES * sum(map(prod, shapes))


def padded(macs: int, channels: int) -> float:
    """Return MACs with `channels` output channels padded to the tile that costs least."""
    return macs * min(-(-channels // tile) * tile * cost for tile, cost in TILES) / channels


def is_vector(shape: tuple[int, ...]) -> bool:
    """Whether a feature map has one value a channel: what its kernels move is nothing beside their launch."""
    return prod(shape) == shape[0]
