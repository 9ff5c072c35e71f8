"""Ways to run the tool: in this process (fast), or as the program a user starts."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tresnet_gen.cli.app import run

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"

# A small legal spec, whose text the tests change.
SMALL = """\
name: small
stem: {type: space_to_depth, width: 64}
stages:
  - {block: basic, depth: 2, width: 64}
  - {block: bottleneck, depth: 2, width: 128, stride: 2}
"""
BAD = SMALL.replace("depth: 2, width: 64", "depth: 0, width: 64")


class Result(NamedTuple):
    """What a run left: exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


def tool(*args: str | Path, stdin: str | bytes = b"") -> Result:
    """Run `tresnet-gen ARGS` in this process."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    streams = [io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="") for content in (data, b"", b"")]
    with _streams(*streams), _arguments([str(arg) for arg in args]):
        try:
            run()
        except SystemExit as stop:
            code = stop.code
    assert isinstance(code, int)
    out, err = (_text(stream) for stream in streams[1:])
    return Result(code, out, err)


@contextlib.contextmanager
def _streams(stdin: io.TextIOWrapper, stdout: io.TextIOWrapper, stderr: io.TextIOWrapper) -> Iterator[None]:
    before, sys.stdin = sys.stdin, stdin
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            yield
    finally:
        sys.stdin = before


@contextlib.contextmanager
def _arguments(args: list[str]) -> Iterator[None]:
    before, sys.argv = sys.argv, ["tresnet-gen", *args]
    try:
        yield
    finally:
        sys.argv = before


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


COMMAND = [sys.executable, str(ROOT / "cli.py")]


def program(
    *args: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run the tool as a program of its own."""
    return subprocess.run(
        [*COMMAND, *map(str, args)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
