"""What a scheme of names tells: the layers of a checkpoint that hold each layer of an emitted module."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from tresnet_gen.graph.ops import Shape
from tresnet_gen.runtime.convert.network import Layer, Network

Shapes = Mapping[str, Shape]
RESIDUAL = frozenset({"basic", "bottleneck"})
MOBILE = frozenset({"inverted_residual", "depthwise_separable", "fused_inverted_residual"})
SHUFFLE = frozenset({"shuffle_unit"})


class Source(NamedTuple):
    """Layers of a checkpoint whose tensors, one below the other, are those of one layer.

    `pointwise` says that the checkpoint has a 1x1 convolution where the layer is linear.
    """

    layers: tuple[str, ...]
    pointwise: bool = False


Naming = Callable[[Layer], Source | None]  # None: the scheme has no such layer


def _no_filters(network: Network) -> Iterator[str]:
    yield from ()


class Scheme(NamedTuple):
    """A way to name the tensors of a network.

    Attributes:
        title: Whose names they are.
        writes: The words of `--to` under which a network's names are these.
        naming: A network and the shapes by name that a checkpoint has, none where one is to be written, to its names.
        filters: Names of blur filters, which emitted modules compute.
        signed_scales: Whether norms compute with |weight| + 1e-5, as in-place ABN does.
    """

    title: str
    writes: Callable[[Network], Collection[str]]
    naming: Callable[[Network, Shapes], Naming]
    filters: Callable[[Network], Iterator[str]] = _no_filters
    signed_scales: bool = False


Label = tuple[int, int]  # stage and position in it, from 0


def labels(widths: Sequence[int]) -> list[Label]:
    """Return stage and position of blocks by their output widths: mobile networks change it at each new stage."""
    found: list[Label] = []
    for number, width in enumerate(widths):
        stage, index = found[-1] if found else (0, -1)
        starts = number > 0 and width != widths[number - 1]
        found.append((stage + 1, 0) if starts else (stage, index + 1))
    return found


def aligned(network: Network, theirs: Sequence[tuple[Label, str]]) -> dict[str, str]:
    """Return the name that a checkpoint gives each block of a network that it has.

    As many blocks correspond in their order, whatever the stages are called; else those of the same stage and position.
    """
    if len(theirs) == len(network.blocks):
        return {block.name: name for block, (_, name) in zip(network.blocks, theirs, strict=True)}
    known = dict(theirs)
    ours = zip(network.blocks, labels([block.width for block in network.blocks]), strict=True)
    return {block.name: known[label] for block, label in ours if label in known}
