"""Fits what a GPU's memory keeps from a training step to published largest batches; writes it to the device files.

    python tools/max_batches.py TABLE [--check]

TABLE has a row for each network and stack (driver, cuDNN, PyTorch, layout): source, device, mem_gib, arch, img_size,
abn, max_batch_ge, the largest batch that fitted, and max_batch_lt, the next one tried, empty where none was. Two rules
are compared: the replayed peak, and a sum that needs no replay, batch * (saved + largest activation) + 14 bytes a
parameter. Each has one number a GPU, the bytes that they may reach. An error is one step of the ladder of batches that
were tried, of a network whose rows the fit has not seen. --check writes nothing.
"""

import argparse
import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from fitting import Array  # noqa: E402
from measurements import ALIASES, graph, known  # noqa: E402

from tresnet_gen.analysis import devices  # noqa: E402
from tresnet_gen.analysis.memory import Replay, Step, replay  # noqa: E402

STEP = Step(train=True, precision="amp-fp16", optimizer="sgd-momentum")
CARDS = {"3090": "rtx3090", "v100": "v100-16gb"}
BYTES_A_PARAMETER = 14  # weights, gradients, momentum in float32, and a half-precision copy
LARGEST = 1e18
SHARES = np.arange(0.70, 1.0, 0.0005)  # of a GPU's memory, that a step may reach

Network = tuple[str, int, bool]
Rule = Callable[[Network, int], float]


class Row(NamedTuple):
    """The largest batch of a network that fitted, and the next one tried, 0 for none."""

    stack: str
    gpu: str
    network: Network
    fitted: int
    failed: int

    @property
    def exact(self) -> bool:
        """Whether every batch was tried."""
        return self.failed == self.fitted + 1


def read(path: Path) -> tuple[list[Row], Counter[str]]:
    """Return the rows of networks that the language says, and how many rows others have."""
    rows, left_out = [], Counter[str]()
    for record in csv.DictReader(path.read_text().splitlines()):
        arch = ALIASES.get(record["arch"], record["arch"])
        network = arch, int(record["img_size"]), record["abn"] == "inplace_abn"
        if not known(arch):
            left_out[arch] += 1
            continue
        batches = int(record["max_batch_ge"]), int(record["max_batch_lt"] or 0)
        rows.append(Row(record["source"], CARDS[record["device"]], network, *batches))
    return rows, left_out


# Rules: bytes that a batch takes.


@cache
def _replayed(network: Network) -> Replay:
    return replay(graph(network), STEP)


@cache
def peak_bytes(network: Network, batch: int) -> float:
    """Return the replayed peak of a step."""
    return float(_replayed(network).peak_bytes(batch))


@cache
def _slopes(network: Network) -> tuple[float, float]:
    one, two = (_replayed(network).at(batch) for batch in (64, 128))
    saved = (two.saved_activation_bytes - one.saved_activation_bytes) / 64
    largest = max(
        node.shape[0] * node.shape[1] * node.shape[2] for node in graph(network).nodes if len(node.shape) == 3
    )
    return saved + 2.0 * largest, one.params_bytes / 4


def sum_bytes(network: Network, batch: int) -> float:
    """Return the sum that needs no replay."""
    an_image, params = _slopes(network)
    return batch * an_image + BYTES_A_PARAMETER * params


RULES: dict[str, Rule] = {"replayed peak": peak_bytes, "saved + largest activation": sum_bytes}


# Fits.


class Bounds(NamedTuple):
    """What the batches that fitted and failed take by a rule, a number for each row."""

    low: Array
    high: Array

    def of(self, chosen: Array) -> "Bounds":
        """Return those of some rows."""
        return Bounds(self.low[chosen], self.high[chosen])

    def usable(self, memory_bytes: float) -> float:
        """Return the limit whose logarithm is least far, in sum, from where the rows place it."""
        limits = SHARES * memory_bytes
        over = np.maximum(0, np.log(self.low[:, None] / limits))
        under = np.maximum(0, np.log(limits / self.high[:, None]))
        return float(limits[(over + under).sum(0).argmin()])

    def right(self, limit: float) -> Array:
        """Return which rows a limit gets right."""
        return np.asarray((self.low <= limit) & (self.high > limit))


