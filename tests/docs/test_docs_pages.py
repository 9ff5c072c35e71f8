"""Runs what the pages show: every page is one session in a folder of its own, from top to bottom.

- ```console: each line that starts with `$ ` is run by bash, lines that start with `> ` continue it; what follows is
  its whole output, standard error included. A line `...` stands for any number of lines.
- ```python: is run; a ```text block right behind it is its whole output.
- `<!-- file: NAME -->` before a block writes the block to NAME; with lines between the two, it writes those instead.
- `<!-- not run: WHY -->` before a block skips it. Blocks of other kinds are not run.

TRESNET_GEN_REWRITE=1 pytest tests/docs writes what the commands really print into the pages.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
REWRITE = os.environ.get("TRESNET_GEN_REWRITE") == "1"
ELISION = "..."


@dataclass
class Block:
    """A fenced block, the HTML comment before it, and where its lines stand."""

    kind: str
    start: int
    lines: list[str] = field(default_factory=list)
    comment: str = ""


def blocks_of(text: str) -> list[Block]:
    """Return the fenced blocks of a page; a file comment that holds its own lines is a block of the kind `file`."""
    blocks: list[Block] = []
    open_block: Block | None = None
    comment = ""
    for number, line in enumerate(text.splitlines()):
        if open_block is not None:
            if line == "```" or (open_block.kind == "file" and line == "-->"):
                blocks.append(open_block)
                open_block = None
            else:
                open_block.lines.append(line)
        elif line.startswith("```"):
            open_block, comment = Block(line[3:].strip(), number + 1, comment=comment), ""
        elif re.fullmatch(r"<!-- file: \S+", line):
            open_block = Block("file", number + 1, comment=line)
        elif line.startswith("<!-- "):
            comment = line
        elif line.strip():
            comment = ""
    assert open_block is None, f"a block is never closed: line {open_block.start}"
    return blocks


class Session:
    """A folder with the bundled specs, and the tool of this checkout on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        programs = folder / "bin"
        programs.mkdir()
        for name, command in {"python": "", "tresnet-gen": f' "{ROOT / "cli.py"}"'}.items():
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{command} "$@"\n')
            (programs / name).chmod(0o755)
        shutil.copytree(ROOT / "specs", self.folder / "specs")
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, command: list[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in the session's folder; standard error goes to standard output."""
        return subprocess.run(
            command,
            input=text or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=self.environment,
            timeout=120,
            check=False,
        )

    def console(self, lines: list[str]) -> list[str]:
        """Return the block with the real output of its commands, and elisions kept where they match."""
        out: list[str] = []
        position = 0
        while position < len(lines):
            assert lines[position].startswith("$ "), f"a console block starts with a command: {lines[position]}"
            command = [lines[position][2:]]
            out.append(lines[position])
            position += 1
            while position < len(lines) and lines[position].startswith("> "):
                command.append(lines[position][2:])
                out.append(lines[position])
                position += 1
            shown = []
            while position < len(lines) and not lines[position].startswith("$ "):
                shown.append(lines[position])
                position += 1
            real = self.run(["bash", "-c", "\n".join(command)]).stdout.splitlines()
            assert "Traceback (most recent call last):" not in real, "\n".join(real)
            out += shown if matches(shown, real) else real
        return out

    def python(self, lines: list[str]) -> list[str]:
        """Return what a Python block prints."""
        done = self.run([sys.executable, "-"], "\n".join(lines))
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()


def matches(shown: list[str], real: list[str]) -> bool:
    """Return whether real output is what a page shows, its elisions being any number of lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == ELISION else re.escape(f"{line}\n") for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in real)) is not None


def played(text: str, folder: Path) -> str:
    """Return a page with the output its commands really give."""
    session = Session(folder)
    lines = text.splitlines()
    replaced: list[tuple[int, int, list[str]]] = []
    blocks = blocks_of(text)
    for block, following in pairwise([*blocks, Block("end", len(lines) + 1)]):
        if block.comment.startswith("<!-- file: "):
            name = block.comment.removeprefix("<!-- file: ").removesuffix(" -->")
            (session.folder / name).write_text("\n".join(block.lines) + "\n")
        elif block.comment.startswith("<!-- not run: "):
            continue
        elif block.kind == "console":
            replaced.append((block.start, len(block.lines), session.console(block.lines)))
        elif block.kind == "python":
            printed = session.python(block.lines)
            end = block.start + len(block.lines)
            if following.kind == "text" and not "".join(lines[end + 1 : following.start - 1]):
                kept = following.lines if matches(following.lines, printed) else printed
                replaced.append((following.start, len(following.lines), kept))
            else:
                assert not printed, f"the block at line {block.start} prints, and no ```text block shows it"
    for start, count, new in reversed(replaced):
        lines[start : start + count] = new
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_its_commands_print(page: str, tmp_path: Path) -> None:
    path = ROOT / page
    shown = path.read_text()
    real = played(shown, tmp_path)
    if REWRITE and real != shown:
        path.write_text(real)
        return
    difference = "".join(difflib.unified_diff(shown.splitlines(True), real.splitlines(True), page, "really printed"))
    assert not difference, f"{difference}\nTRESNET_GEN_REWRITE=1 pytest tests/docs writes this into the pages"


def test_the_runner_sees_a_difference(tmp_path: Path) -> None:
    page = "```console\n$ echo one; echo two\none\n```\n\n```python\nprint(3)\n```\n\n```text\n4\n```\n"
    assert played(page, tmp_path) == page.replace("one\n```", "one\ntwo\n```").replace("4", "3")


def test_an_elision_stands_for_any_lines() -> None:
    assert matches(["a", ELISION, "d"], ["a", "b", "c", "d"])
    assert matches([ELISION], [])
    assert not matches(["a", ELISION, "d"], ["a", "b"])
