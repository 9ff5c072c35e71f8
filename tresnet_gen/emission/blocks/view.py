"""What every class of blocks tells, and what it is told about the network."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from tresnet_gen.emission.arguments import ALWAYS, Arguments
from tresnet_gen.emission.convolutions import act_class
from tresnet_gen.emission.layout import fit
from tresnet_gen.emission.shortcuts import ShortcutView
from tresnet_gen.emission.squeeze_excite import SqueezeExciteView
from tresnet_gen.emission.stages import BlockRow
from tresnet_gen.frontend.spec import Act, Norm


class Network(NamedTuple):
    """What the classes of a network share.

    `act` is the activation of stages that name no other. `strided` tells whether any stage strides; `shortcuts` are the
    shortcut functions by kind, `shortcut_kinds` the kind that each stage calls.
    """

    norm: Norm
    act: Act
    strided: bool
    se: SqueezeExciteView | None
    shortcuts: dict[str, ShortcutView]
    shortcut_kinds: dict[int, str]


class BlockView(ABC):
    """One class of the emitted module, made for the rows of blocks that are of it.

    Attributes:
        part: The template that lays the class out.
        class_name: The class's name.
        by_block: Whether the model lists the blocks one by one, because numbers change within a stage.
        keywords: Which of stride, groups and kernels the class passes to convolutions without an activation.
        act_keywords: The same for those with one.
        papers: Keys of the references.
        linear: Whether some of its convolutions have no activation.
    """

    part: ClassVar[str]
    class_name: ClassVar[str]
    by_block: ClassVar[bool] = False
    linear: bool = True
    papers: ClassVar[tuple[str, ...]]

    def __init__(self, rows: list[BlockRow], network: Network, class_name: str = "") -> None:
        self.rows = rows
        self.network = network
        self.name = class_name or self.class_name
        self.arguments = Arguments()
        self.keywords: set[str] = set()
        self.act_keywords: set[str] = set()
        self.decide()

    @abstractmethod
    def decide(self) -> None:
        """Work out the texts that the template reads."""

    def column(self, key: str) -> list[Any]:
        """Return one key of the rows' stages."""
        return [getattr(row.stage, key) for row in self.rows]

    def conv(self, name: str, *arguments: str) -> str:
        """Return the line that makes a convolution without an activation; empty arguments are left out."""
        return fit(8, f"self.{name} = ConvBN(", arguments)

    def conv_act(self, name: str, *arguments: str) -> str:
        """Return the line that makes a convolution with the block's activation."""
        return fit(8, f"self.{name} = {act_class(self.network.norm)}(", [*arguments, self.act])

    @staticmethod
    def details(stage: Any) -> list[str]:
        """Return what the stage table says of a stage's blocks, beside number, SE and stride."""
        return []

    @property
    def kernels(self) -> list[int | tuple[int, ...]]:
        """The kernels of the rows' large convolutions, where the spec names them."""
        return []

    @property
    def act(self) -> str:
        """The argument of a convolution that has an activation."""
        raise NotImplementedError


def residual_when(rows: list[BlockRow]) -> str:
    """Return when a block adds its input to its output: where it keeps the shape."""
    same = [row.stride == 1 and row.in_channels == row.out_channels for row in rows]
    if all(same) or not any(same):
        return ALWAYS if all(same) else ""
    if same == [row.stride == 1 for row in rows]:
        return "stride == 1"
    if same == [row.in_channels == row.out_channels for row in rows]:
        return "in_channels == out_channels"
    return "stride == 1 and in_channels == out_channels"
