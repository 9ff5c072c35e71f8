"""What a tensor of another shape still gives: the same network with other widths, or with other input channels.

An input of other channels: where it has more, the channels a checkpoint knows keep their weights and each further one
gets their mean, where it has fewer, every one gets the mean; all are scaled so that an image that is the same in every
channel is seen as before. Other widths: channels are taken as far as both have them; the rest stays as initialised.
"""

from tresnet_gen.frontend.spec import SpaceToDepthStem
from tresnet_gen.graph.ops import Conv2d, Shape
from tresnet_gen.runtime.convert.network import Layer, Network

CHANNELS = "input channels"
WIDTH = "width"


def resizing(network: Network, layer: Layer, leaf: str, old: Shape, new: Shape) -> str:
    """Return how a tensor becomes one of another shape, "" where it gives nothing.

    Classifiers give nothing: another number of classes is other classes.
    """
    if len(old) != len(new) or not all(old):
        return ""
    op = layer.op
    if isinstance(op, Conv2d):
        if len(old) == 4 and old[2:] != new[2:]:
            return ""
        if layer is network.layers[0] and old[1] != new[1]:
            return "" if old[1] % patch(network) else CHANNELS
        depthwise = op.groups == op.in_channels and old[1:2] in ((1,), ())
        return WIDTH if op.groups == 1 or depthwise else ""
    return WIDTH if layer.is_norm and len(old) == 1 else ""


def patch(network: Network) -> int:
    """Return how many pixels of a channel the stem folds into channels."""
    stem = network.spec.stem
    return stem.block_size**2 if isinstance(stem, SpaceToDepthStem) else 1
