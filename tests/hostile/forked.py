"""Runs the tool in a process of its own for each case, and measures it: `python -m tests.hostile.forked`.

A server imports the tool once, without torch, and forks for every request: a case costs some milliseconds, its
processor time and its peak of memory are the operating system's figures for that process, and nothing that it does to
its process reaches the next one. A request is a line of JSON, [folder, [argument lists], stdin]; so is the answer.
"""

import base64
import json
import os
import resource
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
STOPPED_S = 20  # of processor time: what runs longer is killed
MOST_BYTES = 4 << 30


class Run(NamedTuple):
    """What one command left."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Answer(NamedTuple):
    """What the commands of a case left: `fault` is a traceback, or how the process ended; `mib` its peak of memory."""

    runs: tuple[Run, ...]
    fault: str
    mib: float

    @property
    def seconds(self) -> float:
        return max((run.seconds for run in self.runs), default=0.0)


class Server:
    """A process that answers requests."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "error", "-m", "tests.hostile.forked"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, folder: Path, *commands: tuple[str, ...], stdin: bytes = b"") -> Answer:
        """Run commands one after the other in a folder."""
        assert self.process.stdin and self.process.stdout
        request = [str(folder), commands, base64.b64encode(stdin).decode()]
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        runs, fault, mib = json.loads(self.process.stdout.readline())
        return Answer(tuple(Run(*run) for run in runs), fault, mib)

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def serve() -> None:
    _import_everything()
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(_answer(*json.loads(line))) + "\n")
        sys.stdout.flush()


def _import_everything() -> None:
    """Import what the commands import when they run, so that it is not measured for every case."""
    import jinja2
    import jsonschema
    import networkx
    import yaml

    from tests.cli.running import tool
    from tresnet_gen.cli import build_command, estimate_command, graph_command

    assert jinja2 and jsonschema and networkx and yaml and build_command and estimate_command and graph_command
    assert tool("build", "tresnet_m", "-o", "-").code == 0
    assert "torch" not in sys.modules


def _answer(folder: str, commands: list[list[str]], stdin: str) -> tuple[list[Any], str, float]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        with os.fdopen(writer, "w") as out:
            _child(folder, commands, base64.b64decode(stdin), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as lines:
        answers = [json.loads(line) for line in lines]
    _, status, used = os.wait4(child, 0)
    fault = "".join(answer for answer in answers if isinstance(answer, str))
    if status and not fault:
        fault = f"ended by signal {os.WTERMSIG(status)}"
    return [answer for answer in answers if not isinstance(answer, str)], fault, used.ru_maxrss / 1024


def _child(folder: str, commands: list[list[str]], stdin: bytes, out: Any) -> None:
    from tests.cli.running import tool

    resource.setrlimit(resource.RLIMIT_CPU, (STOPPED_S, STOPPED_S))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    os.chdir(folder)
    for command in commands:
        start = time.process_time()
        try:
            result = tool(*command, stdin=stdin)
        except BaseException:
            out.write(json.dumps(traceback.format_exc()) + "\n")
            return
        out.write(json.dumps([*result, time.process_time() - start]) + "\n")
        out.flush()


if __name__ == "__main__":
    serve()
