"""What is accepted changes nothing but text: the emitted code is that of a harmless spec, and every form of output
holds the text as text."""

import ast
import csv
import io
import json
import re
import tokenize
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.hostile.case import MARK, Twin, described, spec
from tests.hostile.corpus import CLASS_NAMES, DESCRIPTIONS, NAMES, NUMBERS, SPELLINGS
from tests.hostile.forked import Answer, Server
from tests.hostile.tally import MOST_MIB, SLOWEST_S, record
from tresnet_gen.emission.render import emit
from tresnet_gen.emission.stamp import Ownership, ownership
from tresnet_gen.frontend.diagnostics import visible
from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.graph.build import build_graph

HARMLESS = spec()
BUILD = ("build", "spec.yaml", "-o", "out")


@cache
def module(text: str) -> str:
    return emit(build_graph(parse_spec(text)))


def code_alone(text: str) -> str:
    """Return the dump of a module's syntax tree without its docstring."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = ast.parse(text)
        compile(text, "module.py", "exec", dont_inherit=True)
    assert isinstance(tree.body[0], ast.Expr)
    assert isinstance(tree.body[0].value, ast.Constant)
    return ast.dump(ast.Module(tree.body[1:], []))


def faults_of(answer: Answer, folder: Path, harmless: str, emitted: str | None) -> Iterator[str]:
    """Yield the columns of the table in which a case counts; `harmless` is the code of its twin."""
    if answer.fault or any("Traceback" in run.err for run in answer.runs):
        yield "traceback"
    if any(MARK in path.name for path in folder.parent.rglob("*")) or (emitted and code_alone(emitted) != harmless):
        yield "code injected"
    if answer.seconds > SLOWEST_S:
        yield "over time"
    if answer.mib > MOST_MIB:
        yield "over memory"
    fit = {"\n", "\xa0"}  # pictures have no-break spaces
    unfit = any(not char.isprintable() and char not in fit for run in answer.runs for char in run.out + run.err)
    if emitted is None or unfit or any(run.code for run in answer.runs):
        yield "otherwise"


def accepted(
    group: str, name: str, text: str | bytes, harmless: str, folder: Path, server: Server, *more: tuple[str, ...]
) -> tuple[Answer, str]:
    """Build a spec and run `more`, hold its module against the harmless code, and return what was left."""
    (folder / "spec.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    answer = server.run(folder, BUILD, (*BUILD, "--check"), *more)
    written = [path.read_bytes().decode() for path in folder.glob("out/*")]
    faults = set(faults_of(answer, folder, harmless, written[0] if len(written) == 1 else None))
    record(group, name, faults, answer.seconds, answer.mib)
    assert not faults, f"{sorted(faults)}\n{answer.fault}{[run.err[:500] for run in answer.runs if run.code]}"
    return answer, written[0]


@pytest.mark.parametrize("name", SPELLINGS)
def test_another_spelling_gives_the_same_bytes(name: str, folder: Path, server: Server) -> None:
    _, written = accepted("spellings", name, SPELLINGS[name], code_alone(module(HARMLESS)), folder, server)
    assert written == module(HARMLESS)


@pytest.mark.parametrize("twin", NUMBERS, ids=lambda twin: twin.name)
def test_a_number_gives_the_code_of_its_plain_form(twin: Twin, folder: Path, server: Server) -> None:
    _, written = accepted("numbers", twin.name, twin.text, code_alone(module(twin.harmless)), folder, server)
    assert written == module(twin.harmless)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_in_the_docstring(name: str, folder: Path, server: Server) -> None:
    text = spec("class_name: Small", name=f"name: {name}")
    accepted("names", name, text, code_alone(module(HARMLESS)), folder, server)
    assert [path.name for path in folder.glob("out/*")] == [f"{name}.py"]


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_a_class_name_names_the_class_alone(name: str, folder: Path, server: Server) -> None:
    """Nothing else in the file reads a name that a class may have, that of an exception, say."""
    harmless = code_alone(re.sub(r"\bSmall\b", name, module(HARMLESS)))
    _, written = accepted("names", f"class {name}", spec(f"class_name: {name}"), harmless, folder, server)
    assert uses(written, name) == uses(module(HARMLESS), "Small")


def uses(text: str, name: str) -> int:
    return sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(ast.parse(text)))


PICTURES = ("svg", "mermaid", "dot", "graphml")
FORMS = (
    *(("show", "spec.yaml", "--format", form) for form in ("text", "json", "csv", "markdown")),
    *(("graph", "spec.yaml", "--format", form) for form in PICTURES),
    ("estimate", "spec.yaml", "--format", "json"),
    ("validate", "spec.yaml", "--format", "github"),
    ("validate", "spec.yaml", "--format", "json"),
)


@pytest.fixture(scope="session")
def drawn(server: Server, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the pictures of the harmless spec; they parse, where they are XML."""
    folder = tmp_path_factory.mktemp("harmless")
    (folder / "spec.yaml").write_text(HARMLESS)
    pictures = [run.out for run in server.run(folder, *(("graph", "spec.yaml", "--format", f) for f in PICTURES)).runs]
    assert ElementTree.fromstring(pictures[0]).tag.endswith("svg")
    assert ElementTree.fromstring(pictures[3]).tag.endswith("graphml")
    return pictures


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_stays_text(name: str, folder: Path, server: Server, drawn: list[str]) -> None:
    text, folded = described(DESCRIPTIONS[name]), " ".join(DESCRIPTIONS[name].split())
    harmless = code_alone(module(HARMLESS))
    answer, written = accepted("descriptions", name, text, harmless, folder, server, *FORMS)
    holds_the_text(written, folded)
    shows_the_text([run.out for run in answer.runs[2:6]], folded)
    shows_the_picture([run.out for run in answer.runs[6:10]], drawn, folded)
    estimate, github, validated = answer.runs[10:]
    assert estimate.document["models"][0]["name"] == "small"
    assert github.out.count("\n") <= 1
    assert {*validated.document} == {*estimate.document}


