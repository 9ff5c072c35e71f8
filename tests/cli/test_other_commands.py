"""init, list, schema, graph, show and diff as text."""

import json
import re
import subprocess
import sys
from pathlib import Path

import networkx
import pytest

from tests.cli.running import ROOT, SMALL, SPECS, tool
from tresnet_gen.analysis.counts import count
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)


# init


@pytest.mark.parametrize("options", [[], ["--from", "tresnet_l"], ["--from", "tresnet_m_448"], ["--from", "resnet50"]])
def test_init_writes_a_legal_spec(options):
    result = tool("init", "fresh", *options)
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("wrote fresh.yaml; ")
    assert tool("validate", "fresh.yaml") == (0, "", "fresh.yaml: ok\n")
    spec = load_spec("fresh.yaml")
    assert (spec.name, spec.class_name) == ("fresh", "Fresh")
    assert spec.description


def test_init_from_differs_by_one_edit():
    tool("init", "fresh", "--from", "tresnet_l")
    changes = tool("diff", "tresnet_l", "fresh.yaml", "--format", "json").document["diff"]["keys"]
    assert [change["key"] for change in changes if change["key"].startswith("stages")] == ["stages.2.depth"]


def test_init_names_the_next_command_as_it_must_be_typed():
    result = tool("init", "fresh", "-o", "notes")
    assert result.err == "wrote notes; next: tresnet-gen estimate ./notes\n"
    assert tool("estimate", "./notes").code == 0


def test_init_overwrites_only_when_told():
    Path("fresh.yaml").write_text("mine\n")
    assert tool("init", "fresh") == (2, "", "error: fresh.yaml exists; --force overwrites it\n")
    assert Path("fresh.yaml").read_text() == "mine\n"
    assert tool("init", "fresh", "--force").code == 0
    assert tool("validate", "fresh.yaml").code == 0


@pytest.mark.parametrize(
    "name",
    ["Fresh", "my-net", "a\\d", "a # b", "class", "../x", "", "x\nnum_classes: 10", "1", "x" * 64, "{{x}}", "null"],
)
def test_init_refuses_what_is_no_name(name):
    result = tool("init", "--", name)
    assert result.code == 2
    assert "rror" in result.err
    assert [path.name for path in Path().iterdir()] == ["small.yaml"]


def test_init_from_an_unknown_spec():
    assert tool("init", "fresh", "--from", "tresnet_n").code == 2
    assert not Path("fresh.yaml").exists()


def test_init_does_not_write_what_would_not_resolve():
    """--from a path that the new file could not follow from where it is to lie."""
    Path("sub").mkdir()
    result = tool("init", "fresh", "--from", "./small.yaml", "-o", "sub/fresh.yaml")
    assert result.code == 2
    assert "E201" in result.err
    assert list(Path("sub").iterdir()) == []
    assert tool("init", "fresh", "--from", "./small.yaml").code == 0
    assert tool("validate", "fresh.yaml").code == 0


# list


def test_list_names_every_bundled_spec_with_its_figures():
    models = tool("list", "--format", "json").document["models"]
    assert [model["name"] for model in models] == sorted(path.stem for path in SPECS.rglob("*.yaml"))
    for model in models:
        totals = count(build_graph(load_spec(model["name"]))).totals
        assert (model["params"], model["macs"]) == (totals.params, totals.macs)
        assert model["description"]
    text = tool("list").out
    assert all(f"\n{model['name']} " in text and f"{model['params']:,}" in text for model in models)


def test_a_bundled_name_stands_wherever_a_path_can():
    path = SPECS / "tresnet_m.yaml"
    for words in ("estimate", "graph", "build -o -", "validate --format github"):
        by_name, by_path = tool(*words.split(), "tresnet_m"), tool(*words.split(), path)
        assert by_name == by_path
        assert by_name.code == 0
    assert tool("diff", "tresnet_m", path).code == 0


# schema


def test_schema_for_people_names_every_key():
    page = tool("schema", "--format", "markdown").out
    keys = set(re.findall(r'^ +"(\w+)": \{\n +"description"', tool("schema").out, re.MULTILINE))
    assert {"name", "stem", "stages", "expansion", "min_channels"} <= keys
    assert {key for key in keys if f"| `{key}` |" not in page} == set()


# graph


def test_dot_has_every_op_and_edge():
    graph = build_graph(load_spec("small.yaml"))
    text = tool("graph", "small.yaml").out
    nodes = re.findall(r"^    n(\d+) \[label=\"(.*)\"\];$", text, re.MULTILINE)
    edges = re.findall(r"^  n(\d+) -> n(\d+);$", text, re.MULTILINE)
    shapes = [" x ".join(map(str, node.shape)) for node in graph.nodes]
    assert [label.split("\\n")[::2] for _, label in nodes] == [
        [node.name, shape] for node, shape in zip(graph.nodes, shapes, strict=True)
    ]
    wanted = {(source, index) for index, node in enumerate(graph.nodes) for source in node.inputs}
    assert {(int(source), int(target)) for source, target in edges} == wanted
    assert text.count("{") == text.count("}") == 1 + len({node.stage for node in graph.nodes})


