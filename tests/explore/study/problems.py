"""A small problem with an objective that takes no training, and a program that works on it as one worker of several."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tresnet_gen import Graph, count, open_study
from tresnet_gen.explore.study.study import Study

SPEC = "resnet18"
AXES = ["stages.0.depth=1..3", "stages.1.width=64,96,128", "stages.1.se=null,{ratio: 8, min_channels: 16}"]
BUDGETS = ["macs<1.8G"]


def score(graph: Graph) -> float:
    """Return what stands for an accuracy: it grows with parameters, and is best at a depth of two."""
    return count(graph).totals.params / 1e7 - abs(graph.spec.stages[0].depth - 2)


def study_in(storage: Any, axes: list[str] = AXES, spec: str | Path = SPEC, **more: Any) -> Study:
    """Return the study of the problem."""
    given = {"budgets": BUDGETS, "maximise": ["score"], "minimise": ["macs"], **more}
    return open_study(spec, axes, storage=storage, **given)


def measure_all(
    study: Study, trials: int | None = None, then: Callable[[], None] = lambda: None
) -> list[tuple[str, ...]]:
    """Measure candidates until there are no more; return their edits."""
    asked = []
    while candidate := study.ask(trials):
        asked.append(candidate.edits)
        study.tell(candidate, {"score": score(candidate.graph)})
        then()
    return asked


def main() -> None:
    """Work on the study in a file, saying what was asked and, once it is in the storage, what was told."""
    path, seconds = sys.argv[1], float(sys.argv[2])
    with study_in(path) as study:
        while candidate := study.ask():
            print("asked", candidate.number, flush=True)
            time.sleep(seconds)
            value = score(candidate.graph)
            study.tell(candidate, {"score": value})
            print("told", candidate.number, value, flush=True)


if __name__ == "__main__":
    main()
