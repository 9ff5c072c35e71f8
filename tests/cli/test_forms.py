"""Forms of output: JSON, CSV, Markdown, GitHub commands. Standard output is data, standard error is talk."""

import csv
import io
import json
import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.cli.running import BAD, ROOT, SMALL, tool
from tresnet_gen.frontend.load import parse_spec
from tresnet_gen.version import __version__

DIAGNOSTIC = {"code", "severity", "message", "path", "line", "column", "help"}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    Path("bad.yaml").write_text(BAD)


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# JSON.


@pytest.mark.parametrize(
    "words",
    [
        "validate small.yaml",
        "estimate small.yaml tresnet_m --by layer --conventions",
        "build small.yaml",
        "build small.yaml --dry-run",
        "build small.yaml --check",
        "build small.yaml --diff",
        "diff small.yaml small.yaml",
        "diff small.yaml tresnet_m",
        "show small.yaml --resolved",
        "list",
    ],
)
def test_one_json_document(words):
    document = tool(*words.split(), "--format", "json").document
    assert list(document)[:2] == ["schema_version", "tool_version"]
    assert (document["schema_version"], document["tool_version"]) == (1, __version__)
    assert document["models"]
    assert document["diagnostics"] == []


@pytest.mark.parametrize("command", ["validate", "estimate", "build", "diff", "show"])
@pytest.mark.parametrize(("name", "code", "first"), [("bad.yaml", 1, "E104"), ("missing.yaml", 2, "E000")])
def test_a_failure_in_json(command, name, code, first):
    result = tool(command, name, *(["small.yaml"] if command == "diff" else []), "--format", "json")
    assert (result.code, result.err) == (code, "")
    assert list(result.document) == ["schema_version", "tool_version", "models", "diagnostics"]
    assert result.document["models"] == []
    [finding] = result.document["diagnostics"]
    assert set(finding) == DIAGNOSTIC
    assert finding["code"] == first
    if code == 1:
        assert finding == {
            "code": "E104",
            "severity": "error",
            "message": "`stages.0.depth` must be an integer from 1 to 512; got 0",
            "path": "bad.yaml",
            "line": 4,
            "column": 27,
            "help": "use 1",
        }


@pytest.mark.parametrize(
    "words",
    [
        "validate --format json",
        "estimate small.yaml --size big --format=json",
        "validate - - --format json",
        "build small.yaml tresnet_m -o x.py --format json",
        "build small.yaml -o small.yaml/x.py --format json",
        "build small.yaml -o hand.py --format json",
    ],
)
def test_a_failure_to_start_is_a_document_too(words):
    Path("hand.py").write_text("print('mine')\n")
    result = tool(*words.split())
    assert result.code == 2
    assert result.document["models"] == []
    [finding] = result.document["diagnostics"]
    assert (finding["code"], finding["path"], finding["line"]) == ("E000", None, None)
    assert finding["message"]


def test_estimate_keeps_its_contract():
    """The keys of docs and design, with the exact figures of TResNet-L."""
    [model] = tool("estimate", "tresnet_l", "--batch", "8", "--format", "json").document["models"]
    assert {key: model[key] for key in ("name", "spec", "input", "batch")} == {
        "name": "tresnet_l", "spec": "tresnet_l", "input": [3, 224, 224], "batch": 8,
    }  # fmt: skip
    assert {key: model[key] for key in ("params", "macs", "flops", "activations")} == {
        "params": 55_989_256, "macs": 10_877_566_880, "flops": 21_755_133_760, "activations": 11_897_856,
    }  # fmt: skip
    assert [stage["name"] for stage in model["stages"]] == ["stem", "layer1", "layer2", "layer3", "layer4", "head"]
    assert model["stages"][1] == {
        "name": "layer1", "params": 456_560, "macs": 1_304_213_504, "activations": 1_907_248, "output": [76, 56, 56],
    }  # fmt: skip
    assert {"memory", "throughput"} <= set(model)
    assert model["throughput"] == []


def test_estimate_adds_up():
    """Layers add up to stages and stages to the model; integers stay integers."""
    for model in tool("estimate", "tresnet_l", "small.yaml", "resnet50", "--format", "json").document["models"]:
        for figure in ("params", "macs", "activations"):
            parts = [[part[figure] for part in model[kind]] for kind in ("stages", "layers")]
            assert all(is_count(value) for values in parts for value in values)
            assert [sum(values) for values in parts] == [model[figure]] * 2
        assert is_count(model["flops"])
        assert model["flops"] == 2 * model["macs"]
        for layer in model["layers"]:
            assert set(layer) == {"name", "op", "output", "params", "macs", "activations"}


