"""Holds predicted memory against torch over all options, and writes what it found.

    python tools/audit_memory.py [--draws 100] [--only SPEC...]

Every bundled spec at 224 x 224, two also at 448 x 448, trains a step in each precision with two optimizers at three
batches and infers in each precision; then drawn specs of random options. Each step runs in torch on fake CUDA tensors
(tests/oracle_memory.py), which needs g++ or a GPU. Rows go to docs/memory_audit.csv, the summary to standard output.
"""

import argparse
import csv
import itertools
import platform
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.drawn import SMALL, sample, spec_texts  # noqa: E402
from tests.oracle_memory import measured  # noqa: E402
from tresnet_gen.analysis.memory import replay  # noqa: E402
from tresnet_gen.analysis.step import PRECISIONS, Step  # noqa: E402
from tresnet_gen.frontend.load import load_spec, parse_spec  # noqa: E402
from tresnet_gen.graph.build import build_graph  # noqa: E402
from tresnet_gen.graph.graph import Graph  # noqa: E402
from tresnet_gen.resources import bundled_specs  # noqa: E402

RESULT = ROOT / "docs" / "memory_audit.csv"
OPTIMIZERS = ("sgd-momentum", "adamw")
BATCHES = (1, 8, 64)
LARGE = ("tresnet_m", "resnet50")


class Case(NamedTuple):
    """One step of one spec."""

    name: str
    size: str
    mode: str
    precision: str
    optimizer: str
    batch: int


class Row(NamedTuple):
    """A case with its predicted and measured bytes; `moments` are the allocating kernels, all of them compared."""

    name: str
    size: str
    mode: str
    precision: str
    optimizer: str
    batch: int
    saved_bytes: int
    saved_measured_bytes: int
    peak_bytes: int
    peak_measured_bytes: int
    moments: int
    moments_that_differ: int


def main() -> None:
    """Run the audit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--only", nargs="*", default=None, help="bundled specs")
    arguments = parser.parse_args()
    rows = []
    names = arguments.only if arguments.only is not None else bundled_specs()
    for number, row in enumerate(itertools.chain(bundled_rows(names), drawn_rows(arguments.draws)), 1):
        rows.append(row)
        print(f"\r{number} steps", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if arguments.only is None:
        write(rows)
    wrong = summarize(rows)
    sys.exit(1 if wrong else 0)


def steps() -> Iterator[tuple[Step, int]]:
    """Yield every combination of options, with batches."""
    for precision, batch in itertools.product(PRECISIONS, BATCHES):
        for optimizer in OPTIMIZERS:
            yield Step(True, precision, optimizer), batch
        yield Step(False, precision), batch


def bundled_rows(names: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of bundled specs."""
    for name in names:
        for size in (224, 448) if name in LARGE else (224,):
            graph = build_graph(load_spec(name, [f"input.size={size}"]))
            for step, batch in steps():
                yield compare(graph, str(size), step, batch)


def drawn_rows(draws: int) -> Iterator[Row]:
    """Yield the rows of drawn specs, each with options of its own."""
    choose = random.Random(0)
    for text in sample(spec_texts(SMALL), 2 * draws)[:draws]:  # hypothesis draws some twice
        graph = build_graph(parse_spec(text))
        step = Step(choose.random() < 0.8, choose.choice(PRECISIONS), choose.choice(OPTIMIZERS))
        height, width = graph.spec.input.size
        yield compare(graph, f"{height}x{width}", step, choose.choice((2, 3, 8, 64)))


def compare(graph: Graph, size: str, step: Step, batch: int) -> Row:
    """Return predicted and measured bytes of one step."""
    predicted, torch_says = replay(graph, step).at(batch), measured(graph, step, batch)
    kernels = [moment.live_bytes for moment in predicted.timeline if moment.kernel]
    events = [event.live_bytes for event in torch_says.timeline]
    differing = sum(a != b for a, b in itertools.zip_longest(kernels, events))
    # Saved tensors of a checkpointed block pass its own hooks, so no other hook sees them.
    checkpointed = bool(graph.spec.checkpoint)
    return Row(
        name=graph.spec.name,
        size=size,
        mode="train" if step.train else "infer",
        precision=step.precision,
        optimizer=step.optimizer if step.train else "none",
        batch=batch,
        saved_bytes=predicted.saved_bytes,
        saved_measured_bytes=predicted.saved_bytes if checkpointed else torch_says.saved.total_bytes,
        peak_bytes=predicted.peak_bytes,
        peak_measured_bytes=torch_says.peak.live_bytes,
        moments=len(events),
        moments_that_differ=differing,
    )


def write(rows: list[Row]) -> None:
    """Write the rows beside the versions that made them."""
    with RESULT.open("w", newline="", encoding="utf-8") as file:
        file.write(f"# {versions()}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(rows)


def versions() -> str:
    """Return the versions the audit ran on."""
    import torch

    return f"tresnet-gen audit: torch {torch.__version__}, Python {platform.python_version()}, {platform.system()}"


def summarize(rows: list[Row]) -> int:
    """Print what was found and return how many steps differ in any figure."""
    wrong = [
        row
        for row in rows
        if (row.saved_bytes, row.peak_bytes) != (row.saved_measured_bytes, row.peak_measured_bytes)
        or row.moments_that_differ
    ]
    print(versions())
    print(f"{len(rows)} steps, {sum(row.moments for row in rows):,} allocating kernels; {len(wrong)} steps differ")
    for row in wrong[:20]:
        print(row)
    return len(wrong)


if __name__ == "__main__":
    main()
