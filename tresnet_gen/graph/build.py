"""A spec to its graph: stem, stages, head."""

from collections.abc import Iterator

from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
from tresnet_gen.frontend.fields import MAX_SIZE
from tresnet_gen.frontend.spec import ConvStem, DeepStem, SpaceToDepthStem, Spec, Stage
from tresnet_gen.graph import ops
from tresnet_gen.graph.blocks import BLOCKS
from tresnet_gen.graph.builder import Builder, CollapseError
from tresnet_gen.graph.graph import Graph

DEEP = 256  # blocks from which on a mistake is looked for before all of them are built


def build_graph(spec: Spec) -> Graph:
    """Return the graph of a spec.

    Raises:
        SpecError: E105 where keys contradict each other, E301 where the input does not divide into the stem's
            patches, E302 where a feature map becomes too small.
    """
    if sum(stage.depth for stage in spec.stages) >= DEEP:
        check_graph(spec)
    return _checked(spec, spec)


def check_graph(spec: Spec) -> None:
    """Raise what `build_graph` would, in the time that two blocks a stage take: those behind repeat the second."""
    _checked(spec, _cut(spec, 2))


def _checked(spec: Spec, built: Spec) -> Graph:
    """Return the graph of `built`, which is `spec` or has fewer blocks; findings are about `spec`."""
    faults = [*_stage_faults(spec), *_patch_faults(spec)]
    if faults:
        raise SpecError(faults)
    try:
        return _build(built)
    except CollapseError as error:
        help_text = _size_help(spec)
        raise SpecError(d._replace(help=help_text) for d in error.diagnostics) from error


def _cut(spec: Spec, depth: int) -> Spec:
    """Return a spec with at most `depth` blocks a stage."""
    return spec._replace(stages=tuple(stage._replace(depth=min(stage.depth, depth)) for stage in spec.stages))


def _build(spec: Spec) -> Graph:
    builder = Builder(spec)
    x = builder.add("input", ops.Input((spec.input.channels, *spec.input.size)))
    with builder.call("body", x):
        x = _append_stem(builder, x)
        for index, stage in enumerate(spec.stages):
            builder.stage, builder.origin = f"layer{index + 1}", ("stages", index)
            x = _append_stage(builder, x, stage)
        builder.stage, builder.origin = "head", ("head",)
        if spec.head.width:
            x = builder.conv_bn("body.final", x, spec.head.width, 1, spec.head.act)
    _append_head(builder, x)
    return builder.graph()


def _append_stage(builder: Builder, x: int, stage: Stage) -> int:
    with builder.call(f"body.{builder.stage}", x):
        for number in range(stage.depth):
            name = f"body.{builder.stage}.{number}"
            with builder.block(name, x):
                x = BLOCKS[stage.block].append(builder, name, x, stage, stage.stride if number == 0 else 1)
    return x


def _append_stem(builder: Builder, x: int) -> int:
    match builder.spec.stem:
        case SpaceToDepthStem() as stem:
            x = builder.add("body.s2d", ops.SpaceToDepth(stem.block_size), x)
            return builder.conv_bn("body.conv1", x, stem.width, stem.kernel, stem.act)
        case ConvStem() as stem:
            x = builder.conv_bn("body.conv1", x, stem.width, stem.kernel, stem.act, stem.stride)
        case DeepStem() as stem:
            for number, width in enumerate(stem.widths, 1):
                x = builder.conv_bn(f"body.conv{number}", x, width, 3, stem.act, stride=2 if number == 1 else 1)
    return builder.add("body.pool", ops.MaxPool(), x) if stem.pool else x


def _append_head(builder: Builder, x: int) -> None:
    head = builder.spec.head
    features = builder.channels(x)
    x = builder.add("head.mean", ops.GlobalMean(keepdim=False), x)
    with builder.call("head", x):
        if head.hidden:
            x = builder.add("head.hidden", ops.Linear(features, head.hidden), x)
            x = builder.add("head.act", ops.Activation(head.act.type, head.act.slope), x)
            features = head.hidden
        if head.dropout:
            x = builder.add("head.dropout", ops.Dropout(head.dropout), x)
        builder.add("head.fc", ops.Linear(features, builder.spec.num_classes), x)


def _stage_faults(spec: Spec) -> Iterator[Diagnostic]:
    channels = spec.stem.widths[-1] if isinstance(spec.stem, DeepStem) else spec.stem.width
    for index, stage in enumerate(spec.stages):
        block = BLOCKS[stage.block]
        for fault in block.faults(stage, channels):
            span = spec.places.nearest(("stages", index, *fault.key.split(".")))
            yield Diagnostic("E105", fault.message, span, fault.help)
        channels = block.out_channels(stage)


def _patch_faults(spec: Spec) -> Iterator[Diagnostic]:
    """Report a height or width that the stem cannot fold into patches."""
    if not isinstance(spec.stem, SpaceToDepthStem):
        return
    block = spec.stem.block_size
    for side in dict.fromkeys(s for s in spec.input.size if s % block):
        below, above = side - side % block, side - side % block + block
        near = f"{below}, {above}" if below else str(above)
        message = f"{side} is not a multiple of {block} (stem.block_size); nearest {near}"
        where = ("input", "size", spec.input.size.index(side))
        yield Diagnostic("E301", message, spec.places.nearest(where), f"use {near.replace(', ', ' or ')}")


def _size_help(spec: Spec) -> str:
    """Return the smallest square input the network takes; larger ones never collapse, so bisection finds it."""
    step = spec.stem.block_size if isinstance(spec.stem, SpaceToDepthStem) else 1
    low, high = 0, MAX_SIZE // step
    if not _fits(spec, high * step):
        return f"even {MAX_SIZE:,} x {MAX_SIZE:,} is too small: use fewer stages of stride 2, or `aa: false`"
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _fits(spec, middle * step) else (middle, high)
    return f"the smallest input side is {high * step}; or use fewer stages of stride 2, or `aa: false`"


def _fits(spec: Spec, side: int) -> bool:
    # Blocks behind a stage's first keep its shape, so one block a stage tells.
    try:
        _build(_cut(spec, 1)._replace(input=spec.input._replace(size=(side, side))))
    except CollapseError:
        return False
    return True
