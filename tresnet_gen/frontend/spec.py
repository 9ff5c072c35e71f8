"""A resolved spec as frozen values: every default filled in, every value legal for its key.

Attribute names are the keys of the spec language. Sizes are (height, width) in pixels, widths are channels.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tresnet_gen.frontend.diagnostics import Span

Path = tuple[str | int, ...]


class Input(NamedTuple):
    """Input images: `channels` and (height, width)."""

    channels: int
    size: tuple[int, int]


class Norm(NamedTuple):
    """Normalisation after each convolution."""

    type: str
    eps: float
    momentum: float

    @property
    def in_place(self) -> bool:
        """Whether norm and activation are written over the convolution's output."""
        return self.type == "inplace_abn"


class Act(NamedTuple):
    """Activation; `slope` is the negative slope of a leaky ReLU, None for the others."""

    type: str
    slope: float | None = None


class SqueezeExcite(NamedTuple):
    """SE rule: hidden channels = max(channels // ratio, min_channels), or rounded to a multiple of `round_to`.

    The channels are those of the block's input, its output, or the feature map that is scaled (`hidden`). `site` is
    where residual blocks have it: behind the kxk convolution (`inner`) or the last one (`output`).
    """

    ratio: int
    min_channels: int | None
    of: str
    round_to: int | None
    act: Act
    gate: str
    site: str = "inner"


class SpaceToDepthStem(NamedTuple):
    """Fold block_size x block_size patches into channels, then one convolution of stride 1."""

    type: str
    block_size: int
    kernel: int
    width: int
    act: Act


class ConvStem(NamedTuple):
    """One convolution, then an optional 3x3 max pool of stride 2."""

    type: str
    kernel: int
    stride: int
    width: int
    pool: str | None
    act: Act


class DeepStem(NamedTuple):
    """3x3 convolutions of `widths`, the first of stride 2, then an optional 3x3 max pool of stride 2."""

    type: str
    widths: tuple[int, ...]
    pool: str | None
    act: Act


Stem = SpaceToDepthStem | ConvStem | DeepStem


class BasicStage(NamedTuple):
    """`depth` two-convolution residual blocks, the first with the stage's stride; `width` is the output width."""

    block: str
    depth: int
    width: int
    stride: int
    se: SqueezeExcite | None
    aa: bool
    shortcut: str
    act: Act


class BottleneckStage(NamedTuple):
    """`depth` 1x1, 3x3, 1x1 residual blocks, the first with the stage's stride.

    `width` is the inner width, the output is width * expansion.
    """

    block: str
    depth: int
    width: int
    stride: int
    se: SqueezeExcite | None
    aa: bool
    shortcut: str
    act: Act
    expansion: int
    groups: int


class InvertedResidualStage(NamedTuple):
    """`depth` blocks of 1x1 expand, depthwise, 1x1 project; `width` is the output width."""

    block: str
    depth: int
    width: int
    stride: int
    se: SqueezeExcite | None
    act: Act
    kernel: int | tuple[int, ...]
    expansion: float
    expand_groups: int
    project_groups: int


class DepthwiseSeparableStage(NamedTuple):
    """`depth` blocks of depthwise, 1x1 project; `width` is the output width."""

    block: str
    depth: int
    width: int
    stride: int
    se: SqueezeExcite | None
    act: Act
    kernel: int | tuple[int, ...]


class FusedInvertedResidualStage(NamedTuple):
    """`depth` blocks of kxk expand, 1x1 project; `width` is the output width."""

    block: str
    depth: int
    width: int
    stride: int
    se: SqueezeExcite | None
    act: Act
    kernel: int
    expansion: float


class ShuffleUnitStage(NamedTuple):
    """`depth` blocks that convolve half of the channels and shuffle; `width` is the output width."""

    block: str
    depth: int
    width: int
    stride: int
    act: Act
    kernel: int


ResidualStage = BasicStage | BottleneckStage
MobileStage = InvertedResidualStage | DepthwiseSeparableStage | FusedInvertedResidualStage
Stage = ResidualStage | MobileStage | ShuffleUnitStage


class Head(NamedTuple):
    """Global average pool, dropout and a linear classifier.

    `width` are the channels of a 1x1 convolution with norm and activation before the pool, `hidden` those of a linear
    layer with activation behind it.
    """

    type: str
    dropout: float
    width: int | None
    hidden: int | None
    act: Act


class Places:
    """Where each value of a spec was written; a value nobody wrote is a default."""

    def __init__(self, spans: Mapping[Path, Span], top: Span) -> None:
        self._spans = spans
        self._top = top

    def written(self, path: Path) -> Span | None:
        """Return the value's place, or None for a default."""
        return self._spans.get(path)

    def nearest(self, path: Path) -> Span:
        """Return the place of the value at `path`, or of the closest enclosing value that was written."""
        while path:
            if span := self._spans.get(path):
                return span
            path = path[:-1]
        return self._top


class Spec(NamedTuple):
    """A whole network; `places` tells where each value was written.

    `checkpoint` is what training computes again in the backward pass instead of keeping it: `block` or nothing.
    """

    name: str
    class_name: str
    description: str
    input: Input
    num_classes: int
    norm: Norm
    act: Act
    stem: Stem
    stages: tuple[Stage, ...]
    head: Head
    checkpoint: str | None
    places: Places
