"""Whatever a spec or an edit holds, the answer is a network or findings, and it comes soon.

Drawn are bytes, tokens, bundled specs with stretches changed, and legal structures with values of any kind put in.
"""

import ast
import copy
import json

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.frontend.test_schema import BASES, KEYS, WORDS, places
from tests.frontend.trees import SPECS
from tests.hostile.drawn import LOOSE, MORE, measured
from tresnet_gen.cli import findings
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
from tresnet_gen.frontend.load import parse_spec, spec_from
from tresnet_gen.frontend.resolve import Origin
from tresnet_gen.frontend.source import decode
from tresnet_gen.graph.build import build_graph

BUNDLED = [path.read_bytes() for path in sorted(SPECS.rglob("*.yaml"))]

# What YAML, the spec language and Python give a meaning to.
TOKENS = [
    *("\n", "\n  ", "\n- ", "\n  - ", " ", ": ", ":", ", ", "- ", "? ", "{", "}", "[", "]", "|", ">-", "#", " #", "'"),
    *(
        '"',
        "\\",
        "&a ",
        "*a",
        "*b",
        "!!int ",
        "!x ",
        "!<",
        "<<: ",
        "%YAML 1.2\n",
        "---\n",
        "...\n",
        "@",
        "`",
        "\t",
        "\r",
    ),
    *(
        "name: small\n",
        "stem: ",
        "stages:\n",
        "block: ",
        "basic",
        "bottleneck",
        "depth: ",
        "width: ",
        "stride: ",
        "se: ",
    ),
    *(
        "inverted_residual",
        "shuffle_unit",
        "kernel: ",
        "[3, 5]",
        "expansion: ",
        "expand_groups: ",
        "of: ",
        "hidden",
        "2.3",
    ),
    *("type: ", "conv", "deep", "widths: ", "extends: ", "tresnet_m", "set: ", "stages.0.width: ", "..", "stages.-1: "),
    *("0", "1", "2", "64", "010", "1_0", "0x1", "1:30", "1e-3", "1e999", "-0", ".nan", "9" * 50, "null", "~", "true"),
    *("\0", "\x07", "\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff", "\ud7ff", "\U0001f600", "e\u0301", "\\ud800"),
    *("{{ 7 }}", "{% raw %}", '"""', "__import__", "\\U00110000", "\\x", "[" * 30, "{a: " * 30, "\n  a:" * 30),
]


@st.composite
def edited(draw: DrawFn) -> bytes:
    """Return a bundled spec's text with a few tokens put in, and a few stretches taken out or doubled."""
    data = draw(st.sampled_from(BUNDLED))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        token = draw(st.sampled_from(TOKENS)).encode() if draw(st.booleans()) else data[start:end] * 2
        data = data[:start] + token + data[end:]
    return data


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70) | st.integers(),
    st.floats(),
    st.sampled_from(WORDS) | st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), inner, max_size=6)
    ),
    max_leaves=25,
)


@st.composite
def rebuilt(draw: DrawFn) -> bytes:
    """Return a legal spec's data with a few of its values, wherever they are, replaced, and keys added."""
    data = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 3))):
        place, key = draw(st.sampled_from(list(places(data))))
        if isinstance(place, dict) and draw(st.booleans()):
            key = draw(st.sampled_from(KEYS))
        place[key] = copy.deepcopy(draw(VALUES))
    return json.dumps(data, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


LEVELS = {
    "bytes": st.binary(max_size=200),
    "tokens": st.lists(st.sampled_from(TOKENS), max_size=40).map(lambda tokens: "".join(tokens).encode("utf-8")),
    "texts": edited(),
    "structures": rebuilt(),
}


def check(finding: Diagnostic) -> None:
    """Hold that a finding is fit for a terminal and that its place exists."""
    assert (finding.message + (finding.help or "")).isprintable()
    if finding.span is not None:
        _, line, column = finding.place
        assert 1 <= line <= len(finding.span.text.line_starts)
        assert 1 <= column <= len(finding.span.text.line_text(line)) + 2


def answered(data: bytes) -> str:
    """Hold that a text gives a network whose module is Python, or findings; return the first one's code."""
    try:
        graph = build_graph(spec_from(Origin(decode(data, "fuzzed.yaml"), None)))
    except SpecError as error:
        assert error.diagnostics
        for finding in error.diagnostics:
            check(finding)
        shown = findings.texts(error.diagnostics)
        assert all(char.isprintable() or char == "\n" for char in shown)
        return error.diagnostics[0].code
    assert len(graph.nodes) > 3
    ast.parse(emit(graph))
    return "legal"


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_but_findings_comes_back(level):
    @settings(max_examples=MORE * 4, **LOOSE)
    @given(LEVELS[level])
    def hold(data: bytes) -> None:
        with measured(level, repr(data[:60])):
            event(answered(data))

    hold()


ONCE_BROKEN = [
    b'"\\UFFFFFFFF"',
    b"%YAML 1." + b"1" * 5000 + b"\n---\n",
    b"\xef\xbb\xbfa: \xe9",
    b"a: " + b"[" * 100_000,
    b"- " * 20_000,
    b"? " * 20_000,
    b"&a " * 2_000 + b"x",
    b"a: &a {<<: *a, ? *a : *a}",
    b"\n".join(b"k%d: 1" % number for number in range(9_000)),
]


@pytest.mark.parametrize("data", ONCE_BROKEN, ids=range(len(ONCE_BROKEN)))
def test_what_is_known_does_not_break(data):
    with measured("texts", repr(data[:60])):
        answered(data)


SMALL = "name: small\nstem: {type: conv, width: 8}\nstages: [{block: basic, depth: 1, width: 8}]\n"
PARTS = [
    "name",
    "stages",
    "stem",
    "0",
    "1",
    "-1",
    "00",
    "9" * 30,
    "width",
    "se",
    "ratio",
    "act",
    "type",
    "extends",
    "",
    "x",
]
EDITS = st.builds(
    lambda path, equals, value: f"{'.'.join(path)}{equals}{''.join(value)}",
    st.lists(st.sampled_from(PARTS), max_size=4),
    st.sampled_from(["=", "=", "=", " = ", ""]),
    st.lists(st.sampled_from(TOKENS), max_size=3),
)


@settings(max_examples=MORE * 2, **LOOSE)
@given(st.lists(EDITS, min_size=1, max_size=3))
def test_no_edit_of_the_command_line_gets_through(edits):
    with measured("edits", repr(edits)[:60]):
        try:
            spec = parse_spec(SMALL, overrides=edits)
        except SpecError as error:
            event(error.diagnostics[0].code)
            for finding in error.diagnostics:
                check(finding)
        else:
            event("legal")
            assert len(spec.stages) == 1
