"""Writes docs/comparison.md: what the TResNet paper measured beside what the specs predict.

    python tools/comparison.py

Published figures stand in tools/paper.py; predicted ones are computed, without torch. The page's text is
tools/comparison.md.jinja.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import paper_speeds  # noqa: E402
from paper import CARD, TABLE_1, TABLE_3, TABLE_4, System  # noqa: E402

from tresnet_gen.analysis import devices  # noqa: E402
from tresnet_gen.analysis.counts import count  # noqa: E402
from tresnet_gen.analysis.memory import MaxBatch, Replay, replay  # noqa: E402
from tresnet_gen.analysis.step import Step  # noqa: E402
from tresnet_gen.frontend.load import load_spec  # noqa: E402
from tresnet_gen.graph.build import build_graph  # noqa: E402

PAGE = ROOT / "docs" / "comparison.md"
STEP = Step(train=True, precision="amp-fp16", optimizer="sgd-momentum")
SPEEDS = ("train", "infer")


class Figures(NamedTuple):
    """What a spec predicts for one image; `saved` are bytes of activations kept for backward."""

    params: int
    macs: int
    activations: int
    saved: int
    batch: MaxBatch


@cache
def figures(spec: str) -> Figures:
    """Return the predicted figures of a bundled spec."""
    graph = build_graph(load_spec(spec))
    totals, replayed = count(graph).totals, replay(graph, STEP)
    saved = replayed.at(1).saved_activation_bytes
    return Figures(totals.params, totals.macs, totals.activations, saved, largest_batch(replayed))


def largest_batch(replayed: Replay) -> MaxBatch:
    """Return the largest batch on the GPU that the paper measured on."""
    gpu = devices.gpu(CARD)
    return replayed.max_batch(gpu.memory_bytes, reserve_bytes=gpu.reserve_bytes)


Cell = Callable[[System], str]
OURS: dict[str, Cell] = {
    "spec": lambda system: f"`{system.spec}`",
    "params": lambda system: f"{figures(system.spec).params:,}",
    "MACs": lambda system: f"{figures(system.spec).macs:,}",
    "activations": lambda system: f"{figures(system.spec).activations:,}",
    "saved MiB": lambda system: f"{figures(system.spec).saved / (1 << 20):.1f}",
    "largest batch": lambda system: "{0.typical} ({0.low}-{0.high})".format(figures(system.spec).batch),
}
PUBLISHED: dict[str, Cell] = {
    "batch*": lambda system: str(system.batch),
    "FLOPs*": lambda system: f"{system.flops} G",
    "top-1*": lambda system: f"{system.top1:.1f}",
    "train/s*": lambda system: f"{system.train:,}",
    "infer/s*": lambda system: f"{system.infer:,}",
}


def table(systems: Sequence[System], *published: str) -> str:
    """Return a Markdown table of predicted figures beside the named published ones."""
    columns = {**OURS, **{name: PUBLISHED[name] for name in published}}
    rows = [[system.title, *(cell(system) for cell in columns.values())] for system in systems]
    return markdown([["", *columns], ["---", "---", *["--:"] * (len(columns) - 1)], *rows])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table; the second is the rule below its head."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def pairs_table() -> str:
    """Return how many pairs of Table 1 each figure orders by speed: the smaller one the faster, equals left out."""
    rows = [["smaller figure, faster system", *(f"of pairs, {speed}" for speed in SPEEDS)], ["---", "--:", "--:"]]
    for title, field in (("params", 0), ("MACs", 1), ("activations", 2), ("saved", 3)):
        rows.append([title, *("{} of {}".format(*ordered_pairs(field, speed)) for speed in SPEEDS)])
    return markdown(rows)


def ordered_pairs(field: int, speed: str) -> tuple[int, int]:
    """Return the pairs of Table 1 that a figure orders, and those whose speeds differ."""
    seen = [(figures(system.spec)[field], -getattr(system, speed)) for system in TABLE_1]
    pairs = [(a, b) for a, b in combinations(seen, 2) if a[1] != b[1]]
    return sum((a[0] < b[0]) == (a[1] < b[1]) for a, b in pairs), len(pairs)


def steps_table() -> str:
    """Return what each refinement of Table 4 changes, in percent of the row before."""
    rows = [["", "MACs", "activations", "saved", "infer/s*"], ["---", *["--:"] * 4]]
    for before, after in pairwise(TABLE_4):
        old, new = figures(before.spec), figures(after.spec)
        cells = [percent(a, b) for a, b in zip(old[1:4], new[1:4], strict=True)]
        rows.append([after.title, *cells, percent(before.infer, after.infer)])
    return markdown(rows)


def percent(before: int, after: int) -> str:
    """Return a change in percent."""
    return f"{100 * (after / before - 1):+.1f} %" if before != after else "0"


def page() -> str:
    """Return the page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # the page is Markdown of this repository
    )
    infer_pairs = {name: ordered_pairs(field, "infer") for name, field in (("macs", 1), ("activations", 2))}
    return environment.get_template("comparison.md.jinja").render(
        table_1=table(TABLE_1, "FLOPs*", "top-1*", "train/s*", "infer/s*"),
        table_3=table(TABLE_3, "batch*", "top-1*", "train/s*", "infer/s*"),
        table_4=table(TABLE_4, "top-1*", "infer/s*"),
        pairs=pairs_table(),
        steps=steps_table(),
        speeds=paper_speeds.table(),
        merits=paper_speeds.merits_table(),
        by_macs=infer_pairs["macs"][0],
        by_activations=infer_pairs["activations"][0],
        macs={system.spec: f"{figures(system.spec).macs / 1e9:.2f} G" for system in TABLE_1},
        saved={system.spec: f"{figures(system.spec).saved / (1 << 20):.0f} MiB" for system in TABLE_1},
        inside=sum(fits(system) for system in TABLE_3),
        furthest=f"{100 * max(miss(system) for system in TABLE_3):.1f} %",
    )


def fits(system: System) -> bool:
    """Return whether the published largest batch is in the predicted range."""
    fit = figures(system.spec).batch
    return fit.low <= system.batch <= fit.high


def miss(system: System) -> float:
    """Return how far the predicted batch is from the published one, as a share of that."""
    return abs(figures(system.spec).batch.typical / system.batch - 1)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
