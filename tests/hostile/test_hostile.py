"""Specs written to break the tool, its output or its reader's terminal. What is refused says where and why; what is
accepted changes nothing but text."""

import ast
import csv
import io
import json
import subprocess
import time
import tokenize
import warnings
from pathlib import Path

import pytest

from tests.cli.running import Result, program, tool
from tests.hostile.corpus import ACCEPTED, CODE, DESCRIPTIONS, MARK, REFUSED, described, spec
from tresnet_gen.emission.render import emit
from tresnet_gen.emission.stamp import Ownership, ownership
from tresnet_gen.frontend.load import spec_from
from tresnet_gen.frontend.resolve import Origin
from tresnet_gen.frontend.source import decode
from tresnet_gen.graph.build import build_graph

SLOWEST_S = 2.0  # of processor time: other work on the machine does not count


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path, monkeypatch):
    """Work in an empty folder, and hold that no payload made its mark there."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not list(tmp_path.rglob(f"*{MARK}*"))


def timed(*args: str, limit_s: float = SLOWEST_S) -> Result:
    """Run the tool; what it raised would come through to the test."""
    start = time.process_time()
    result = tool(*args)
    assert time.process_time() - start < limit_s
    for stream in (result.out, result.err):
        assert all(char.isprintable() or char == "\n" for char in stream)
    return result


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused(case):
    Path("spec.yaml").write_bytes(case.data)
    result = timed("validate", "spec.yaml", "--format", "json")
    assert result.code == 1
    assert result.document["models"] == []
    first = result.document["diagnostics"][0]
    assert (first["code"], first["path"], first["line"]) == (case.code, "spec.yaml", case.line)
    assert case.says in first["message"]
    assert len(result.document["diagnostics"]) <= 101


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refused_for_people_and_for_github(case):
    Path("spec.yaml").write_bytes(case.data)
    text = timed("build", "spec.yaml")
    assert (text.code, text.out) == (1, "")
    assert text.err.startswith(f"error[{case.code}]: ")
    assert max(map(len, text.err.splitlines())) < 300
    commands = timed("validate", "spec.yaml", "--format", "github")
    assert (commands.code, commands.err) == (1, "")
    assert all(line.startswith("::error ") for line in commands.out.splitlines())
    assert list(Path.cwd().iterdir()) == [Path("spec.yaml").resolve()]


def module(data: bytes) -> str:
    return emit(build_graph(spec_from(Origin(decode(data, "spec.yaml"), None))))


def code_alone(text: str) -> str:
    """Return the dump of a module's syntax tree without its docstring."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = ast.parse(text)
        compile(text, "module.py", "exec", dont_inherit=True)
    assert isinstance(tree.body[0], ast.Expr)
    assert isinstance(tree.body[0].value, ast.Constant)
    return ast.dump(ast.Module(tree.body[1:], []))


@pytest.fixture(scope="module")
def twin() -> str:
    """Return the code of the same spec without anything hostile."""
    return code_alone(module(spec().encode()))


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_spellings_give_the_same_bytes(name):
    assert module(ACCEPTED[name]) == module(spec().encode())


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_stays_text(name, twin):
    text = module(described(DESCRIPTIONS[name]).encode())
    assert code_alone(text) == twin
    docstring = ast.get_docstring(ast.parse(text), clean=False)
    assert docstring is not None
    assert " ".join(DESCRIPTIONS[name].split()) in " ".join(docstring.split())
    assert ownership(text) is Ownership.OURS
    assert text.count("\r") == 0
    assert tokenize.detect_encoding(io.BytesIO(text.encode()).readline)[0] == "utf-8"


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_breaks_no_form_of_output(name):
    Path("spec.yaml").write_text(described(DESCRIPTIONS[name]), encoding="utf-8")
    folded = " ".join(DESCRIPTIONS[name].split())
    shown = timed("show", "spec.yaml", "--format", "json").document
    [value] = [setting["value"] for setting in shown["models"][0]["values"] if setting["key"] == "description"]
    assert value == folded
    rows = list(csv.reader(io.StringIO(timed("show", "spec.yaml", "--format", "csv").out)))
    [cell] = [row[1] for row in rows if row[0] == "description"]
    assert cell.removeprefix("'") == folded
    assert not cell.startswith(("=", "+", "-", "@"))
    table = timed("show", "spec.yaml", "--format", "markdown").out.splitlines()
    assert {line.replace("\\|", "").count("|") for line in table} == {4}
    assert timed("build", "spec.yaml", "-o", "out").code == 0
    assert timed("build", "spec.yaml", "-o", "out", "--check").code == 0
    assert [path.name for path in Path("out").iterdir()] == ["small.py"]
    Path("harmless.yaml").write_text(spec())
    assert timed("graph", "spec.yaml").out == timed("graph", "harmless.yaml").out


@pytest.mark.parametrize(
    "value", [CODE, f"[{CODE}]", f"!!python/object/apply:os.mkdir [{MARK}]", "{{ 7 * 7 }}", "\x1b[31m"]
)
def test_an_edit_of_the_command_line_runs_nothing(value):
    Path("spec.yaml").write_text(spec())
    for path in ("stages.0.width", "name", "act.type", "norm.eps", value):
        result = timed("build", "spec.yaml", "--set", f"{path}={value}")
        assert result.code in (1, 2)
        assert result.err.startswith("error[E")


def test_file_names_reach_the_terminal_escaped():
    name = "\x1b]0;PWNED\x07\n.yaml"
    Path(name).write_text(spec())
    Path(f"bad{name}").write_text(spec(act="act: 1"))
    for args in (("validate", name), ("validate", f"bad{name}"), ("build", name, "-o", f"{name}/x.py"), ("show", name)):
        result = timed(*args)
        assert "\\x1b]0;PWNED\\x07\\n.yaml" in result.out + result.err
    assert timed("validate", f"bad{name}", f"missing{name}", "--format", "github").code == 2
    assert json.loads(timed("validate", f"bad{name}", "--format", "json").out)["diagnostics"][0]["path"] == f"bad{name}"


def test_endless_standard_input_stops_at_the_limit():
    """`yes | tresnet-gen build -` must not wait for an end that never comes."""
    with subprocess.Popen(["yes", "a: 1"], stdout=subprocess.PIPE) as endless:
        result = program("build", "-", stdin=endless.stdout)
        endless.kill()
    assert result.returncode == 1
    assert "larger than 1 MiB" in result.stderr


def test_the_largest_legal_network_is_answered():
    """64 stages of 512 blocks: nothing about the limits of the language is out of reach."""
    stages = "stages:\n" + "  - {block: bottleneck, depth: 512, width: 64, se: {ratio: 4}}\n" * 64
    Path("spec.yaml").write_text(spec(stages=stages))
    assert timed("validate", "spec.yaml", limit_s=10).code == 0
