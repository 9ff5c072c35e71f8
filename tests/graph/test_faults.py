"""Specs whose values are legal one by one and still make no network: what is said, where, and what to do."""

import pytest

from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.graph.build import build_graph

SPEC = """\
name: faulty
input: {size: INPUT}
stem: {type: space_to_depth, block_size: 4, width: 8}
stages:
  - {block: basic, depth: 1, width: 8}
  - STAGE
"""
FINE = "{block: basic, depth: 1, width: 8}"
BLURRED = "{block: basic, depth: 1, width: 8, stride: 2, aa: true}"


def refusal(size: str = "32", stage: str = FINE) -> list[Diagnostic]:
    spec = parse_spec(SPEC.replace("INPUT", size).replace("STAGE", stage), "faulty.yaml")
    with pytest.raises(SpecError) as caught:
        build_graph(spec)
    return list(caught.value.diagnostics)


def excerpt(diagnostic: Diagnostic) -> str:
    """Return the text a finding points at."""
    assert diagnostic.span is not None
    return diagnostic.span.text.content[diagnostic.span.start : diagnostic.span.end]


@pytest.mark.parametrize(
    ("stage", "message", "help_text", "at"),
    [
        (
            "{block: bottleneck, depth: 1, width: 78, groups: 32}",
            "`width` must be a multiple of `groups` (32); got 78",
            "use 64 or 96",
            "78",
        ),
        (
            "{block: bottleneck, depth: 1, width: 5, groups: 8}",
            "`width` must be a multiple of `groups` (8); got 5",
            "use 8",
            "5",
        ),
        (
            "{block: basic, depth: 1, width: 8, se: {ratio: 9}}",
            "`se` leaves no hidden channels: 8 output channels // ratio 9 is 0",
            "set `min_channels`, or a ratio of at most 8",
            "9",
        ),
        (
            "{block: bottleneck, depth: 1, width: 8, se: {ratio: 33}}",
            "`se` leaves no hidden channels: 32 output channels // ratio 33 is 0",
            "set `min_channels`, or a ratio of at most 32",
            "33",
        ),
        (
            "{block: bottleneck, depth: 1, width: 8, se: {ratio: 33, of: hidden, site: output}}",
            "`se` leaves no hidden channels: 32 scaled channels // ratio 33 is 0",
            "set `min_channels`, or a ratio of at most 32",
            "33",
        ),
        (
            "{block: bottleneck, depth: 1, width: 8, se: {ratio: 9, of: hidden, site: inner}}",
            "`se` leaves no hidden channels: 8 scaled channels // ratio 9 is 0",
            "set `min_channels`, or a ratio of at most 8",
            "9",
        ),
        (
            "{block: fused_inverted_residual, depth: 2, width: 16, expansion: 2.0, se: {ratio: 17, of: hidden}}",
            "`se` leaves no hidden channels: 16 scaled channels // ratio 17 is 0",
            "set `min_channels`, or a ratio of at most 16",
            "17",
        ),
        (
            "{block: inverted_residual, depth: 2, width: 4, se: {ratio: 6, of: input}}",
            "`se` leaves no hidden channels: 4 input channels // ratio 6 is 0",
            "set `min_channels`, or a ratio of at most 4",
            "6",
        ),
        (
            "{block: inverted_residual, depth: 1, width: 12, expand_groups: 5}",
            "`expand_groups` must divide the 8 input channels; got 5",
            "use 4",
            "5",
        ),
        (
            "{block: inverted_residual, depth: 2, width: 12, expand_groups: 8}",
            "`expand_groups` must divide the 12 input channels; got 8",
            "use 4",
            "8",
        ),
        (
            "{block: inverted_residual, depth: 1, width: 12, project_groups: 8}",
            "`project_groups` must divide the 12 output channels; got 8",
            "use 6",
            "8",
        ),
        (
            "{block: depthwise_separable, depth: 2, width: 2, kernel: [3, 5, 7]}",
            "3 kernels have only 2 channels to share",
            "use at most 2 kernels",
            "[",
        ),
        (
            "{block: depthwise_separable, depth: 1, width: 8, se: {ratio: 9, of: hidden}}",
            "`se` leaves no hidden channels: 8 scaled channels // ratio 9 is 0",
            "set `min_channels`, or a ratio of at most 8",
            "9",
        ),
        (
            "{block: inverted_residual, depth: 1, width: 12, expand_groups: 7}",
            "`expand_groups` must divide the 8 input channels; got 7",
            "use 4",
            "7",
        ),
        (
            "{block: inverted_residual, depth: 1, width: 10, project_groups: 5}",
            "`project_groups` must divide the 48 expanded channels; got 5",
            "use 2",
            "5",
        ),
        (
            "{block: basic, depth: 1, width: 9}\n  - {block: inverted_residual, depth: 1, width: 8, expand_groups: 9}",
            "`expand_groups` must divide the 56 expanded channels; got 9",
            "use 1",
            "9",
        ),
        (
            "{block: depthwise_separable, depth: 2, width: 1, kernel: [3, 5]}",
            "2 kernels have only 1 channel to share",
            "use one kernel",
            "[",
        ),
        (
            "{block: basic, depth: 1, width: 9}\n  - {block: shuffle_unit, depth: 1, width: 16, stride: 1}",
            "`stride` 1 keeps the channels: 9 come in, `width` is 16",
            "use `stride: 2`",
            "1",
        ),
        (
            "{block: shuffle_unit, depth: 1, width: 1, stride: 2}",
            "`width` must be even, its halves are joined; got 1",
            "use 2",
            "1",
        ),
        (
            "{block: shuffle_unit, depth: 1, width: 9, stride: 2}",
            "`width` must be even, its halves are joined; got 9",
            "use 8 or 10",
            "9",
        ),
        (
            "{block: shuffle_unit, depth: 1, width: 16, stride: 1}",
            "`stride` 1 keeps the channels: 8 come in, `width` is 16",
            "use `stride: 2`, or `width: 8`",
            "1",
        ),
        (
            "{block: fused_inverted_residual, depth: 1, width: 8, expansion: 1.0, se: {ratio: 99}}",
            "`se` needs an expansion above 1: without one nothing is squeezed",
            "use `se: null`",
            "{",
        ),
    ],
)
def test_contradicting_keys(stage: str, message: str, help_text: str, at: str) -> None:
    (found,) = refusal(stage=stage)
    assert (found.code, found.message, found.help, excerpt(found)) == ("E105", message, help_text, at)