def shows_the_picture(pictures: list[str], harmless: list[str], folded: str) -> None:
    """Hold that pictures are those of the harmless spec but for the description, which stands where one belongs."""
    svg, mermaid, dot, graphml = pictures
    elements, usual = ([*ElementTree.fromstring(text).iter()] for text in (svg, harmless[0]))
    told = [element.text for element in elements if element.tag.endswith("}desc")]
    assert len(told) == 1
    assert (told[0] or "").startswith(visible(folded))
    assert [(element.tag, element.attrib) for element in elements] == [(one.tag, one.attrib) for one in usual]
    assert all("accDescr" in line or line in harmless[1].splitlines() for line in mermaid.splitlines())
    assert mermaid.count("\n") == harmless[1].count("\n")
    assert [dot, graphml] == harmless[2:]


def holds_the_text(written: str, folded: str) -> None:
    """Hold that the docstring of a module says the description, and that the file is marked as the tool's."""
    docstring = ast.get_docstring(ast.parse(written), clean=False)
    assert docstring is not None
    assert folded in " ".join(docstring.split())
    assert ownership(written) is Ownership.OURS
    assert all(char.isprintable() or char == "\n" for char in written)
    assert tokenize.detect_encoding(io.BytesIO(written.encode()).readline)[0] == "utf-8"


def shows_the_text(shown: list[str], folded: str) -> None:
    """Hold that each form of `show` has the description, and as many columns as without it."""
    text, document, table, markdown = shown
    assert visible(folded) in text
    [value] = [found["value"] for found in json.loads(document)["models"][0]["values"] if found["key"] == "description"]
    assert value == folded
    [cell] = [row[1] for row in csv.reader(io.StringIO(table)) if row[0] == "description"]
    assert cell.removeprefix("'") == visible(folded)
    assert not cell.startswith(("=", "+", "-", "@", "\uff1d"))
    rows = markdown.splitlines()
    assert {re.sub(r"\\.", "", row).count("|") for row in rows} == {4}
    [row] = [row for row in rows if row.startswith("| description |")]
    assert not re.search(r"[`*_\[\]<>&~$]", re.sub(r"\\.", "", row))
    assert re.sub(r"\\(.)", r"\1", row).startswith(f"| description | {visible(folded)} | ")
