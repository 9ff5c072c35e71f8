"""Specs of published networks that tools/calibrate.py fits to, in the words of the networks' own definitions.

Names are timm's. What the language does not say is left out: OUTSIDE tells why, family by family. The calibration
compares parameters, MACs and activations of each network with the published ones, so a wrong spec is never fitted.
"""

import json
import math
from typing import Any

from calibration_mobile import MOBILE

OUTSIDE = {
    "gernet": "stages mix block kinds of its own, and its stride-2 blocks differ from the others",
    "lcnet": "an activation behind the last convolution of its depthwise separable blocks",
    "mobilenetv1": "an activation behind the last convolution of its depthwise separable blocks",
    "resnetaa": "an average pool as anti-aliasing, also behind the stem's max pool",
    "resnetblur": "a blur behind the stem's max pool",
    "seresnetaa": "an average pool as anti-aliasing, also behind the stem's max pool",
    "legacy_seresnet50": "a stride in the first 1x1 convolution",
    "legacy_seresnet18": "a max pool that does not pad",
    "resnext101_32x32d": "a bottleneck wider inside than it puts out",
    "efficientnetv2_rw_m": "a fused block of expansion 1 that still projects",
    "tf_": "TensorFlow's asymmetric padding, a copy ahead of every strided convolution",
}

Spec = dict[str, Any]


def text(name: str) -> str | None:
    """Return the YAML of a network, or None where it is not known here."""
    spec = SPECS.get(name)
    return json.dumps({"name": name, **spec}) if spec else None


# ResNets.

DEEP = {"type": "deep", "widths": [32, 32, 64], "pool": "max"}
TIERED = {"type": "deep", "widths": [24, 32, 64], "pool": "max"}
WIDE_DEEP = {"type": "deep", "widths": [64, 64, 128], "pool": "max"}
PLAIN = {"type": "conv", "kernel": 7, "stride": 2, "width": 64, "pool": "max"}
SE16 = {"ratio": 16, "round_to": 8}


def _resnet(
    depths: list[int],
    stem: Spec = PLAIN,
    block: str = "bottleneck",
    shortcut: str = "conv",
    se: Spec | None = None,
    **more: Any,
) -> Spec:
    """Return a ResNet; `width` is the first stage's inner width."""
    width = more.pop("width", 64)
    site = {"site": "output"} if se else {}
    stages = [
        {"block": block, "depth": depth, "width": width * 2**i, "stride": min(i, 1) + 1, "shortcut": shortcut}
        | ({"se": {**se, **site}} if se else {})
        | more
        for i, depth in enumerate(depths)
    ]
    return {"stem": stem, "stages": stages}


def _resnet_rs(depths: list[int]) -> Spec:
    spec = _resnet(
        depths, {"type": "deep", "widths": [32, 32, 64]}, shortcut="avg_pool", se={"ratio": 4, "round_to": 8}
    )
    pool = {"block": "fused_inverted_residual", "depth": 1, "width": 64, "stride": 2, "expansion": 1}
    return {**spec, "stages": [pool, *spec["stages"]]}


