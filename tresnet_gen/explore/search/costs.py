"""What candidates of one base cost, put together from stages: exact, and each stage worked out once.

Counts and times add up over stages; of a stage they depend on its values and its input's shape. Blocks behind a
stage's first are alike, so a network of at most two tells. Memory, and times under torch.compile, depend on a stage's
neighbours as well: they are cut out of a short network with those neighbours (memory.py). There a stage has one block,
two, or four: first, second, one that stands for any number in the middle, last.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tresnet_gen.analysis.counts import Totals, count
from tresnet_gen.analysis.step import Step
from tresnet_gen.analysis.throughput import Part, predict, summed
from tresnet_gen.explore.search import memory
from tresnet_gen.explore.search.figures import COUNTS, Figure, latency_ms, measure
from tresnet_gen.frontend.diagnostics import SpecError
from tresnet_gen.frontend.spec import ConvStem, Spec, Stage
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.graph.ops import Shape

MOST_BLOCKS = 4  # of a stage in a network that pieces are cut from
MOST_KEPT = 20_000  # parts of networks that are remembered
SMALL = 2  # channels up to which ops are special cases
Times = tuple[Part, ...]  # one for each rate


class Local(NamedTuple):
    """A block or several: what they cost whatever stands beside them; `parts` are the layers' times for each rate."""

    totals: Totals
    parts: tuple[Times, ...]


class Placed:
    """A stage with an input's shape.

    `times` are its sums for each rate, `shape` what it puts out; `head` tells the stage before what it must know of the
    first block, `tail` the stage behind of the last. `contexts` holds what it costs between a tail and a head.
    """

    __slots__ = ("contexts", "head", "shape", "stage", "tail", "times", "totals")

    def __init__(self, stage: Stage, shape: Shape, totals: Totals, times: Times, head: int, tail: int) -> None:
        self.stage = stage
        self.shape = shape
        self.totals = totals
        self.times = times
        self.head = head
        self.tail = tail
        self.contexts: dict[tuple[int, int], Context] = {}


class Context(NamedTuple):
    """A stem, stage or head between its neighbours: memory for each step, that at each asked batch, compiled times."""

    pieces: tuple[memory.Piece, ...]
    flats: tuple[memory.Flat, ...]
    times: Times


