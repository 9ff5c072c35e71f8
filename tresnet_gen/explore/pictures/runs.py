"""Blocks of a stage that are alike, one behind the other: they are drawn once."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tresnet_gen.graph.graph import Call, Graph

Place = tuple[str, int]  # a stage, and the number of a block in it


class Run(NamedTuple):
    """`depth` equal blocks of a stage from number `first` on; `blocks` are their calls."""

    stage: str
    first: int
    blocks: tuple[Call, ...]

    @property
    def depth(self) -> int:
        """How many blocks are drawn as one."""
        return len(self.blocks)

    @property
    def place(self) -> Place:
        """Where the run starts."""
        return self.stage, self.first


def runs_of(graph: Graph, cuts: Collection[Place] = ()) -> tuple[Run, ...]:
    """Return the runs of equal blocks, as long as they can be; at `cuts` a new one starts in any case."""
    runs: list[Run] = []
    numbers: dict[str, int] = {}
    before: object = None
    for block in graph.blocks:
        stage = graph.nodes[block.start].stage
        number = numbers[stage] = numbers.get(stage, -1) + 1
        structure = _structure(graph, block)
        if number and structure == before and (stage, number) not in cuts:
            runs[-1] = runs[-1]._replace(blocks=(*runs[-1].blocks, block))
        else:
            runs.append(Run(stage, number, (block,)))
        before = structure
    return tuple(runs)


def representatives(runs: Collection[Run], length: int) -> list[int]:
    """Return for each of `length` nodes the one that is drawn for it: its like in the first block of its run."""
    drawn = list(range(length))
    for run in runs:
        first = run.blocks[0].start
        for block in run.blocks[1:]:
            drawn[block.start : block.stop] = range(first, first + block.stop - block.start)
    return drawn


def _structure(graph: Graph, block: Call) -> tuple[object, ...]:
    """Return what makes blocks equal, names aside: their ops, shapes and edges; inputs from outside are numbered."""
    return tuple(_rows(graph, block))


def _rows(graph: Graph, block: Call) -> Iterator[object]:
    outside: dict[int, int] = {}
    for node in graph.nodes[block.start : block.stop]:
        inputs = [
            source - block.start if source >= block.start else ~outside.setdefault(source, len(outside))
            for source in node.inputs
        ]
        yield node.op, node.shape, inputs
    yield [graph.nodes[source].shape for source in outside]
