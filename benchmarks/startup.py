"""What a cold start costs, in CPU time of whole processes as multiples of `python -c pass`.

`python benchmarks/startup.py [RUNS]` runs every command RUNS times (default 21) in turns, so that a busy machine slows
all of them alike, and compares medians of user and system time. It exits with 1 when a target is missed.
"""

import os
import statistics
import sys
import sysconfig
import tempfile
from pathlib import Path

ESTIMATE_AT_MOST = 8.0
BUILD_AT_MOST = 14.0
TORCH_AT_LEAST = 10.0
TOOL = str(Path(sysconfig.get_path("scripts")) / "tresnet-gen")


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "tresnet-gen estimate tresnet_l": [TOOL, "estimate", "tresnet_l"],
            "tresnet-gen build tresnet_l": [TOOL, "build", "tresnet_l", "--force", "-o", folder],
            "import torch": [sys.executable, "-c", "import torch"],
        }
        seconds = {name: statistics.median(times) for name, times in measure(commands, runs, Path(folder)).items()}
    bare, estimate, build, torch = seconds.values()
    for name, value in seconds.items():
        print(f"{name:31} {value * 1e3:7.1f} ms  {value / bare:6.1f} x")
    met = [
        judge("estimate over python -c pass", estimate / bare, "at most", ESTIMATE_AT_MOST),
        judge("build over python -c pass", build / bare, "at most", BUILD_AT_MOST),
        judge("import torch over estimate", torch / estimate, "at least", TORCH_AT_LEAST),
    ]
    sys.exit(0 if all(met) else 1)


def measure(commands: dict[str, list[str]], runs: int, folder: Path) -> dict[str, list[float]]:
    """Return the CPU seconds of every run; a first round, which writes the bytecode, does not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            for written in folder.glob("*.py"):
                written.unlink()
            seconds = cpu_seconds(command)
            if number:
                times[name].append(seconds)
    return times


def cpu_seconds(command: list[str]) -> float:
    """Return user and system time of a process, its output thrown away."""
    # Bytecode is written and used as on any installed tool, whatever this shell has set.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    process = os.posix_spawn(command[0], command, environment, file_actions=nowhere)
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime


def judge(what: str, ratio: float, bound: str, target: float) -> bool:
    """Print a ratio beside its target and return whether it is met."""
    met = ratio <= target if bound == "at most" else ratio >= target
    print(f"{what:31} {ratio:6.1f} x, target {bound} {target:g} x: {'met' if met else 'MISSED'}")
    return met


if __name__ == "__main__":
    main()