class Costs:
    """Costs of networks that share all but their stages. Stages are numbered by `stage_id`, shapes are tuples."""

    def __init__(self, spec: Spec, figures: Sequence[Figure]) -> None:
        self.spec = spec
        self.steps: list[Step] = list({f.step: None for f in figures if f.word in ("memory", "batch")})
        self.rates = list({f.options: f for f in figures if f.mode}.values())
        self.eager = [i for i, rate in enumerate(self.rates) if not rate.mode.endswith("compile")]
        self.compiled = [i for i, rate in enumerate(self.rates) if rate.mode.endswith("compile")]
        self.batches = list({(self.steps.index(f.step), f.batch): None for f in figures if f.word == "memory"})
        self.whole = False  # whether figures are those of whole networks, because their steps cannot be cut
        self._signs: dict[object, int] = {}
        self._locals: dict[tuple[Stage, Shape], tuple[Shape, list[Local]] | None] = {}
        self._blocks: dict[object, list[_Block]] = {}
        self._stems: dict[int, Context] = {}
        self._heads: dict[tuple[int, Shape], Context] = {}
        self._head_locals: dict[Shape, Local] = {}
        self.stem_shape, self.stem = self._stem()

    def _stem(self) -> tuple[Shape, Local]:
        """Return what the stem puts out and costs.

        Raises:
            SpecError: for a stem that the input does not fit.
        """
        graph = build_graph(self.spec._replace(stages=()))
        shape = [node.shape for node in graph.nodes if node.stage == "stem"][-1]
        return shape, self._cut_local(graph)[0]

    # What does not depend on neighbours.

    def place(self, stage: Stage, shape: Shape) -> Placed | None:
        """Return a stage with an input of a shape, None where the two do not fit."""
        short = stage._replace(depth=min(stage.depth, 2))
        if (short, shape) not in self._locals:
            _keep_small(self._locals)
            self._locals[short, shape] = self._try(short, shape)
        found = self._locals[short, shape]
        if found is None:
            return None
        output, blocks = found
        row = [blocks[0], *blocks[1:] * (stage.depth - 1)]
        totals = Totals(*(sum(column) for column in zip(*(block.totals for block in row), strict=True)))
        times = tuple(
            summed("", [part for block in row for part in block.parts[rate]]) for rate in range(len(self.rates))
        )
        inner = (stage._replace(stride=1), output) if stage.depth > 1 else (stage, shape)
        head, tail = self._sign(stage, shape, output), self._sign(*inner, output)
        return Placed(stage, output, totals, times, head, tail)

    def _try(self, stage: Stage, shape: Shape) -> tuple[Shape, list[Local]] | None:
        """Return what a stage of one or two blocks puts out behind a stem that puts out `shape`, and its blocks."""
        try:
            graph = build_graph(self._behind(shape)._replace(stages=(stage,)))
        except SpecError:
            return None
        return graph.nodes[graph.blocks[-1].stop - 1].shape, self._cut_local(graph)[1:-1]

    def _behind(self, shape: Shape) -> Spec:
        """Return the spec with another stem, whose output has a shape."""
        channels, height, width = shape
        act = self.spec.stages[0].act
        stem = ConvStem("conv", 1, 1, channels, None, act)
        return self.spec._replace(stem=stem, input=self.spec.input._replace(size=(height, width)))

    def head(self, shape: Shape) -> Local:
        """Return what the head costs behind stages that put out `shape`."""
        if shape not in self._head_locals:
            self._head_locals[shape] = self._cut_local(build_graph(self._behind(shape)._replace(stages=())))[-1]
        return self._head_locals[shape]

    def _cut_local(self, graph: Graph) -> list[Local]:
        layers = count(graph).layers
        times = [predict(graph, rate.gpu, rate.mode).layers for rate in self.rates if rate.gpu]
        found: list[tuple[list[Totals], list[list[Part]]]] = [
            ([], [[] for _ in times]) for _ in range(len(graph.blocks) + 2)
        ]
        for index, piece in enumerate(memory.pieces_of(graph)[1:]):
            found[piece][0].append(layers[index].totals)
            for rate, parts in enumerate(times):
                found[piece][1][rate].append(parts[index])
        return [Local(_added(totals), tuple(map(tuple, parts))) for totals, parts in found]

    def _sign(self, stage: Stage, shape: Shape, output: Shape) -> int:
        """Return a number for what a neighbour can tell of a block: the ops it has, not how wide they are."""
        se = getattr(stage, "se", None)
        alike = stage._replace(
            depth=1,
            width=min(stage.width, SMALL + 1),
            **({"se": se._replace(ratio=1, min_channels=None, round_to=None)} if se else {}),
        )
        pixels = tuple(height * width == 1 for _, height, width in (shape, output))
        sign = (alike, pixels, shape[0] == output[0], min(shape[0], SMALL + 1))
        return self._signs.setdefault(sign, len(self._signs) + 1)

    # What depends on neighbours.

    def contexts(self, row: Sequence[Placed]) -> list[Context]:
        """Return what stem, stages and head of a network cost in each other's company."""
        tails = [0, *(placed.tail for placed in row[:-1])]
        heads = [*(placed.head for placed in row[1:]), 0]
        sides = list(zip(tails, heads, strict=True))
        stem, head = self._stems.get(row[0].head), self._heads.get((row[-1].tail, row[-1].shape))
        found = [placed.contexts.get(side) for placed, side in zip(row, sides, strict=True)]
        if stem is None or head is None or None in found:
            self._learn(row, sides)
            return self.contexts(row)
        return [stem, *found, head]  # type: ignore[list-item]  # None is not among them

    def _learn(self, row: Sequence[Placed], sides: Sequence[tuple[int, int]]) -> None:
        """Cut what is not known yet out of a network of these stages, each with a few blocks."""
        shapes = [self.stem_shape, *(placed.shape for placed in row)]
        keys = [
            (placed.stage._replace(depth=_short(placed.stage.depth)), shape, side)
            for placed, shape, side in zip(row, shapes, sides, strict=False)
        ]
        ends = (row[-1].tail, shapes[-1])
        if row[0].head not in self._stems or ends not in self._heads or any(key not in self._blocks for key in keys):
            pieces = self._cut(tuple(stage for stage, _, _ in keys))
            _keep_small(self._blocks)
            self._stems[row[0].head] = self._context(pieces[:1])
            self._heads[ends] = self._context(pieces[-1:])
            start = 1
            for key in keys:
                self._blocks[key] = pieces[start : start + key[0].depth]
                start += key[0].depth
        for placed, key in zip(row, keys, strict=True):
            blocks, depth = self._blocks[key], placed.stage.depth
            if len(blocks) == MOST_BLOCKS:
                blocks = [*blocks[:2], *blocks[2:3] * (depth - 3), blocks[3]]
            placed.contexts[key[2]] = self._context(blocks)

    def _cut(self, stages: tuple[Stage, ...]) -> "list[_Block]":
        graph = build_graph(self.spec._replace(stages=stages))
        cuts = [memory.cut(graph, step) for step in self.steps]
        times: list[list[list[Part]]] = []
        of_node = memory.pieces_of(graph)[1:]
        for rate in (self.rates[index] for index in self.compiled):
            assert rate.gpu
            times.append([[] for _ in range(len(graph.blocks) + 2)])
            for piece, part in zip(of_node, predict(graph, rate.gpu, rate.mode).layers, strict=True):
                times[-1][piece].append(part)
        return [
            _Block(tuple(one[index] for one in cuts), tuple(tuple(one[index]) for one in times))
            for index in range(len(graph.blocks) + 2)
        ]

    def _context(self, row: "Sequence[_Block]") -> Context:
        pieces = tuple(_joined([block.pieces[step] for block in row]) for step in range(len(self.steps)))
        flats = tuple(pieces[step].at(batch) for step, batch in self.batches)
        times = tuple(
            summed("", [part for block in row for part in block.times[rate]]) for rate in range(len(self.compiled))
        )
        return Context(pieces, flats, times)


