"""The images/s that the TResNet paper measured on a V100 beside those predicted, and how well other figures do.

The baselines' coefficients are fitted to these very rows; the model's V100 has two, fitted to them and to others.
"""

import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from fitting import Array, fitted, mean_error, spearman  # noqa: E402
from paper import CARD, System, systems  # noqa: E402

from tresnet_gen import tables  # noqa: E402
from tresnet_gen.analysis import devices, throughput  # noqa: E402
from tresnet_gen.analysis.counts import Totals, count  # noqa: E402
from tresnet_gen.frontend.load import load_spec  # noqa: E402
from tresnet_gen.graph.build import build_graph  # noqa: E402
from tresnet_gen.graph.graph import Graph  # noqa: E402

MODES = {"infer": "infer nchw", "train": "train nchw"}


class Merit(NamedTuple):
    """How well a predictor does: mean absolute error of rates, and correlation of ranks."""

    error: float
    spearman: float


@cache
def _graph(spec: str) -> Graph:
    return build_graph(load_spec(spec))


@cache
def predicted(spec: str, speed: str) -> float:
    """Return the predicted images/s of a spec, `speed` infer or train."""
    return throughput.predict(_graph(spec), devices.gpu(CARD), MODES[speed]).images_per_s


def measured(speed: str) -> list[System]:
    """Return the systems with a published rate."""
    return [system for system in systems() if getattr(system, speed)]


def merits(speed: str) -> dict[str, Merit]:
    """Return the merit of the model, and of baselines in MACs and activations, with coefficients fitted here."""
    rows = measured(speed)
    seconds = np.array([1 / getattr(system, speed) for system in rows])
    totals = [count(_graph(system.spec)).totals for system in rows]
    guesses = {
        "this model": np.array([1 / predicted(system.spec, speed) for system in rows]),
        "a MACs + b activations": _least_error(totals, seconds, "macs", "activations"),
        "MACs alone": _least_error(totals, seconds, "macs"),
    }
    return {name: Merit(mean_error(guess, seconds), spearman(guess, seconds)) for name, guess in guesses.items()}


def _least_error(totals: list[Totals], seconds: Array, *figures: str) -> Array:
    features = np.array([[float(getattr(total, figure)) for figure in figures] for total in totals])
    return np.asarray(features @ fitted(features, seconds, np.zeros(len(figures))))


def table() -> str:
    """Return published and predicted rates as Markdown."""
    head = ("", "spec", "infer/s*", "predicted", "error", "train/s*", "predicted", "error")
    rows = [(system.title, system.spec, *_cells(system, "infer"), *_cells(system, "train")) for system in systems()]
    return "\n".join(tables.markdown([head, *rows], range(2, 8)))


def _cells(system: System, speed: str) -> tuple[str, str, str]:
    published, own = getattr(system, speed), predicted(system.spec, speed)
    return (f"{published:,}" if published else "", f"{own:,.0f}", f"{own / published - 1:+.1%}" if published else "")


def merits_table() -> str:
    """Return the merits as Markdown."""
    infer, train = merits("infer"), merits("train")
    rows = [("", "infer, mean error", "Spearman", "train, mean error", "Spearman")]
    for name, merit in infer.items():
        other = train[name]
        figures = f"{merit.error:.1%}", f"{merit.spearman:.3f}", f"{other.error:.1%}", f"{other.spearman:.3f}"
        rows.append((name, *figures))
    return "\n".join(tables.markdown(rows, range(1, 5)))
