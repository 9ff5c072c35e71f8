"""The peak of a process's memory since a moment, as Linux knows it."""

from pathlib import Path


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """Return the most memory since the last call of forget_peak; getrusage would count the parent's too."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
