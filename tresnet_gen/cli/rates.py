"""The GPUs and modes whose throughput a command predicts, and the figures as rows and JSON."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import click

from tresnet_gen.analysis.devices import DeviceError, Gpu, load
from tresnet_gen.analysis.throughput import Part, Prices, Throughput, anchored, mode_name, predict, prices_of
from tresnet_gen.cli import specs
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


class Anchor(NamedTuple):
    """A measurement of the user's: a network, and images a second."""

    spec: str
    images_per_s: float


class AnchorType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """MODEL=IMG_S."""

    name = "anchor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        spec, equals, rate = str(value).rpartition("=")
        try:
            images_per_s = float(rate)
        except ValueError:
            images_per_s = 0.0
        if not (equals and spec and 0 < images_per_s < 1e9):
            self.fail("write a spec and its measured images/s: resnet50=805", param, ctx)
        return Anchor(spec, images_per_s)


class DeviceType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A file that describes a GPU as those in tresnet_gen/analysis/devices do."""

    name = "device"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Gpu:
        name = str(value).replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
        try:
            return load(str(value), name or str(value))
        except DeviceError as error:
            self.fail(str(error), param, ctx)


def rates_of(gpus: Sequence[Gpu], train: bool, layout: str, compiled: bool) -> tuple[Rate, ...]:
    """Return the rates that the options ask for.

    Raises:
        click.UsageError: for a mode that nobody measured.
    """
    if train and compiled:
        raise click.UsageError("no published measurements of compiled training: leave out --compile or --train")
    mode = mode_name(train, layout, compiled)
    return tuple(Rate(gpu, layout, compiled, train, prices_of(gpu, mode)) for gpu in gpus)


def tied(rates: tuple[Rate, ...], anchor: Anchor | None, output_format: str) -> tuple[Rate, ...]:
    """Return rates scaled to the user's measurement, if there is one.

    Raises:
        click.UsageError: for an anchor that does not say on which GPU.
    """
    if not anchor:
        return rates
    if len(rates) != 1:
        raise click.UsageError("--anchor was measured on one GPU: give one --gpu or --device")
    [measured] = specs.load([anchor.spec], (), output_format)
    predicted = rates[0].of(measured.graph).images_per_s
    return (rates[0]._replace(prices=anchored(rates[0].prices, predicted, anchor.images_per_s)),)


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
