"""What the pages say about the code is so: reference, codes of findings, commands, links, files they name."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.comparison import page as comparison_page
from tresnet_gen.cli.app import COMMANDS
from tresnet_gen.frontend.reference import reference_page
from tresnet_gen.frontend.schema import json_schema
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


def assert_made(name: str, text: str) -> None:
    """Hold a committed file against what the tool makes; TRESNET_GEN_REWRITE=1 writes it."""
    path = ROOT / name
    if os.environ.get("TRESNET_GEN_REWRITE") == "1":
        path.write_text(text)
    assert path.read_text() == text, f"TRESNET_GEN_REWRITE=1 pytest tests/docs writes {name}"


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
