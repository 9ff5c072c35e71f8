"""Checkpoints made to run code, take memory or break a terminal: one clear error each, and nothing happens."""

import io
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import save

from tests.cli.running import tool
from tests.convert import hostile, hostile_tensors
from tests.convert.checkpoints import SMALL, small_state
from tests.convert.hostile import MARK, Case
from tests.hostile.tally import MOST_MIB, SLOWEST_S, record

ROOT = Path(__file__).parents[2]
CASES = [*hostile.CASES, *hostile_tensors.CASES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all the files, which were then converted in one other process."""
    folder = tmp_path_factory.mktemp("hostile")
    for case in CASES:
        case.write(folder / case.name)
    (folder / "cases.json").write_text(json.dumps({case.name: case.options for case in CASES}))
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> dict[str, Any]:
    """Return what each conversion left."""
    command = [sys.executable, "-W", "error", "-m", "tests.convert.measured", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    assert done.stderr == ""
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


def faults(case: Case, row: dict[str, Any]) -> set[str]:
    """Return the columns of the table of hostile input in which a case counts; memory is that beyond torch."""
    found = {
        "traceback": "Traceback" in row["err"],
        "wrongly accepted": row["code"] == 0 and case.code != 0,
        "over time": row["seconds"] > SLOWEST_S,
        "over memory": row["code"] != 0 and row["mib"] > MOST_MIB,
        "otherwise": case.says not in row["err"],
    }
    return {fault for fault, present in found.items() if present}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_error(case: Case, rows: dict[str, Any]) -> None:
    row = rows[case.name]
    record("checkpoints", case.name, faults(case, row), row["seconds"], row["mib"] if row["code"] else None)
    assert row["code"] == case.code
    assert case.says in row["err"]
    assert row["seconds"] < SLOWEST_S
    for stream in ("out", "err"):
        assert all(char.isprintable() or char == "\n" for char in row[stream])
        assert all(len(line) < 500 for line in row[stream].splitlines())
    if case.code:
        assert row["out"] == ""
        assert row["err"].startswith(f"error: {case.name}")
        assert row["err"].count("error: ") == 1


def test_memory(rows: dict[str, Any]) -> None:
    refused = [row["mib"] for row in rows.values() if row["code"]]
    assert max(refused) < MOST_MIB


def test_nothing_is_executed_or_written(folder: Path, rows: dict[str, Any]) -> None:
    assert not list(folder.parent.rglob(f"*{MARK}*"))
    written = {path.name for path in folder.iterdir()} - {case.name for case in CASES} - {"cases.json"}
    assert written == {"out.pth"}  # of the cases that are only warned about


# Damage.

STATE = small_state()


def saved(content: Any, zipped: bool) -> bytes:
    out = io.BytesIO()
    torch.save(content, out, _use_new_zipfile_serialization=zipped)
    return out.getvalue()


FORMS = {"zip": saved(STATE, True), "legacy": saved({"state_dict": STATE}, False), "safetensors": save(STATE)}


def damaged(data: bytes, random: Random) -> bytes:
    """Return a file with a byte changed, lost or added at its start, its end or anywhere, or cut off."""
    length = len(data)
    place = random.choice([random.randrange(length), random.randrange(12_000), length - 1 - random.randrange(12_000)])
    place = max(0, min(place, length - 1))
    change = random.choice(["change", "change", "change", "lose", "add", "cut"])
    if change == "change":
        return data[:place] + bytes([random.randrange(256)]) + data[place + 1 :]
    if change == "lose":
        return data[:place] + data[place + random.randrange(1, 50) :]
    return data[:place] + random.randbytes(random.randrange(1, 9)) + data[place:] if change == "add" else data[:place]


@pytest.mark.parametrize("form", FORMS)
def test_damage_is_never_a_traceback(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    random = Random(form)
    refused = 0
    for _ in range(100):
        Path("weights").write_bytes(damaged(FORMS[form], random))
        result = tool("convert", "weights", "--spec", "small.yaml", "-o", "out.pth", "--force")
        assert result.code == 0 or (result.code, result.out) == (1, "")
        assert result.code == 0 or result.err.startswith("error: weights")
        refused += result.code
    assert refused > 20
