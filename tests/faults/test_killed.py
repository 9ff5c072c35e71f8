"""Builds that are killed, interrupted, stopped or not alone: the old file or the new one, never a torn one."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from tests.cli.running import COMMAND, ROOT, SMALL, tool
from tests.faults.moments import INTERRUPT, KILL, MOMENTS, REMOVE_FOLDER, STOP, start, temporaries

RUNS = 50
AT_ONCE = 3
EDIT = ("--set", "num_classes=20")


@cache
def module(*edits: str) -> str:
    return tool("build", "small.yaml", "-o", "-", *edits).out


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    return tmp_path


def fresh(name: str) -> Path:
    """Return a folder with the module as it was before."""
    folder = Path(name)
    folder.mkdir()
    (folder / "small.py").write_text(module())
    return folder


def build(folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*COMMAND, "build", "small.yaml", "-o", str(folder), *EDIT], stderr=subprocess.DEVNULL)


# kill -9.


def killed(number: int, length_s: float) -> str:
    """Build, and kill it: at any moment, or right after the temporary file has appeared; return what it came to."""
    chance = random.Random(number)
    folder = fresh(f"run{number}")
    with build(folder) as process:
        begin = time.monotonic()
        if number % 2:
            time.sleep(chance.uniform(0, 1.3 * length_s))
        else:
            while not temporaries(folder) and process.poll() is None and time.monotonic() < begin + 60:
                time.sleep(0.0002)
            time.sleep(chance.choice((0, 0.0005, 0.002, 0.01)))
        process.kill()
        code = process.wait(60)
    content = (folder / "small.py").read_text()
    assert content in (module(), module(*EDIT)), f"torn: {len(content)} characters"
    left = temporaries(folder)
    state = "new" if content == module(*EDIT) else "old"
    return "finished" if code == 0 else f"killed, {'temporary file left, ' if left else ''}{state}"


def test_kill_at_random_moments_of_fifty_builds():
    lengths = []
    for number in range(AT_ONCE):
        begin = time.monotonic()
        with build(fresh(f"measured{number}")) as process:
            assert process.wait(60) == 0
        lengths.append(time.monotonic() - begin)
    assert module() != module(*EDIT)  # and made before threads ask for them
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = Counter(pool.map(lambda number: killed(number, min(lengths)), range(RUNS)))
    print(f"a build takes {min(lengths):.2f} s; {RUNS} builds killed: {dict(sorted(outcomes.items()))}")
    assert outcomes.total() == RUNS
    assert outcomes.total() - outcomes["finished"] >= RUNS // 4
    assert outcomes["killed, old"] >= 5
    for number in range(RUNS):
        assert tool("build", "small.yaml", "-o", f"run{number}", *EDIT).code == 0
        assert os.listdir(f"run{number}") == ["small.py"], "the next build does not clean up"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("action", "code"), [(KILL, -signal.SIGKILL), (INTERRUPT, 130)], ids=["kill", "interrupt"])
def test_a_death_at_each_step_of_a_write(moment, action, code):
    """What was there stays; Ctrl-C leaves nothing else, a kill a file that the next build removes."""
    folder = fresh("out")
    with start(moment, action, "build", "small.yaml", "-o", folder, *EDIT) as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (code, False)
    assert (folder / "small.py").read_text() == module()
    left = temporaries(folder)
    assert len(left) == (action == KILL and moment != "open")
    assert tool("build", "small.yaml", "-o", folder, *EDIT).code == 0
    assert (folder / "small.py").read_text() == module(*EDIT)
    assert sorted(path.name for path in folder.iterdir()) == ["small.py"]


def test_temporary_files_of_others_stay():
    folder = fresh("out")
    others = [".small.py.tmp", ".small.py.0123456789abcdef.tmp", ".other.py.0123456789ab.tmp", "small.py.tmp"]
    for name in others:
        (folder / name).write_text("")
    (folder / ".small.py.0123456789ab.tmp").symlink_to("small.py")
    assert tool("build", "small.yaml", "-o", folder, *EDIT).code == 0
    assert sorted(temporaries(folder)) == sorted([*others, ".small.py.0123456789ab.tmp"])


# Ctrl-C.

READY = """
import sys