def _short(depth: int) -> int:
    """Return the depth of the network that pieces of a stage are cut from."""
    return depth if depth < 3 else MOST_BLOCKS


def _keep_small(known: dict[Any, Any]) -> None:
    """Forget everything where too much is known; it can be worked out again."""
    if len(known) >= MOST_KEPT:
        known.clear()


class _Block(NamedTuple):
    """A block between its neighbours: memory for each step, the layers' compiled times."""

    pieces: tuple[memory.Piece, ...]
    times: tuple[Times, ...]


def _joined(pieces: Sequence[memory.Piece]) -> memory.Piece:
    """Return pieces in a row as one; equal ones behind each other are taken at once."""
    whole, index = pieces[0], 1
    while index < len(pieces):
        run = 1
        while index + run < len(pieces) and pieces[index + run] is pieces[index]:
            run += 1
        whole = whole.then(pieces[index].times(run) if run > 1 else pieces[index])
        index += run
    return whole


def _added(totals: Sequence[Totals]) -> Totals:
    return Totals(*(sum(column) for column in zip(*totals, strict=True))) if totals else Totals(0, 0, 0)


def reader(costs: Costs, figure: Figure) -> Callable[[Sequence[Placed]], int | float]:
    """Return the function that reads a figure off the placed stages of a network."""
    if figure.word in COUNTS:
        return _count_reader(costs, figure.word)
    if figure.mode:
        seconds = _seconds_reader(costs, figure)
        return _or_whole(costs, figure, lambda row: of_seconds(figure, seconds(row)))
    step, limit = costs.steps.index(figure.step), figure.limit_bytes
    if figure.word == "batch":
        return _or_whole(
            costs, figure, lambda row: memory.largest_batch([one.pieces[step] for one in costs.contexts(row)], limit)
        )
    index = costs.batches.index((step, figure.batch))
    return _or_whole(costs, figure, lambda row: memory.peak_bytes([one.flats[index] for one in costs.contexts(row)]))


Read = Callable[[Sequence[Placed]], int | float]


def _or_whole(costs: Costs, figure: Figure, read: Read) -> Read:
    """Return a reader that looks at whole networks where their steps cannot be cut."""

    def guarded(row: Sequence[Placed]) -> int | float:
        if not costs.whole:
            try:
                return read(row)
            except memory.CutError:
                costs.whole = True
        graph = build_graph(costs.spec._replace(stages=tuple(placed.stage for placed in row)))
        return measure(graph, [figure])[figure.text].value

    return guarded


def of_seconds(figure: Figure, seconds: float) -> float:
    """Return a throughput or latency from the seconds an image takes."""
    images_per_s = 1.0 / seconds
    return images_per_s if figure.word == "throughput" else latency_ms(images_per_s)


def count_of(word: str, totals: Totals) -> int:
    """Return one of the counts by its word."""
    found: int = getattr(totals, word)
    return found


def _count_reader(costs: Costs, word: str) -> Callable[[Sequence[Placed]], int]:
    stem = count_of(word, costs.stem.totals)

    def read(row: Sequence[Placed]) -> int:
        return (
            stem
            + sum([count_of(word, placed.totals) for placed in row])
            + count_of(word, costs.head(row[-1].shape).totals)
        )

    return read


def _seconds_reader(costs: Costs, figure: Figure) -> Callable[[Sequence[Placed]], float]:
    rate = [one.options for one in costs.rates].index(figure.options)
    if rate in costs.compiled:
        index = costs.compiled.index(rate)
        return lambda row: summed("total", [one.times[index] for one in costs.contexts(row)]).seconds
    stem = summed("stem", costs.stem.parts[rate])
    heads: dict[Shape, Part] = {}

    def read(row: Sequence[Placed]) -> float:
        shape = row[-1].shape
        if shape not in heads:
            heads[shape] = summed("head", costs.head(shape).parts[rate])
        return summed("total", [stem, *[placed.times[rate] for placed in row], heads[shape]]).seconds

    return read
