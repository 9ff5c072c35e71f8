"""The functions that make the shortcuts of residual blocks."""

from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.emission.arguments import ALWAYS
from tresnet_gen.emission.layout import fit
from tresnet_gen.emission.stages import BlockRow, StageUse, residual_stage


class ShortcutView(NamedTuple):
    """One shortcut function; `cases` are those of its blocks: reduce (stride 2), project (stride 1), identity.

    `parameters` are the names of its own, the same for all of a network.
    """

    function: str
    kind: str
    cases: frozenset[str]
    parameters: tuple[str, ...]

    @property
    def signature(self) -> str:
        """The function's first line."""
        return fit(0, f"def {self.function}(", [f"{name}: int" for name in self.parameters], ") -> nn.Module:")

    @property
    def type(self) -> str:
        """The function's type."""
        return f"Callable[[{', '.join('int' for _ in self.parameters)}], nn.Module]"

    @property
    def call_arguments(self) -> str:
        """What a block calls it with."""
        return ", ".join(self.parameters)

    @property
    def pool_when(self) -> str:
        """When to average before projecting: a condition, ALWAYS, or empty."""
        if self.kind != "avg_pool" or "reduce" not in self.cases:
            return ""
        return ALWAYS if self.cases == {"reduce"} else "stride == 2"

    @property
    def project_when(self) -> str:
        """When to project without averaging."""
        projecting = self.cases - {"identity"} - ({"reduce"} if self.pool_when else set())
        if not projecting:
            return ""
        if "identity" not in self.cases:
            return ALWAYS
        conditions = {"reduce": "stride == 2", "project": "in_channels != out_channels"}
        return " or ".join(condition for case, condition in conditions.items() if case in projecting)

    @property
    def strides(self) -> bool:
        """Whether the projection without averaging has a stride."""
        return self.kind == "conv" and "reduce" in self.cases

    @property
    def projection(self) -> str:
        """The projection without averaging."""
        stride = ", stride=stride" if self.strides else ""
        return f"nn.Sequential(ConvBN(in_channels, out_channels, 1{stride}))"


def case_of(row: BlockRow) -> str:
    """Return which shortcut blocks have: reduce (stride 2), project, identity."""
    if row.stride == 2:
        return "reduce"
    return "identity" if row.in_channels == row.out_channels else "project"


def shortcut_kinds(uses: Sequence[StageUse], class_of: dict[int, str]) -> dict[int, str]:
    """Return by stage number the kind of shortcut function its blocks call; a class of identities alone calls none.

    Without a stride of 2 the kinds are the same, so such a stage takes one that the network has anyway. `class_of`
    names the class of each stage.
    """
    residual = {use.number: stage for use in uses if (stage := residual_stage(use.stage))}
    striding = [stage.shortcut for stage in residual.values() if stage.stride == 2] or ["avg_pool"]
    changing = [use for use in uses if use.number in residual and _cases(use) != {"identity"}]
    own = {use.number: residual[use.number].shortcut for use in changing}
    kinds = {number: kind if kind in striding else striding[0] for number, kind in own.items()}
    by_class = {class_of[use.number]: kinds[use.number] for use in reversed(changing)}
    identities = (number for number in residual if number not in kinds and class_of[number] in by_class)
    return kinds | {number: by_class[class_of[number]] for number in identities}


def shortcut_views(uses: Sequence[StageUse], kinds: dict[int, str]) -> tuple[ShortcutView, ...]:
    """Return the shortcut functions the network needs, none when every shortcut is the identity."""
    by_kind: dict[str, set[str]] = {}
    for use in uses:
        if use.number in kinds:
            by_kind.setdefault(kinds[use.number], set()).update(_cases(use))
    names = {"avg_pool": "pool_shortcut", "conv": "conv_shortcut"} if len(by_kind) > 1 else {}
    strided = any("reduce" in cases for cases in by_kind.values())
    parameters = ("in_channels", "out_channels", *(["stride"] if strided else []))
    return tuple(
        ShortcutView(names.get(kind, "shortcut"), kind, frozenset(cases), parameters) for kind, cases in by_kind.items()
    )


def _cases(use: StageUse) -> set[str]:
    return {case_of(row) for row in use.rows}