@pytest.mark.parametrize(
    "stage",
    [
        "{block: depthwise_separable, depth: 2, width: 2, kernel: [3, 5]}",  # a channel for each kernel
        "{block: inverted_residual, depth: 1, width: 1, expansion: 1, kernel: [3, 5, 7, 9, 11, 3, 5, 7]}",
        # What one block takes and puts out is checked, not what a second one would take.
        "{block: depthwise_separable, depth: 1, width: 2, kernel: [3, 5, 7]}",
        "{block: inverted_residual, depth: 1, width: 12, expand_groups: 8}",
        "{block: inverted_residual, depth: 1, width: 4, se: {ratio: 6, of: input}}",
        "{block: fused_inverted_residual, depth: 1, width: 8, expansion: 1.0, se: null}",
        "{block: basic, depth: 1, width: 8, se: {ratio: 9, min_channels: 1}}",
        "{block: basic, depth: 1, width: 8, se: {ratio: 8}}",
    ],
)
def test_what_is_just_legal(stage: str) -> None:
    text = SPEC.replace("INPUT", "32").replace("STAGE", stage)
    assert build_graph(parse_spec(text)).nodes[-1].shape == (1000,)


def test_all_contradictions_are_reported_at_once() -> None:
    found = refusal("30", "{block: bottleneck, depth: 1, width: 5, groups: 2, se: {ratio: 99}}")
    assert sorted(d.code for d in found) == ["E105", "E105", "E301"]


@pytest.mark.parametrize(
    ("size", "at", "help_text"),
    [("30", "30", "use 28 or 32"), ("3", "3", "use 4"), ("[32, 33]", "33", "use 32 or 36")],
)
def test_sizes_that_do_not_divide_into_patches(size: str, at: str, help_text: str) -> None:
    (found,) = refusal(size)
    message = f"{at} is not a multiple of 4 (stem.block_size); nearest {help_text[4:].replace(' or ', ', ')}"
    assert (found.code, found.message, found.help, excerpt(found)) == ("E301", message, help_text, at)


def test_each_side_that_does_not_divide_is_reported_once() -> None:
    assert [excerpt(d) for d in refusal("[30, 33]")] == ["30", "33"]
    assert [excerpt(d) for d in refusal("[30, 30]")] == ["30"]


def test_a_feature_map_that_is_too_small_names_the_stage_and_the_least_size() -> None:
    (found,) = refusal("[4, 64]", BLURRED)
    assert found.code == "E302"
    assert "layer2 (`stages.1`) collapses at an input of 4 x 64: a 1 x 16 feature map" in found.message
    assert found.help is not None
    assert "the smallest input side is 8;" in found.help
    assert found.span is not None
    assert found.span.place == "faulty.yaml:6"


def test_a_network_that_no_input_is_large_enough_for() -> None:
    stages = "\n".join([f"  - {BLURRED}"] * 20)
    with pytest.raises(SpecError) as caught:
        build_graph(parse_spec(SPEC.replace("INPUT", "224").replace("  - STAGE", stages)))
    (found,) = caught.value.diagnostics
    assert found.code == "E302"
    assert found.help is not None
    assert "even 16,384 x 16,384 is too small" in found.help
