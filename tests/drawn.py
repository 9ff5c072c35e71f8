"""Hypothesis strategies for specs of the language, as YAML text.

The networks are legal by construction: groups divide widths, squeeze-and-excitation has hidden channels, the input is
at least as large as the blurs need, and in-place batch norm has activations that it can undo.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

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
HEADS = st.fixed_dictionaries(
    {"type": st.just("avg_pool_linear")}, optional={"dropout": st.sampled_from([0.0, 0.2]) | st.floats(0.0, 0.99)}
)
CLASS_NAMES = st.sampled_from(["Drawn", "D", "Drawn" + "N" * 58])


def optional(draw: DrawFn, values: Values, key: str, strategy: SearchStrategy[Any]) -> None:
    """Set a key in half of the draws."""
    if draw(st.booleans()):
        values[key] = draw(strategy)


@st.composite
def squeeze_excites(draw: DrawFn, out_channels: int, bounds: Bounds) -> Values:
    """Draw an SE rule that leaves hidden channels."""
    if draw(st.booleans()):
        return {"ratio": draw(st.integers(1, min(2 * out_channels, 65_536))), "min_channels": draw(bounds.widths)}
    return {"ratio": draw(st.integers(1, min(out_channels, 65_536)))}


@st.composite
def stages(draw: DrawFn, widths: SearchStrategy[int], acts: SearchStrategy[Values], bounds: Bounds) -> Values:
    """Draw a stage; `widths` and `acts` are small palettes, so that stages often agree."""
    width = draw(widths)
    stage: Values = {"block": draw(st.sampled_from(["basic", "bottleneck"])), "depth": draw(bounds.depth)}
    stage["width"] = out_channels = width
    if stage["block"] == "bottleneck":
        optional(draw, stage, "expansion", st.integers(1, bounds.expansion))
        optional(draw, stage, "groups", st.sampled_from([n for n in range(1, min(width, 64) + 1) if width % n == 0]))
        out_channels *= stage.get("expansion", 4)
    optional(draw, stage, "stride", st.sampled_from([1, 2, 2]))
    optional(draw, stage, "aa", st.booleans())
    optional(draw, stage, "shortcut", st.sampled_from(["avg_pool", "conv"]))
    optional(draw, stage, "se", st.none() | squeeze_excites(out_channels, bounds))
    optional(draw, stage, "act", acts)
    return stage


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
def networks(draw: DrawFn, bounds: Bounds = SMALL) -> Values:
    """Draw a whole spec as plain values."""
    widths = st.sampled_from(draw(st.lists(bounds.widths, min_size=1, max_size=3)))
    norm = draw(st.none() | NORMS)
    in_place = norm is not None and norm["type"] == "inplace_abn"
    acts = st.sampled_from(draw(st.lists(STEEP_ACTS if in_place else ACTS, min_size=1, max_size=3)))
    body = draw(st.lists(stages(widths, acts, bounds), min_size=1, max_size=bounds.stages))
    stem = draw(stems(widths, acts))
    height, width = (draw(sides(stem, least_extent(body), bounds)) for _ in range(2))
    network: Values = {"name": "drawn", "stem": stem, "stages": body, "input": {"size": [height, width]}}
    network["num_classes"] = draw(st.integers(1, bounds.classes))
    optional(draw, network["input"], "channels", st.integers(1, bounds.channels))
    optional(draw, network, "class_name", CLASS_NAMES)
    if norm is not None:
        network["norm"] = norm
    if in_place or draw(st.booleans()):
        network["act"] = draw(acts)
    optional(draw, network, "head", HEADS)
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
