"""`tresnet-gen verify` as a user meets it.

`TRESNET_GEN_REWRITE=1 pytest tests/runtime` writes the transcripts anew; review the difference.
"""

import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.cli.running import BAD, Result, tool
from tests.runtime.networks import RESNET

TRANSCRIPTS = Path(__file__).with_name("transcripts")
MACS = {"claim": "MACs", "predicted": 579_552, "measured": 579_552, "holds": True, "difference": None}
CROWDED = RESNET.replace("size: [40, 36]", "size: 8")  # a batch of 1 leaves norms a single value


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "small.yaml").write_text(RESNET)
    (tmp_path / "crowded.yaml").write_text(CROWDED.replace("name: small", "name: crowded"))
    (tmp_path / "bad.yaml").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def transcript(result: Result) -> str:
    text = f"{result.out}{result.err}[exit code {result.code}]\n"
    return text.replace(torch.__version__, "VERSION")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("holds", "small.yaml --batch 2"),
        ("differs", "crowded.yaml --batch 1"),
        ("two", "small.yaml crowded.yaml --batch 1 --format markdown"),
    ],
)
def test_transcript(folder: Path, name: str, words: str) -> None:
    seen = f"$ tresnet-gen verify {words}\n{transcript(tool('verify', *words.split()))}"
    expected = TRANSCRIPTS / f"{name}.txt"
    if os.environ.get("TRESNET_GEN_REWRITE"):
        expected.write_text(seen)
    assert seen == expected.read_text()


def test_json(folder: Path) -> None:
    result = tool("verify", "small.yaml", "crowded.yaml", "--batch", "1", "--format", "json")
    assert result.code == 1
    assert result.err == ""
    small, crowded = result.document["models"]
    assert result.document["diagnostics"] == []
    assert (small["name"], small["spec"], small["input"], small["batch"]) == ("small", "small.yaml", [3, 40, 36], 1)
    assert small["torch"] == torch.__version__
    assert (small["holds"], crowded["holds"]) == (True, False)
    assert all(claim["holds"] == (claim["difference"] is None) for claim in small["claims"] + crowded["claims"])
    assert MACS in small["claims"]


def test_csv(folder: Path) -> None:
    result = tool("verify", "crowded.yaml", "--batch", "1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert result.code == 1
    assert {row["model"] for row in rows} == {"crowded"}
    assert [row["claim"] for row in rows if row["difference"]] == [
        "ops in training",
        "training",
        "training: layers that save",
    ]
    assert all(row["predicted"] == row["measured"] for row in rows if not row["difference"])


def test_set_changes_what_is_verified(folder: Path) -> None:
    result = tool("verify", "small.yaml", "--batch", "2", "--set", "stages.1.depth=3", "--format", "json")
    assert result.code == 0
    (entries,) = [c["predicted"] for c in result.document["models"][0]["claims"] if c["claim"] == "state-dict entries"]
    assert entries == 80


def test_a_bad_spec_is_reported_before_torch_is_imported(folder: Path) -> None:
    assert tool("verify", "bad.yaml").code == 1
    assert tool("verify", "missing.yaml").code == 2
    command = [sys.executable, "-X", "importtime", "-m", "tresnet_gen", "verify", "bad.yaml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error[E104]" in done.stderr
    assert not re.search(r"\| +torch$", done.stderr, re.MULTILINE)
