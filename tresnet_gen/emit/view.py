"""Everything the templates read, decided here: they only lay it out."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.analysis.counts import CONVENTION, Counts, count
from tresnet_gen.emit import activations
from tresnet_gen.emit.header import references, stage_table
from tresnet_gen.emit.layout import Call, number
from tresnet_gen.emit.residual import (
    BlockView,
    ShortcutView,
    StageUse,
    block_view,
    option_arguments,
    option_type,
    shortcut_views,
)
from tresnet_gen.emit.stamp import spec_sha256
from tresnet_gen.frontend.spec import ConvStem, DeepStem, SpaceToDepthStem, Spec
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops import Shape
from tresnet_gen.version import __version__


class Entry(NamedTuple):
    """One named module of the body or head: `name=<call>,  # <comment>`."""

    call: Call
    comment: str = ""


class ModuleView(NamedTuple):
    """The emitted file."""

    name: str
    class_name: str
    version: str
    spec_sha256: str
    description: list[str]
    table: list[str]
    convention: list[str]
    references: list[str]
    timm_names: bool
    imports: list[str]
    block_size: int | None
    blur: bool
    se: bool
    conv_parameters: list[str]
    conv_arguments: list[str]
    norm_arguments: list[str]
    strided: bool
    shortcuts: tuple[ShortcutView, ...]
    blocks: tuple[BlockView, ...]
    stage_parameters: list[str]
    stage_options: str
    in_channels: int
    num_classes: int
    size: tuple[int, int]
    size_text: str
    body: list[Entry]
    head: list[Entry]
    features: int


def module_view(graph: Graph) -> ModuleView:
    """Return the view of a graph's module."""
    spec, counts = graph.spec, count(graph)
    uses = _stage_uses(spec)
    strided = any(use.stage.stride == 2 for use in uses)
    shortcuts = shortcut_views(uses)
    used_by = {name: [use for use in uses if use.stage.block == name] for name in dict.fromkeys(_block_names(uses))}
    blocks = {name: block_view(same, uses, shortcuts, strided) for name, same in used_by.items()}
    options = option_type(list(blocks.values()))
    conv = _conv_features(spec, blocks, shortcuts)
    return ModuleView(
        name=spec.name,
        class_name=spec.class_name,
        version=__version__,
        spec_sha256=spec_sha256(spec),
        description=_docstring_lines(spec.description),
        table=stage_table(spec, counts, uses),
        convention=textwrap.wrap(f"Conventions: {CONVENTION}.", 116),
        references=references(spec, uses),
        timm_names=_has_timm_names(spec),
        imports=_imports(options, list(blocks.values())),
        block_size=spec.stem.block_size if isinstance(spec.stem, SpaceToDepthStem) else None,
        blur=any(use.blurs for use in uses),
        se=any(use.stage.se for use in uses),
        conv_parameters=[f"{name}: int = 1" for name in conv],
        conv_arguments=[f"{name}={name}" for name in conv],
        norm_arguments=_norm_arguments(spec),
        strided=strided,
        shortcuts=shortcuts,
        blocks=tuple(blocks.values()),
        stage_parameters=_stage_parameters(list(blocks.values()), strided, options),
        stage_options=options,
        in_channels=spec.input.channels,
        num_classes=spec.num_classes,
        size=spec.input.size,
        size_text=_size_text(spec),
        body=[*_stem_entries(spec, graph), *_stage_entries(used_by, blocks, strided, counts)],
        head=_head_entries(spec, uses[-1].out_channels),
        features=uses[-1].out_channels,
    )


def _stage_uses(spec: Spec) -> list[StageUse]:
    channels = spec.stem.widths[-1] if isinstance(spec.stem, DeepStem) else spec.stem.width
    uses = []
    for index, stage in enumerate(spec.stages):
        uses.append(StageUse(index, stage, channels))
        channels = uses[-1].out_channels
    return uses


def _block_names(uses: Sequence[StageUse]) -> list[str]:
    return [use.stage.block for use in uses]


def _docstring_lines(text: str) -> list[str]:
    r"""Wrap text for a docstring; a backslash or quote in it cannot end or change the docstring."""
    wrapped = textwrap.wrap(text, 116, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in wrapped]


def _has_timm_names(spec: Spec) -> bool:
    return isinstance(spec.stem, SpaceToDepthStem) and all(stage.shortcut == "avg_pool" for stage in spec.stages)


