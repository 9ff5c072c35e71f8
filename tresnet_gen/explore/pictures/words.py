"""Ops in words: what a box is called, and what stands below."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tresnet_gen.frontend.spec import Spec
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Node

ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "relu6": "ReLU6",
    "silu": "SiLU",
    "hard_swish": "hard swish",
}
Details = tuple[str, ...]


class Words(NamedTuple):
    """Family, title and details of a box."""

    kind: str
    title: str
    details: Details = ()


def words_of(nodes: Sequence[Node]) -> Words:
    """Return the words for ops drawn as one box: a layer with what follows it, an SE, convolutions side by side."""
    first = nodes[0].op
    if isinstance(first, ops.GlobalMean) and len(nodes) > 1:
        return _squeeze_excite(nodes)
    if isinstance(first, ops.Part) and len(nodes) > 1:
        rest = [node for node in nodes if not isinstance(node.op, ops.Part)]
        return _mixed(rest) if rest else Words("move", f"split {' + '.join(map(str, first.widths))}")
    words, follow = _words(first), ", ".join(_following(nodes[1:]))
    return words._replace(details=(*words.details, follow)) if follow else words


def _words(op: ops.Op) -> Words:
    match op:
        case ops.Conv2d():
            return _convolution(op)
        case ops.Linear():
            return Words("linear", f"linear, {op.out_features}")
        case ops.BatchNorm() | ops.InPlaceABN() | ops.Activation():
            return Words("norm", _pointwise(op))
        case ops.Sigmoid():
            return Words("scale", "sigmoid")
        case ops.HardSigmoid():
            return Words("scale", "hard sigmoid")
        case ops.Part():
            return Words("move", f"channels {_range(op)}")
        case ops.Dropout():
            return Words("norm", f"dropout {op.p:g}")
        case _:
            return _PLAIN[type(op)]


_PLAIN: dict[type[ops.Op], Words] = {
    ops.Input: Words("terminal", "image"),
    ops.SpaceToDepth: Words("move", "space to depth"),
    ops.Concat: Words("join", "concat"),
    ops.ChannelShuffle: Words("move", "channel shuffle"),
    ops.Add: Words("join", "add"),
    ops.Scale: Words("join", "scale"),
    ops.BlurPool: Words("pool", "blur 3×3", ("stride 2",)),
    ops.MaxPool: Words("pool", "max pool 3×3", ("stride 2",)),
    ops.AvgPool: Words("pool", "avg pool 2×2", ("stride 2",)),
    ops.GlobalMean: Words("pool", "global mean"),
}


def _convolution(op: ops.Conv2d) -> Words:
    depthwise = op.groups == op.in_channels == op.out_channels > 1
    details = [f"stride {op.stride}"] * (op.stride > 1)
    details += [f"{op.groups} groups"] * (op.groups > 1 and not depthwise)
    title = f"{'depthwise' if depthwise else 'conv'} {op.kernel}×{op.kernel}, {op.out_channels}"
    return Words("conv", title, (", ".join(details),) if details else ())


def _mixed(nodes: Sequence[Node]) -> Words:
    """Return the words of depthwise convolutions of several kernels, which share the channels out."""
    convolutions = [node.op for node in nodes if isinstance(node.op, ops.Conv2d)]
    kernels = ", ".join(str(op.kernel) for op in convolutions)
    stride = [f"stride {convolutions[0].stride}"] * (convolutions[0].stride > 1)
    joined = next(index for index, node in enumerate(nodes) if isinstance(node.op, ops.Concat))
    follow = ", ".join(_following(nodes[joined + 1 :]))
    channels = sum(op.out_channels for op in convolutions)
    details = (f"kernels {kernels}", *stride, *([follow] * bool(follow)))
    return Words("conv", f"depthwise, {channels}", details)


def _squeeze_excite(nodes: Sequence[Node]) -> Words:
    hidden = next(node.op.out_channels for node in nodes if isinstance(node.op, ops.Conv2d))
    act, gate = (_words(nodes[index].op).title for index in (-3, -1))
    return Words("scale", f"SE, {hidden} hidden", (f"{act}, {gate}",))


def _following(nodes: Sequence[Node]) -> Iterator[str]:
    return (_pointwise(node.op) for node in nodes)


def _pointwise(op: ops.Op) -> str:
    match op:
        case ops.InPlaceABN():
            return f"in-place ABN {op.slope:g}"
        case ops.Activation():
            return ACTIVATIONS[op.type] if op.slope is None else f"{ACTIVATIONS[op.type]} {op.slope:g}"
        case _:
            return "BN"


def _range(part: ops.Part) -> str:
    start = sum(part.widths[: part.index])
    return f"{start}–{start + part.widths[part.index] - 1}"


def hint(nodes: Sequence[Node]) -> str:
    """Return what a box says when it is pointed at: the ops in it, with their names in the emitted module."""
    return "\n".join(
        f"{node.name}: {node.op.kind}"
        + f", {node.op.params:,} parameters" * bool(node.op.params)
        + f", {node.macs:,} MACs" * bool(node.macs)
        for node in nodes
    )


def features(spec: Spec, nodes: Sequence[Node]) -> Details:
    """Return what kind of blocks the nodes of a stage make, how many, and what sets them apart; none for stem and head.

    A second line tells of checkpoints.
    """
    match nodes[0].origin:
        case ("stages", int(number)):
            stage = spec.stages[number]
        case _:
            return ()
    found = {type(node.op) for node in nodes}
    traits = ["stride 2"] * (stage.stride == 2) + ["SE"] * (ops.Scale in found) + ["blur"] * (ops.BlurPool in found)
    kind = ", ".join((f"{stage.block.replace('_', ' ')} ×{stage.depth}", *traits))
    return (kind, "computed again in backward") if spec.checkpoint else (kind,)
