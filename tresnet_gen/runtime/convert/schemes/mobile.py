"""timm's names of networks of inverted residuals: EfficientNet, MixNet, MobileNetV2 and V3."""

import re
from collections.abc import Collection

from tresnet_gen.graph.ops import Conv2d
from tresnet_gen.runtime.convert.network import Block, Layer, Network
from tresnet_gen.runtime.convert.schemes.scheme import MOBILE, Label, Naming, Scheme, Shapes, Source, aligned, labels

SQUEEZE_EXCITE = {"se.fc1": "se.conv_reduce", "se.fc2": "se.conv_expand"}


def _timm(network: Network, shapes: Shapes) -> Naming:
    found = _labels_in(shapes) or labels([block.width for block in network.blocks])
    # Where the head has a hidden layer, the last convolution of the body is one more block.
    last = None
    if network.has("head.hidden"):
        last = found[-1] if f"{_block(found[-1])}.conv.weight" in shapes else (found[-1][0] + 1, 0)
        found = [label for label in found if label != last]
    outer = _outer(last)
    blocks = aligned(network, [(label, _block(label)) for label in found])

    def source(layer: Layer) -> Source | None:
        if layer.block is None:
            return outer.get(layer.name)
        if layer.block.kind not in MOBILE or layer.block.name not in blocks:
            return None
        inner = SQUEEZE_EXCITE.get(layer.place) or _inner_name(layer.block, layer.place)
        return _parts(layer, f"{blocks[layer.block.name]}.{inner}", shapes)

    return source


def _labels_in(shapes: Shapes) -> list[Label]:
    matches = (re.match(r"blocks\.([0-9]{1,4})\.([0-9]{1,4})\.", name, re.ASCII) for name in shapes)
    return sorted({(int(match[1]), int(match[2])) for match in matches if match})


def _block(label: Label) -> str:
    return f"blocks.{label[0]}.{label[1]}"


def _outer(last: Label | None) -> dict[str, Source]:
    """Return the names around the blocks; `last` is the place of the body's last convolution among the blocks."""
    final = ("conv_head", "bn2") if last is None else (f"{_block(last)}.conv", f"{_block(last)}.bn1")
    return {
        "body.conv1.conv": Source(("conv_stem",)),
        "body.conv1.bn": Source(("bn1",)),
        "body.final.conv": Source((final[0],)),
        "body.final.bn": Source((final[1],)),
        "head.hidden": Source(("conv_head",), pointwise=True),
        "head.fc": Source(("classifier",)),
    }


def _inner_name(block: Block, place: str) -> str:
    """Return the name of a convolution or norm: norms are counted, convolutions named by what they do."""
    module, kind, *part = place.split(".")
    modules = [name for name in block.modules if name != "se"]
    if kind == "bn":
        return f"bn{modules.index(module) + 1}"
    name = {"depthwise": "conv_dw", "expand": "conv_pw", "project": "conv_pwl"}[module]
    if "expand" not in modules and module == "project":
        name = "conv_pw"
    elif "depthwise" not in modules and module == "expand":
        name = "conv_exp" if "project" in modules else "conv"
    return ".".join([name, *part])


def _parts(layer: Layer, name: str, shapes: Shapes) -> Source:
    """Return one layer, or for a grouped 1x1 convolution the convolutions of its groups."""
    op = layer.op
    if isinstance(op, Conv2d) and op.kernel == 1 and op.groups > 1 and f"{name}.weight" not in shapes:
        return Source(tuple(f"{name}.{group}" for group in range(op.groups)))
    return Source((name,))


def _words(network: Network) -> Collection[str]:
    return ("timm",) if network.kinds <= MOBILE else ()


TIMM_MOBILE = Scheme("timm's EfficientNets and MobileNets", _words, _timm)
