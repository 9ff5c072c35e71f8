"""YAML text to trees: places, limits, shared nodes."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.frontend.trees import SPECS, as_yaml, plain
from tresnet_gen.frontend.diagnostics import SpecError, Text
from tresnet_gen.frontend.source import MAX_BYTES, MAX_DEPTH, MAX_EVENTS, Mapping, Node, Scalar, compose, decode


def scalars(node: Node | None):
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Mapping):
        for entry in node.entries.values():
            yield from scalars(entry.value)
    elif node is not None:
        for item in node.items:
            yield from scalars(item)


def codes(text: str) -> list[str]:
    with pytest.raises(SpecError) as raised:
        compose(Text("t", text))
    return [finding.code for finding in raised.value.diagnostics]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("path", sorted(SPECS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_value_knows_its_place(path, end):
    lines = path.read_text(encoding="utf-8").split("\n")
    text = Text("t", end.join(lines))
    found = list(scalars(compose(text)))
    assert len(found) > 4
    for scalar in found:
        start = scalar.span.column - 1
        assert lines[scalar.span.line - 1][start:].startswith(scalar.raw)
        assert text.content[scalar.span.start : scalar.span.end] == scalar.raw


@given(st.text(st.sampled_from("ab \n\r\t\u2028"), max_size=30))
def test_lines_tile_the_text(content):
    text = Text("t", content)
    starts = [*text.line_starts, len(content) + 1]
    assert starts[0] == 0
    assert all(one < other for one, other in pairwise(starts))
    for line, (start, end) in enumerate(pairwise(starts), 1):
        assert text.line_text(line) == content[start:end].rstrip("\r\n")
        assert {text.line_of(offset) for offset in range(start, min(end, len(content) + 1))} == {line}
    assert "".join(content.splitlines(keepends=True)) == content


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffe\uffff")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefgh", min_size=1), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(JSON)
def test_json_reads_as_json(data):
    """JSON is YAML; what PyYAML folds or a JSON writer escapes must come back as it was."""
    printable = json.loads(json.dumps(data).replace("\\u2028", " ").replace("\\u2029", " ").replace("\\u0085", " "))
    assert plain(compose(Text("t", as_yaml(printable)))) == printable


def test_aliases_share_a_value_and_its_place():
    tree = compose(Text("t", "a: &x {b: 1}\nc: *x\n"))
    assert plain(tree) == {"a": {"b": 1}, "c": {"b": 1}}
    assert isinstance(tree, Mapping)
    assert tree.entries["c"].value is tree.entries["a"].value


def test_an_anchor_may_be_used_again():
    assert plain(compose(Text("t", "[&x 1, *x, &x 2, *x]"))) == [1, 1, 2, 2]


def test_limits_are_exact():
    assert plain(compose(Text("t", "[" * MAX_DEPTH + "]" * MAX_DEPTH))) is not None
    assert codes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == ["E003"]
    assert compose(Text("t", "[" + "1," * (MAX_EVENTS - 1) + "]")) is not None
    assert codes("[" + "1," * MAX_EVENTS + "]") == ["E003"]
    assert len(decode(b"#" * MAX_BYTES, "t").content) == MAX_BYTES
    with pytest.raises(SpecError, match="E003"):
        decode(b"#" * (MAX_BYTES + 1), "t")


def test_aliases_count_with_all_they_stand_for():
    one = "&a [" + "1," * 999 + "]"
    assert compose(Text("t", f"[{one}{', *a' * 18}]")) is not None
    assert codes(f"[{one}{', *a' * 20}]") == ["E003"]


@pytest.mark.parametrize("text", ["[*a, &a 1]", "&a [*a]", "{k: &a {k: *a}}"])
def test_aliases_need_a_finished_anchor_before_them(text):
    assert codes(text) == ["E006"]


def test_all_findings_of_the_layer_at_once():
    text = "a: 010\na: !!int 3\n<<: {}\n? [1]\n: 2\n3: x\nb: *none\n"
    assert codes(text) == ["E007", "E004", "E005", "E005", "E103", "E103", "E006"]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\xff", (1, 1)),
        (b"name: x\nd: \xc3\xa9\xc3(", (2, 5)),
        (b"\xef\xbb\xbfa: \xe9", (1, 4)),
        (b"a\r\nb\xc3", (2, 2)),
    ],
)
def test_bytes_that_are_no_text(data, place):
    with pytest.raises(SpecError) as raised:
        decode(data, "t")
    [finding] = raised.value.diagnostics
    assert (finding.code, finding.place[1:]) == ("E001", place)


@pytest.mark.parametrize(
    "text", ['"\\UFFFFFFFF"', '"\\U00110000"', f"%YAML 1.{'1' * 5000}\n---\n", f"%YAML {'1' * 5000}.1\n---\n"]
)
def test_what_python_cannot_hold_is_a_finding(text):
    assert codes(text) == ["E002"]
