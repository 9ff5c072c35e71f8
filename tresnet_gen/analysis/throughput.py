"""Images a second on a GPU, from a graph: the sum over ops of what each does times what that costs.

    seconds an image = sum over terms of price(term) * sum over quantities of weight(term, quantity) * amount(quantity)

Amounts are the ops' own (tresnet_gen/graph/ops/work.py), weights stand in throughput_terms.py. Prices, at most eight
for a GPU and mode, are fitted to published measurements by tools/calibrate.py; a GPU without measurements borrows those
of another, scaled by the ratios of their data sheets. The rate is that of automatic mixed precision at a batch that
fills the GPU. docs/throughput.md has the errors.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from math import prod
from typing import NamedTuple

from tresnet_gen.analysis import devices
from tresnet_gen.analysis.devices import Error, Gpu
from tresnet_gen.analysis.throughput_terms import COMPUTE, OVERHEAD, terms
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Graph, Node
from tresnet_gen.graph.ops import Work

BATCH = {"infer": 1024, "train": 256}  # what launches and weights are shared out among
LENDERS = ("rtx3090", "rtx4090")  # have prices for every mode between them
CALIBRATED, SCALED, DATA_SHEET, ANCHORED = "calibrated", "scaled", "data sheet", "anchored"


class Part(NamedTuple):
    """Seconds an image of an op, a stage or the whole network, by what bounds them."""

    name: str
    compute_s: float
    memory_s: float
    overhead_s: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.compute_s + self.memory_s + self.overhead_s

    @property
    def bound(self) -> str:
        """What takes most: compute, memory or overhead."""
        shares = {"compute": self.compute_s, "memory": self.memory_s, "overhead": self.overhead_s}
        return max(shares, key=lambda name: shares[name])


class Prices(NamedTuple):
    """Seconds for a unit of each term, and how far to trust them.

    `basis` is calibrated (fitted to this GPU), scaled (another GPU's, a factor or two fitted), data sheet (another
    GPU's, by ratios of data sheets) or anchored (the user's one measurement). `error` is that on architectures that the
    fit had not seen, `grouped` the one on those with grouped convolutions or blurs where they are told apart.
    """

    seconds: Mapping[str, float]
    basis: str
    error: Error
    grouped: Error | None = None


class Throughput(NamedTuple):
    """A prediction for one GPU and mode; `layers` are in the graph's order, without the input."""

    gpu: str
    mode: str
    basis: str
    error: Error
    layers: tuple[Part, ...]
    stages: tuple[Part, ...]
    total: Part

    @property
    def images_per_s(self) -> float:
        """Images a second."""
        return 1.0 / self.total.seconds

    @property
    def low(self) -> float:
        """Images a second, lower end of the band that holds nine architectures in ten."""
        return self.error.low * self.images_per_s

    @property
    def high(self) -> float:
        """Images a second, upper end of that band."""
        return self.error.high * self.images_per_s


def mode_name(train: bool, layout: str, compiled: bool) -> str:
    """Return a mode's name among the keys of terms(); a compiled network chooses its layout itself."""
    return f"{'train' if train else 'infer'} {'compile' if compiled else layout}"


def predict(graph: Graph, gpu: Gpu, mode: str, prices: Prices | None = None) -> Throughput:
    """Return the predicted throughput of a graph; `prices` replace those of the GPU."""
    prices = prices or prices_of(gpu, mode)
    layers = tuple(_layers(graph, mode, prices.seconds))
    by_stage = groupby(zip(graph.nodes[1:], layers, strict=True), key=lambda pair: pair[0].stage)
    stages = tuple(summed(stage, (layer for _, layer in pairs)) for stage, pairs in by_stage)
    return Throughput(gpu.name, mode, prices.basis, _error_of(graph, prices), layers, stages, summed("total", stages))


def _error_of(graph: Graph, prices: Prices) -> Error:
    error, grouped = prices.error, prices.grouped
    if not grouped or not any(is_grouped(node.op) for node in graph.nodes):
        return error
    worse = max(error.pct, grouped.pct), min(error.low, grouped.low), max(error.high, grouped.high)
    return Error(*worse, error.edit_pct)


def is_grouped(op: ops.Op) -> bool:
    """Whether an op is a blur, or a convolution with several groups of several channels."""
    return isinstance(op, ops.BlurPool) or (
        isinstance(op, ops.Conv2d) and op.kernel > 1 and 1 < op.groups < op.in_channels
    )


def prices_of(gpu: Gpu, mode: str) -> Prices:
    """Return a GPU's prices for a mode: its own, or a lender's scaled by the data sheets and by what factors it has."""
    own = gpu.modes.get(mode)
    if own and own.prices:
        return Prices(own.prices, CALIBRATED, own.error, own.grouped)
    lender = _lender(gpu, mode)
    factors, grouped = _factors(gpu, mode), lender.modes[mode].grouped
    seconds = {t: factors.get(t, factors["others"]) * price for t, price in lent(lender, gpu, mode).items()}
    unknown = devices.transfer()[DATA_SHEET]
    if own:
        return Prices(seconds, SCALED, own.error._replace(edit_pct=unknown.edit_pct), grouped)
    return Prices(seconds, DATA_SHEET, unknown, grouped)


