"""What the TResNet paper measured: arXiv 2003.13630, tables 1, 3 and 4.

The README of github.com/Alibaba-MIIL/TResNet prints other figures in places; docs/comparison.md lists them.
"""

from typing import NamedTuple


class System(NamedTuple):
    """A published row: top-1 in percent at the size trained, images a second on a V100, largest batch on it.

    `flops` are the billions that the paper prints; 0 stands for what it does not print.
    """

    title: str
    spec: str
    top1: float
    train: int = 0
    infer: int = 0
    batch: int = 0
    flops: float = 0


TABLE_1 = (
    System("ResNet-50", "resnet50", 79.0, 805, 2830, flops=4.1),
    System("ResNet-50-D", "resnet50d", 79.3, 600, 2670, flops=4.4),
    System("ResNeXt-50", "resnext50_32x4d", 78.5, 490, 1940, flops=4.3),
    System("EfficientNet-B1", "efficientnet_b1", 79.2, 480, 2740, flops=0.6),
    System("SE-ResNeXt-50", "seresnext50_32x4d", 79.0, 400, 1770, flops=4.3),
    System("MixNet-L", "mixnet_l", 79.0, 400, 1400, flops=0.5),
    System("TResNet-M", "tresnet_m_abn", 80.7, 730, 2930, flops=5.5),
)
TABLE_3 = (
    System("ResNet-50", "resnet50", 79.0, 805, 2830, 288),
    System("EfficientNet-B1", "efficientnet_b1", 79.2, 440, 2740, 196),  # of the README
    System("TResNet-M", "tresnet_m_abn", 80.7, 730, 2930, 512),
    System("TResNet-L", "tresnet_l_abn", 81.4, 345, 1390, 316),
    System("TResNet-XL", "tresnet_xl_abn", 82.0, 250, 1060, 240),
)
TABLE_4 = (
    System("ResNet-50", "resnet50", 79.0, infer=2830),
    System("+ space-to-depth stem", "ablation_s2d", 79.1, infer=2950),
    System("+ basic blocks, other depths", "ablation_blocks", 79.4, infer=3320),
    System("+ in-place ABN", "ablation_abn", 79.5, infer=3470),
    System("+ squeeze-and-excitation", "ablation_se", 80.3, infer=3280),
    System("+ anti-aliasing", "ablation_aa", 80.7, infer=2930),
)

CARD = "v100-16gb"


def systems() -> list[System]:
    """Return every network once, with the rates of the first table that has it."""
    found: dict[str, System] = {}
    for system in (*TABLE_1, *TABLE_3, *TABLE_4):
        found.setdefault(_network(system.spec), system)
    return list(found.values())


def _network(spec: str) -> str:
    """Return the spec that a step of Table 4 has become: its last one is TResNet-M."""
    return "tresnet_m_abn" if spec == "ablation_aa" else spec
