"""What an emitted class states and what it takes as an argument.

A block class serves many blocks. Where all of them agree, the class states the value; where they differ, it takes an
argument. A condition is emitted only when both of its arms are taken.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.emission import activations
from tresnet_gen.emission.convolutions import act_argument
from tresnet_gen.emission.layout import fit, number
from tresnet_gen.frontend.spec import Act, Norm

ALWAYS = "always"


class Option(NamedTuple):
    """An argument that a class takes because its blocks differ; `values` has one literal for each row of blocks."""

    name: str
    type: str
    values: tuple[str, ...]


class Arguments:
    """Collects the options of a class while its source text is decided; values are given for each row of blocks."""

    def __init__(self) -> None:
        self.options: list[Option] = []

    def take(self, name: str, type: str, values: Sequence[str]) -> str:
        """Add an option and return its name."""
        self.options.append(Option(name, type, tuple(values)))
        return name

    def value(self, name: str, type: str, values: Sequence[str]) -> str:
        """Return the one value of all rows, or the name of an option for them."""
        return values[0] if len(set(values)) == 1 else self.take(name, type, values)

    def act(self, norm: Norm, acts: Sequence[Act]) -> str:
        """Return the argument by which convolutions take their activation."""
        if len(set(acts)) == 1:
            return act_argument(norm, acts[0])
        slopes = [act.slope for act in acts if act.type == "leaky_relu" and act.slope is not None]
        if len(slopes) == len(acts):
            return act_argument(norm, acts[0], slope=self.take("slope", "float", [number(s) for s in slopes]))
        return f"act={self.take('act', 'Callable[[], nn.Module]', list(map(activations.factory, acts)))}()"

    def signature(self, *fixed: str) -> str:
        """Return the line of the constructor, options behind the `fixed` parameters."""
        options = (f"{option.name}: {option.type}" for option in self.options)
        return fit(4, "def __init__(", ["self", *fixed, *options], ") -> None:")


def when(values: Sequence[object], condition: str) -> str:
    """Return `condition` where it is true for some rows, ALWAYS for all of them, empty for none."""
    if all(values):
        return ALWAYS
    return condition if any(values) else ""


def where(condition: str, module: str) -> str:
    """Return the expression that makes a module where a condition holds, else the identity."""
    return module if condition == ALWAYS else f"{module} if {condition} else nn.Identity()"
