"""Specs of published networks of inverted residual blocks, from lines as their authors' code has them."""

import math
import re
from collections.abc import Iterator
from typing import Any

Spec = dict[str, Any]
Stage = dict[str, Any]
SILU, RELU, RELU6, HARD_SWISH = ({"type": name} for name in ("silu", "relu", "relu6", "hard_swish"))

# Networks of inverted residual blocks, one line a stage: kind, repeats, kernel, stride, expansion, channels, SE.

_BLOCKS = {"ds": "depthwise_separable", "ir": "inverted_residual", "er": "fused_inverted_residual"}
_TERM = re.compile(r"(ds|ir|er)_r(\d+)_k([\d.]+)_s(\d)(?:_e([\d.]+))?_c(\d+)(?:_se([\d.]+))?(_groups)?(_out)?(_relu)?")


class _Scale:
    """Compound scaling: channels in multiples of 8, repeats of a stage shared out among its lines."""

    def __init__(self, width: float = 1.0, depth: float = 1.0, limit: float = 0.9, up: bool = True) -> None:
        self.width, self.depth, self.limit, self.up = width, depth, limit, up

    def channels(self, channels: int) -> int:
        scaled = channels * self.width
        if self.width == 1.0:
            return channels
        nearest = max(8, int(scaled + 4) // 8 * 8)
        return nearest + 8 if nearest < self.limit * scaled else nearest

    def repeats(self, repeats: list[int]) -> list[int]:
        total = sum(repeats)
        left = max(1, (math.ceil if self.up else round)(total * self.depth))
        scaled = []
        for repeat in reversed(repeats):
            scaled.append(max(1, round(repeat / total * left)))
            total, left = total - repeat, left - scaled[-1]
        return scaled[::-1]


def _lines(stages: list[str], scale: _Scale, se: Spec, fix_ends: bool) -> Iterator[Stage]:
    for index, stage in enumerate(stages):
        terms = [match for term in stage.split() if (match := _TERM.fullmatch(term))]
        counts = [int(term[2]) for term in terms]
        if not (fix_ends and index in (0, len(stages) - 1)):
            counts = scale.repeats(counts)
        for term, count in zip(terms, counts, strict=True):
            yield _stage(term, count, scale.channels(int(term[6])), se)


def _stage(term: "re.Match[str]", depth: int, width: int, se: Spec) -> Stage:
    kernels = [int(kernel) for kernel in term[3].split(".")]
    stage: Stage = {"block": _BLOCKS[term[1]], "depth": depth, "width": width, "stride": int(term[4])}
    stage["kernel"] = kernels if len(kernels) > 1 else kernels[0]
    if term[1] != "ds":
        stage["expansion"] = float(term[5])
    if term[7]:
        stage["se"] = {"ratio": round(1 / float(term[7])), **se}
    if term[8]:
        stage |= {"expand_groups": 2, "project_groups": 2}
    if term[9]:
        stage["project_groups"] = 2
    if term[10]:
        stage["act"] = RELU
    return stage


def _mobile(
    stages: list[str],
    scale: _Scale,
    act: Spec,
    stem: int = 32,
    head: int | None = 1280,
    se: Spec | None = None,
    fix_ends: bool = False,
    **more: Any,
) -> Spec:
    se = {"of": "input", "act": act} if se is None else se
    ends = {"stem": {"type": "conv", "kernel": 3, "stride": 2, "width": stem, **more.pop("stem_more", {})}}
    head_spec = {"type": "avg_pool_linear", **({"width": head} if head else {}), **more.pop("head_more", {})}
    return {"act": act, **ends, "stages": list(_lines(stages, scale, se, fix_ends)), "head": head_spec}


_EFFICIENTNET = [
    "ds_r1_k3_s1_c16_se0.25",
    "ir_r2_k3_s2_e6_c24_se0.25",
    "ir_r2_k5_s2_e6_c40_se0.25",
    "ir_r3_k3_s2_e6_c80_se0.25",
    "ir_r3_k5_s1_e6_c112_se0.25",
    "ir_r4_k5_s2_e6_c192_se0.25",
    "ir_r1_k3_s1_e6_c320_se0.25",
]
_LITE = [line.removesuffix("_se0.25") for line in _EFFICIENTNET]
_EDGE = [
    "er_r1_k3_s1_e3_c24",
    "er_r2_k3_s2_e8_c32",
    "er_r4_k3_s2_e8_c48",
    "ir_r5_k5_s2_e8_c96",
    "ir_r4_k5_s1_e8_c144",
    "ir_r2_k5_s2_e8_c192",
]
_EDGE_M = [
    "er_r1_k3_s1_e3_c24 er_r1_k3_s1_e4_c24",
    "er_r3_k3_s2_e8_c32",
    "er_r5_k3_s2_e8_c48",
    "ir_r6_k5_s2_e8_c96",
    "ir_r5_k5_s1_e8_c144",
    "ir_r3_k5_s2_e8_c192",
]
_V2_BASE = [
    "er_r1_k3_s1_e1_c16",
    "er_r2_k3_s2_e4_c32",
    "er_r2_k3_s2_e4_c48",
    "ir_r3_k3_s2_e4_c96_se0.25",
    "ir_r5_k3_s1_e6_c112_se0.25",
    "ir_r8_k3_s2_e6_c192_se0.25",
]
_V2_S = [
    "er_r2_k3_s1_e1_c24",
    "er_r4_k3_s2_e4_c48",
    "er_r4_k3_s2_e4_c64",
    "ir_r6_k3_s2_e4_c128_se0.25",
    "ir_r9_k3_s1_e6_c160_se0.25",
    "ir_r15_k3_s2_e6_c256_se0.25",
]
_V2_M = [
    "er_r3_k3_s1_e1_c24",
    "er_r5_k3_s2_e4_c48",
    "er_r5_k3_s2_e4_c80",
    "ir_r7_k3_s2_e4_c160_se0.25",
    "ir_r14_k3_s1_e6_c176_se0.25",
    "ir_r18_k3_s2_e6_c304_se0.25",
    "ir_r5_k3_s1_e6_c512_se0.25",
]
_V2_L = [
    "er_r4_k3_s1_e1_c32",
    "er_r7_k3_s2_e4_c64",
    "er_r7_k3_s2_e4_c96",
    "ir_r10_k3_s2_e4_c192_se0.25",
    "ir_r19_k3_s1_e6_c224_se0.25",
    "ir_r25_k3_s2_e6_c384_se0.25",
    "ir_r7_k3_s1_e6_c640_se0.25",
]
_V2_XL = [
    "er_r4_k3_s1_e1_c32",
    "er_r8_k3_s2_e4_c64",
    "er_r8_k3_s2_e4_c96",
    "ir_r16_k3_s2_e4_c192_se0.25",
    "ir_r24_k3_s1_e6_c256_se0.25",
    "ir_r32_k3_s2_e6_c512_se0.25",
    "ir_r8_k3_s1_e6_c640_se0.25",
]
_MIXNET_M = [
    "ds_r1_k3_s1_c24_relu",
    "ir_r1_k3.5.7_s2_e6_c32_groups_relu ir_r1_k3_s1_e3_c32_groups_relu",
    "ir_r1_k3.5.7.9_s2_e6_c40_se0.5 ir_r3_k3.5_s1_e6_c40_se0.5_groups",
    "ir_r1_k3.5.7_s2_e6_c80_se0.25 ir_r3_k3.5.7.9_s1_e6_c80_se0.25_groups",
    "ir_r1_k3_s1_e6_c120_se0.5 ir_r3_k3.5.7.9_s1_e3_c120_se0.5_groups",
    "ir_r1_k3.5.7.9_s2_e6_c200_se0.5 ir_r3_k3.5.7.9_s1_e6_c200_se0.5_out",
]
_MNASNET_B1 = [
    "ds_r1_k3_s1_c16",
    "ir_r3_k3_s2_e3_c24",
    "ir_r3_k5_s2_e3_c40",
    "ir_r3_k5_s2_e6_c80",
    "ir_r2_k3_s1_e6_c96",
    "ir_r4_k5_s2_e6_c192",
    "ir_r1_k3_s1_e6_c320",
]
_MNASNET_A1 = [
    "ds_r1_k3_s1_c16",
    "ir_r2_k3_s2_e6_c24",
    "ir_r3_k5_s2_e3_c40_se0.25",
    "ir_r4_k3_s2_e6_c80",
    "ir_r2_k3_s1_e6_c112_se0.25",
    "ir_r3_k5_s2_e6_c160_se0.25",
    "ir_r1_k3_s1_e6_c320",
]
_SPNASNET = [
    "ds_r1_k3_s1_c16",
    "ir_r3_k3_s2_e3_c24",
    "ir_r1_k5_s2_e6_c40 ir_r3_k3_s1_e3_c40",
    "ir_r1_k5_s2_e6_c80 ir_r3_k3_s1_e3_c80",
    "ir_r1_k5_s1_e6_c96 ir_r3_k5_s1_e3_c96",
    "ir_r4_k5_s2_e6_c192",
    "ir_r1_k3_s1_e6_c320",
]
_MOBILENET_V2 = [
    "ds_r1_k3_s1_c16",
    "ir_r2_k3_s2_e6_c24",
    "ir_r3_k3_s2_e6_c32",
    "ir_r4_k3_s2_e6_c64",
    "ir_r3_k3_s1_e6_c96",
    "ir_r3_k3_s2_e6_c160",
    "ir_r1_k3_s1_e6_c320",
]
_MOBILENET_V3_LARGE = [
    "ds_r1_k3_s1_c16_relu",
    "ir_r1_k3_s2_e4_c24_relu ir_r1_k3_s1_e3_c24_relu",
    "ir_r3_k5_s2_e3_c40_se0.25_relu",
    "ir_r1_k3_s2_e6_c80 ir_r1_k3_s1_e2.5_c80 ir_r2_k3_s1_e2.3_c80",
    "ir_r2_k3_s1_e6_c112_se0.25",
    "ir_r3_k5_s2_e6_c160_se0.25",
]
_MOBILENET_V3_SMALL = [
    "ds_r1_k3_s2_c16_se0.25_relu",
    "ir_r1_k3_s2_e4.5_c24_relu ir_r1_k3_s1_e3.67_c24_relu",
    "ir_r1_k5_s2_e4_c40_se0.25 ir_r2_k5_s1_e6_c40_se0.25",
    "ir_r2_k5_s1_e3_c48_se0.25",
    "ir_r3_k5_s2_e6_c96_se0.25",
]
_MOBILENET_V3_MINIMAL = [
    "ds_r1_k3_s2_c16",
    "ir_r1_k3_s2_e4.5_c24 ir_r1_k3_s1_e3.67_c24",
    "ir_r1_k3_s2_e4_c40 ir_r2_k3_s1_e6_c40",
    "ir_r2_k3_s1_e3_c48",
    "ir_r3_k3_s2_e6_c96",
]
_FBNET_V3_B = [
    "ds_r2_k3_s1_c16",
    "ir_r1_k5_s2_e4_c24 ir_r3_k5_s1_e2_c24",
    "ir_r1_k5_s2_e5_c40_se0.25 ir_r4_k5_s1_e3_c40_se0.25",
    "ir_r1_k5_s2_e5_c72 ir_r4_k3_s1_e3_c72",
    "ir_r1_k3_s1_e5_c120_se0.25 ir_r5_k5_s1_e3_c120_se0.25",
    "ir_r1_k3_s2_e6_c184_se0.25 ir_r5_k5_s1_e4_c184_se0.25 ir_r1_k5_s1_e6_c224_se0.25",
]
_FBNET_V3_G = [
    "ds_r3_k3_s1_c24",
    "ir_r1_k5_s2_e4_c40 ir_r4_k5_s1_e2_c40",
    "ir_r1_k5_s2_e4_c56_se0.25 ir_r4_k5_s1_e3_c56_se0.25",
    "ir_r1_k5_s2_e5_c104 ir_r4_k3_s1_e3_c104",
    "ir_r1_k3_s1_e5_c160_se0.25 ir_r8_k5_s1_e3_c160_se0.25",
    "ir_r1_k3_s2_e6_c264_se0.25 ir_r6_k5_s1_e5_c264_se0.25 ir_r2_k5_s1_e6_c288_se0.25",
]


def _efficientnet(width: float, depth: float) -> Spec:
    scale = _Scale(width, depth)
    return _mobile(_EFFICIENTNET, scale, SILU, scale.channels(32), scale.channels(1280))


def _lite(width: float, depth: float) -> Spec:
    return _mobile(_LITE, _Scale(width, depth), RELU6, fix_ends=True)


def _v2_base(width: float, depth: float) -> Spec:
    scale = _Scale(width, depth, limit=0.0)
    return _mobile(_V2_BASE, scale, SILU, scale.channels(32), scale.channels(1280))


def _tiny(width: float, depth: float) -> Spec:
    scale = _Scale(width, depth, up=False)
    return _mobile(_EFFICIENTNET, scale, SILU, 32, max(1280, scale.channels(1280)))


def _mixnet(width: float, depth: float) -> Spec:
    scale = _Scale(width, depth, up=False)
    more = {"stem_more": {"act": RELU}, "head_more": {"act": RELU}}
    return _mobile(_MIXNET_M, scale, SILU, scale.channels(24), 1536, {"of": "input", "act": SILU}, **more)


def _mnasnet(stages: list[str], width: float) -> Spec:
    scale = _Scale(width)
    return _mobile(stages, scale, RELU, scale.channels(32))


def _mobilenet_v2(width: float, depth: float = 1.0, fix: bool = False) -> Spec:
    scale = _Scale(width, depth)
    head = 1280 if fix else max(1280, scale.channels(1280))
    return _mobile(_MOBILENET_V2, scale, RELU6, 32 if fix else scale.channels(32), head, fix_ends=fix)


def _mobilenet_v3(stages: list[str], width: float, last: int, hidden: int, act: Spec) -> Spec:
    scale = _Scale(width)
    se = {"of": "hidden", "round_to": 8, "act": RELU, "gate": "hard_sigmoid"}
    return _mobile(stages, scale, act, 16, scale.channels(last), se, head_more={"hidden": hidden})


def _fbnet(stages: list[str], stem: int, last: int) -> Spec:
    se = {"of": "input", "round_to": 8, "act": HARD_SWISH, "gate": "hard_sigmoid"}
    return _mobile(stages, _Scale(), HARD_SWISH, stem, last, se, head_more={"hidden": 1984})


_COMPOUND = [(1.0, 1.0), (1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.8), (1.6, 2.2), (1.8, 2.6), (2.0, 3.1), (2.2, 3.6)]
_TINY = {"a": (1.0, 1.2), "b": (0.75, 1.1), "c": (0.54, 0.85), "d": (0.54, 0.695), "e": (0.51, 0.6)}

MOBILE: dict[str, Spec] = {
    **{f"efficientnet_b{i}": _efficientnet(*scale) for i, scale in enumerate(_COMPOUND)},
    **{f"efficientnet_lite{i}": _lite(*scale) for i, scale in enumerate(_COMPOUND[:5])},
    "efficientnet_es": _mobile(_EDGE, _Scale(), RELU),
    "efficientnet_em": _mobile(_EDGE_M, _Scale(), RELU),
    **{f"efficientnetv2_b{i}": _v2_base(*scale) for i, scale in enumerate(_COMPOUND[:4])},
    **{
        f"efficientnetv2_{size}": _mobile(stages, _Scale(), SILU, stem)
        for size, stages, stem in (("s", _V2_S, 24), ("m", _V2_M, 24), ("l", _V2_L, 32), ("xl", _V2_XL, 32))
    },
    **{f"tinynet_{size}": _tiny(*scale) for size, scale in _TINY.items()},
    "mixnet_m": _mixnet(1.0, 1.0),
    "mixnet_l": _mixnet(1.3, 1.0),
    "mixnet_xl": _mixnet(1.6, 1.2),
    "mixnet_xxl": _mixnet(2.4, 1.3),
    **{f"mnasnet_{width:03.0f}": _mnasnet(_MNASNET_B1, width / 100) for width in (50, 75, 100, 140)},
    **{f"semnasnet_{width:03.0f}": _mnasnet(_MNASNET_A1, width / 100) for width in (50, 75, 100, 140)},
    "spnasnet_100": _mnasnet(_SPNASNET, 1.0),
    **{f"mobilenetv2_{width:03.0f}": _mobilenet_v2(width / 100) for width in (35, 50, 75, 100, 140)},
    "mobilenetv2_110d": _mobilenet_v2(1.1, 1.2, fix=True),
    "mobilenetv2_120d": _mobilenet_v2(1.2, 1.4, fix=True),
    "mobilenetv3_large_100": _mobilenet_v3(_MOBILENET_V3_LARGE, 1.0, 960, 1280, HARD_SWISH),
    "mobilenetv3_large_075": _mobilenet_v3(_MOBILENET_V3_LARGE, 0.75, 960, 1280, HARD_SWISH),
    "mobilenetv3_small_100": _mobilenet_v3(_MOBILENET_V3_SMALL, 1.0, 576, 1024, HARD_SWISH),
    "mobilenetv3_small_050": _mobilenet_v3(_MOBILENET_V3_SMALL, 0.5, 576, 1024, HARD_SWISH),
    "mobilenetv3_small_minimal_100": _mobilenet_v3(_MOBILENET_V3_MINIMAL, 1.0, 576, 1024, RELU),
    "fbnetv3_b": _fbnet(_FBNET_V3_B, 16, 1344),
    "fbnetv3_g": _fbnet(_FBNET_V3_G, 32, 1728),
}
