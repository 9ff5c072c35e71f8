"""The class SqueezeExcite, which states its activation and gate where all blocks of the network agree."""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.emission import activations
from tresnet_gen.emission.arguments import Arguments
from tresnet_gen.frontend.spec import Act, SqueezeExcite

GATES = {"sigmoid": ("scale.sigmoid()", "nn.Sigmoid"), "hard_sigmoid": ("F.hardsigmoid(scale)", "nn.Hardsigmoid")}


class SqueezeExciteView(NamedTuple):
    """Source texts of the class; `takes_act` and `takes_gate` tell what it takes as an argument."""

    takes_act: bool
    takes_gate: bool
    scale: str
    gate: str

    def call(self, arguments: Arguments, channels: str, hidden: str, rows: Sequence[SqueezeExcite | None]) -> str:
        """Return the expression that makes one in a block; `rows` are the rules of its rows of blocks."""
        used = next(se for se in rows if se)
        filled = [se or used for se in rows]
        more = []
        if self.takes_act:
            acts = [se.act for se in filled]
            made = [activations.factory(act) for act in acts]
            more.append(_module(arguments, "se_act", made, activations.module(acts[0])))
        if self.takes_gate:
            gates = [GATES[se.gate][1] for se in filled]
            more.append(_module(arguments, "se_gate", gates, f"{gates[0]}()"))
        return f"SqueezeExcite({', '.join([channels, hidden, *more])})"


def squeeze_excite_view(rules: Sequence[SqueezeExcite]) -> SqueezeExciteView | None:
    """Return the view for all rules of a network, None without any."""
    if not rules:
        return None
    acts: set[Act] = {se.act for se in rules}
    gates = {se.gate for se in rules}
    takes_act, takes_gate = len(acts) > 1, len(gates) > 1
    hidden = "self.fc1(mean)"
    return SqueezeExciteView(
        takes_act,
        takes_gate,
        f"self.fc2({f'self.act({hidden})' if takes_act else activations.applied(acts.pop(), hidden)})",
        "gate" if takes_gate else GATES[gates.pop()][0],
    )


def _module(arguments: Arguments, name: str, factories: Sequence[str], first: str) -> str:
    """Return the expression that makes a module: `first` where all rows make the same, else by an option."""
    if len(set(factories)) == 1:
        return first
    return f"{arguments.take(name, 'Callable[[], nn.Module]', factories)}()"
