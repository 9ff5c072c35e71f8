"""What a step of a graph takes in memory: a replay of eager PyTorch, exact to the byte of its allocations.

Counted are the bytes of tensors. The driver, cuDNN and the allocator take more: RESERVE_BYTES is what published
largest batches leave for them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tresnet_gen.analysis.step import Step, record
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.tape import BUFFER, INPUT, OPTIMIZER, OTHER, PARAMETER, Tape

# CUDA context, cuDNN workspaces, fragmentation. `typical` stands in for a GPU whose device file has no reserve of its
# own, and lies between those that have; published batches leave between `least` and `most` (docs/memory.md).
RESERVE_BYTES = {"most": 4_000_000_000, "typical": 3_100_000_000, "least": 2_500_000_000}

__all__ = ["MaxBatch", "Memory", "Moment", "Replay", "Step", "replay"]


class Moment(NamedTuple):
    """A kernel that allocated a tensor, and the live bytes behind it, its inputs still held.

    `phase` is forward, backward or step, `layer` the node's name, loss or optimizer, `kernel` aten's name.
    """

    phase: str
    layer: str
    kernel: str
    live_bytes: int

    @property
    def text(self) -> str:
        """The moment in words."""
        return f"{self.phase}, {self.layer}: {self.kernel}" if self.kernel else f"start of {self.phase}"


class Memory(NamedTuple):
    """Bytes of a step at one batch; `layers` are the saved bytes by the layer that kept them first.

    `saved_bytes` are the unique storages autograd keeps between forward and backward, parameters and buffers among
    them; `saved_activation_bytes` leaves out those and the images. `held_bytes` live between forward and backward, or
    behind inference.
    """

    params_bytes: int
    buffers_bytes: int
    input_bytes: int
    gradients_bytes: int
    optimizer_bytes: int
    saved_bytes: int
    saved_activation_bytes: int
    held_bytes: int
    peak_bytes: int
    peak_at: Moment
    timeline: tuple[Moment, ...]
    layers: dict[str, int]


class MaxBatch(NamedTuple):
    """The largest batch for a memory: with the most, the typical and the least reserve."""

    low: int
    typical: int
    high: int


class Replay:
    """A replayed step, which answers for any batch and any rounding of allocations."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def at(self, batch: int, rounding: int = 1) -> Memory:
        """Return the figures at a batch; `rounding` rounds each tensor up to a multiple of so many bytes."""
        tape, sizes = self._tape, self._sizes(batch, rounding)
        by_kind = dict.fromkeys((PARAMETER, BUFFER, INPUT, OPTIMIZER, OTHER), 0)
        for size, kind in zip(sizes, tape.kinds, strict=True):
            by_kind[kind] += size
        layers: dict[str, int] = {}
        saved_activations = 0
        for storage, layer in tape.saved.items():
            layers[layer] = layers.get(layer, 0) + sizes[storage]
            saved_activations += sizes[storage] if tape.kinds[storage] == OTHER else 0
        timeline = tuple(self._timeline(sizes))
        live = zip(tape.moments, self._live(sizes), strict=True)
        held = [size for moment, size in live if moment.phase == "forward"][-1]
        peak = max(timeline, key=lambda moment: moment.live_bytes)
        return Memory(
            params_bytes=by_kind[PARAMETER],
            buffers_bytes=by_kind[BUFFER],
            input_bytes=by_kind[INPUT],
            gradients_bytes=by_kind[PARAMETER] if tape.train else 0,
            optimizer_bytes=by_kind[OPTIMIZER],
            saved_bytes=sum(layers.values()),
            saved_activation_bytes=saved_activations,
            held_bytes=held,
            peak_bytes=peak.live_bytes,
            peak_at=peak,
            timeline=timeline,
            layers=layers,
        )

    def peak_bytes(self, batch: int, rounding: int = 1) -> int:
        """Return the largest number of live bytes at a batch."""
        return max(self._live(self._sizes(batch, rounding)))

    def max_batch(self, memory_bytes: int, rounding: int = 1, reserve_bytes: int | None = None) -> MaxBatch:
        """Return the largest batch that fits in a GPU's memory beside the reserve, the GPU's own or the typical one."""
        typical = RESERVE_BYTES["typical"] if reserve_bytes is None else reserve_bytes
        reserves = max(RESERVE_BYTES["most"], typical), typical, min(RESERVE_BYTES["least"], typical)
        return MaxBatch(*(self.largest_batch(memory_bytes - reserve, rounding) for reserve in reserves))

    def largest_batch(self, limit_bytes: int, rounding: int = 1) -> int:
        """Return the largest batch whose peak is at most `limit_bytes`, 0 if not even one image fits."""
        per_image = self._live([size for size, _ in self._tape.sizes])
        fixed = self._live([size for _, size in self._tape.sizes])
        high = max(min((limit_bytes - f) // p if p else limit_bytes for p, f in zip(per_image, fixed, strict=True)), 0)
        if rounding == 1 or not high:
            return high if self.peak_bytes(high) <= limit_bytes else 0
        low, high = 0, high + 1  # rounding only adds
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.peak_bytes(middle, rounding) <= limit_bytes else (low, middle)
        return low

    def _sizes(self, batch: int, rounding: int) -> list[int]:
        sizes = [batch * per_image + fixed for per_image, fixed in self._tape.sizes]
        return [-(-size // rounding) * rounding for size in sizes] if rounding > 1 else sizes

    def _live(self, sizes: list[int]) -> Iterator[int]:
        live = 0
        for moment in self._tape.moments:
            for storage in moment.freed:
                live -= sizes[storage]
            for storage in moment.made:
                live += sizes[storage]
            yield live

    def _timeline(self, sizes: list[int]) -> Iterator[Moment]:
        for moment, live in zip(self._tape.moments, self._live(sizes), strict=True):
            if moment.made:
                yield Moment(moment.phase, moment.layer, moment.kernel, live)


def replay(graph: Graph, step: Step) -> Replay:
    """Return a step of the graph's emitted module, replayed."""
    return Replay(record(graph, step))
