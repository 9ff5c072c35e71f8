"""What an emitted class states and what it takes as an argument.

A block class serves many blocks. Where all of them agree, the class states the value; where they differ, it takes an
argument. A condition is emitted only when both of its arms are taken.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.emission import activations
from tresnet_gen.emission.convolutions import act_argument
from tresnet_gen.emission.layout import chosen, fit, number
from tresnet_gen.frontend.spec import Act, Norm

ALWAYS = "always"


class Option(NamedTuple):
    """An argument that a class takes because its blocks differ; `values` has one literal for each row of blocks.

    `default` is the value that calls leave out, if there is one.
    """

    name: str
    type: str
    values: tuple[str, ...]
    default: str = ""

    def given(self, row: int) -> str:
        """Return the keyword argument of a row of blocks, empty where it has the default."""
        return "" if self.values[row] == self.default else f"{self.name}={self.values[row]}"

    @property
    def parameter(self) -> str:
        """The parameter of the constructor."""
        return f"{self.name}: {self.type}" + (f" = {self.default}" if self.default else "")


class Arguments:
    """Collects the options of a class while its source text is decided; values are given for each row of blocks."""

    def __init__(self) -> None:
        self.options: list[Option] = []

    def take(self, name: str, type: str, values: Sequence[str], default: str = "") -> str:
        """Add an option and return its name; some but not all rows leave a `default` out."""
        some = default in values and set(values) != {default}
        self.options.append(Option(name, type, tuple(values), default if some else ""))
        return name

    def value(self, name: str, type: str, values: Sequence[str], default: str = "") -> str:
        """Return the one value of all rows, or the name of an option for them."""
        return values[0] if len(set(values)) == 1 else self.take(name, type, values, default)

    def act(self, norm: Norm, default: Act, acts: Sequence[Act]) -> str:
        """Return the argument by which convolutions take their activation; `default` is that of the network."""
        if len(set(acts)) == 1:
            return act_argument(norm, acts[0])
        slopes = [act.slope for act in acts if act.type == "leaky_relu" and act.slope is not None]
        if len(slopes) == len(acts):
            usual = number(default.slope) if default.slope is not None else ""
            return act_argument(norm, acts[0], slope=self.take("slope", "float", list(map(number, slopes)), usual))
        factories = list(map(activations.factory, acts))
        usual = activations.factory(default)
        usual = "" if "(" in usual else usual  # a default that is called would be made once for all
        return f"act={self.take('act', 'Callable[[], nn.Module]', factories, usual)}()"

    @property
    def ordered(self) -> list[Option]:
        """The options as the constructor takes them: those with a default come last."""
        return sorted(self.options, key=lambda option: bool(option.default))

    def signature(self, *fixed: str) -> str:
        """Return the line of the constructor, options behind the `fixed` parameters."""
        options = (option.parameter for option in self.ordered)
        return fit(4, "def __init__(", ["self", *fixed, *options], ") -> None:")


def when(values: Sequence[object], condition: str) -> str:
    """Return `condition` where it is true for some rows, ALWAYS for all of them, empty for none."""
    if all(values):
        return ALWAYS
    return condition if any(values) else ""


def where(name: str, condition: str, module: str) -> str:
    """Return the line of a constructor that makes a module where a condition holds, else the identity."""
    if condition == ALWAYS:
        return f"        self.{name} = {module}"
    return chosen(8, f"self.{name}", module, condition, "nn.Identity()")
