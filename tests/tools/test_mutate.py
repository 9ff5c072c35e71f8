"""Mutants are what they should be, and the page on mutation testing speaks of the sources as they are."""

import importlib
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants import mutants_of
from tools.mutate import of_signal
from tools.mutation_tests import FACTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "mutation.md"


def after(text: str) -> dict[str, set[str]]:
    """Return the mutated texts by kind."""
    found: dict[str, set[str]] = {}
    for mutant in mutants_of(text):
        found.setdefault(mutant.kind, set()).add(mutant.of(text))
    return found


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("x = a + b\n", "arithmetic", {"x = (a - b)\n"}),
        ("x = a * b\n", "arithmetic", {"x = (a + b)\n", "x = (a // b)\n"}),
        ("x += 1\n", "arithmetic", {"x -= 1\n", "x = 1\n"}),
        ("x = a < b\n", "comparison", {"x = (a <= b)\n", "x = (a >= b)\n"}),
        ("x = a is not b\n", "comparison", {"x = (a is b)\n"}),
        ("x = not a\n", "sign or not", {"x = a\n"}),
        ("x = a and b\n", "and, or", {"x = (a or b)\n"}),
        ("x = a and b\n", "operand dropped", {"x = a\n", "x = b\n"}),
        ("x = 3\n", "constant", {"x = (4)\n", "x = (2)\n"}),
        ("x = True\n", "constant", {"x = False\n"}),
        ('x = "é", f"{a}"\n', "text", {"x = 'éX', f\"{a}\"\n", 'x = "é", (f\'{a}\' "X")\n'}),
        ("x = f(a, b)\n", "arguments swapped", {"x = f(b, a)\n"}),
        ("x = f(a=1, b=2)\n", "keyword dropped", {"x = f(b=2)\n", "x = f(a=1)\n"}),
        ("x = f(*a, b)\n", "argument dropped", {"x = f(b)\n", "x = f(*a)\n"}),
        ("x = max(a, b)\n", "function", {"x = min(a, b)\n"}),
        ("x = a, b\n", "item dropped", {"x = (b,)\n", "x = (a,)\n"}),
        ("x = {a: b}\n", "item dropped", {"x = {}\n"}),
        ("x = a[1:]\n", "slice", {"x = a[:]\n"}),
        ("x = [y for y in z if y]\n", "filter dropped", {"x = [y for y in z if True]\n"}),
        ("if a:\n    f()\n", "condition negated", {"if (not a):\n    f()\n"}),
        ("if a:\n    f()\n", "statement removed", {"if a:\n    pass\n"}),
        ("def f(a=1):\n    return a\n", "constant", {"def f(a=(2)):\n    return a\n", "def f(a=(0)):\n    return a\n"}),
        ("def f(a):\n    return a\n", "return value", {"def f(a):\n    return None\n"}),
    ],
)
def test_each_kind_of_mutant(text: str, kind: str, expected: set[str]) -> None:
    assert after(text)[kind] == expected


@pytest.mark.parametrize(
    "text",
    [
        '"""A docstring."""\n',
        "import a\nfrom b import c\n",
        "def f(a: tuple[int, ...]) -> dict[str, int]:\n    '''What it does.'''\n",
        "assert a < 1\n",
        "__slots__ = ('a', 'b')\n",
        "Shape = tuple[int, ...]\n",
        "@decorate(1)\nclass A(B): ...\n",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert mutants_of(text) == []


def test_texts_of_findings_are_left_alone_but_not_their_conditions() -> None:
    assert set(after('x = Fault("why" if a else "not", f"{b}")\n')) == {"condition negated", "arguments swapped"}


def test_what_is_the_same_by_definition_is_left_alone() -> None:
    assert "keyword dropped" not in after("x = zip(a, b, strict=False)\n")
    assert set(after("x = max(a, b)\n")) == {"function"}


def test_only_its_own_limits_kill_a_process_that_says_nothing() -> None:
    assert of_signal(-signal.SIGXCPU)["outcome"] == "limit"
    assert {of_signal(code)["outcome"] for code in (-signal.SIGKILL, -signal.SIGSEGV, 0, 1)} == {"error"}


def test_facts_are_tests_that_every_run_of_pytest_has() -> None:
    for name in {name for names in FACTS.values() for name in names}:
        module, _, function = name.partition(":")
        loaded = importlib.import_module(module)
        marks = [mark.name for mark in getattr(getattr(loaded, function), "pytestmark", [])]
        assert function.startswith("test_")
        assert set(marks) <= {"parametrize"}, name
        assert not hasattr(loaded, "pytestmark")


def test_a_mutant_that_tests_notice_and_one_they_cannot(tmp_path: Path) -> None:
    """The program itself, on one module: its facts pass on the source and fail on what is wrong."""
    command = [sys.executable, "tools/mutate.py", "counts", "--sample", "4", "--seed", "3", "--facts-only"]
    journal = ["--journal", str(tmp_path / "journal.jsonl")]
    done = subprocess.run([*command, *journal], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    row = re.search(r"^\| total \| 4 \| (\d+) \| 0 \| 0 \| (\d+) \| 0 \|", done.stdout, re.MULTILINE)
    assert row
    assert int(row[1]) + int(row[2]) == 4
    assert int(row[1]) >= 2


def test_survivors_on_the_page_are_lines_of_the_sources() -> None:
    rows = re.findall(r"^\| `(tresnet_gen/\S+)` \| `(.+?)` \| `(.+?)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows
    for path, before, mutated, reason in rows:
        source = " ".join((ROOT / path).read_text(encoding="utf-8").split())
        assert before.replace("\\|", "|") in source, before
        assert mutated != before
        assert reason
