"""`norm: inplace_abn` takes the activations that can be undone, and says of every other one where it was written."""

import pytest

from tests.frontend.trees import findings
from tresnet_gen.frontend.invertible import LEAST_SLOPE
from tresnet_gen.frontend.load import load_spec

SPEC = """\
name: small
norm: {type: NORM}
act: ACT
stem: {type: conv, width: 8STEM}
stages:
  - {block: basic, depth: 1, width: 8FIRST}
  - {block: bottleneck, depth: 1, width: 8SECOND}
head: {dropout: 0.5HEAD}
"""
FINE = "{type: leaky_relu}"


def places(norm: str = "inplace_abn", act: str = FINE, **own: str) -> list[tuple[str, int, str]]:
    """Return code, line and marked text of the findings for the spec's `act` and those of its parts."""
    text = SPEC.replace("NORM", norm).replace("act: ACT", f"act: {act}" if act else "# no act")
    for part in ("STEM", "FIRST", "SECOND", "HEAD"):
        text = text.replace(part, f", act: {own[part.lower()]}" if part.lower() in own else "")
    found = []
    for finding in findings(text):
        assert finding.span is not None
        found.append((finding.code, finding.span.line, text[finding.span.start : finding.span.end]))
    return found


@pytest.mark.parametrize("act", [FINE, "{type: leaky_relu, slope: 1}", f"{{type: leaky_relu, slope: {LEAST_SLOPE}}}"])
def test_what_can_be_undone(act: str) -> None:
    assert places(act=act) == []


@pytest.mark.parametrize("word", ["relu", "relu6", "silu", "hard_swish"])
def test_what_cannot_be_undone(word: str) -> None:
    assert places(act=f"{{type: {word}}}") == [("E105", 3, word)]
    assert places("batch_norm", act=f"{{type: {word}}}") == []


@pytest.mark.parametrize("slope", ["0", "-0.0", "9.9e-7", "1e-300"])
def test_slopes_too_small_to_undo(slope: str) -> None:
    assert places(act=f"{{type: leaky_relu, slope: {slope}}}") == [("E105", 3, slope)]
    assert places("batch_norm", act=f"{{type: leaky_relu, slope: {slope}}}") == []


def test_the_activation_of_the_spec_matters_where_a_part_takes_it() -> None:
    own = {"stem": FINE, "first": FINE}
    assert places(act="{type: silu}", **own) == [("E105", 3, "silu")]
    assert places(act="{type: silu}", second=FINE, **own) == []


def test_each_place_is_reported_once_and_all_at_once() -> None:
    assert places(act="{type: silu}", first="{type: relu6}", second="{type: leaky_relu, slope: 0}") == [
        ("E105", 3, "silu"),
        ("E105", 6, "relu6"),
        ("E105", 7, "0"),
    ]


def test_a_default_is_reported_at_the_norm() -> None:
    assert places(act="") == [("E105", 2, "inplace_abn")]
    assert places(act="null") == [("E105", 3, "null")]
    assert places(act="", stem="{}") == [("E105", 2, "inplace_abn"), ("E105", 4, "{")]


def test_another_norm_starts_from_its_own_defaults() -> None:
    """As with every mapping whose type changes; --set changes the one key."""
    assert load_spec("tresnet_m_abn", ["norm.eps=1e-3"]).norm == ("inplace_abn", 1e-3, 0.1)


def test_the_activation_of_the_head_matters_where_a_convolution_takes_it() -> None:
    assert places(head="{type: silu}") == []
    assert places(head="{type: silu}, width: 8") == [("E105", 8, "silu")]
