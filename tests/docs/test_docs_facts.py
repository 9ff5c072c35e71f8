"""What the pages say about the code is so: reference, codes of findings, commands, links, files they name."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import tool
from tools.comparison import page as comparison_page
from tresnet_gen.analysis.devices import gpu
from tresnet_gen.analysis.memory import replay
from tresnet_gen.analysis.step import Step
from tresnet_gen.cli.app import COMMANDS
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.frontend.reference import reference_page
from tresnet_gen.frontend.schema import json_schema
from tresnet_gen.graph.build import build_graph
from tresnet_gen.resources import bundled_specs
from tresnet_gen.version import __version__

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]
PAGES += [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]


def test_the_reference_is_made_from_the_field_table() -> None:
    assert_made("docs/reference.md", reference_page())


def test_the_schema_is_made_from_the_field_table() -> None:
    assert_made("tresnet_gen/spec.schema.json", json.dumps(json_schema(), indent=2) + "\n")


def test_the_comparison_is_made_from_the_specs() -> None:
    assert_made("docs/comparison.md", comparison_page())


PICTURES = re.findall(
    r"^\$ tresnet-gen (graph .*) -o (.*\.svg)$", (ROOT / "docs/pictures.md").read_text(), re.MULTILINE
)


@pytest.mark.parametrize(("words", "name"), PICTURES, ids=[name for _, name in PICTURES])
def test_the_pictures_are_made_by_the_commands_on_their_page(words: str, name: str) -> None:
    assert_made(f"docs/pictures/{name}", tool(*words.split(), "--format", "svg").out)


def test_no_other_pictures_are_kept() -> None:
    assert {path.name for path in (ROOT / "docs/pictures").iterdir()} == {name for _, name in PICTURES}


def assert_made(name: str, text: str) -> None:
    """Hold a committed file against what the tool makes; TRESNET_GEN_REWRITE=1 writes it."""
    path = ROOT / name
    if os.environ.get("TRESNET_GEN_REWRITE") == "1":
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, f"TRESNET_GEN_REWRITE=1 pytest tests/docs writes {name}"


def test_every_code_of_a_finding_is_documented() -> None:
    sources = (ROOT / "tresnet_gen").rglob("*.py")
    used = {code for path in sources for code in re.findall(r'"([EW][0-9]{3})"', path.read_text())}
    page = (ROOT / "docs/architecture.md").read_text()
    assert sorted(used) == re.findall(r"^\| ([EW][0-9]{3}) \|", page, re.MULTILINE)


def test_the_readme_lists_every_command() -> None:
    page = (ROOT / "README.md").read_text()
    assert re.findall(r"^\| `tresnet-gen (\w+)", page, re.MULTILINE) == list(COMMANDS)


def test_the_readme_lists_every_bundled_spec() -> None:
    section = (ROOT / "README.md").read_text().partition("| family | bundled specs |")[2].partition("```")[0]
    assert sorted(re.findall(r"`(\w+)`", section)) == list(bundled_specs())


def test_the_changelog_names_the_version() -> None:
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", path.read_text()):
        name, _, anchor = target.partition("#")
        linked = (path.parent / name) if name else path
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)", linked.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}, target


def test_the_hooks_name_real_commands() -> None:
    entries = re.findall(r"entry: tresnet-gen (.*)", (ROOT / ".pre-commit-hooks.yaml").read_text())
    assert len(entries) == 2
    for entry in entries:
        command = [sys.executable, str(ROOT / "cli.py"), *entry.split(), "specs/tresnet_m.yaml"]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60, capture_output=True)


def test_the_shell_completes_bundled_specs_beside_files(tmp_path: Path) -> None:
    (tmp_path / "tresnet_mine.yaml").touch()
    assert completed("tresnet-gen estimate tresnet_m", tmp_path) == [
        "tresnet_m", "tresnet_m_448", "tresnet_m_abn", "tresnet_mine.yaml",
    ]  # fmt: skip
    assert completed("tresnet-gen val", tmp_path) == ["validate"]


def completed(line: str, folder: Path) -> list[str]:
    """Return what Bash is told to offer behind `line`."""
    request = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_TRESNET_GEN_COMPLETE": "bash_complete"}
    command = [sys.executable, str(ROOT / "cli.py")]
    done = subprocess.run(command, cwd=folder, env=os.environ | request, capture_output=True, text=True, timeout=60)
    return [item.removeprefix("plain,") for item in done.stdout.splitlines()]


# The page on memory, where a figure comes from a prediction or from the audit.

PUBLISHED_ROWS = {
    "ResNet-50": "resnet50",
    "TResNet-M": "tresnet_m_abn",
    "TResNet-L": "tresnet_l_abn",
    "TResNet-XL": "tresnet_xl_abn",
    "EfficientNet-B1, 240 px": "efficientnet_b1",
}


@pytest.mark.parametrize("network", PUBLISHED_ROWS)
def test_the_largest_batches_on_the_page_are_predicted(network: str) -> None:
    page = (ROOT / "docs" / "memory.md").read_text()
    figures = r"(\d+) \| (\d+) \| (\d+)-(\d+) \| ([+-][\d.]+) %"
    match = re.search(rf"^\| {network} \| {figures} \|$", page, re.MULTILINE)
    assert match
    graph = build_graph(load_spec(PUBLISHED_ROWS[network]))
    v100 = gpu("v100-16gb")
    step = Step(True, "amp-fp16", "sgd-momentum")
    fit = replay(graph, step).max_batch(v100.memory_bytes, reserve_bytes=v100.reserve_bytes)
    assert tuple(map(int, match.groups()[1:4])) == (fit.typical, fit.low, fit.high)
    assert match[5] == f"{100 * (fit.typical / int(match[1]) - 1):+.1f}"


def test_the_page_tells_what_the_audit_found() -> None:
    lines = (ROOT / "docs" / "memory_audit.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    drawn = sum(row["name"] == "drawn" for row in rows)
    bundled = len({row["name"] for row in rows} - {"drawn"})
    kernels = sum(int(row["moments"]) for row in rows)
    told = f"{len(rows):,} steps of {bundled} bundled and {drawn} drawn specs with {kernels:,} allocating kernels"
    assert told in " ".join((ROOT / "docs" / "memory.md").read_text().split())
    assert bundled == len(bundled_specs())
    assert all(row["peak_bytes"] == row["peak_measured_bytes"] for row in rows)
    assert all(row["saved_bytes"] == row["saved_measured_bytes"] for row in rows)
    assert [int(row["moments_that_differ"]) for row in rows if row["moments_that_differ"] != "0"] == [1]