def test_figures_are_per_image_whatever_the_batch():
    one, many = (tool("estimate", "small.yaml", f"--batch={n}", "--format", "json").document for n in (1, 256))
    memory = one["models"][0].pop("memory"), many["models"][0].pop("memory")
    assert one["models"][0] | {"batch": 256} == many["models"][0]
    assert [part["batch"] for part in memory] == [1, 256]
    assert memory[0]["peak_bytes"] < memory[1]["peak_bytes"]


def test_memory_keeps_its_contract():
    """The figures of TResNet-M as torch measured them: batch 8, float32, SGD with momentum."""
    words = ["estimate", "tresnet_m", "--train", "--batch", "8", "--memory", "24GiB", "--gpu", "v100-16gb"]
    memory = tool(*words, "--format", "json").document["models"][0]["memory"]
    assert {key: memory[key] for key in ("mode", "precision", "optimizer", "batch")} == {
        "mode": "train", "precision": "fp32", "optimizer": "sgd-momentum", "batch": 8,
    }  # fmt: skip
    assert memory["params_bytes"] == memory["gradients_bytes"] == memory["optimizer_bytes"] == 4 * 31_389_032
    assert sum(part["saved_bytes"] for part in memory["saved_by_stage"]) <= memory["saved_bytes"]
    assert sum(part["saved_bytes"] for part in memory["saved_by_layer"]) == memory["saved_bytes"]
    assert memory["saved_bytes"] < memory["peak_bytes"]
    assert isinstance(memory["peak_at"], str)
    assert [fit["gpu"] for fit in memory["max_batches"]] == ["v100-16gb", None]
    assert memory["max_batch"] == memory["max_batches"][0]["typical"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--optimizer adamw", "--optimizer belongs to a training step: add --train"),
        ("--max-batch", "--max-batch needs a memory: add --gpu rtx3090 or --memory 24GiB"),
        ("--memory 24", "write a number and a unit: 24GiB, 16GB, 900MiB"),
        ("--memory muchGiB", "write a number and a unit: 24GiB, 16GB, 900MiB"),
        ("--gpu rtx", "'rtx' is not one of"),
    ],
)
def test_wrong_questions_about_memory(words, message):
    result = tool("estimate", "small.yaml", *words.split())
    assert result.code == 2
    assert message in " ".join(result.err.split())


def test_size_and_edits_reach_the_counts():
    model = tool("estimate", "small.yaml", "--size", "64x96", "--set", "input.channels=1", "--format=json").document
    assert model["models"][0]["input"] == [1, 64, 96]


def test_diff_in_json():
    document = tool("diff", "tresnet_m", "tresnet_m", "--set", "stages.2.depth=12", "--format", "json").document
    [key] = document["diff"]["keys"]
    assert key == {
        "key": "stages.2.depth",
        "old": {"value": 11, "from": "<bundled>/tresnet_m.yaml:13"},
        "new": {"value": 12, "from": "--set"},
    }
    changed = [part["name"] for part in document["diff"]["parts"] if part["old"] != part["new"]]
    assert changed == ["layer3", "total"]


def test_show_in_json_reads_back_as_the_spec():
    values = tool("show", "tresnet_m_448", "--resolved", "--format", "json").document["models"][0]["values"]
    assert all(set(value) in ({"key", "value", "path"}, {"key", "value", "path", "line", "column"}) for value in values)
    places = {value["key"]: (value["path"], value.get("line")) for value in values}
    assert places["input.size"] == ("<bundled>/tresnet_m_448.yaml", 6)
    assert places["stages.2.depth"] == ("<bundled>/tresnet_m.yaml", 13)
    assert places["norm.eps"] == (None, None)


# CSV and Markdown.


@pytest.mark.parametrize("by", ["stage", "layer"])
def test_csv_adds_up_to_the_totals(by):
    rows = list(csv.DictReader(io.StringIO(tool("estimate", "tresnet_l", f"--by={by}", "--format", "csv").out)))
    [model] = tool("estimate", "tresnet_l", "--format", "json").document["models"]
    for figure in ("params", "macs", "flops", "activations"):
        assert sum(int(row[figure]) for row in rows) == model[figure]
    assert {row["model"] for row in rows} == {"tresnet_l"}
    assert rows[-1][by] in ("head", "head.fc")


