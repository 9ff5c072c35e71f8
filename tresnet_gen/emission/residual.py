"""What the emitted class of a residual block must be able to do in one particular network, and no more.

A block class serves several stages. Where its stages agree, the class states the value; where they differ, it takes
an argument. A condition is emitted only when both of its arms are taken.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tresnet_gen.emission import activations
from tresnet_gen.emission.convolutions import act_argument, act_class
from tresnet_gen.emission.layout import fit, number
from tresnet_gen.frontend.spec import Norm, Stage
from tresnet_gen.graph.blocks import BLOCKS, Block

ALWAYS = "always"


class StageUse(NamedTuple):
    """A stage with the channels it takes in."""

    number: int
    stage: Stage
    in_channels: int

    @property
    def block(self) -> Block:
        """The stage's kind of block."""
        return BLOCKS[self.stage.block]

    @property
    def out_channels(self) -> int:
        """Channels the stage puts out."""
        return self.block.out_channels(self.stage)

    @property
    def blurs(self) -> bool:
        """Whether the stage's first block blurs."""
        return self.stage.aa and self.stage.stride == 2

    @property
    def shortcuts(self) -> set[str]:
        """Return which shortcuts its blocks have: reduce (stride 2), project, identity."""
        if self.stage.stride == 2:
            first = "reduce"
        else:
            first = "identity" if self.in_channels == self.out_channels else "project"
        return {first, "identity"} if self.stage.depth > 1 else {first}


class Option(NamedTuple):
    """An argument that a block class takes because its stages differ; `values` has one literal a stage."""

    name: str
    type: str
    values: tuple[str, ...]


class ShortcutView(NamedTuple):
    """One shortcut function; `cases` are those of its blocks: reduce (stride 2), project (stride 1), identity."""

    function: str
    kind: str
    cases: frozenset[str]

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


class BlockView(NamedTuple):
    """One block class of the emitted module, as its template part reads it; texts are empty for what it has not."""

    part: str
    class_name: str
    options: tuple[Option, ...]
    signature: str
    downsample: str  # call that makes the shortcut; without one every shortcut is the identity
    conv_stride: str  # argument of the strided convolution
    blur_when: str  # a condition, or ALWAYS
    se_when: str
    act_class: str  # of a convolution with an activation
    act: str  # its argument
    groups: str

    @property
    def skip(self) -> str:
        """What the residual sum adds."""
        return "skip" if self.downsample else "x"

    def conv(self, name: str, *arguments: str) -> str:
        """Return the line that makes a convolution without an activation; empty arguments are left out."""
        return fit(8, f"self.{name} = ConvBN(", arguments)

    def conv_act(self, name: str, *arguments: str) -> str:
        """Return the line that makes a convolution with the block's activation."""
        return fit(8, f"self.{name} = {self.act_class}(", [*arguments, self.act])

    def blur(self, channels: str) -> str:
        """Return the expression that makes the blur."""
        return _where(self.blur_when, f"BlurPool({channels})")

    def blur_text(self, conv: str) -> str:
        """Return the end of the docstring's first line."""
        if not self.blur_when:
            return ""
        return f"; blurs after `{conv}`" if self.blur_when == ALWAYS else f"; a stride of 2 blurs after `{conv}`"

    def se(self, channels: str) -> str:
        """Return the expression that makes the SE."""
        return _where(self.se_when, f"SqueezeExcite({channels}, se_width)")


def _where(condition: str, module: str) -> str:
    return module if condition == ALWAYS else f"{module} if {condition} else nn.Identity()"


def shortcut_kinds(uses: Sequence[StageUse]) -> dict[int, str]:
    """Return by stage number the kind of shortcut function its blocks call; a class of identities alone calls none.

    Without a stride of 2 the kinds are the same, so such a stage takes one that the network has anyway.
    """
    striding = [use.stage.shortcut for use in uses if "reduce" in use.shortcuts] or ["avg_pool"]
    changing = [use for use in uses if use.shortcuts != {"identity"}]
    kinds = {u.number: u.stage.shortcut if u.stage.shortcut in striding else striding[0] for u in changing}
    by_block = {use.stage.block: kinds[use.number] for use in reversed(changing)}
    identities = (use for use in uses if use.number not in kinds and use.stage.block in by_block)
    return kinds | {use.number: by_block[use.stage.block] for use in identities}


def shortcut_views(uses: Sequence[StageUse]) -> tuple[ShortcutView, ...]:
    """Return the shortcut functions the network needs, none when every shortcut is the identity."""
    kinds = shortcut_kinds(uses)
    by_kind: dict[str, set[str]] = {}
    for use in uses:
        if use.number in kinds:
            by_kind.setdefault(kinds[use.number], set()).update(use.shortcuts)
    names = {"avg_pool": "pool_shortcut", "conv": "conv_shortcut"} if len(by_kind) > 1 else {}
    return tuple(ShortcutView(names.get(kind, "shortcut"), kind, frozenset(cases)) for kind, cases in by_kind.items())


