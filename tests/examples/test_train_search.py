"""The example that trains: two workers share a study, one is killed, then all, and the same command goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from tests.cli.running import ROOT, tool
from tresnet_gen.explore.study.journal import journal
from tresnet_gen.explore.study.worker import from_text

TRIALS, EPOCHS = 6, 4
CHANCE = 0.1


def command(folder: Path) -> list[str]:
    program = ROOT / "examples" / "train_search.py"
    options = {
        "study": folder / "digits.log",
        "trials": TRIALS,
        "epochs": EPOCHS,
        "workers": 2,
        "output": folder / "found",
    }
    return [sys.executable, str(program), *(f"--{name}={value}" for name, value in options.items())]


def trials(folder: Path) -> list[FrozenTrial]:
    return optuna.load_study(study_name="digits", storage=journal(str(folder / "digits.log"))).trials


def complete(folder: Path) -> dict[int, FrozenTrial]:
    return {trial.number: trial for trial in trials(folder) if trial.state == TrialState.COMPLETE}


def kill_one(folder: Path) -> None:
    """Kill the worker of a trial that is being trained."""
    for _ in range(1000):
        running = (trial for trial in trials(folder) if trial.state == TrialState.RUNNING)
        workers = [from_text(trial.user_attrs.get("worker", "")) for trial in running]
        if worker := next(filter(None, workers), None):
            os.kill(worker.pid, signal.SIGKILL)
            return
        time.sleep(0.01)
    raise AssertionError("nothing is being trained")


def test_two_workers_killed_and_resumed_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    first = subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert first.stdout
        lines = [first.stdout.readline()]
        kill_one(tmp_path)
        lines += [first.stdout.readline() for _ in range(2)]
    finally:
        os.killpg(first.pid, signal.SIGKILL)
    lines += first.communicate()[0].splitlines(keepends=True)
    kept, before = complete(tmp_path), trials(tmp_path)
    assert {int(line.split()[0]) for line in lines if line.endswith("\n")} <= kept.keys()
    assert 3 <= len(kept) < TRIALS and len(before) > len(kept)

    again = subprocess.run(command(tmp_path), capture_output=True, text=True, timeout=300)
    assert again.returncode == 0, again.stderr
    after = complete(tmp_path)
    assert {number: trial.values for number, trial in kept.items()} == {n: after[n].values for n in kept}
    assert len({tuple(trial.params.items()) for trial in after.values()}) == len(after) == TRIALS
    assert not [trial for trial in trials(tmp_path) if trial.state == TrialState.RUNNING and trial.user_attrs]
    assert f"{TRIALS} measured" in again.stdout

    assert max(trial.values[0] for trial in after.values()) > 6 * CHANCE
    found = sorted((tmp_path / "found").glob("*.yaml"))
    assert 0 < len(found) <= TRIALS
    assert tool("build", *found, "-o", tmp_path / "built").code == 0
