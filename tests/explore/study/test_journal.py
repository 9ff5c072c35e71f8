"""The file of a study and its lock, when processes die at the wrong moment; and who counts as dead."""

import os
import subprocess
import threading
import time
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from tresnet_gen.explore.study.journal import OwnedLock, cut_half_line, journal
from tresnet_gen.explore.study.worker import Worker, from_text, here, is_dead


def values(path: Path) -> list[float]:
    [name] = optuna.get_all_study_names(journal(str(path)))
    return [trial.value for trial in optuna.load_study(study_name=name, storage=journal(str(path))).trials]  # type: ignore[misc]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a study of two trials."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = tmp_path / "study.log"
    study = optuna.create_study(storage=journal(str(path)), study_name="one")
    for value in (1.0, 2.0):
        study.tell(study.ask(), value)
    return path


def test_a_half_line_is_cut_off_before_the_next_is_written(path: Path) -> None:
    whole = path.read_bytes()
    for end in (b"{", whole.splitlines()[-1], "é".encode()[:1]):
        path.write_bytes(whole + end)
        study = optuna.load_study(study_name="one", storage=journal(str(path)))
        study.tell(study.ask(), 3.0)
        assert values(path) == [1.0, 2.0, 3.0]
        path.write_bytes(whole)


def test_without_that_the_half_line_would_ruin_the_file(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b'{"op_code"')
    optunas = JournalFileBackend(str(path))
    for _ in range(2):
        optunas.append_logs([{"op_code": 2, "study_id": 0, "user_attr": {"a": 1}}])
    with pytest.raises(ValueError):
        list(optunas.read_logs(0))


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"{}\n{}\n"])
def test_whole_lines_stay(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    cut_half_line(str(file))
    assert file.read_bytes() == content
    file.write_bytes(content + b"half")
    cut_half_line(str(file))
    assert file.read_bytes() == content


def test_the_lock_of_a_dead_process_is_taken_at_once(path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock = f"{path}.lock"
    os.symlink(f"{Worker(here().machine, ended.pid, 1).text} 00", lock)
    start = time.monotonic()
    study = optuna.load_study(study_name="one", storage=journal(str(path)))
    study.tell(study.ask(), 3.0)
    assert time.monotonic() - start < 10
    assert not os.path.lexists(lock)


def test_the_lock_of_a_living_process_is_waited_for(path: Path) -> None:
    first, second = OwnedLock(str(path)), OwnedLock(str(path))
    order = []
    first.acquire()
    waiting = threading.Thread(target=lambda: (second.acquire(), order.append("second"), second.release()))
    waiting.start()
    time.sleep(0.05)
    order.append("first")
    first.release()
    waiting.join()
    assert order == ["first", "second"]
    assert not os.path.lexists(f"{path}.lock")


def test_the_lock_of_another_machine_is_taken_after_a_while_and_its_owner_does_not_release_ours(path: Path) -> None:
    lock = f"{path}.lock"
    os.symlink("another/machine 1 1 00", lock)
    ours, start = OwnedLock(str(path), grace_s=0.2), time.monotonic()
    ours.acquire()
    assert time.monotonic() - start > 0.2
    held = os.readlink(lock)
    OwnedLock(str(path)).release()
    assert os.readlink(lock) == held
    ours.release()
    assert not os.path.lexists(lock)


def test_who_counts_as_dead() -> None:
    me = here()
    assert from_text(me.text) == me and not is_dead(me)
    assert is_dead(me._replace(started=me.started + 1))  # the number was used again
    assert not is_dead(Worker("another/machine", me.pid, 1))
    ended = subprocess.Popen(["true"])
    living = Worker(me.machine, ended.pid, 1)
    while not is_dead(living._replace(started=0)._replace(started=1)):
        pass
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(living)  # ended, and nobody has waited for it
    ended.wait()
    assert is_dead(living)


@pytest.mark.parametrize("text", ["", "machine", "machine 1", "machine one 1", "machine 1 x"])
def test_texts_that_are_no_workers(text: str) -> None:
    assert from_text(text) is None
