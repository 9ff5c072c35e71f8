"""Every folder of tests/cases is one session with the tool, held against the transcript in its expected.txt.

A folder holds spec.yaml, further files it needs, the words of the command in args.txt (without one:
`validate spec.yaml`) and expected.txt. `TRESNET_GEN_REWRITE=1 pytest tests/cli/test_cases.py` writes the transcripts
anew; review the difference.
"""

import contextlib
import os
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.running import ROOT, tool

CASES = sorted(path.parent for path in (ROOT / "tests" / "cases").glob("*/spec.yaml"))
FINDING = re.compile(r"^error\[(E\d{3})\]: .+(?:\n(?!error).*)*", re.MULTILINE)


def transcript(case: Path) -> str:
    """Return what a user sees who runs the case's command in its folder."""
    script = case / "args.txt"
    words = shlex.split(script.read_text(encoding="utf-8")) if script.exists() else ["validate", "spec.yaml"]
    with contextlib.chdir(case):
        result = tool(*words)
    return f"$ tresnet-gen {shlex.join(words)}\n{result.out}{result.err}[exit code {result.code}]\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_transcript(case):
    expected = case / "expected.txt"
    seen = transcript(case)
    if os.environ.get("TRESNET_GEN_REWRITE"):
        expected.write_text(seen, encoding="utf-8", newline="")
    assert seen == expected.read_text(encoding="utf-8")


def findings() -> list[tuple[str, str, str]]:
    """Return case name, code and text of every finding in the transcripts."""
    texts = {case.name: (case / "expected.txt").read_text(encoding="utf-8") for case in CASES}
    return [(name, match[1], match[0]) for name, text in texts.items() for match in FINDING.finditer(text)]


def test_every_code_has_a_case():
    sources = (ROOT / "tresnet_gen").rglob("*.py")
    codes = {code for path in sources for code in re.findall(r'"(E\d{3})"', path.read_text(encoding="utf-8"))}
    assert codes == {code for _, code, _ in findings()}


def test_every_finding_says_what_to_do():
    """E000, a file that cannot be read, has its hint in the message."""
    without = [(name, text) for name, code, text in findings() if code != "E000" and " = help: " not in text]
    assert without == []


EXCERPT = re.compile(r"^ *(?P<line>\d+) \| (?P<source>.*)\n *\| (?P<before> *)(?P<caret>\^+)$", re.MULTILINE)


def test_every_caret_underlines_a_word():
    """The underlined text starts and ends with something to see; windows of long lines and wide text aside."""
    seen = 0
    for name, _, text in findings():
        excerpt = EXCERPT.search(text)
        if excerpt and excerpt["source"].isascii() and "..." not in excerpt["source"] and not name.startswith("tab"):
            start = len(excerpt["before"])
            marked = excerpt["source"][start : start + len(excerpt["caret"])]
            assert marked == marked.strip(), (name, text)
            seen += bool(marked)
    assert seen > 100