def test_graphml_reads_back():
    assert tool("graph", "small.yaml", "-o", "g/small.graphml") == (0, "", "wrote g/small.graphml\n")
    read = networkx.read_graphml("g/small.graphml", node_type=int)
    graph = build_graph(load_spec("small.yaml"))
    assert [data["name"] for _, data in read.nodes(data=True)] == [node.name for node in graph.nodes]
    assert sum(data["params"] for _, data in read.nodes(data=True)) == count(graph).totals.params
    assert networkx.is_directed_acyclic_graph(read)


def test_dot_file_is_the_same_text():
    assert tool("graph", "small.yaml", "-o", "small.dot").code == 0
    assert Path("small.dot").read_text() == tool("graph", "small.yaml").out


# show


def rows(text: str) -> dict[str, tuple[str, str]]:
    """Return value and place by key; the columns start where those of the head do."""
    head, *lines = text.splitlines()
    value, place = head.index("value"), head.index("from")
    return {line[:value].rstrip(): (line[value:place].rstrip(), line[place:]) for line in lines}


def test_show_gives_what_was_written_and_with_resolved_all():
    written, everything = rows(tool("show", "small.yaml").out), rows(tool("show", "small.yaml", "--resolved").out)
    assert set(written) < set(everything)
    assert {place for _, place in written.values()} == {f"small.yaml:{line}" for line in (1, 2, 4, 5)}
    assert {key for key, (_, place) in everything.items() if place == "default"} == set(everything) - set(written)
    assert everything["stages.1.expansion"] == ("4", "default")


def test_show_values_set_back_give_the_same_spec():
    """What show prints can be given to --set, value by value."""
    everything = rows(tool("show", "resnet50", "--resolved").out)
    values = {key: value if key != "description" else json.dumps(value) for key, (value, _) in everything.items()}
    edits = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    assert tool("diff", "resnet50", "resnet50", *edits).code == 0
    assert tool("build", "resnet50", *edits, "-o", ROOT / "generated", "--check").code == 0


# diff


def test_diff_says_where_both_values_stand():
    Path("wide.yaml").write_text("extends: small.yaml\nset: {stages.1.width: 256}\n")
    text = tool("diff", "small.yaml", "wide.yaml").out
    assert re.search(r"^stages\.1\.width +128 -> 256 +small\.yaml:5 +wide\.yaml:2$", text, re.MULTILINE)
    assert "\nsame shape and counts: stem, layer1\n" in text


def test_a_bundled_spec_goes_by_its_path_only_where_that_leads_to_it(monkeypatch):
    Path("specs").mkdir()
    Path("specs/tresnet_m.yaml").write_text(SMALL)
    assert "<bundled>/tresnet_m.yaml:13" in tool("show", "tresnet_m").out
    monkeypatch.chdir(ROOT)
    assert "specs/tresnet_m.yaml:13" in tool("show", "tresnet_m").out


def test_diff_of_the_same_network():
    Path("same.yaml").write_text(f"# again\n{SMALL}act: {{type: relu}}\n")
    result = tool("diff", "small.yaml", "same.yaml")
    assert (result.code, result.out) == (0, "small -> small: no differences\n")


def test_diff_edits_the_second():
    assert tool("diff", "small.yaml", "small.yaml", "--set", "num_classes=10").code == 1
    result = tool("diff", "tresnet_l", "tresnet_xl")
    assert result.code == 1
    assert "55,989,256 -> 78,436,244" in result.out


def test_exact_figures_of_a_diff():
    document = tool("diff", "tresnet_l", "tresnet_xl", "--format", "json").document["diff"]
    totals = {part["name"]: part for part in document["parts"]}["total"]
    for side, name in (("old", "tresnet_l"), ("new", "tresnet_xl")):
        [model] = tool("estimate", name, "--format", "json").document["models"]
        assert {key: totals[side][key] for key in ("params", "macs", "activations")} == {
            key: model[key] for key in ("params", "macs", "activations")
        }


# Options that mean the same everywhere.


def test_init_and_graph_print_to_standard_output():
    assert tool("init", "fresh", "-o", "-").out.startswith("name: fresh\n")
    assert tool("graph", "small.yaml", "-o", "-").out == tool("graph", "small.yaml").out
    assert [path.name for path in Path().iterdir()] == ["small.yaml"]


def test_ways_to_write_nothing_exclude_each_other():
    result = tool("build", "small.yaml", "--check", "--dry-run")
    assert (result.code, result.out) == (2, "")
    assert "exclude each other" in result.err


# The ways to call it.


def test_every_way_to_call_it_is_the_same_program():
    for way in ([str(ROOT / "cli.py")], ["-m", "tresnet_gen"]):
        done = subprocess.run([sys.executable, *way, "list"], capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == (tool("list").out, "")
