"""What a block must tell: what it puts out, the ops it appends, and the numbers its emitted class is called with."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from tresnet_gen.frontend.spec import SqueezeExcite
from tresnet_gen.graph import ops
from tresnet_gen.graph.builder import Builder


class Fault(NamedTuple):
    """A key of a stage that contradicts another: its path in the stage, why, and what would be right."""

    key: str
    message: str
    help: str


class Block(ABC):
    """A kind of block. `stage` is the stage that the field table makes for it."""

    class_name: str

    @abstractmethod
    def out_channels(self, stage: Any) -> int:
        """Return the channels a block puts out."""

    @abstractmethod
    def append(self, builder: Builder, name: str, x: int, stage: Any, stride: int) -> int:
        """Append one block's ops in the order of the emitted forward and of its parameters; return the last."""

    def options(self, stage: Any) -> dict[str, int]:
        """Return the numbers that the emitted class takes beside in_channels, out_channels and stride."""
        return {}

    def faults(self, stage: Any) -> list[Fault]:
        """Return the contradictions between the keys of a stage."""
        return se_faults(stage.se, self.out_channels(stage))


def se_hidden(se: SqueezeExcite | None, out_channels: int) -> int:
    """Return the hidden channels of a block's SE, 0 for a block without."""
    return se.hidden_channels(out_channels) if se else 0


def se_faults(se: SqueezeExcite | None, out_channels: int) -> list[Fault]:
    """Return the fault of an SE whose hidden channels are none."""
    if se is None or se.hidden_channels(out_channels) > 0:
        return []
    message = f"`se` leaves no hidden channels: {out_channels} output channels // ratio {se.ratio} is 0"
    return [Fault("se.ratio", message, f"set `min_channels`, or a ratio of at most {out_channels}")]


def append_shortcut(builder: Builder, name: str, x: int, out_channels: int, stride: int, kind: str) -> int:
    """Append what matches a block's input to its output; returns `x` itself where they match already."""
    if stride == 1 and builder.channels(x) == out_channels:
        return x
    with builder.call(name, x):
        if kind == "avg_pool" and stride == 2:
            x = builder.add(f"{name}.0", ops.AvgPool(), x)
            return builder.conv_bn(f"{name}.1", x, out_channels, 1)
        return builder.conv_bn(f"{name}.0", x, out_channels, 1, stride=stride)


def append_sum(builder: Builder, name: str, x: int, shortcut: int) -> int:
    """Append the residual sum and the ReLU behind it."""
    builder.hold(x, shortcut)
    x = builder.add(f"{name}.add", ops.Add(), x, shortcut)
    return builder.add(f"{name}.relu", ops.Activation("relu"), x)
