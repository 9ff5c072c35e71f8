"""The stage table and the references of the emitted docstring."""

from tresnet_gen.analysis.counts import Counts, StageCount
from tresnet_gen.emission.residual import StageUse
from tresnet_gen.frontend.spec import ConvStem, DeepStem, SpaceToDepthStem, Spec
from tresnet_gen.tables import aligned, rounded

REFERENCES = {
    "tresnet": ("TResNet: High Performance GPU-Dedicated Architecture", "2003.13630"),
    "resnet": ("Deep Residual Learning for Image Recognition", "1512.03385"),
    "resnet_d": ("Bag of Tricks for Image Classification with CNNs", "1812.01187"),
    "groups": ("Aggregated Residual Transformations for Deep Neural Networks", "1611.05431"),
    "blur": ("Making Convolutional Networks Shift-Invariant Again", "1904.11486"),
    "se": ("Squeeze-and-Excitation Networks", "1709.01507"),
    "abn": ("In-Place Activated BatchNorm for Memory-Optimized Training of DNNs", "1712.02616"),
    "checkpoint": ("Training Deep Nets with Sublinear Memory Cost", "1604.06174"),
}


def stage_table(spec: Spec, counts: Counts, uses: list[StageUse]) -> list[str]:
    """Return the table of parts, their output shape, blocks, parameters and MACs as aligned lines."""
    described = [_stem_text(spec), *map(_stage_text, uses), _head_text(spec)]
    height, width = spec.input.size
    rows = [("part", f"output at {height} x {width}", "blocks", "parameters", "MACs")]
    rows += [_row(stage, text) for stage, text in zip(counts.stages, described, strict=True)]
    totals = counts.totals
    rows.append(("total", "", "", f"{totals.params:,}", rounded(totals.macs)))
    return aligned(rows, right=(3, 4))


def references(spec: Spec, uses: list[StageUse]) -> list[str]:
    """Return title and address of the papers whose parts the network has."""
    wanted = ["tresnet"] if isinstance(spec.stem, SpaceToDepthStem) else []
    wanted.append("resnet")
    if isinstance(spec.stem, DeepStem) or any(u.stage.shortcut == "avg_pool" and "reduce" in u.shortcuts for u in uses):
        wanted.append("resnet_d")
    if any(getattr(use.stage, "groups", 1) > 1 for use in uses):
        wanted.append("groups")
    if any(use.blurs for use in uses):
        wanted.append("blur")
    if any(use.stage.se for use in uses):
        wanted.append("se")
    if spec.norm.in_place:
        wanted.append("abn")
    if spec.checkpoint:
        wanted.append("checkpoint")
    width = max(len(REFERENCES[key][0]) for key in wanted) + 1
    return [f"{REFERENCES[key][0] + ',':{width}} https://arxiv.org/abs/{REFERENCES[key][1]}" for key in wanted]


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
    groups = getattr(stage, "groups", 1)
    parts = [f"{stage.depth} {stage.block}"]
    if groups > 1:
        parts.append(f"{groups} groups")
    if stage.se:
        parts.append("SE")
    if stage.stride == 2:
        parts.append("blur" if use.blurs else "stride 2")
    return ", ".join(parts)


def _head_text(spec: Spec) -> str:
    return "mean, dropout, linear" if spec.head.dropout else "mean, linear"
