"""Everything the templates read, decided and broken into lines here: they only lay it out."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.analysis.counts import CONVENTION, count
from tresnet_gen.emission.body import body_lines, head_lines
from tresnet_gen.emission.convolutions import ConvView, conv_view
from tresnet_gen.emission.header import references, stage_table
from tresnet_gen.emission.layout import fit
from tresnet_gen.emission.residual import BlockView, ShortcutView, StageUse, block_view, option_type, shortcut_views
from tresnet_gen.emission.stamp import spec_sha256
from tresnet_gen.frontend.spec import ConvStem, DeepStem, SpaceToDepthStem, Spec
from tresnet_gen.graph.graph import Graph
from tresnet_gen.version import __version__


class ModuleView(NamedTuple):
    """The emitted file: texts of one or more source lines, and what the templates choose by."""

    name: str
    class_name: str
    version: str
    spec_sha256: str
    description: str
    table: str
    convention: str
    references: str
    timm_names: bool
    imports: str
    torch_imports: str
    block_size: int | None
    blur: bool
    se: bool
    abn: bool
    checkpoint: bool
    conv: ConvView
    strided: bool
    shortcuts: tuple[ShortcutView, ...]
    blocks: tuple[BlockView, ...]
    stage_signature: str
    stage_options: bool
    size_condition: str
    model_signature: str
    body: str
    head: str
    features: int
    image_shape: tuple[int, int, int, int]


def module_view(graph: Graph) -> ModuleView:
    """Return the view of a graph's module."""
    spec, counts = graph.spec, count(graph)
    uses = _stage_uses(spec)
    strided = any(use.stage.stride == 2 for use in uses)
    shortcuts = shortcut_views(uses)
    blocks = {use.stage.block: block_view(use.stage.block, uses, shortcuts, spec.norm) for use in uses}
    views = tuple(blocks.values())
    options = option_type(views)
    blur, abn, checkpoint = any(use.blurs for use in uses), spec.norm.in_place, bool(spec.checkpoint)
    act_strided = _has_strided_stem(spec) or any(view.conv_stride for view in views)
    return ModuleView(
        name=spec.name,
        class_name=spec.class_name,
        version=__version__,
        spec_sha256=spec_sha256(spec),
        description=_docstring_text(spec.description),
        table=textwrap.indent("\n".join(stage_table(spec, counts, uses)), "    "),
        convention="\n".join(textwrap.wrap(f"Conventions: {CONVENTION}.", 116)),
        references=textwrap.indent("\n".join(references(spec, uses)), "    "),
        timm_names=_has_timm_names(spec),
        imports="\n".join(_imports(options, views, blur=blur, abn=abn, checkpoint=checkpoint)),
        torch_imports="\n".join(_torch_imports(abn=abn, checkpoint=checkpoint)),
        block_size=spec.stem.block_size if isinstance(spec.stem, SpaceToDepthStem) else None,
        blur=blur,
        se=any(use.stage.se for use in uses),
        abn=abn,
        checkpoint=checkpoint,
        conv=conv_view(
            spec.norm,
            strided=act_strided or any(view.strides for view in shortcuts),
            act_strided=act_strided,
            grouped=any(view.groups for view in views),
        ),
        strided=strided,
        shortcuts=shortcuts,
        blocks=views,
        stage_signature=_stage_signature(views, strided, options),
        stage_options=bool(options),
        size_condition=_size_condition(spec),
        model_signature=_model_signature(spec),
        body=body_lines(graph, counts, uses, blocks),
        head=head_lines(spec, uses[-1].out_channels),
        features=uses[-1].out_channels,
        image_shape=(1, spec.input.channels, *spec.input.size),
    )


def _stage_uses(spec: Spec) -> list[StageUse]:
    channels = spec.stem.widths[-1] if isinstance(spec.stem, DeepStem) else spec.stem.width
    uses = []
    for index, stage in enumerate(spec.stages):
        uses.append(StageUse(index, stage, channels))
        channels = uses[-1].out_channels
    return uses


def _docstring_text(text: str) -> str:
    r"""Wrap text for a docstring; a backslash or quote in it cannot end or change it, a zero-width space shows."""
    wrapped = textwrap.wrap(text, 116, break_long_words=False, break_on_hyphens=False)
    escaped = "\n".join(wrapped).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return escaped.replace("\u200b", "\\u200b")


def _has_timm_names(spec: Spec) -> bool:
    return isinstance(spec.stem, SpaceToDepthStem) and all(stage.shortcut == "avg_pool" for stage in spec.stages)


def _has_strided_stem(spec: Spec) -> bool:
    return isinstance(spec.stem, DeepStem) or (isinstance(spec.stem, ConvStem) and spec.stem.stride == 2)


def _imports(options: str, blocks: Sequence[BlockView], blur: bool, abn: bool, checkpoint: bool) -> list[str]:
    """Return the import lines from the standard library, sorted."""
    every_option = [option for block in blocks for option in block.options]
    callables = blur or abn or any("Callable" in option.type for option in every_option)
    partials = any(value.startswith("partial(") for option in every_option for value in option.values)
    return [
        "from collections import OrderedDict",
        *(["from collections.abc import Callable"] if callables else []),
        *(["from contextlib import nullcontext"] if checkpoint else []),
        *(["from functools import partial"] if partials else []),
        *(["from typing import Any"] if blur or abn or options == "Any" else []),
    ]


def _torch_imports(abn: bool, checkpoint: bool) -> list[str]:
    """Return the import lines from torch, sorted."""
    return [
        "import torch",
        "from torch import Tensor, nn",
        *(["from torch.autograd.function import once_differentiable"] if abn else []),
        "from torch.nn import functional as F",
        *(["from torch.utils.checkpoint import checkpoint"] if checkpoint else []),
    ]


def _stage_signature(blocks: Sequence[BlockView], strided: bool, options: str) -> str:
    classes = " | ".join(f"type[{block.class_name}]" for block in blocks)
    parameters = [f"block: {classes}", "in_channels: int", "out_channels: int", "depth: int"]
    more = ["stride: int" if strided else "", f"**options: {options}" if options else ""]
    return fit(0, "def stage(", [*parameters, *more], ") -> nn.Sequential:")


def _model_signature(spec: Spec) -> str:
    parameters = ["self", f"num_classes: int = {spec.num_classes}", f"in_channels: int = {spec.input.channels}"]
    return fit(4, "def __init__(", parameters, ") -> None:")


def _size_condition(spec: Spec) -> str:
    """Return the condition on H and W for the class docstring."""
    if isinstance(spec.stem, SpaceToDepthStem):
        return f", H and W multiples of {spec.stem.block_size},"
    return ""
