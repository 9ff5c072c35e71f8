"""Activations as PyTorch modules."""

from tresnet_gen.emission.layout import number
from tresnet_gen.frontend.spec import Act

# ReLU6, SiLU and Hardswish need their input in backward: in place they would copy it first.
MODULES = {
    "relu": ("nn.ReLU", "inplace=True"),
    "leaky_relu": ("nn.LeakyReLU", "inplace=True"),
    "relu6": ("nn.ReLU6", ""),
    "silu": ("nn.SiLU", ""),
    "hard_swish": ("nn.Hardswish", ""),
}
FUNCTIONS = {
    "relu": "relu",
    "leaky_relu": "leaky_relu",
    "relu6": "relu6",
    "silu": "silu",
    "hard_swish": "hardswish",
}


def module(act: Act, slope: str = "") -> str:
    """Return the expression that makes the activation; `slope` is source text that stands in for its slope."""
    name, arguments = _parts(act, slope)
    return f"{name}({arguments})"


def applied(act: Act, x: str) -> str:
    """Return the expression that applies the activation to the expression `x`."""
    function, inplace = FUNCTIONS[act.type], MODULES[act.type][1]
    slope = number(act.slope) if act.slope is not None else ""
    arguments = ", ".join(part for part in (x, slope, inplace) if part)
    return f"F.{function}({arguments})"


def factory(act: Act) -> str:
    """Return an expression that makes the activation when called without arguments."""
    name, arguments = _parts(act)
    return f"partial({name}, {arguments})" if arguments else name


def _parts(act: Act, slope: str = "") -> tuple[str, str]:
    name, inplace = MODULES[act.type]
    slope = slope or (number(act.slope) if act.slope is not None else "")
    return name, ", ".join(part for part in (slope, inplace) if part)
