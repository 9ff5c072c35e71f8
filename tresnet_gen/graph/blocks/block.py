"""What a block must tell: what it puts out and the ops it appends; and parts that several blocks share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tresnet_gen.frontend.spec import SqueezeExcite
from tresnet_gen.graph import ops
from tresnet_gen.graph.builder import Builder
from tresnet_gen.graph.channels import rounded


class Fault(NamedTuple):
    """A key of a stage that contradicts another: its path in the stage, why, and what would be right."""

    key: str
    message: str
    help: str


class Block(ABC):
    """A kind of block. `stage` is the stage that the field table makes for it."""

    @abstractmethod
    def out_channels(self, stage: Any) -> int:
        """Return the channels a block puts out."""

    @abstractmethod
    def append(self, builder: Builder, name: str, x: int, stage: Any, stride: int) -> int:
        """Append one block's ops in the order of the emitted forward and of its parameters; return the last."""

    @abstractmethod
    def faults(self, stage: Any, in_channels: int) -> Iterator[Fault]:
        """Yield the contradictions between the keys of a stage that takes `in_channels`."""


def se_channels(se: SqueezeExcite, in_channels: int, scaled: int, out_channels: int) -> int:
    """Return the channels that the ratio of an SE divides."""
    return {"input": in_channels, "hidden": scaled, "output": out_channels}[se.of]


def se_hidden(se: SqueezeExcite, in_channels: int, scaled: int, out_channels: int) -> int:
    """Return the hidden channels of an SE in a block of these channels; `scaled` are those it scales."""
    channels = se_channels(se, in_channels, scaled, out_channels)
    hidden = rounded(channels / se.ratio, se.round_to) if se.round_to else channels // se.ratio
    return max(hidden, se.min_channels or 0)


def se_stage_faults(stage: Any, in_channels: int, channels_of: Callable[[int], tuple[int, int]]) -> Iterator[Fault]:
    """Yield the fault of an SE without hidden channels; `channels_of` gives scaled and output channels for the input's.

    The first block of a stage takes `in_channels`, the others what the stage puts out.
    """
    se: SqueezeExcite | None = stage.se
    if not se:
        return
    inputs = (in_channels, channels_of(in_channels)[1])[: stage.depth]
    rows = [(channels, *channels_of(channels)) for channels in inputs]
    least = min(se_channels(se, *row) for row in rows)
    if not all(se_hidden(se, *row) for row in rows):
        what = "scaled" if se.of == "hidden" else se.of
        message = f"`se` leaves no hidden channels: {least} {what} channels // ratio {se.ratio} is 0"
        yield Fault("se.ratio", message, f"set `min_channels`, or a ratio of at most {least}")


def kernel_fault(kernel: int | tuple[int, ...], channels: int) -> Iterator[Fault]:
    """Yield the fault of more kernels than channels to share out among them."""
    if isinstance(kernel, tuple) and len(kernel) > channels:
        near = f"at most {channels} kernels" if channels > 1 else "one kernel"
        share = f"{channels} channel{'s' * (channels > 1)}"
        yield Fault("kernel", f"{len(kernel)} kernels have only {share} to share", f"use {near}")


def append_se(
    builder: Builder, name: str, x: int, se: SqueezeExcite | None, in_channels: int, out_channels: int
) -> int:
    """Append an SE, if the block has one."""
    if not se:
        return x
    hidden = se_hidden(se, in_channels, builder.channels(x), out_channels)
    return builder.squeeze_excite(name, x, hidden, se.act, se.gate)


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


def append_skip(builder: Builder, name: str, out: int, x: int, stride: int) -> int:
    """Append the sum with the block's input where the block keeps its shape."""
    if stride == 1 and builder.channels(x) == builder.channels(out):
        return builder.add(f"{name}.add", ops.Add(), x, out)
    return out
