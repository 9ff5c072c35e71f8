"""Hypothesis strategies for specs of the language, as YAML text.

The networks are legal by construction: groups divide channels, squeeze-and-excitation has hidden channels, shuffle
units have halves, the input is at least as large as the blurs need, and in-place batch norm has activations that it can
undo.
"""

from collections import Counter
from dataclasses import dataclass
from math import gcd
from typing import Any

import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tresnet_gen.graph.channels import expanded

# How many specs each test drew; conftest.py prints it at the end of a run.
TALLY: Counter[str] = Counter()

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large the drawn numbers may become."""

    widths: SearchStrategy[int]
    expansion: int
    depth: SearchStrategy[int]
    stages: int
    channels: int
    classes: int
    side: int  # of the feature map the stem puts out, beyond the least that is legal


# Networks that torch builds and runs in some 30 ms.
SMALL = Bounds(
    widths=st.sampled_from([1, 3, 8, 12, 16, 24, 32]) | st.integers(1, 48),
    expansion=4,
    depth=st.sampled_from([1, 1, 1, 2, 2, 3, 4, 5, 6]),
    stages=5,
    channels=13,
    classes=20,
    side=6,
)
# Networks that are only ever emitted: numbers as long as the language allows make the longest lines.
WIDE = Bounds(
    widths=st.integers(1, 65_536),
    expansion=64,
    depth=st.sampled_from([1, 10, 100]),
    stages=6,
    channels=65_536,
    classes=1_000_000,
    side=1_000,
)

SLOPES = st.sampled_from([0.0, 1e-6, 1e-3, 1e-2, 0.2, 1.0]) | st.floats(0.0, 1.0)
ACTS: SearchStrategy[Values] = st.one_of(
    st.sampled_from(["relu", "leaky_relu", "relu6", "silu", "hard_swish"]).map(lambda name: {"type": name}),
    st.fixed_dictionaries({"type": st.just("leaky_relu"), "slope": SLOPES}),
)
# What in-place batch norm can undo in every precision.
STEEP_ACTS: SearchStrategy[Values] = st.fixed_dictionaries(
    {"type": st.just("leaky_relu"), "slope": st.sampled_from([1e-3, 1e-2, 0.2, 1.0]) | st.floats(1e-3, 1.0)}
)
NORMS = st.fixed_dictionaries(
    {"type": st.sampled_from(["batch_norm", "inplace_abn"])},
    optional={
        "eps": st.sampled_from([1e-5, 1e-3]) | st.floats(1e-8, 1.0),
        "momentum": st.sampled_from([0.1, 0.0, 1.0, 0.01]) | st.floats(0.0, 1.0),
    },
)
CLASS_NAMES = st.sampled_from(["Drawn", "D", "Drawn" + "N" * 58])
GATES = ["sigmoid", "hard_sigmoid"]
BLOCKS = ["basic", "bottleneck", "inverted_residual", "depthwise_separable", "fused_inverted_residual", "shuffle_unit"]
KERNELS = st.sampled_from([1, 3, 3, 5, 7, 11])
EXPANSIONS = st.sampled_from([1, 1.0, 2.3, 2.5, 3, 6]) | st.floats(1.0, 6.0)


@dataclass(frozen=True, slots=True)
class Palette:
    """What the stages of a network choose from: a few values each, so that stages often agree."""

    blocks: SearchStrategy[str]
    widths: SearchStrategy[int]
    acts: SearchStrategy[Values]
    se_acts: SearchStrategy[Values]
    gates: SearchStrategy[str]


def optional(draw: DrawFn, values: Values, key: str, strategy: SearchStrategy[Any]) -> None:
    """Set a key in half of the draws."""
    if draw(st.booleans()):
        values[key] = draw(strategy)


def few(draw: DrawFn, strategy: SearchStrategy[Any], most: int) -> SearchStrategy[Any]:
    """Return a choice among up to `most` draws of a strategy."""
    return st.sampled_from(draw(st.lists(strategy, min_size=1, max_size=most)))


def divisors(*numbers: int) -> SearchStrategy[int]:
    """Draw a small common divisor."""
    common = gcd(*numbers)
    return st.sampled_from([n for n in range(1, min(common, 64) + 1) if common % n == 0])


@st.composite
def squeeze_excites(draw: DrawFn, channels: dict[str, int], palette: Palette, bounds: Bounds, sited: bool) -> Values:
    """Draw an SE rule that leaves hidden channels; `channels` are the fewest that the stage's blocks take and make.

    `sited` says whether the block lets the SE sit in different places.
    """
    rule: Values = {}
    optional(draw, rule, "of", st.sampled_from(list(channels)))
    least = channels[rule.get("of", "output")]
    optional(draw, rule, "round_to", st.sampled_from([None, 1, 2, 8]))
    optional(draw, rule, "min_channels", bounds.widths)
    free = rule.get("round_to") or rule.get("min_channels")
    rule["ratio"] = draw(st.integers(1, min(2 * least if free else least, 16 if rule.get("round_to") else 65_536)))
    optional(draw, rule, "act", palette.se_acts)
    optional(draw, rule, "gate", palette.gates)
    if sited:
        optional(draw, rule, "site", st.sampled_from(["inner", "output"]))
    return rule


@st.composite
def residual_stages(draw: DrawFn, block: str, in_channels: int, palette: Palette, bounds: Bounds) -> Values:
    """Draw a stage of basic or bottleneck blocks."""
    width = draw(palette.widths)
    stage: Values = {"block": block, "depth": draw(bounds.depth), "width": width}
    if block == "bottleneck":
        optional(draw, stage, "expansion", st.integers(1, bounds.expansion))
        optional(draw, stage, "groups", divisors(width))
    out_channels = out_channels_of(stage)
    optional(draw, stage, "stride", st.sampled_from([1, 2, 2]))
    optional(draw, stage, "aa", st.booleans())
    optional(draw, stage, "shortcut", st.sampled_from(["avg_pool", "conv"]))
    channels = {"output": out_channels, "input": min(in_channels, out_channels), "hidden": min(width, out_channels)}
    optional(draw, stage, "se", st.none() | squeeze_excites(channels, palette, bounds, sited=True))
    optional(draw, stage, "act", palette.acts)
    return stage


@st.composite
def mobile_stages(draw: DrawFn, block: str, in_channels: int, palette: Palette, bounds: Bounds) -> Values:
    """Draw a stage of depthwise or fused convolutions."""
    stage: Values = {"block": block, "depth": draw(bounds.depth), "width": draw(palette.widths)}
    inputs = [in_channels, stage["width"]][: stage["depth"]]
    if block != "depthwise_separable":
        optional(draw, stage, "expansion", EXPANSIONS)
    expansion = stage.get("expansion", {"inverted_residual": 6, "fused_inverted_residual": 4}.get(block))
    hidden = [expanded(channels, expansion) if expansion else channels for channels in inputs]
    mixed = st.lists(KERNELS, min_size=2, max_size=min(5, *hidden)) if min(hidden) > 1 else KERNELS
    optional(draw, stage, "kernel", KERNELS if block == "fused_inverted_residual" else KERNELS | mixed)
    if block == "inverted_residual":
        optional(draw, stage, "expand_groups", divisors(*inputs, *hidden))
        optional(draw, stage, "project_groups", divisors(*hidden, stage["width"]))
    optional(draw, stage, "stride", st.sampled_from([1, 2]))
    if (block, expansion) != ("fused_inverted_residual", 1):
        channels = {"output": stage["width"], "input": min(inputs), "hidden": min(hidden)}
        optional(draw, stage, "se", st.none() | squeeze_excites(channels, palette, bounds, sited=False))
    optional(draw, stage, "act", palette.acts)
    return stage


@st.composite
def shuffle_stages(draw: DrawFn, in_channels: int, palette: Palette, bounds: Bounds) -> Values:
    """Draw a stage of shuffle units: even widths, and with a stride of 1 the width that comes in."""
    width = draw(palette.widths)
    stage: Values = {"block": "shuffle_unit", "depth": draw(bounds.depth), "width": width + width % 2, "stride": 2}
    if in_channels % 2 == 0 and draw(st.booleans()):
        stage |= {"width": in_channels, "stride": 1}
    optional(draw, stage, "kernel", KERNELS)
    optional(draw, stage, "act", palette.acts)
    return stage


def out_channels_of(stage: Values) -> int:
    """Return the channels that a stage puts out."""
    width: int = stage["width"]
    return width * int(stage.get("expansion", 4)) if stage["block"] == "bottleneck" else width


@st.composite
def bodies(draw: DrawFn, in_channels: int, palette: Palette, bounds: Bounds) -> list[Values]:
    """Draw the stages of a network whose stem puts out `in_channels`."""
    body: list[Values] = []
    for _ in range(draw(st.integers(1, bounds.stages))):
        block = draw(palette.blocks)
        if block in ("basic", "bottleneck"):
            stage = draw(residual_stages(block, in_channels, palette, bounds))
        elif block == "shuffle_unit":
            stage = draw(shuffle_stages(in_channels, palette, bounds))
        else:
            stage = draw(mobile_stages(block, in_channels, palette, bounds))
        body.append(stage)
        in_channels = out_channels_of(stage)
    return body


@st.composite
def heads(draw: DrawFn, palette: Palette) -> Values:
    """Draw a head, with or without the layers before its classifier."""
    head: Values = {"type": "avg_pool_linear"}
    optional(draw, head, "dropout", st.sampled_from([0.0, 0.2]) | st.floats(0.0, 0.99))
    optional(draw, head, "width", st.none() | palette.widths)
    optional(draw, head, "hidden", st.none() | palette.widths)
    optional(draw, head, "act", palette.acts)
    return head


@st.composite
def stems(draw: DrawFn, widths: SearchStrategy[int], acts: SearchStrategy[Values]) -> Values:
    """Draw a stem of any type."""
    stem: Values = {"type": draw(st.sampled_from(["space_to_depth", "space_to_depth", "conv", "deep"]))}
    match stem["type"]:
        case "space_to_depth":
            stem["width"] = draw(widths)
            optional(draw, stem, "kernel", st.sampled_from([1, 3, 5]))
            optional(draw, stem, "block_size", st.sampled_from([2, 4, 8]))
        case "conv":
            stem["width"] = draw(widths)
            optional(draw, stem, "kernel", st.sampled_from([1, 3, 5, 7]))
            optional(draw, stem, "stride", st.sampled_from([1, 2]))
            optional(draw, stem, "pool", st.sampled_from(["max", None]))
        case "deep":
            stem["widths"] = draw(st.lists(widths, min_size=1, max_size=4))
            optional(draw, stem, "pool", st.sampled_from(["max", None]))
    optional(draw, stem, "act", acts)
    return stem


def least_extent(drawn_stages: list[Values]) -> int:
    """Return the least height and width behind the stem at which every blur still sees two rows and columns."""
    extent = 1
    for stage in reversed(drawn_stages):
        if stage.get("stride", 1) == 2:
            extent = max(2 * extent - 1, 2 if stage.get("aa") else 1)
    return extent


def reduction(stem: Values) -> int:
    """Return how many pixels of a side become one behind the stem."""
    if stem["type"] == "space_to_depth":
        return int(stem.get("block_size", 4))
    return int(stem.get("stride", 2)) * (2 if stem.get("pool") else 1)


@st.composite
def sides(draw: DrawFn, stem: Values, least: int, bounds: Bounds) -> int:
    """Draw a legal height or width of the input."""
    extent, factor = draw(st.integers(least, least + bounds.side)), reduction(stem)
    missing = 0 if stem["type"] == "space_to_depth" else draw(st.integers(0, factor - 1))
    return extent * factor - missing


@st.composite
def palettes(draw: DrawFn, in_place: bool, bounds: Bounds) -> Palette:
    """Draw what the stages of a network choose from; in-place batch norm has to undo the activations behind norms."""
    return Palette(
        blocks=few(draw, st.sampled_from(BLOCKS), 3),
        widths=few(draw, bounds.widths, 3),
        acts=few(draw, STEEP_ACTS if in_place else ACTS, 3),
        se_acts=few(draw, ACTS, 2),
        gates=few(draw, st.sampled_from(GATES), 2),
    )


@st.composite
def networks(draw: DrawFn, bounds: Bounds = SMALL) -> Values:
    """Draw a whole spec as plain values."""
    norm = draw(st.none() | NORMS)
    in_place = norm is not None and norm["type"] == "inplace_abn"
    palette = draw(palettes(in_place, bounds))
    stem = draw(stems(palette.widths, palette.acts))
    body = draw(bodies(stem["widths"][-1] if stem["type"] == "deep" else stem["width"], palette, bounds))
    height, width = (draw(sides(stem, least_extent(body), bounds)) for _ in range(2))
    network: Values = {"name": "drawn", "stem": stem, "stages": body, "input": {"size": [height, width]}}
    network["num_classes"] = draw(st.integers(1, bounds.classes))
    optional(draw, network["input"], "channels", st.integers(1, bounds.channels))
    optional(draw, network, "class_name", CLASS_NAMES)
    if norm is not None:
        network["norm"] = norm
    if in_place or draw(st.booleans()):
        network["act"] = draw(palette.acts)
    optional(draw, network, "head", heads(palette))
    optional(draw, network, "checkpoint", st.sampled_from(["block", None]))
    return network


def text_of(network: Values) -> str:
    """Return plain values as the YAML text of a spec."""
    return str(yaml.safe_dump(network, sort_keys=False, allow_unicode=True))


def spec_texts(bounds: Bounds = SMALL) -> SearchStrategy[str]:
    """Draw the text of a spec."""
    return networks(bounds).map(text_of)


def sample(strategy: SearchStrategy[str], count: int) -> list[str]:
    """Return `count` draws, the same in every run."""
    found: dict[str, None] = {}

    @settings(max_examples=count, derandomize=True, database=None, phases=[Phase.generate])
    @given(strategy)
    def collect(text: str) -> None:
        found[text] = None

    collect()
    return list(found)