def block_view(block: str, every_use: Sequence[StageUse], shortcuts: Sequence[ShortcutView], norm: Norm) -> BlockView:
    """Return the view of one block class, from all stages of the network."""
    uses = [use for use in every_use if use.stage.block == block]
    strided = any(use.stage.stride == 2 for use in every_use)
    columns = _columns(uses)
    options = list(_number_options(columns))
    shortcut = _shortcut(uses, every_use, shortcuts, options)
    act = _act(uses, options, norm)
    blur_when, conv_stride = _blur(uses, options, strided)
    return BlockView(
        part=f"parts/{block}.jinja",
        class_name=uses[0].block.class_name,
        options=tuple(options),
        signature=_signature(options, strided),
        downsample=f"{shortcut}(in_channels, out_channels{', stride' if strided else ''})" if shortcut else "",
        conv_stride=conv_stride,
        blur_when=blur_when,
        se_when=_se_when(columns["se_width"]),
        act_class=act_class(norm),
        act=act,
        groups=_groups(columns.get("groups", [1])),
    )


def _signature(options: Sequence[Option], strided: bool) -> str:
    fixed = ["self", "in_channels: int", "out_channels: int", "stride: int" if strided else ""]
    return fit(4, "def __init__(", [*fixed, *(f"{option.name}: {option.type}" for option in options)], ") -> None:")


def _number_options(columns: dict[str, list[int]]) -> Iterator[Option]:
    """Yield the numbers that the class takes: widths always, so that the stages show them, others where they vary."""
    for name, values in columns.items():
        wanted = any(values) if name == "se_width" else name == "width" or len(set(values)) > 1
        if wanted:
            yield Option(name, "int", tuple(map(str, values)))


def _columns(uses: Sequence[StageUse]) -> dict[str, list[int]]:
    rows = [use.block.options(use.stage) for use in uses]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _groups(values: Sequence[int]) -> str:
    if len(set(values)) > 1:
        return "groups=groups"
    return f"groups={values[0]}" if values[0] > 1 else ""


def _se_when(widths: Sequence[int]) -> str:
    if all(widths):
        return ALWAYS
    return "se_width" if any(widths) else ""


def _shortcut(
    uses: Sequence[StageUse],
    every_use: Sequence[StageUse],
    shortcuts: Sequence[ShortcutView],
    options: list[Option],
) -> str:
    """Return the function that makes a block's shortcut, empty when all of them are the identity."""
    functions = {view.kind: view.function for view in shortcuts}
    kinds = shortcut_kinds(every_use)
    called = tuple(functions[kinds[use.number]] for use in uses if use.number in kinds)
    if len(set(called)) <= 1:
        return called[0] if called else ""
    options.append(Option("shortcut", "Callable[[int, int, int], nn.Module]", called))
    return "shortcut"


def _act(uses: Sequence[StageUse], options: list[Option], norm: Norm) -> str:
    """Return the argument by which the block's convolutions take their activation."""
    acts = [use.stage.act for use in uses]
    if len(set(acts)) == 1:
        return act_argument(norm, acts[0])
    slopes = [act.slope for act in acts if act.type == "leaky_relu" and act.slope is not None]
    if len(slopes) == len(acts):
        options.append(Option("slope", "float", tuple(map(number, slopes))))
        return act_argument(norm, acts[0], slope="slope")
    options.append(Option("act", "Callable[[], nn.Module]", tuple(map(activations.factory, acts))))
    return "act=act()"


def _blur(uses: Sequence[StageUse], options: list[Option], strided: bool) -> tuple[str, str]:
    """Return when to blur and the stride argument of the convolution before it."""
    blurred = [use for use in uses if use.blurs]
    if not blurred:
        return "", "stride=stride" if strided else ""
    if all(use.blurs for use in uses if use.stage.stride == 2):
        only_strided = all(use.stage.stride == 2 and use.stage.depth == 1 for use in uses)
        return ALWAYS if only_strided else "stride == 2", ""
    options.append(Option("blur", "bool", tuple(str(use.blurs) for use in uses)))
    with_rest = any(use.stage.depth > 1 for use in blurred)
    return "blur and stride == 2" if with_rest else "blur", "stride=1 if blur else stride"


def option_type(blocks: Sequence[BlockView]) -> str:
    """Return the annotation of the stage function's **options, empty when no block takes any."""
    types = {option.type for block in blocks for option in block.options}
    if not types:
        return ""
    return types.pop() if len(types) == 1 else "Any"
