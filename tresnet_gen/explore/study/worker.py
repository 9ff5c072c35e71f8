"""Which process works on a trial, and whether it still lives.

A process is known by its machine, number and start, so that neither a number used again nor a restarted container
passes for it. Only processes of this machine, in this process namespace, can be looked up; of others nothing is known.
"""

import os
import socket
from functools import cache
from typing import NamedTuple


class Worker(NamedTuple):
    """A process; `machine` holds host name, boot and process namespace, `started` the clock ticks since that boot."""

    machine: str
    pid: int
    started: int

    @property
    def text(self) -> str:
        """The worker in one line, as `from_text` reads it."""
        return f"{self.machine} {self.pid} {self.started}"


def from_text(text: str) -> Worker | None:
    """Return the worker that `text` stands for, or None when it is none's."""
    machine, _, rest = text.partition(" ")
    pid, _, started = rest.partition(" ")
    return Worker(machine, int(pid), int(started)) if pid.isdecimal() and started.isdecimal() else None


def here() -> Worker:
    """Return the process that asks."""
    return _worker(os.getpid())


def is_dead(worker: Worker) -> bool:
    """Return whether a worker is known to have ended; of another machine that is never known."""
    if worker.machine != _machine():
        return False
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _started(worker.pid) not in (None, worker.started)


@cache
def _worker(pid: int) -> Worker:
    return Worker(_machine(), pid, _started(pid) or 0)


@cache
def _machine() -> str:
    host = socket.gethostname().replace(" ", "_")
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        return f"{host}/{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return host


def _started(pid: int) -> int | None:
    """Return when a process started, 0 for one that has ended and was not waited for; None where no system tells."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return 0 if fields[0] in "ZX" else int(fields[19])
