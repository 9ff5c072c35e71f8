"""The stage table and the references of the emitted docstring."""

from collections.abc import Iterator, Sequence

from tresnet_gen.analysis.counts import Counts, StageCount
from tresnet_gen.emission.blocks import VIEWS
from tresnet_gen.emission.classes import Classes, se_of
from tresnet_gen.emission.stages import StageUse, blurs
from tresnet_gen.frontend.spec import BottleneckStage, ConvStem, DeepStem, SpaceToDepthStem, Spec
from tresnet_gen.tables import aligned, rounded

REFERENCES = {
    "tresnet": ("TResNet: High Performance GPU-Dedicated Architecture", "2003.13630"),
    "resnet": ("Deep Residual Learning for Image Recognition", "1512.03385"),
    "mobilenet_v2": ("MobileNetV2: Inverted Residuals and Linear Bottlenecks", "1801.04381"),
    "mobilenet_v3": ("Searching for MobileNetV3", "1905.02244"),
    "efficientnet_v2": ("EfficientNetV2: Smaller Models and Faster Training", "2104.00298"),
    "shufflenet_v2": ("ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", "1807.11164"),
    "mixconv": ("MixConv: Mixed Depthwise Convolutional Kernels", "1907.09595"),
    "resnet_d": ("Bag of Tricks for Image Classification with CNNs", "1812.01187"),
    "groups": ("Aggregated Residual Transformations for Deep Neural Networks", "1611.05431"),
    "blur": ("Making Convolutional Networks Shift-Invariant Again", "1904.11486"),
    "se": ("Squeeze-and-Excitation Networks", "1709.01507"),
    "abn": ("In-Place Activated BatchNorm for Memory-Optimized Training of DNNs", "1712.02616"),
    "checkpoint": ("Training Deep Nets with Sublinear Memory Cost", "1604.06174"),
}


def stage_table(spec: Spec, counts: Counts, uses: Sequence[StageUse]) -> list[str]:
    """Return the table of parts, their output shape, blocks, parameters and MACs as aligned lines."""
    described = [_stem_text(spec), *map(_stage_text, uses), _head_text(spec)]
    height, width = spec.input.size
    rows = [("part", f"output at {height} x {width}", "blocks", "parameters", "MACs")]
    rows += [_row(stage, text) for stage, text in zip(counts.stages, described, strict=True)]
    totals = counts.totals
    rows.append(("total", "", "", f"{totals.params:,}", rounded(totals.macs)))
    return aligned(rows, right=(3, 4))


def references(spec: Spec, parts: Classes) -> list[str]:
    """Return title and address of the papers whose parts the network has."""
    wanted = {paper for view in parts.views.values() for paper in view.papers}
    wanted |= {paper for paper, present in _features(spec, parts) if present}
    titles = [REFERENCES[key] for key in REFERENCES if key in wanted]
    width = max(len(title) for title, _ in titles) + 1
    return [f"{title + ',':{width}} https://arxiv.org/abs/{number}" for title, number in titles]


def _features(spec: Spec, parts: Classes) -> Iterator[tuple[str, bool]]:
    """Yield what has a paper of its own, and whether the network has it."""
    stages = spec.stages
    rules = [rule for stage in stages if (rule := se_of(stage))]
    yield "tresnet", isinstance(spec.stem, SpaceToDepthStem)
    yield "resnet_d", isinstance(spec.stem, DeepStem) or any(view.pool_when for view in parts.shortcuts)
    yield "groups", any(isinstance(stage, BottleneckStage) and stage.groups > 1 for stage in stages)
    yield "mixconv", parts.mixed
    yield "mobilenet_v3", any(rule.gate == "hard_sigmoid" for rule in rules) or spec.act.type == "hard_swish"
    yield "blur", any(map(blurs, stages))
    yield "se", bool(rules)
    yield "abn", spec.norm.in_place
    yield "checkpoint", bool(spec.checkpoint)


def _row(stage: StageCount, text: str) -> tuple[str, str, str, str, str]:
    return stage.name, " x ".join(map(str, stage.output)), text, f"{stage.totals.params:,}", rounded(stage.totals.macs)


def _stem_text(spec: Spec) -> str:
    match spec.stem:
        case SpaceToDepthStem() as stem:
            return f"{stem.block_size}x{stem.block_size} space-to-depth, {stem.kernel}x{stem.kernel} conv"
        case ConvStem() as stem:
            text = f"{stem.kernel}x{stem.kernel} conv, stride {stem.stride}"
        case DeepStem() as stem:
            text = f"{len(stem.widths)} 3x3 conv{'s' * (len(stem.widths) > 1)}, stride 2"
    return f"{text}, max pool" if stem.pool else text


def _stage_text(use: StageUse) -> str:
    stage = use.stage
    parts = [f"{stage.depth} {stage.block}", *VIEWS[stage.block].details(stage)]
    if se_of(stage):
        parts.append("SE")
    if stage.stride == 2:
        parts.append("blur" if blurs(stage) else "stride 2")
    return ", ".join(parts)


def _head_text(spec: Spec) -> str:
    head = spec.head
    parts = ["1x1 conv"] * bool(head.width) + ["mean"] + ["linear"] * bool(head.hidden)
    return ", ".join([*parts, *(["dropout"] * bool(head.dropout)), "linear"])