def _factors(gpu: Gpu, mode: str) -> Mapping[str, float]:
    """Return what a GPU's borrowed prices are times: as measured in the mode, else in its other modes.

    A GPU without measurements takes the factors of the one it is like.
    """
    measured = gpu if gpu.modes or not gpu.like else devices.gpu(gpu.like)
    found = {name: own.factors for name, own in measured.modes.items() if not own.prices}
    if mode in found or not found:
        return found.get(mode, {"others": 1.0})
    return {
        name: prod(factors.get(name, factors["others"]) for factors in found.values()) ** (1 / len(found))
        for name in ("others", *COMPUTE)
    }


def lent(lender: Gpu, gpu: Gpu, mode: str) -> dict[str, float]:
    """Return a lender's prices for a mode scaled to a GPU: compute by peak arithmetic, bytes by bandwidth.

    The peak is that with sums in FP16, where both have it: a GeForce reaches its halved peak with sums in FP32, other
    cards about half of their full one.
    """
    compute = lender.tensor_tflops / gpu.tensor_tflops
    if lender.fp16_tflops and gpu.fp16_tflops:
        compute = lender.fp16_tflops / gpu.fp16_tflops
    memory = lender.bandwidth_gb_s / gpu.bandwidth_gb_s
    factors = {term: compute if term in COMPUTE else 1.0 if term in OVERHEAD else memory for term in terms()[mode]}
    return {term: price * factors[term] for term, price in lender.modes[mode].prices.items()}


def anchored(prices: Prices, predicted: float, measured: float) -> Prices:
    """Return prices scaled so that a network predicted at `predicted` images/s has the `measured` ones."""
    factor = predicted / measured
    error = prices.error if prices.basis == CALIBRATED else min(prices.error, devices.transfer()[ANCHORED])
    return Prices({t: factor * price for t, price in prices.seconds.items()}, ANCHORED, error, prices.grouped)


def _lender(gpu: Gpu, mode: str) -> Gpu:
    lenders = (devices.gpu(name) for name in (gpu.like, *LENDERS) if name)
    return next(lender for lender in lenders if mode in lender.modes and lender.modes[mode].prices)


def works(graph: Graph, mode: str) -> list[Work]:
    """Return what every op of a graph does for an image in a mode."""
    batch = BATCH[mode.split()[0]]
    stored = _stored(graph) if mode.endswith("compile") else None
    return [_work(graph, index, batch, stored) for index in range(len(graph.nodes))]


def _layers(graph: Graph, mode: str, prices: Mapping[str, float]) -> Iterable[Part]:
    weights = _priced(mode, tuple(prices.items()))
    for node, work in zip(graph.nodes[1:], works(graph, mode)[1:], strict=True):
        spent = [0.0, 0.0, 0.0]
        for name, amount in work.items():
            for kind, price in weights.get(name, ()):
                spent[kind] += price * amount
        yield Part(node.name, *spent)


@cache
def _priced(mode: str, prices: tuple[tuple[str, float], ...]) -> dict[str, list[tuple[int, float]]]:
    """Return for each quantity what a unit costs: 0, 1 or 2 for compute, memory or overhead, and seconds."""
    found: dict[str, list[tuple[int, float]]] = {}
    for term, price in prices:
        kind = 0 if term in COMPUTE else 2 if term in OVERHEAD else 1
        for name, weight in terms()[mode][term].items():
            found.setdefault(name, []).append((kind, weight * price))
    return found


def _work(graph: Graph, index: int, batch: int, stored: list[bool] | None) -> Work:
    """Return an op's work; `stored` tells, for a compiled network, which ops' outputs reach memory."""
    node = graph.nodes[index]
    work = node.op.work([graph.nodes[source].shape for source in node.inputs], node.shape)
    work["kernels"] = node.op.kernels / batch
    work["weight_bytes"] = ops.BYTES * node.op.params / batch
    if stored is not None:
        work |= _fused(graph, node, stored, index)
        work["fused_kernels"] = 0.0 if node.op.pointwise and not stored[index] else work["kernels"]
    return work


def _fused(graph: Graph, node: Node, stored: list[bool], index: int) -> Work:
    """Return the bytes of a pointwise op in the kernel it is fused into: what comes from memory and goes there."""
    if isinstance(node.op, ops.GlobalMean):
        return {"fused_mean_bytes": ops.bytes_of(*(graph.nodes[source].shape for source in node.inputs))}
    if not node.op.pointwise or ops.is_vector(node.shape):
        return {}
    read = [graph.nodes[source].shape for source in node.inputs if stored[source]]
    maps = [shape for shape in read if prod(shape) > shape[0]]
    return {"fused_bytes": ops.bytes_of(*maps, *([node.shape] if stored[index] else []))}


def _stored(graph: Graph) -> list[bool]:
    """Return which outputs a compiled network stores: all but those that one pointwise op or mean alone reads."""
    readers: list[list[int]] = [[] for _ in graph.nodes]
    for index, node in enumerate(graph.nodes):
        for source in node.inputs:
            readers[source].append(index)
    return [
        not (node.op.pointwise and len(read) == 1 and _absorbs(graph.nodes[read[0]].op))
        for node, read in zip(graph.nodes, readers, strict=True)
    ]


def _absorbs(op: ops.Op) -> bool:
    return op.pointwise or isinstance(op, ops.GlobalMean)


def summed(name: str, parts: Iterable[Part]) -> Part:
    """Return the sum of parts, added up one after the other."""
    listed = list(parts)
    return Part(
        name,
        sum(part.compute_s for part in listed),
        sum(part.memory_s for part in listed),
        sum(part.overhead_s for part in listed),
    )
