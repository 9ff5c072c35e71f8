"""The classes of a convolution with its norm: ConvBN and, for in-place activated batch norm, ConvABN."""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.emission import activations
from tresnet_gen.emission.layout import fit, number
from tresnet_gen.frontend.spec import Act, Norm

SIZES = ("in_channels", "out_channels", "kernel_size")


class ConvKinds(NamedTuple):
    """Which convolutions a network has: some without an activation, some of several kernels, blocks that stride."""

    linear: bool
    mixed: bool
    strided: bool


class ConvView(NamedTuple):
    """Source lines of the two classes; `abn_*` are those of ConvABN, which extends ConvBN."""

    signature: str
    conv_call: str
    norm_call: str
    abn_signature: str
    abn_call: str
    kinds: ConvKinds
    mixed_call: str


def act_class(norm: Norm) -> str:
    """Return the class of a convolution whose norm an activation follows."""
    return "ConvABN" if norm.in_place else "ConvBN"


def act_argument(norm: Norm, act: Act, slope: str = "") -> str:
    """Return the argument that gives such a convolution its activation; `slope` is source text for its slope."""
    if not norm.in_place:
        return f"act={activations.module(act, slope)}"
    assert act.slope is not None
    return f"slope={slope or number(act.slope)}"


def conv_view(norm: Norm, keywords: set[str], act_keywords: set[str], kinds: ConvKinds) -> ConvView:
    """Return the lines of both classes.

    They take a stride or groups only where this network varies them: `act_keywords` are what convolutions with an
    activation take, `keywords` the others.
    """
    varied, act_varied = (
        [name for name in ("stride", "groups") if name in names] for names in (keywords | act_keywords, act_keywords)
    )
    eps = f"eps={number(norm.eps)}" if norm.eps != 1e-5 else ""
    momentum = f"momentum={number(norm.momentum)}" if norm.momentum != 0.1 else ""
    act = "act: nn.Module | None = None" if kinds.linear and not norm.in_place else ""
    always_act = "" if kinds.linear or norm.in_place else "act: nn.Module"
    strides = ["stride", "padding"] if "stride" in varied else ["padding=padding"]
    groups = "groups=groups" if "groups" in varied else ""
    return ConvView(
        signature=_signature(kinds.mixed, always_act, varied, act),
        conv_call=fit(12 if kinds.mixed else 8, "self.conv = nn.Conv2d(", [*SIZES, *strides, groups, "bias=False"]),
        norm_call=fit(8, "self.bn = nn.BatchNorm2d(", ["out_channels", eps, momentum]),
        abn_signature=_signature(kinds.mixed, "slope: float", act_varied),
        abn_call=fit(8, "super().__init__(", [*SIZES, *_passed(act_varied)]),
        kinds=kinds,
        mixed_call=fit(
            12, "self.conv = MixedConv(", ["out_channels", "kernel_size", "stride" if kinds.strided else ""]
        ),
    )


def _signature(mixed: bool, required: str, varied: Sequence[str], act: str = "") -> str:
    kernel = "int | tuple[int, ...]" if mixed else "int"
    sizes = ["in_channels: int", "out_channels: int", f"kernel_size: {kernel}"]
    optional = (f"{name}: int = 1" for name in varied)
    return fit(4, "def __init__(", ["self", *sizes, required, *optional, act], ") -> None:")


def _passed(varied: Sequence[str]) -> list[str]:
    return [f"{name}={name}" for name in varied]
