"""Everything the templates read, decided and broken into lines here: they only lay it out."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from tresnet_gen.analysis.counts import CONVENTION, count
from tresnet_gen.emission.blocks import BlockView
from tresnet_gen.emission.body import body_lines, head_lines
from tresnet_gen.emission.classes import Classes, classes
from tresnet_gen.emission.convolutions import ConvKinds, ConvView, conv_view
from tresnet_gen.emission.header import references, stage_table
from tresnet_gen.emission.layout import fit
from tresnet_gen.emission.shortcuts import ShortcutView
from tresnet_gen.emission.squeeze_excite import SqueezeExciteView
from tresnet_gen.emission.stages import blurs, residual_stage
from tresnet_gen.emission.stamp import spec_sha256
from tresnet_gen.frontend.diagnostics import visible
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
    se: SqueezeExciteView | None
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
    spec, counts, parts = graph.spec, count(graph), classes(graph.spec)
    blocks = tuple(parts.views.values())
    staged = _staged(parts)
    options = _option_type(staged)
    strided = any(use.stage.stride == 2 for use in parts.uses)
    blur, abn, checkpoint = any(blurs(use.stage) for use in parts.uses), spec.norm.in_place, bool(spec.checkpoint)
    features = spec.head.width or parts.uses[-1].out_channels
    return ModuleView(
        name=spec.name,
        class_name=spec.class_name,
        version=__version__,
        spec_sha256=spec_sha256(spec),
        description=_docstring_text(spec.description),
        table=textwrap.indent("\n".join(stage_table(spec, counts, parts.uses)), "    "),
        convention="\n".join(textwrap.wrap(f"Conventions: {CONVENTION}.", 116)),
        references=textwrap.indent("\n".join(references(spec, parts)), "    "),
        timm_names=_has_timm_names(spec),
        imports="\n".join(_imports(options, blocks, blur=blur, abn=abn, checkpoint=checkpoint)),
        torch_imports="\n".join(_torch_imports(_calls_functions(spec, parts), abn, checkpoint)),
        block_size=spec.stem.block_size if isinstance(spec.stem, SpaceToDepthStem) else None,
        blur=blur,
        se=parts.se,
        abn=abn,
        checkpoint=checkpoint,
        conv=_conv_view(spec, parts, strided),
        strided=strided,
        shortcuts=parts.shortcuts,
        blocks=blocks,
        stage_signature=_stage_signature(staged, strided, options),
        stage_options=bool(options),
        size_condition=_size_condition(spec),
        model_signature=_model_signature(spec),
        body=body_lines(graph, counts, parts),
        head=head_lines(spec, features),
        features=features,
        image_shape=(1, spec.input.channels, *spec.input.size),
    )


def _staged(parts: Classes) -> list[BlockView]:
    """Return the classes that the function `stage` makes blocks of."""
    names = {parts.of_stage[use.number] for use in parts.uses if not parts.by_block(use)}
    return [view for name, view in parts.views.items() if name in names]


def _conv_view(spec: Spec, parts: Classes, strided: bool) -> ConvView:
    views = parts.views.values()
    keywords = {name for view in views for name in view.keywords}
    act_keywords = {name for view in views for name in view.act_keywords}
    if any(view.strides for view in parts.shortcuts):
        keywords.add("stride")
    if _has_strided_stem(spec):
        act_keywords.add("stride")
    return conv_view(spec.norm, keywords, act_keywords, ConvKinds(parts.linear, parts.mixed, strided))


def _option_type(blocks: Sequence[BlockView]) -> str:
    """Return the annotation of the stage function's **options, empty when no block takes any."""
    types = {option.type for block in blocks for option in block.arguments.options}
    if not types:
        return ""
    return types.pop() if len(types) == 1 else "Any"


def _docstring_text(text: str) -> str:
    r"""Wrap text for a docstring; a backslash or quote cannot end or change it, and what does not print shows."""
    wrapped = textwrap.wrap(text, 116, break_long_words=False, break_on_hyphens=False)
    return "\n".join(visible(line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')) for line in wrapped)


def _has_timm_names(spec: Spec) -> bool:
    residual = [residual_stage(stage) for stage in spec.stages]
    if spec.head.width or spec.head.hidden or not isinstance(spec.stem, SpaceToDepthStem):
        return False
    return all(stage and stage.shortcut == "avg_pool" for stage in residual)


def _has_strided_stem(spec: Spec) -> bool:
    return isinstance(spec.stem, DeepStem) or (isinstance(spec.stem, ConvStem) and spec.stem.stride == 2)


def _imports(options: str, blocks: Sequence[BlockView], blur: bool, abn: bool, checkpoint: bool) -> list[str]:
    """Return the import lines from the standard library, sorted."""
    every_option = [option for block in blocks for option in block.arguments.options]
    callables = blur or abn or any("Callable" in option.type for option in every_option)
    partials = any(value.startswith("partial(") for option in every_option for value in option.values)
    return [
        "from collections import OrderedDict",
        *(["from collections.abc import Callable"] if callables else []),
        *(["from contextlib import nullcontext"] if checkpoint else []),
        *(["from functools import partial"] if partials else []),
        *(["from typing import Any"] if blur or abn or options == "Any" else []),
    ]


def _calls_functions(spec: Spec, parts: Classes) -> bool:
    """Return whether the file calls torch.nn.functional: in residual sums, blurs, SE and in-place batch norm."""
    by_se = parts.se is not None and "F." in parts.se.scale + parts.se.gate
    return by_se or spec.norm.in_place or any(residual_stage(stage) for stage in spec.stages)


def _torch_imports(functions: bool, abn: bool, checkpoint: bool) -> list[str]:
    """Return the import lines from torch, sorted."""
    return [
        "import torch",
        "from torch import Tensor, nn",
        *(["from torch.autograd.function import once_differentiable"] if abn else []),
        *(["from torch.nn import functional as F"] if functions else []),
        *(["from torch.utils.checkpoint import checkpoint"] if checkpoint else []),
    ]


def _stage_signature(blocks: Sequence[BlockView], strided: bool, options: str) -> str:
    """Return the first line of the function `stage`, empty when no stage is made by it."""
    if not blocks:
        return ""
    types = " | ".join(f"type[{block.name}]" for block in blocks)
    parameters = [f"block: {types}", "in_channels: int", "out_channels: int", "depth: int"]
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