def _imports(options: str, blocks: Sequence[BlockView]) -> list[str]:
    """Return the import lines, sorted."""
    wanted = ["from collections import OrderedDict"]
    types = {option.type for block in blocks for option in block.options}
    values = [value for block in blocks for option in block.options for value in option.values]
    if any("Callable" in type_ for type_ in types):
        wanted.append("from collections.abc import Callable")
    if any(value.startswith("partial(") for value in values):
        wanted.append("from functools import partial")
    if options == "Any":
        wanted.append("from typing import Any")
    return wanted


def _conv_features(spec: Spec, blocks: dict[str, BlockView], shortcuts: Sequence[ShortcutView]) -> list[str]:
    """Return which of stride and groups the convolutions of this network vary."""
    strided_stem = isinstance(spec.stem, DeepStem) or (isinstance(spec.stem, ConvStem) and spec.stem.stride == 2)
    strided_shortcut = any(view.stride_argument for view in shortcuts)
    features = []
    if strided_stem or strided_shortcut or any(block.conv_stride for block in blocks.values()):
        features.append("stride")
    if any(block.groups for block in blocks.values()):
        features.append("groups")
    return features


def _norm_arguments(spec: Spec) -> list[str]:
    eps = f"eps={number(spec.norm.eps)}" if spec.norm.eps != 1e-5 else ""
    momentum = f"momentum={number(spec.norm.momentum)}" if spec.norm.momentum != 0.1 else ""
    return ["out_channels", eps, momentum]


def _stage_parameters(blocks: Sequence[BlockView], strided: bool, options: str) -> list[str]:
    return [
        "block: " + " | ".join(f"type[{block.class_name}]" for block in blocks),
        "in_channels: int",
        "out_channels: int",
        "depth: int",
        "stride: int" if strided else "",
        f"**options: {options}" if options else "",
    ]


def _size_text(spec: Spec) -> str:
    """Return the condition on H and W for the class docstring."""
    if isinstance(spec.stem, SpaceToDepthStem):
        return f", H and W multiples of {spec.stem.block_size},"
    return ""


def _stem_entries(spec: Spec, graph: Graph) -> list[Entry]:
    shapes = {node.name: _shape(node.shape) for node in graph.nodes if node.stage == "stem"}
    act = f"act={activations.module(spec.stem.act)}"
    entries = []
    match spec.stem:
        case SpaceToDepthStem() as stem:
            entries.append(Entry(Call("s2d=SpaceToDepth(", ()), shapes["body.s2d"]))
            inputs = f"{stem.block_size**2} * in_channels"
            convs = [(inputs, stem.width, stem.kernel, 1)]
            pool = None
        case ConvStem() as stem:
            convs, pool = [("in_channels", stem.width, stem.kernel, stem.stride)], stem.pool
        case DeepStem() as stem:
            inputs_of = ["in_channels", *map(str, stem.widths[:-1])]
            strides = [2] + [1] * (len(stem.widths) - 1)
            convs = [(i, width, 3, s) for i, width, s in zip(inputs_of, stem.widths, strides, strict=True)]
            pool = stem.pool
    for index, (inputs, width, kernel, stride) in enumerate(convs, 1):
        items = [inputs, str(width), str(kernel), *([f"stride={stride}"] if stride > 1 else []), act]
        last = "act" if f"body.conv{index}.act" in shapes else "bn"
        entries.append(Entry(Call(f"conv{index}=ConvBN(", tuple(items)), shapes[f"body.conv{index}.{last}"]))
    if pool:
        entries.append(Entry(Call("pool=nn.MaxPool2d(", ("3", "stride=2", "padding=1")), shapes["body.pool"]))
    return entries


def _stage_entries(
    used_by: dict[str, list[StageUse]], blocks: dict[str, BlockView], strided: bool, counts: Counts
) -> list[Entry]:
    entries = {}
    for name, uses in used_by.items():
        for position, use in enumerate(uses):
            stage = use.stage
            items = [blocks[name].class_name, str(use.in_channels), str(use.out_channels), f"depth={stage.depth}"]
            items += [f"stride={stage.stride}"] if strided else []
            items += option_arguments(blocks[name], position)
            call = Call(f"layer{use.number + 1}=stage(", tuple(items))
            entries[use.number] = Entry(call, _shape(counts.stages[use.number + 1].output))
    return [entries[number] for number in sorted(entries)]


def _head_entries(spec: Spec, features: int) -> list[Entry]:
    linear = Entry(Call("fc=nn.Linear(", (str(features), "num_classes")))
    if not spec.head.dropout:
        return [linear]
    return [Entry(Call("dropout=nn.Dropout(", (number(spec.head.dropout),))), linear]


def _shape(shape: Shape) -> str:
    return " x ".join(map(str, shape))