def test_csv_of_models_compared():
    rows = list(csv.DictReader(io.StringIO(tool("estimate", "tresnet_m", "tresnet_l", "--format", "csv").out)))
    assert [(row["model"], int(row["params"])) for row in rows] == [
        ("tresnet_m", 31_389_032),
        ("tresnet_l", 55_989_256),
    ]


@pytest.mark.parametrize(
    "words",
    ["list", "diff small.yaml tresnet_m", "show small.yaml", "show small.yaml --resolved", "estimate small.yaml"],
)
def test_csv_is_rectangular(words):
    rows = list(csv.reader(io.StringIO(tool(*words.split(), "--format", "csv").out)))
    assert len(rows) > 2
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("words", ["list", "estimate small.yaml", "estimate tresnet_m tresnet_l", "show small.yaml"])
def test_markdown_is_a_table(words):
    lines = tool(*words.split(), "--format", "markdown").out.splitlines()
    tables = [list(table) for is_row, table in groupby(lines, lambda line: line.startswith("|")) if is_row]
    assert tables
    for table in tables:
        assert len(table) > 2
        assert re.fullmatch(r"\|( -{2,}:? \|)+", table[1])
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


def test_the_convention_stands_with_every_count():
    for words in ("estimate small.yaml", "estimate small.yaml tresnet_m", "estimate small.yaml --format markdown"):
        assert "convolutions (SE and blur included) and linear layers" in tool(*words.split()).out
    assert "convolutions (SE and blur included)" in tool("diff", "small.yaml", "tresnet_m").out


# GitHub.


def unescape(text: str) -> str:
    return text.replace("%0A", "\n").replace("%0D", "\r").replace("%2C", ",").replace("%3A", ":").replace("%25", "%")


def test_github_commands():
    result = tool("validate", "bad.yaml", "--format", "github")
    message = "`stages.0.depth` must be an integer from 1 to 512; got 0%0Ause 1"
    assert result.out == f"::error file=bad.yaml,line=4,col=27,title=E104::{message}\n"
    assert (result.code, result.err) == (1, "")
    assert tool("validate", "small.yaml", "--format", "github") == (0, "", "")


def test_github_escapes_what_its_runner_would_read():
    path = "a,b:c%41.yaml"
    Path(path).write_text('"x\\n::set-env name=PATH::/evil": 1\n"100%0A": 2\n')
    lines = tool("validate", path, "--format", "github").out.splitlines()
    assert all(line.startswith("::error file=a%2Cb%3Ac%2541.yaml,line=") for line in lines)
    keys = [unescape(line.partition("::error ")[2].partition("::")[2]) for line in lines]
    assert any("unknown key `x\\n::set-env name=PATH::/evil`" in key for key in keys)
    assert any("unknown key `100%0A`" in key for key in keys)


# Streams.


@pytest.mark.parametrize(
    ("words", "on_stdout"),
    [
        ("validate small.yaml", False),
        ("validate bad.yaml", False),
        ("build small.yaml", False),
        ("build small.yaml --dry-run", False),
        ("build small.yaml --check", False),
        ("init fresh", False),
        ("build small.yaml --diff", True),
        ("build small.yaml -o -", True),
        ("estimate small.yaml", True),
        ("diff small.yaml tresnet_m", True),
        ("show small.yaml", True),
        ("graph small.yaml", True),
        ("schema", True),
        ("list", True),
    ],
)
def test_data_on_stdout_and_talk_on_stderr(words, on_stdout):
    result = tool(*words.split())
    assert (bool(result.out), bool(result.err)) == (on_stdout, not on_stdout)
    assert "\x1b" not in result.out + result.err


def test_the_module_on_stdout_is_the_file():
    printed = tool("build", "small.yaml", "-o", "-").out
    assert tool("build", "small.yaml").code == 0
    assert printed == Path("generated/small.py").read_bytes().decode()


def test_descriptions_survive_any_locale():
    text = SMALL + "description: 模型 модель\n"
    assert parse_spec(text).description == "模型 модель"
    assert "模型 модель" in tool("build", "-", "-o", "-", stdin=text).out


def test_committed_schema_is_what_the_tool_prints():
    committed = (ROOT / "tresnet_gen" / "spec.schema.json").read_text(encoding="utf-8")
    assert tool("schema").out == committed
    assert json.loads(committed)["title"] == "tresnet-gen spec"
