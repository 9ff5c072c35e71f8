"""The GPUs and modes whose throughput is predicted, and the figures as rows and JSON."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tresnet_gen.analysis.devices import Gpu
from tresnet_gen.analysis.throughput import Part, Prices, Throughput, mode_name, predict
from tresnet_gen.graph.graph import Graph

NOTE = (
    "images/s: predicted for a batch that fills the GPU, automatic mixed precision; from-to held nine of ten unseen "
    "networks (docs/throughput.md)"
)


class Rate(NamedTuple):
    """A GPU in a mode, with its prices."""

    gpu: Gpu
    layout: str
    compiled: bool
    train: bool
    prices: Prices

    @property
    def mode(self) -> str:
        """The mode's name."""
        return mode_name(self.train, self.layout, self.compiled)

    def of(self, graph: Graph) -> Throughput:
        """Return the predicted throughput of a graph."""
        return predict(graph, self.gpu, self.mode, self.prices)


def rows(found: Sequence[Throughput]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each prediction: GPU, images/s, band, error, basis, what the time goes to."""
    for one in found:
        yield (one.gpu, *_figures(one), *(f"{share:.0%}" for share in _shares(one.total)), one.basis)


HEAD = ("GPU", "images/s", "from-to", "mean error", "compute", "memory", "overhead", "basis")


def _figures(one: Throughput) -> tuple[str, ...]:
    return rounded(one.images_per_s), f"({rounded(one.low)}-{rounded(one.high)})", f"{one.error.pct:.1f} %"


def rounded(images_per_s: float) -> str:
    """Return a rate in three digits or more: what lies behind them nobody knows."""
    return f"{images_per_s:.3g}" if images_per_s < 100 else f"{images_per_s:,.0f}"


def _shares(part: Part) -> tuple[float, float, float]:
    seconds = part.seconds or 1.0
    return part.compute_s / seconds, part.memory_s / seconds, part.overhead_s / seconds


def as_json(rate: Rate, one: Throughput) -> dict[str, Any]:
    """Return the JSON object of a prediction."""
    compute, memory, overhead = _shares(one.total)
    return {
        "gpu": one.gpu,
        "mode": "train" if rate.train else "infer",
        "layout": rate.layout,
        "compile": rate.compiled,
        "precision": "amp",
        "images_per_s": round(one.images_per_s, 2),
        "error_pct": one.error.pct,
        "low": round(one.low, 2),
        "high": round(one.high, 2),
        "basis": one.basis,
        "bound": one.total.bound,
        "compute_share": round(compute, 4),
        "memory_share": round(memory, 4),
        "overhead_share": round(overhead, 4),
        "stages": [_part(stage) for stage in one.stages],
        "layers": [_part(layer) for layer in one.layers],
    }


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, "seconds": float(f"{part.seconds:.4g}"), "bound": part.bound if part.seconds else None}
