"""torchvision's names of ShuffleNetV2, and of MobileNetV2, MobileNetV3 and EfficientNet."""

import re
from collections.abc import Collection

from tresnet_gen.runtime.convert.network import Layer, Network
from tresnet_gen.runtime.convert.schemes.scheme import (
    MOBILE,
    SHUFFLE,
    Label,
    Naming,
    Scheme,
    Shapes,
    Source,
    aligned,
    labels,
)

UNIT = {
    "downsample.0.conv": "branch1.0",
    "downsample.0.bn": "branch1.1",
    "downsample.1.conv": "branch1.2",
    "downsample.1.bn": "branch1.3",
    "conv1.conv": "branch2.0",
    "conv1.bn": "branch2.1",
    "conv2.conv": "branch2.3",
    "conv2.bn": "branch2.4",
    "conv3.conv": "branch2.5",
    "conv3.bn": "branch2.6",
}
SHUFFLE_OUTER = {
    "body.conv1.conv": "conv1.0",
    "body.conv1.bn": "conv1.1",
    "body.final.conv": "conv5.0",
    "body.final.bn": "conv5.1",
    "head.fc": "fc",
}


def _shuffle(network: Network, shapes: Shapes) -> Naming:
    def source(layer: Layer) -> Source | None:
        if layer.block is None:
            name = SHUFFLE_OUTER.get(layer.name)
        elif layer.block.kind in SHUFFLE and layer.place in UNIT:
            name = f"stage{layer.block.stage + 2}.{layer.block.position}.{UNIT[layer.place]}"
        else:
            name = None
        return Source((name,)) if name else None

    return source


def _mobile(network: Network, shapes: Shapes) -> Naming:
    """`features` counts stem, blocks and last convolution; EfficientNet counts stages there, and blocks in them."""
    inner = _inner_of(network, shapes)
    staged = inner == "block" and _is_staged(network, shapes)
    found = _found(shapes, inner, staged) if shapes else _made(network, staged)
    blocks = aligned(network, found)
    outer = _outer(network, shapes, 1 + (found[-1][0][0] + 1 if staged and found else len(found)))

    def source(layer: Layer) -> Source | None:
        if layer.block is None:
            name = outer.get(layer.name)
        elif layer.block.kind in MOBILE and layer.block.name in blocks:
            name = f"{blocks[layer.block.name]}.{inner}.{_inner_name(layer, inner)}"
        else:
            name = None
        return Source((name,)) if name else None

    return source


def _inner_of(network: Network, shapes: Shapes) -> str:
    """Return how a block calls its layers: MobileNetV2 `conv`, the others `block`."""
    if shapes:
        return "conv" if any(name.startswith("features.1.conv.") for name in shapes) else "block"
    return "block" if network.has("head.hidden") or any("se" in block.modules for block in network.blocks) else "conv"


def _is_staged(network: Network, shapes: Shapes) -> bool:
    if shapes:
        return any(name.startswith("features.1.0.block.") for name in shapes)
    return not network.has("head.hidden")


def _found(shapes: Shapes, inner: str, staged: bool) -> list[tuple[Label, str]]:
    """Return the blocks of a checkpoint; without stages in their names, their widths tell these."""
    number = r"[0-9]{1,4}"
    pattern = rf"(features\.({number})" + (rf"\.({number})" if staged else "()") + rf")\.{inner}\."
    widths: dict[tuple[int, int, str], int] = {}
    for name, shape in sorted(shapes.items(), key=lambda item: _natural(item[0])):
        match = re.match(pattern, name, re.ASCII)
        if match and len(shape) == 4 and not name.rpartition(".")[0].endswith((".fc1", ".fc2")):
            widths[int(match[2]), int(match[3] or 0), match[1]] = shape[0]  # the last convolution's
    keys = sorted(widths)
    told = [(stage - 1, index) for stage, index, _ in keys] if staged else labels([widths[key] for key in keys])
    return [(label, name) for label, (_, _, name) in zip(told, keys, strict=True)]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in name[:200].split(".")]


def _made(network: Network, staged: bool) -> list[tuple[Label, str]]:
    named = enumerate(labels([block.width for block in network.blocks]), 1)
    return [
        ((stage, index), f"features.{stage + 1}.{index}" if staged else f"features.{number}")
        for number, (stage, index) in named
    ]


def _outer(network: Network, shapes: Shapes, last: int) -> dict[str, str]:
    """Return the names around the blocks; `last` is the number of the body's last convolution."""
    return {
        "body.conv1.conv": "features.0.0",
        "body.conv1.bn": "features.0.1",
        "body.final.conv": f"features.{last}.0",
        "body.final.bn": f"features.{last}.1",
        "head.hidden": "classifier.0",
        "head.fc": "classifier.3" if network.has("head.hidden") else "classifier.1",
    }


def _inner_name(layer: Layer, inner: str) -> str:
    """Return a layer's place: modules are counted, those of MobileNetV2's projection one by one."""
    assert layer.block
    module, _, kind = layer.place.partition(".")
    number = layer.block.modules.index(module)
    if module == "se":
        return f"{number}.{kind}"
    part = {"conv": 0, "bn": 1}.get(kind, -1)
    return f"{number + part}" if inner == "conv" and module == "project" else f"{number}.{part}"


def _shuffle_words(network: Network) -> Collection[str]:
    return ("torchvision",) if network.kinds <= SHUFFLE else ()


def _mobile_words(network: Network) -> Collection[str]:
    return ("torchvision",) if network.kinds <= MOBILE else ()


TORCHVISION_SHUFFLE = Scheme("torchvision's ShuffleNetV2", _shuffle_words, _shuffle)
TORCHVISION_MOBILE = Scheme("torchvision's MobileNets and EfficientNets", _mobile_words, _mobile)