def bounds(rows: Sequence[Row], rule: Rule) -> Bounds:
    """Return the bounds of rows."""
    low = [rule(row.network, row.fitted) for row in rows]
    high = [rule(row.network, row.failed) if row.failed else LARGEST for row in rows]
    return Bounds(np.array(low), np.array(high))


def unseen_right(rows: Sequence[Row], rule: Rule, memory_bytes: float) -> Array:
    """Return which rows are right by a limit fitted to the rows of the other networks."""
    found, names = bounds(rows, rule), np.array([row.network[0] for row in rows])
    right = np.zeros(len(rows), bool)
    for name in set(names):
        limit = found.of(names != name).usable(memory_bytes)
        right |= (names == name) & found.right(limit)
    return right


def main() -> int:
    """Read, fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    rows, left_out = read(arguments.table)
    sha256 = hashlib.sha256(arguments.table.read_bytes()).hexdigest()
    print(f"{len(rows)} rows, sha256 {sha256}; left out, {left_out.total()} rows: {', '.join(sorted(left_out))}")
    for gpu in CARDS.values():
        own = [row for row in rows if row.gpu == gpu]
        found = _exact(gpu, own) if all(row.exact for row in own) else _ladder(gpu, own)
        if not arguments.check:
            write(gpu, {"reserve": {**found, "table_sha256": sha256}})
    return 0


def _ladder(gpu: str, rows: Sequence[Row]) -> dict[str, Any]:
    memory_bytes = devices.gpu(gpu).memory_bytes
    print(f"\n{gpu}: steps of the ladder, right by a limit that has not seen the network")
    for name, rule in RULES.items():
        right = unseen_right(rows, rule, memory_bytes)
        limit = bounds(rows, rule).usable(memory_bytes)
        print(f"  {name}: {right.sum()} of {len(rows)} ({100 * right.mean():.1f} %), limit {limit / 1e9:.2f} GB")
        for stack in sorted({row.stack for row in rows}):
            chosen = np.array([row.stack == stack for row in rows])
            print(f"    {stack}: {right[chosen].sum()} of {chosen.sum()}")
    right = unseen_right(rows, peak_bytes, memory_bytes)
    wrong = sorted({f"{row.network[0]} at {row.network[1]}" for row, fine in zip(rows, right, strict=True) if not fine})
    print(f"  wrong by the replayed peak in some stack: {', '.join(wrong)}")
    return {"gb": _reserve_gb(gpu, rows), "steps": len(rows), "exact_pct": round(100 * float(right.mean()), 1)}


def _exact(gpu: str, rows: Sequence[Row]) -> dict[str, Any]:
    reserve_gb = _reserve_gb(gpu, rows)
    limit = devices.gpu(gpu).memory_bytes - reserve_gb * 1e9
    print(f"\n{gpu}: published largest batches, and predicted with the reserve fitted to them")
    errors = []
    for row in rows:
        batch = _replayed(row.network).largest_batch(int(limit))
        errors.append(100 * (batch / row.fitted - 1))
        print(f"  {row.network[0]}: {row.fitted}, {batch} ({errors[-1]:+.1f} %)")
    return {"gb": reserve_gb, "steps": len(rows), "error_pct": round(max(map(abs, errors)), 1)}


def _reserve_gb(gpu: str, rows: Sequence[Row]) -> float:
    memory_bytes = devices.gpu(gpu).memory_bytes
    return round((memory_bytes - bounds(rows, peak_bytes).usable(memory_bytes)) / 1e9, 2)


def write(gpu: str, found: dict[str, Any]) -> None:
    """Write what was found to a device file."""
    path = Path(devices.FOLDER) / f"{gpu}{devices.SUFFIX}"
    sheet = yaml.safe_load(path.read_text()) | found
    path.write_text(yaml.safe_dump(sheet, sort_keys=False, width=120))


if __name__ == "__main__":
    sys.exit(main())