def ready(event, arguments):
    if event == "import" and arguments[0] == "tresnet_gen.cli.app":
        sys.stderr.write("ready\\n")

sys.addaudithook(ready)
from tresnet_gen.cli import main
main()
"""
LONG = {
    "build": ["build", "small.yaml", "-o", "out", *EDIT],
    "estimate": ["estimate", *["tresnet_l", "efficientnet_b3", "regnety_032"] * 3, "--gpu", "rtx3090"],
    "diff": ["diff", "small.yaml", "tresnet_xl", "--gpu", "rtx3090", "--format", "json"],
    "graph": ["graph", "tresnet_xl", "-o", "x.graphml"],
}


def interrupted(words: list[str], moment_s: float) -> tuple[int, str]:
    """Press Ctrl-C some time after the tool has begun; return the exit code and what it says."""
    with subprocess.Popen(
        [sys.executable, "-c", READY, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        time.sleep(moment_s)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.parametrize("command", LONG)
def test_ctrl_c_at_random_moments(command):
    folder = fresh("out")
    chance = random.Random(command)
    moments = [0.0, *(chance.uniform(0.005, 0.15) for _ in range(4))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(lambda moment_s: interrupted(LONG[command], moment_s), moments))
    for code, err in outcomes:
        assert "Traceback" not in err
        assert (code, err.split()[-1:]) == (130, ["interrupted"]) or code in (0, 1)
    assert outcomes[0][0] == 130
    assert (folder / "small.py").read_text() in (module(), module(*EDIT))
    assert temporaries(folder) == temporaries(Path()) == []


def test_ctrl_c_while_torch_works():
    code, err = interrupted(["verify", "tresnet_xl"], 1.0)
    assert (code, err.split()[-1], "Traceback" in err) == (130, "interrupted", False)


# Several at once.


def test_builds_at_once_leave_one_whole_file():
    numbers = (10, 20, 30, 40)
    wholes = {module("--set", f"num_classes={number}") for number in numbers}
    for _ in range(3):
        builds = [
            subprocess.Popen(
                [*COMMAND, "build", "small.yaml", "-o", "net.py", "--set", f"num_classes={number}"],
                stderr=subprocess.DEVNULL,
            )
            for number in numbers
        ]
        assert [build.wait(60) for build in builds] == [0] * len(numbers)
        assert Path("net.py").read_text() in wholes
        assert temporaries(Path()) == []


@pytest.mark.parametrize("moment", ["fcntl.flock", "os.rename"])
def test_a_build_that_sleeps_loses_nothing_to_another(moment):
    """Its temporary file is not taken for an abandoned one; where that could not be known yet, it begins again."""
    folder = fresh("out")
    with start(moment, STOP, "build", "small.yaml", "-o", folder, *EDIT) as sleeper:
        os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT)
        assert len(temporaries(folder)) == 1
        assert tool("build", "small.yaml", "-o", folder, "--set", "num_classes=30").code == 0
        assert len(temporaries(folder)) == (moment == "os.rename")
        sleeper.send_signal(signal.SIGCONT)
        _, err = sleeper.communicate(timeout=60)
    assert (sleeper.returncode, err.partition("  ")[0]) == (0, "wrote out/small.py")
    assert (folder / "small.py").read_text() == module(*EDIT)
    assert temporaries(folder) == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_folder_goes_while_it_is_written_to(moment):
    folder = fresh("out")
    with start(moment, REMOVE_FOLDER, "build", "small.yaml", "-o", folder, *EDIT, subject=str(folder)) as process:
        _, err = process.communicate(timeout=60)
    if process.returncode == 0:  # it went before anything was written, and was made again
        assert (folder / "small.py").read_text() == module(*EDIT)
    else:
        assert (process.returncode, err) == (2, "error: cannot write out/small.py: no such file or directory\n")
        assert not folder.exists()
