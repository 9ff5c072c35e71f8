"""All figures of one spec, as a command asks for them, and their JSON form."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tresnet_gen.analysis.counts import Counts, Totals, count
from tresnet_gen.analysis.memory import MaxBatch, Memory, Step, replay
from tresnet_gen.analysis.throughput import Throughput
from tresnet_gen.explore import rates
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.explore.rates import Rate
from tresnet_gen.graph.graph import Graph


class Card(NamedTuple):
    """A memory that the step must fit in: the name of a GPU, or empty, bytes, and what the GPU keeps of them."""

    name: str
    memory_bytes: int
    reserve_bytes: int | None = None

    @property
    def label(self) -> str:
        """The GPU's name, or the size."""
        return self.name or f"{self.memory_bytes / (1 << 30):g} GiB"


class Question(NamedTuple):
    """What is asked beside the counts."""

    step: Step
    batch: int
    rounding: int
    layout: str
    cards: tuple[Card, ...]
    rates: tuple[Rate, ...] = ()


class Estimate(NamedTuple):
    """A spec with its figures: `fits` are the largest batches for the question's cards, `speeds` for its rates."""

    loaded: Loaded
    counts: Counts
    memory: Memory
    fits: tuple[MaxBatch, ...]
    speeds: tuple[Throughput, ...]

    @property
    def graph(self) -> Graph:
        """The spec's graph."""
        return self.loaded.graph

    def saved_by(self, by: str) -> dict[str, int]:
        """Return the bytes saved for backward by stage or layer."""
        if by == "layer":
            return self.memory.layers
        stages: dict[str, int] = {}
        for node in self.graph.nodes:
            stages[node.stage] = stages.get(node.stage, 0) + self.memory.layers.get(node.name, 0)
        return stages


# What a comparison can be sorted by; of several memories or GPUs the first counts.
SORT_KEYS: dict[str, Callable[[Estimate], float]] = {
    "params": lambda one: one.counts.totals.params,
    "macs": lambda one: one.counts.totals.macs,
    "activations": lambda one: one.counts.totals.activations,
    "saved": lambda one: one.memory.saved_bytes,
    "peak": lambda one: one.memory.peak_bytes,
    "batch": lambda one: one.fits[0].typical,
    "throughput": lambda one: one.speeds[0].images_per_s,
}


def ordered(estimates: Iterable[Estimate], sort_key: str | None, reverse: bool) -> list[Estimate]:
    """Return estimates by a word of SORT_KEYS, the least first; equal ones, and all without a word, as they came."""
    return sorted(estimates, key=SORT_KEYS[sort_key], reverse=reverse) if sort_key else list(estimates)


def estimate(loaded: Loaded, question: Question) -> Estimate:
    """Return all figures of a spec."""
    replayed = replay(loaded.graph, question.step)
    fits = tuple(
        replayed.max_batch(card.memory_bytes, question.rounding, card.reserve_bytes) for card in question.cards
    )
    speeds = tuple(rate.of(loaded.graph) for rate in question.rates)
    return Estimate(loaded, count(loaded.graph), replayed.at(question.batch, question.rounding), fits, speeds)


def as_json(one: Estimate, question: Question) -> dict[str, Any]:
    """Return the JSON object of a model."""
    spec, counts = one.graph.spec, one.counts
    return {
        "name": spec.name,
        "spec": one.loaded.argument,
        "input": [spec.input.channels, *spec.input.size],
        "batch": question.batch,
        **_totals(counts.totals),
        "conventions": {
            "fvcore_flops": counts.conventions.fvcore_flops,
            "timm_card_params": counts.conventions.timm_card_params,
            "timm_card_flops": counts.conventions.timm_card_flops,
        },
        "stages": [{"name": s.name, **_part(s.totals), "output": list(s.output)} for s in counts.stages],
        "layers": [
            {"name": layer.name, "op": layer.op, "output": list(layer.output), **_part(layer.totals)}
            for layer in counts.layers
        ],
        "memory": _memory(one, question),
        "throughput": [
            rates.as_json(rate, one_rate) for rate, one_rate in zip(question.rates, one.speeds, strict=True)
        ],
    }


def _memory(one: Estimate, question: Question) -> dict[str, Any]:
    memory, step = one.memory, question.step
    return {
        "mode": "train" if step.train else "infer",
        "precision": step.precision,
        "optimizer": step.optimizer if step.train else "none",
        "layout": question.layout,
        "batch": question.batch,
        "rounding_bytes": question.rounding,
        "params_bytes": memory.params_bytes,
        "buffers_bytes": memory.buffers_bytes,
        "input_bytes": memory.input_bytes,
        "gradients_bytes": memory.gradients_bytes,
        "optimizer_bytes": memory.optimizer_bytes,
        "saved_bytes": memory.saved_bytes,
        "saved_activation_bytes": memory.saved_activation_bytes,
        "peak_bytes": memory.peak_bytes,
        "peak_at": memory.peak_at.text,
        "saved_by_stage": _saved(one, "stage"),
        "saved_by_layer": _saved(one, "layer"),
        "max_batch": one.fits[0].typical if one.fits else None,
        "max_batches": [
            {"gpu": card.name or None, "memory_bytes": card.memory_bytes, **fit._asdict()}
            for card, fit in zip(question.cards, one.fits, strict=True)
        ],
    }


def _saved(one: Estimate, by: str) -> list[dict[str, Any]]:
    return [{"name": name, "saved_bytes": size} for name, size in one.saved_by(by).items() if size]


def _totals(totals: Totals) -> dict[str, int]:
    return {"params": totals.params, "macs": totals.macs, "flops": totals.flops, "activations": totals.activations}


def _part(totals: Totals) -> dict[str, int]:
    return {"params": totals.params, "macs": totals.macs, "activations": totals.activations}
