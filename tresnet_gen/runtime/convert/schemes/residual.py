"""Names of networks of basic and bottleneck blocks: emitted modules, the official TResNet, timm's and torchvision's."""

from collections.abc import Collection, Iterator

from tresnet_gen.runtime.convert.network import Layer, Network
from tresnet_gen.runtime.convert.schemes.scheme import RESIDUAL, Naming, Scheme, Shapes, Source


def _own(network: Network, shapes: Shapes) -> Naming:
    return lambda layer: Source((layer.name,))


def _own_words(network: Network) -> Collection[str]:
    return ("ours", "timm") if network.kinds <= RESIDUAL and _folds(network) else ("ours",)


def _folds(network: Network) -> bool:
    return network.spec.stem.type == "space_to_depth"


def _official(network: Network, shapes: Shapes) -> Naming:
    """Sequential(conv, norm), in front of a blur Sequential(Sequential(conv, norm), blur)."""

    def source(layer: Layer) -> Source | None:
        module, _, kind = layer.name.rpartition(".")
        if layer.block and layer.block.kind not in RESIDUAL:
            return None
        if kind not in ("conv", "bn"):
            return Source((layer.name,))
        inner = f"{module}.0" if module in network.blurred else module
        return Source((f"{inner}.{0 if kind == 'conv' else 1}",))

    return source


def _official_filters(network: Network) -> Iterator[str]:
    for module in network.blurred:
        yield from (f"{module}.1.op.filt", f"{module}.1.filt")


def _official_words(network: Network) -> Collection[str]:
    return ("official",) if network.kinds <= RESIDUAL and _folds(network) else ()


def _resnet(network: Network, shapes: Shapes) -> Naming:
    outer = {layer.name: name for layer, name in zip(network.stem, _stem_names(network), strict=True)}
    outer["head.fc"] = "fc"
    pooled = any(layer.block and layer.place.startswith("downsample.1.") for layer in network.layers)

    def source(layer: Layer) -> Source | None:
        if layer.block is None:
            name = outer.get(layer.name)
        elif layer.block.kind in RESIDUAL:
            block = f"layer{layer.block.stage + 1}.{layer.block.position}"
            name = f"{block}.{_inner_name(layer, _shortcut_start(f'{block}.downsample', shapes, pooled))}"
        else:
            name = None
        return Source((name,)) if name else None

    return source


def _stem_names(network: Network) -> list[str]:
    """Return conv1 and bn1; several convolutions are Sequential(conv, norm, act, ..., conv), then bn1."""
    pairs = len(network.stem) // 2
    if pairs == 1:
        return ["conv1", "bn1"]
    names = [f"conv1.{3 * pair + kind}" for pair in range(pairs) for kind in (0, 1)]
    return [*names[:-1], "bn1"]


def _inner_name(layer: Layer, shortcut_start: int) -> str:
    module, _, kind = layer.place.rpartition(".")
    if module.startswith("downsample"):
        return f"downsample.{shortcut_start + (kind == 'bn')}"
    return module.replace("conv", "bn") if kind == "bn" else module if kind == "conv" else layer.place


def _shortcut_start(shortcut: str, shapes: Shapes, pooled: bool) -> int:
    """Return the place of a shortcut's convolution: 1 in networks with a pool before it, in blocks without one too."""
    if f"{shortcut}.0.weight" in shapes or f"{shortcut}.2.weight" in shapes:
        return 0 if f"{shortcut}.0.weight" in shapes else 1
    return int(pooled)


def _resnet_words(network: Network) -> Collection[str]:
    if not network.kinds <= RESIDUAL or _folds(network):
        return ()
    return ("timm", "torchvision") if network.spec.stem.type == "conv" else ("timm",)


OWN = Scheme("emitted modules and timm's TResNet", _own_words, _own)
OFFICIAL = Scheme("the official TResNet", _official_words, _official, _official_filters, signed_scales=True)
RESNET = Scheme("timm's and torchvision's ResNets", _resnet_words, _resnet)
