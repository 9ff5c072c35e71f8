"""The terms of the throughput model: in each mode, how the quantities of an op's work compare.

A term has one price for a GPU; what its quantities weigh is the same for all GPUs. The weights are those that
cross-validation on published tables prefers, rounded: a batch norm reads twice, the activation behind it finds its
input in the cache, stems pad three channels to a tile. docs/throughput.md says what each term stands for.
"""

from collections.abc import Mapping

Terms = Mapping[str, Mapping[str, float]]

_MOVES = {"max_pool_bytes": 2.0, "avg_pool_bytes": 1.0, "copy_bytes": 1.0, "split_bytes": 1.0}
_LAUNCH = {"kernels": 1.0, "weight_bytes": 1e-8}

TERMS: dict[str, Terms] = {
    "infer nchw": {
        "macs": {
            **{"pointwise_macs": 1.2, "spatial_macs": 1.0, "stem_macs": 5.0},
            **{"grouped_macs": 0.75, "odd_grouped_macs": 0.75},
        },
        "convolution": {
            **{"pointwise_read": 1.0, "pointwise_written": 0.5, "spatial_read": 0.75, "spatial_written": 1.5},
            "stem_bytes": 1.75,
        },
        "depthwise": {"depthwise_bytes": 1.0, "strided_depthwise_bytes": 1.2, "depthwise_macs": 0.001},
        "grouped": {"grouped_bytes": 1.0, "odd_grouped_bytes": 1.0},
        "odd_groups": {"odd_grouped_macs": 1.0},
        "elementwise": {
            **{"norm_bytes": 2.0, "inplace_norm_bytes": 2.0, "act_bytes": 0.5, "add_bytes": 1.0},
            "scale_bytes": 1.0,
        },
        "move": {**_MOVES, "pad_bytes": 2.0, "mean_bytes": 1.0},
        "launch": _LAUNCH,
    },
    "infer nhwc": {
        "macs": {
            **{"pointwise_macs": 1.25, "spatial_macs": 1.0, "grouped_macs": 0.75, "odd_grouped_macs": 1.0},
        },
        "convolution": {
            **{"pointwise_read": 0.25, "pointwise_written": 1.4, "spatial_read": 1.0, "spatial_written": 1.0},
            **{"stem_bytes": 4.0, "ragged_bytes": 4.0},
        },
        "depthwise": {"depthwise_bytes": 1.0, "strided_depthwise_bytes": 1.0, "depthwise_macs": 0.01},
        "grouped": {"grouped_bytes": 1.0},
        "odd_groups": {"odd_grouped_bytes": 1.0},
        "elementwise": {
            **{"norm_bytes": 1.5, "inplace_norm_bytes": 1.5, "act_bytes": 1.0, "add_bytes": 1.0},
            "scale_bytes": 1.0,
        },
        "move": {**_MOVES, "pad_bytes": 4.0, "mean_bytes": 1.0},
        "launch": _LAUNCH,
    },
    "infer compile": {
        "macs": {
            **{"pointwise_macs": 0.65, "spatial_macs": 1.0, "grouped_macs": 2.0, "odd_grouped_macs": 0.5},
        },
        "convolution": {
            **{"pointwise_read": 0.7, "pointwise_written": 1.4, "spatial_read": 0.5, "spatial_written": 1.0},
            **{"stem_bytes": 2.8, "ragged_bytes": 4.0},
        },
        "depthwise": {"depthwise_bytes": 1.0, "strided_depthwise_bytes": 1.0, "depthwise_macs": 0.01},
        "grouped": {"grouped_bytes": 1.0, "grouped_macs": 0.004},
        "odd_groups": {"odd_grouped_bytes": 1.0, "odd_grouped_macs": 0.002},
        "elementwise": {
            **{"fused_bytes": 0.7, "fused_mean_bytes": 2.0},
            **{**_MOVES, "copy_bytes": 2.0, "pad_bytes": 4.0},
        },
        "gates": {"sigmoid_bytes": 1.0, "scale_bytes": 0.3},
        "launch": {"fused_kernels": 1.0, "weight_bytes": 1e-8},
    },
    "train nchw": {
        "macs": {
            **{"pointwise_macs": 0.25, "spatial_macs": 1.0, "stem_macs": 0.67, "narrow_macs": 160.0},
            **{"grouped_macs": 0.5, "odd_grouped_macs": 1.4},
        },
        "convolution": {
            **{"pointwise_read": 1.4, "pointwise_written": 1.0, "spatial_read": 2.0, "spatial_written": 1.4},
            **{"stem_bytes": 1.0, "narrow_ragged_bytes": 5.0},
        },
        "depthwise": {"depthwise_bytes": 2.8, "strided_depthwise_bytes": 1.4},
        "grouped": {
            **{"grouped_bytes": 1.0, "odd_grouped_bytes": 1.0, "grouped_macs": 0.005, "odd_grouped_macs": 0.005},
        },
        "elementwise": {
            **{"norm_bytes": 4.0, "inplace_norm_bytes": 5.0, "act_bytes": 1.75, "add_bytes": 4.0},
            **{"scale_bytes": 6.0, "mean_bytes": 2.0},
        },
        "move": {"max_pool_bytes": 2.8, "avg_pool_bytes": 2.0, "copy_bytes": 1.0, "split_bytes": 1.0},
        "blur": {"pad_bytes": 1.0, "blur_bytes": 1.0},
        "launch": _LAUNCH,
    },
    "train nhwc": {
        "macs": {
            **{"pointwise_macs": 0.25, "spatial_macs": 1.0, "narrow_macs": 80.0, "grouped_macs": 16.0},
        },
        "convolution": {
            **{"pointwise_read": 2.0, "pointwise_written": 4.0, "spatial_read": 1.0, "spatial_written": 4.0},
            "stem_bytes": 2.0,
        },
        "depthwise": {"depthwise_bytes": 1.0, "strided_depthwise_bytes": 0.7, "depthwise_macs": 0.02},
        "grouped": {"grouped_bytes": 1.0, "grouped_macs": 0.02},
        "odd_groups": {"odd_grouped_bytes": 1.0, "odd_grouped_macs": 0.05},
        "elementwise": {
            **{"norm_bytes": 2.0, "inplace_norm_bytes": 4.0, "act_bytes": 2.5, "add_bytes": 2.0},
            **{"scale_bytes": 7.5, "mean_bytes": 2.0},
        },
        "move": {
            **{"pad_bytes": 2.0, "blur_bytes": 1.0, "max_pool_bytes": 0.04, "avg_pool_bytes": 0.02},
            **{"copy_bytes": 0.02, "split_bytes": 0.02},
        },
        "launch": _LAUNCH,
    },
}
COMPUTE = frozenset({"macs"})  # terms whose price falls with a GPU's arithmetic; others fall with its bandwidth
OVERHEAD = frozenset({"launch"})  # no faster on a faster GPU
