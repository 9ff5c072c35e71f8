"""Predicted memory is what was recorded: quick and exact, without torch.

`replays.csv` has the steps that test_memory.py holds against torch, with a checksum of their whole timeline;
`TRESNET_GEN_REWRITE=1 pytest tests/analysis/test_memory_recorded.py` writes it anew. docs/memory_audit.csv has what
torch took in the steps of the audit, and is never rewritten here.
"""

import csv
import os
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.analysis.test_memory import SMALL, STEPS, WRITTEN, WRITTEN_STEPS
from tests.analysis.test_memory import graph_of as uncached_graph_of
from tresnet_gen.analysis.memory import Memory, replay
from tresnet_gen.analysis.step import OPTIMIZERS, Step
from tresnet_gen.resources import bundled_specs

RECORD = Path(__file__).with_name("replays.csv")
AUDIT = Path(__file__).parents[2] / "docs" / "memory_audit.csv"


class Case(NamedTuple):
    """A step that torch confirms: the name of a spec, what is changed in it, the step, the batch and its rounding."""

    spec: tuple[str, ...]
    step: Step
    batch: int
    rounding: int = 1

    @property
    def name(self) -> str:
        step = f"{'train' if self.step.train else 'infer'} {' '.join(self.step[1:])}"
        return f"{' '.join(self.spec)} / {step} / {self.batch} / {self.rounding}"


def confirmed() -> Iterator[Case]:
    """Yield the steps of test_memory.py."""
    for step, checkpoint in WRITTEN_STEPS:
        yield from (Case((name, f"checkpoint={checkpoint}"), step, 3) for name in WRITTEN)
    for step in STEPS:
        yield from (Case((*small, "input.size=96"), step, 8) for small in SMALL.values())
    for device in ("meta", "cpu"):
        spec = (*SMALL["tresnet"], "head.dropout=0.2", "input.size=[100, 92]")
        yield from (Case(spec, Step(True, "fp32", optimizer, device), 4) for optimizer in OPTIMIZERS)
        yield Case(("fused",), Step(False, "fp32", "none", device), 4)
    yield from (Case((*SMALL["tresnet"], "input.size=72"), step, 3, 512) for step in STEPS[::2])
    yield from (Case((name,), Step(True, "amp-fp16", "sgd-momentum"), 8) for name in bundled_specs())


graph_of = cache(uncached_graph_of)


def figures(memory: Memory) -> list[str]:
    """Return the figures of a step as a row: all that have one number, then checksums of those that have many."""
    numbers = [str(value) for value in memory if isinstance(value, int)]
    many = (memory.timeline, sorted(memory.layers.items()))
    return [*numbers, memory.peak_at.text, *(f"{zlib.crc32(repr([*map(tuple, rows)]).encode()):08x}" for rows in many)]


COLUMNS = [*(name for name, kind in Memory.__annotations__.items() if kind is int), "peak_at", "timeline", "layers"]


def test_replays_are_those_that_torch_confirmed() -> None:
    cases = list(confirmed())
    if os.environ.get("TRESNET_GEN_REWRITE") == "1":
        with RECORD.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["case", *COLUMNS])
            writer.writerows([case.name, *of_case(case)] for case in cases)
    with RECORD.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["case", *COLUMNS]
    assert [name for name, *_ in rows] == [case.name for case in cases]
    for case, (_, *recorded) in zip(cases, rows, strict=True):
        assert dict(zip(COLUMNS, of_case(case), strict=True)) == dict(zip(COLUMNS, recorded, strict=True)), case.name


def of_case(case: Case) -> list[str]:
    return figures(replay(graph_of(*case.spec), case.step).at(case.batch, case.rounding))


@cache
def audited() -> dict[str, dict[tuple[str, Step], list[dict[str, str]]]]:
    """Return the rows of the audit by bundled spec, then by size and step: the batches of one replay."""
    found: dict[str, dict[tuple[str, Step], list[dict[str, str]]]] = {}
    with AUDIT.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            optimizer = row["optimizer"] if row["mode"] == "train" else Step().optimizer
            step = Step(row["mode"] == "train", row["precision"], optimizer)
            found.setdefault(row["name"], {}).setdefault((row["size"], step), []).append(row)
    return found


@pytest.mark.parametrize("name", bundled_specs())
def test_the_audit_still_holds(name: str) -> None:
    assert len(audited()[name]) >= 9
    for (size, step), rows in audited()[name].items():
        replayed = replay(graph_of(name, f"input.size={size}"), step)
        for row in (rows[0], rows[-1]):  # the smallest and the largest batch: bytes are affine in it
            memory = replayed.at(int(row["batch"]))
            assert memory.saved_bytes == int(row["saved_measured_bytes"])
            assert memory.peak_bytes == int(row["peak_measured_bytes"])
