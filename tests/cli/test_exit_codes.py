"""Exit codes: 0 fine; 1 findings; 2 usage, a refused overwrite, what cannot be read or written; 130 interrupted."""

from pathlib import Path

import pytest

from tests.cli.running import BAD, SMALL, tool

COMMANDS = ("build", "validate", "estimate", "diff", "show", "search", "graph", "watch", "schema", "list", "init")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    Path("bad.yaml").write_text(BAD)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "validate small.yaml"),
        (0, "estimate small.yaml"),
        (0, "show small.yaml"),
        (0, "build small.yaml"),
        (0, "diff small.yaml small.yaml"),
        (0, "list"),
        (0, "--help"),
        (0, "build -h"),
        (0, "--version"),
        (1, "validate bad.yaml"),
        (1, "estimate bad.yaml"),
        (1, "show bad.yaml"),
        (1, "graph bad.yaml"),
        (1, "build bad.yaml"),
        (1, "build small.yaml --check"),
        (1, "build small.yaml --diff"),
        (1, "diff small.yaml tresnet_m"),
        (1, "diff bad.yaml small.yaml"),
        (1, "diff small.yaml bad.yaml"),
        (1, "validate small.yaml bad.yaml"),
        (2, ""),
        (2, "biuld small.yaml"),
        (2, "build"),
        (2, "build small.yaml --fast"),
        (2, "diff small.yaml"),
        (2, "validate small.yaml --format csv"),
        (2, "validate missing.yaml"),
        (2, "validate bad.yaml missing.yaml"),
        (2, "estimate ."),
        (2, "estimate ./"),
        (2, "estimate tresnet_n"),
        (2, "build small.yaml tresnet_m -o one.py"),
        (2, "build small.yaml tresnet_m -o -"),
        (2, "build small.yaml -o - --check"),
        (2, "build small.yaml -o - --format json"),
        (2, "build small.yaml -o small.yaml/out.py"),
        (2, "estimate small.yaml --batch 0"),
        (2, "estimate small.yaml --size big"),
        (2, "graph small.yaml -o picture.png"),
        (2, "init Not-A-Name"),
    ],
)
def test_codes(code, words):
    assert tool(*words.split()).code == code


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        (0, "stages.1.depth=24"),
        (0, "stages.1.se.ratio=8"),
        (0, "act={type: leaky_relu, slope: 1e-3}"),
        (1, "stages.1.depth=0"),
        (1, "stages.1.stride=3"),
        (1, "stages.1.block=basik"),
        (1, "input.size=225"),
        (1, "stages.1.groups=7"),
        (1, "name=Small"),
        (1, "stem=null"),
        (2, "stages.1.depht=24"),
        (2, "stages.7.depth=24"),
        (2, "stages.one.depth=24"),
        (2, "num_classes.x=24"),
        (2, "stages.1.depth=many"),
        (2, "stages.1.depth=4.0"),
        (2, "stages.1.depth=true"),
        (2, "stages.1.depth=010"),
        (2, "stages=3"),
        (2, "stem={type: conv, width: [1}"),
        (2, "name=!!str x"),
        (2, "name=\x07"),
        (2, "stages.1.depth"),
        (2, "=24"),
        (2, "extends=tresnet_m"),
    ],
)
def test_codes_of_edits(code, edit):
    """A path or a type that cannot be is usage; a legal kind of value that makes the spec illegal is a finding."""
    assert tool("validate", "small.yaml", "--set", edit).code == code


@pytest.mark.parametrize(("code", "size"), [(0, "256"), (0, "192x256"), (1, "225"), (1, "0"), (1, "20000"), (2, "-4"),
                                            (2, "224X224"), (2, "224x"), (2, "224x224x3"), (2, "1e3")])  # fmt: skip
def test_codes_of_size(code, size):
    assert tool("estimate", "small.yaml", f"--size={size}").code == code


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_is_130(command, monkeypatch):
    """Interrupted while a command works: one word, no traceback, whatever the command."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.Command.invoke", interrupt)
    result = tool(command, *{"diff": ["a", "b"], "schema": [], "list": []}.get(command, ["x"]))
    assert (result.code, result.out, result.err.strip()) == (130, "", "interrupted")


def test_a_missing_file_names_its_neighbours():
    assert tool("estimate", "smal.yaml").err == (
        "error: cannot read smal.yaml: no such file or directory; did you mean small.yaml?\n"
    )
    assert tool("estimate", "tresnet_x").err == "error: no bundled spec is named tresnet_x; did you mean tresnet_xl?\n"
    Path("notes").write_text(SMALL)
    assert tool("estimate", "notes").err == "error: no bundled spec is named notes; for the file write ./notes\n"
    assert tool("estimate", "./notes").code == 0


def test_everything_wrong_with_any_spec_comes_at_once():
    Path("worse.yaml").write_text(BAD.replace("width: 128", "widht: 128"))
    result = tool("estimate", "small.yaml", "bad.yaml", "worse.yaml", "missing.yaml", "bad.yaml")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("error[") == 4
    assert result.err.endswith("4 errors\n")


def test_one_finding_in_a_shared_base_comes_once():
    for name in ("one", "two"):
        Path(f"{name}.yaml").write_text("extends: bad.yaml\n")
    result = tool("validate", "one.yaml", "two.yaml")
    assert (result.code, result.err.count("error[E104]")) == (1, 1)


# Standard input.


@pytest.mark.parametrize("command", ["validate", "estimate", "show", "graph", "build"])
def test_a_dash_reads_standard_input(command):
    assert tool(command, "-", stdin=SMALL).code == 0
    bad = tool(command, "-", stdin=BAD)
    assert bad.code == 1
    assert " --> <stdin>:4:27\n" in bad.err


@pytest.mark.parametrize("command", ["validate", "estimate", "build", "diff"])
def test_standard_input_is_read_once(command):
    result = tool(command, "-", "-", stdin=SMALL)
    assert (result.code, result.out) == (2, "")
    assert "standard input can be read only once" in result.err


def test_diff_takes_standard_input_on_either_side():
    assert tool("diff", "-", "small.yaml", stdin=SMALL).code == 0
    assert tool("diff", "tresnet_m", "-", stdin=SMALL).code == 1


def test_empty_standard_input_is_a_finding():
    result = tool("build", "-")
    assert result.code == 1
    assert result.err.startswith("error[E008]: the spec is empty\n --> <stdin>:1:1\n")


def test_standard_input_has_no_stem_to_be_named_after():
    result = tool("validate", "-", stdin="extends: tresnet_m\n")
    assert result.code == 1
    assert "key `name` is missing" in result.err


def test_standard_input_is_read_only_for_a_dash():
    assert tool("validate", stdin=SMALL).code == 2
    Path("-").write_text(BAD)
    assert tool("validate", "-", stdin=SMALL).code == 0
    assert tool("validate", "./-").code == 1


def test_the_name_alone_prints_the_help():
    result = tool()
    assert (result.code, result.out) == (2, "")
    assert result.err == tool("--help").out