_X32 = {"width": 128, "expansion": 2, "groups": 32}
_RESNETS: dict[str, Spec] = {
    "resnet10t": _resnet([1, 1, 1, 1], TIERED, "basic", "avg_pool"),
    "resnet14t": _resnet([1, 1, 1, 1], TIERED, shortcut="avg_pool"),
    "resnet18": _resnet([2, 2, 2, 2], block="basic"),
    "resnet18d": _resnet([2, 2, 2, 2], DEEP, "basic", "avg_pool"),
    "resnet26": _resnet([2, 2, 2, 2]),
    "resnet26d": _resnet([2, 2, 2, 2], DEEP, shortcut="avg_pool"),
    "resnet26t": _resnet([2, 2, 2, 2], TIERED, shortcut="avg_pool"),
    "resnet34": _resnet([3, 4, 6, 3], block="basic"),
    "resnet34d": _resnet([3, 4, 6, 3], DEEP, "basic", "avg_pool"),
    "resnet50": _resnet([3, 4, 6, 3]),
    "resnet50c": _resnet([3, 4, 6, 3], DEEP),
    "resnet50d": _resnet([3, 4, 6, 3], DEEP, shortcut="avg_pool"),
    "resnet50s": _resnet([3, 4, 6, 3], WIDE_DEEP),
    "resnet50t": _resnet([3, 4, 6, 3], TIERED, shortcut="avg_pool"),
    "resnet101": _resnet([3, 4, 23, 3]),
    "resnet101c": _resnet([3, 4, 23, 3], DEEP),
    "resnet101d": _resnet([3, 4, 23, 3], DEEP, shortcut="avg_pool"),
    "resnet101s": _resnet([3, 4, 23, 3], WIDE_DEEP),
    "resnet152": _resnet([3, 8, 36, 3]),
    "resnet152c": _resnet([3, 8, 36, 3], DEEP),
    "resnet152d": _resnet([3, 8, 36, 3], DEEP, shortcut="avg_pool"),
    "resnet152s": _resnet([3, 8, 36, 3], WIDE_DEEP),
    "resnet200d": _resnet([3, 24, 36, 3], DEEP, shortcut="avg_pool"),
    "wide_resnet50_2": _resnet([3, 4, 6, 3], width=128, expansion=2),
    "wide_resnet101_2": _resnet([3, 4, 23, 3], width=128, expansion=2),
    "resnext50_32x4d": _resnet([3, 4, 6, 3], **_X32),
    "resnext50d_32x4d": _resnet([3, 4, 6, 3], DEEP, shortcut="avg_pool", **_X32),
    "resnext101_32x4d": _resnet([3, 4, 23, 3], **_X32),
    "resnext101_32x8d": _resnet([3, 4, 23, 3], width=256, expansion=1, groups=32),
    "resnext101_64x4d": _resnet([3, 4, 23, 3], width=256, expansion=1, groups=64),
    "seresnet18": _resnet([2, 2, 2, 2], block="basic", se=SE16),
    "seresnet34": _resnet([3, 4, 6, 3], block="basic", se=SE16),
    "seresnet50": _resnet([3, 4, 6, 3], se=SE16),
    "seresnet50t": _resnet([3, 4, 6, 3], TIERED, shortcut="avg_pool", se=SE16),
    "seresnet101": _resnet([3, 4, 23, 3], se=SE16),
    "seresnet152d": _resnet([3, 8, 36, 3], DEEP, shortcut="avg_pool", se=SE16),
    "seresnet200d": _resnet([3, 24, 36, 3], DEEP, shortcut="avg_pool", se=SE16),
    "seresnet269d": _resnet([3, 30, 48, 8], DEEP, shortcut="avg_pool", se=SE16),
    "seresnext26t_32x4d": _resnet([2, 2, 2, 2], TIERED, shortcut="avg_pool", se=SE16, **_X32),
    "seresnext50_32x4d": _resnet([3, 4, 6, 3], se=SE16, **_X32),
    "seresnext101_32x4d": _resnet([3, 4, 23, 3], se=SE16, **_X32),
    "legacy_seresnext101_32x4d": _resnet([3, 4, 23, 3], se=SE16, **_X32),
    "seresnext101_32x8d": _resnet([3, 4, 23, 3], se=SE16, width=256, expansion=1, groups=32),
    "seresnext101_64x4d": _resnet([3, 4, 23, 3], se=SE16, width=256, expansion=1, groups=64),
    "resnetrs50": _resnet_rs([3, 4, 6, 3]),
    "resnetrs101": _resnet_rs([3, 4, 23, 3]),
    "resnetrs152": _resnet_rs([3, 8, 36, 3]),
    "resnetrs200": _resnet_rs([3, 24, 36, 3]),
    "resnetrs270": _resnet_rs([4, 29, 53, 4]),
    "resnetrs350": _resnet_rs([4, 36, 72, 4]),
    "resnetrs420": _resnet_rs([4, 44, 87, 4]),
}


# RegNets: first width, slope, multiplier, channels a group, blocks (arXiv 2003.13678, appendix D).

_REGNETS = {
    "regnetx_002": (24, 36.44, 2.49, 8, 13),
    "regnetx_004": (24, 24.48, 2.54, 16, 22),
    "regnetx_006": (48, 36.97, 2.24, 24, 16),
    "regnetx_008": (56, 35.73, 2.28, 16, 16),
    "regnetx_016": (80, 34.01, 2.25, 24, 18),
    "regnetx_032": (88, 26.31, 2.25, 48, 25),
    "regnetx_040": (96, 38.65, 2.43, 40, 23),
    "regnetx_064": (184, 60.83, 2.07, 56, 17),
    "regnetx_080": (80, 49.56, 2.88, 120, 23),
    "regnetx_120": (168, 73.36, 2.37, 112, 19),
    "regnetx_160": (216, 55.59, 2.1, 128, 22),
    "regnetx_320": (320, 69.86, 2.0, 168, 23),
    "regnety_002": (24, 36.44, 2.49, 8, 13),
    "regnety_004": (48, 27.89, 2.09, 8, 16),
    "regnety_006": (48, 32.54, 2.32, 16, 15),
    "regnety_008": (56, 38.84, 2.4, 16, 14),
    "regnety_016": (48, 20.71, 2.65, 24, 27),
    "regnety_032": (80, 42.63, 2.66, 24, 21),
    "regnety_040": (96, 31.41, 2.24, 64, 22),
    "regnety_064": (112, 33.22, 2.27, 72, 25),
    "regnety_080": (192, 76.82, 2.19, 56, 17),
    "regnety_120": (168, 73.36, 2.37, 112, 19),
    "regnety_160": (200, 106.23, 2.48, 112, 18),
    "regnety_320": (232, 115.89, 2.53, 232, 20),
    "regnety_640": (352, 147.48, 2.4, 328, 20),
}


def _regnet(name: str) -> Spec:
    first, slope, multiplier, group, depth = _REGNETS[name]
    steps = [round(math.log((first + slope * i) / first) / math.log(multiplier)) for i in range(depth)]
    widths = [round(first * multiplier**step / 8) * 8 for step in steps]
    se = {"se": {"ratio": 4, "of": "input"}} if name.startswith("regnety") else {}
    stages = []
    for width in sorted(set(widths)):
        size = min(group, width)
        fitted = max(size, round(width / size) * size)
        stage = {"block": "bottleneck", "depth": widths.count(width), "width": fitted, "stride": 2}
        stages.append({**stage, "expansion": 1, "groups": fitted // size, "shortcut": "conv", **se})
    return {"stem": {"type": "conv", "kernel": 3, "stride": 2, "width": 32}, "stages": stages}


SPECS: dict[str, Spec] = {
    **_RESNETS,
    **{name: _regnet(name) for name in _REGNETS},
    **MOBILE,
}
