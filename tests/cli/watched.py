"""A `tresnet-gen watch` that runs while a test edits files."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Self

from tests.cli.running import COMMAND

PROMISED_S = 2.0


class Watch:
    """The program, and what it has said so far."""

    def __init__(self, *words: str | Path, before: Sequence[str] = (), stdout: int = subprocess.PIPE) -> None:
        command = [*before, *COMMAND, "watch", *map(str, words)]
        self.process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True)
        self.said = {"out": "", "err": ""}
        self.latencies_s: list[float] = []
        streams = {"out": self.process.stdout, "err": self.process.stderr}
        self.readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in streams.items()
            if stream is not None
        ]

    def __enter__(self) -> Self:
        for reader in self.readers:
            reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(60)
        for reader in self.readers:
            reader.join(60)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self, name: str, stream: IO[str]) -> None:
        while block := os.read(stream.fileno(), 65_536).decode():
            self.said[name] += block

    def waited(self, pattern: str, stream: str = "out", start: int = 0, seconds: float = 30.0) -> re.Match[str]:
        """Return a match in what is said from `start` on, as soon as it is."""
        deadline = time.monotonic() + seconds
        while not (match := re.compile(pattern, re.MULTILINE).search(self.said[stream], start)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.said}"
            time.sleep(0.005)
        return match

    def begun(self, stream: str = "out", pattern: str = "^params: ") -> Self:
        """Wait until the first version has been told."""
        self.waited(pattern, stream)
        return self

    def told(self, edit: Callable[[], object], pattern: str, stream: str = "out") -> re.Match[str]:
        """Edit, and return the match in what the edit brings; it must come in the promised time."""
        start, begin = len(self.said[stream]), time.monotonic()
        edit()
        match = self.waited(pattern, stream, start, PROMISED_S)
        self.latencies_s.append(time.monotonic() - begin)
        return match

    def interrupted(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and the last word."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        for reader in self.readers:
            reader.join(60)
        return code, self.said["err"].split()[-1]
