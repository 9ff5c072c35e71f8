"""graph as a picture: forms, levels, one stage, what another spec changes, and wrong usage."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.running import SMALL, program, tool
from tresnet_gen.explore.pictures import LEVELS, dot_text, draw, mermaid_text, picture_of
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)


def graph(*overrides: str) -> Graph:
    return build_graph(load_spec("small.yaml", overrides))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("small.svg", lambda: draw(graph())),
        ("small.mmd", lambda: mermaid_text(picture_of(graph()))),
        ("deep/er/small.svg", lambda: draw(graph())),
    ],
)
def test_the_ending_says_the_form(name, text):
    assert tool("graph", "small.yaml", "-o", name) == (0, "", f"wrote {name}\n")
    assert Path(name).read_text("utf-8") == text()


@pytest.mark.parametrize("level", LEVELS)
def test_standard_output_takes_every_form_and_level(level):
    picture = picture_of(graph(), level)
    assert tool("graph", "small.yaml", "--level", level) == (0, dot_text(picture), "")
    assert tool("graph", "small.yaml", "--level", level, "--format", "mermaid").out == mermaid_text(picture)
    assert tool("graph", "small.yaml", "--level", level, "--format", "svg", "-o", "-").out == draw(graph(), level)


def test_a_named_form_contradicts_no_ending():
    result = tool("graph", "small.yaml", "-o", "small.mmd", "--format", "svg")
    assert (result.code, Path("small.mmd").exists()) == (2, False)
    assert "the file's ending says mermaid, --format says svg" in result.err
    assert tool("graph", "small.yaml", "-o", "small.mmd", "--format", "mermaid").code == 0


def test_a_form_is_named_for_an_ending_that_says_none():
    assert tool("graph", "small.yaml", "-o", "small.txt", "--format", "svg").code == 0
    assert ElementTree.parse("small.txt").getroot().tag.endswith("svg")


def test_graphml_goes_to_standard_output_too():
    assert tool("graph", "small.yaml", "--format", "graphml").out.startswith("<graphml")


def test_one_stage():
    result = tool("graph", "small.yaml", "--stage", "layer2", "--level", "op", "--format", "svg")
    assert result == (0, draw(graph(), "op", stage="layer2"), "")


def test_set_changes_b_when_two_are_compared():
    words = ("graph", "small.yaml", "--diff", "small.yaml", "--set", "stages.1.depth=5", "--format", "svg")
    assert tool(*words) == (0, draw(graph("stages.1.depth=5"), against=graph()), "")
    assert "bottleneck ×2→×5" in tool(*words).out


def test_one_of_two_compared_comes_from_standard_input():
    result = tool("graph", "small.yaml", "--diff", "-", stdin=SMALL.replace("width: 64}\n", "width: 32}\n"))
    assert result.code == 0
    assert "64→32" in result.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-o small.png", "the file's ending says the form: .svg, .mmd, .dot or .graphml; or name it with --format"),
        ("-o small", "the file's ending says the form"),
        ("--stage layer9", "no stage layer9: stem, layer1, layer2, head"),
        (
            "--level op -o small.graphml",
            "--level, --stage and --diff are for .svg, .mmd and .dot",
        ),
        ("--diff tresnet_m --format graphml", "GraphML has every op"),
        ("--level layer", "'layer' is not one of 'stage', 'block', 'op'"),
        ("--set stages.9.depth=1", "--set"),
        ("--diff missing", "missing"),
    ],
)
def test_wrong_usage_is_said(words, message):
    result = tool("graph", "small.yaml", *words.split())
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert sorted(path.name for path in Path().iterdir()) == ["small.yaml"]


def test_standard_input_is_read_once():
    result = tool("graph", "-", "--diff", "-", stdin=SMALL)
    assert (result.code, result.out) == (2, "")
    assert "standard input can be read only once" in result.err


def test_a_mistake_in_b_is_a_finding():
    Path("bad.yaml").write_text(SMALL.replace("depth: 2", "depth: 0", 1))
    result = tool("graph", "small.yaml", "--diff", "bad.yaml")
    assert (result.code, result.out) == (1, "")
    assert "bad.yaml:4" in result.err


def test_the_locale_changes_no_byte():
    run = program("graph", "small.yaml", "--level", "stage", env={"LC_ALL": "C", "PYTHONUTF8": "0"}, encoding="utf-8")
    assert run.stdout == dot_text(picture_of(graph(), "stage"))
