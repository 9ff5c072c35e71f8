"""The classes of a convolution with its norm: ConvBN and, for in-place activated batch norm, ConvABN."""

from typing import NamedTuple

from tresnet_gen.emission import activations
from tresnet_gen.emission.layout import fit, number
from tresnet_gen.frontend.spec import Act, Norm

SIZES = ("in_channels", "out_channels", "kernel_size")


class ConvView(NamedTuple):
    """Source lines of the two classes; `abn_*` are those of ConvABN, which extends ConvBN."""

    signature: str
    conv_call: str
    norm_call: str
    abn_signature: str
    abn_call: str


def act_class(norm: Norm) -> str:
    """Return the class of a convolution whose norm an activation follows."""
    return "ConvABN" if norm.in_place else "ConvBN"


def act_argument(norm: Norm, act: Act, slope: str = "") -> str:
    """Return the argument that gives such a convolution its activation; `slope` is source text for its slope."""
    if not norm.in_place:
        return f"act={activations.module(act, slope)}"
    assert act.slope is not None
    return f"slope={slope or number(act.slope)}"


def conv_view(norm: Norm, strided: bool, act_strided: bool, grouped: bool) -> ConvView:
    """Return the lines of both classes.

    They take a stride or groups only where this network varies them: `strided` tells it of any convolution,
    `act_strided` and `grouped` of those that an activation follows.
    """
    varied, act_varied = (["stride"] * stride + ["groups"] * grouped for stride in (strided, act_strided))
    eps = f"eps={number(norm.eps)}" if norm.eps != 1e-5 else ""
    momentum = f"momentum={number(norm.momentum)}" if norm.momentum != 0.1 else ""
    act = "" if norm.in_place else "act: nn.Module | None = None"
    return ConvView(
        signature=_signature("", varied, act),
        conv_call=fit(8, "self.conv = nn.Conv2d(", [*SIZES, *_passed(varied), "padding=padding", "bias=False"]),
        norm_call=fit(8, "self.bn = nn.BatchNorm2d(", ["out_channels", eps, momentum]),
        abn_signature=_signature("slope: float", act_varied),
        abn_call=fit(8, "super().__init__(", [*SIZES, *_passed(act_varied)]),
    )


def _signature(required: str, varied: list[str], act: str = "") -> str:
    sizes, optional = (f"{name}: int" for name in SIZES), (f"{name}: int = 1" for name in varied)
    return fit(4, "def __init__(", ["self", *sizes, required, *optional, act], ") -> None:")


def _passed(varied: list[str]) -> list[str]:
    return [f"{name}={name}" for name in varied]
