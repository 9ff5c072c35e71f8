"""A graph to the picture of it at a level: stages, layers of blocks, or ops; blocks that are alike are drawn once."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from tresnet_gen.analysis.counts import Counts, Totals, count
from tresnet_gen.explore.measure import NO_BREAK_SPACE
from tresnet_gen.explore.pictures.picture import Box, Cluster, Edge, Picture, shape_text
from tresnet_gen.explore.pictures.runs import Place, Run, representatives, runs_of
from tresnet_gen.explore.pictures.words import features, hint, words_of
from tresnet_gen.frontend.diagnostics import visible
from tresnet_gen.graph import ops
from tresnet_gen.graph.graph import Graph
from tresnet_gen.tables import rounded

LEVELS = ("stage", "block", "op")


class Fold:
    """A graph on its way to a picture: which nodes are drawn, and as which box; a box goes by its first node."""

    def __init__(self, graph: Graph, level: str, cuts: Collection[Place] = ()) -> None:
        self.graph = graph
        self.level = level
        self.runs = runs_of(graph, cuts)
        drawn = representatives(self.runs, len(graph.nodes))
        if level == "stage":
            heads = _by_stage(graph)
        else:
            heads = _by_layer(graph) if level == "block" else list(range(len(graph.nodes)))
        self.head_of = [heads[node] for node in drawn]
        self.members: dict[int, list[int]] = {}
        for node, head in enumerate(heads):
            if drawn[node] == node or level == "stage":
                self.members.setdefault(head, []).append(node)
        self.run_of = {node: run for run in self.runs for node in range(run.blocks[0].start, run.blocks[0].stop)}
        self.counts = count(graph)
        self.stages = {stage: list(nodes) for stage, nodes in groupby(graph.nodes[1:], key=lambda node: node.stage)}

    def picture(self) -> Picture:
        """Return the picture of the whole graph."""
        spec = self.graph.spec
        boxes = [self._box(head, members) for head, members in self.members.items()]
        last = len(self.graph.nodes) - 1
        keys = dict(zip(self.members, (box.key for box in boxes), strict=True))
        boxes.append(Box("logits", "logits", "terminal", "logits", (), "", (), f"{spec.num_classes:,} classes"))
        edges = [*self._edges(keys), Edge(keys[self.head_of[last]], "logits", last, self._label(last))]
        clusters = () if self.level == "stage" else tuple(self._clusters())
        return Picture(
            spec.name,
            subtitle(self.graph, self.counts),
            visible(spec.description),
            tuple(boxes),
            clusters,
            tuple(edges),
        )

    def _box(self, head: int, members: Sequence[int]) -> Box:
        nodes = [self.graph.nodes[index] for index in members]
        first = nodes[0]
        if isinstance(first.op, ops.Input):
            return Box("image", "image", "terminal", "image", (), "", tuple(members), hint(nodes))
        if self.level == "stage":
            return self._stage_box(first.stage, members)
        run = self.run_of.get(head)
        cluster = _key(run) if run else first.stage
        name = _name_in(first.name, run.blocks[0].name if run else "body")
        words = words_of(nodes)
        details = (*words.details, name) if self.level == "op" and words.kind != "join" else words.details
        return Box(f"{cluster}/{name}", name, words.kind, words.title, details, cluster, tuple(members), hint(nodes))

    def _stage_box(self, stage: str, members: Sequence[int]) -> Box:
        totals = next(part.totals for part in self.counts.stages if part.name == stage)
        details = features(self.graph.spec, self.stages[stage]) or (", ".join(self._titles(stage)),)
        return Box(stage, stage, "stage", stage, details, "", tuple(members), hint_of(totals), _figures(totals))

    def _titles(self, stage: str) -> Iterator[str]:
        """Yield the layers of stem or head; how wide they are is on the edges."""
        heads = _by_layer(self.graph)
        inside = [index for index, node in enumerate(self.graph.nodes) if node.stage == stage and index]
        for _, members in groupby(inside, heads.__getitem__):
            yield words_of([self.graph.nodes[index] for index in members]).title.partition(",")[0]

    def _clusters(self) -> Iterator[Cluster]:
        for part in self.counts.stages:
            depth = sum(run.depth for run in self.runs if run.stage == part.name) or 1
            details = features(self.graph.spec, self.stages[part.name])
            yield Cluster(part.name, "", part.name, details, _figures(part.totals), depth)
            yield from (self._run_cluster(run) for run in self.runs if run.stage == part.name)

    def _run_cluster(self, run: Run) -> Cluster:
        last = run.first + run.depth - 1
        title = f"block {run.first}" if run.depth == 1 else f"blocks {run.first}–{last}"
        return Cluster(_key(run), run.stage, title, (), (f"×{run.depth}",) * (run.depth > 1), run.depth)

    def _edges(self, keys: dict[int, str]) -> Iterator[Edge]:
        seen: set[tuple[int, int]] = set()
        for head, members in self.members.items():
            for source in (source for member in members for source in self.graph.nodes[member].inputs):
                pair = self.head_of[source], head
                if pair[0] != head and pair not in seen:
                    seen.add(pair)
                    yield Edge(keys[pair[0]], keys[head], source, self._label(source))

    def _label(self, node: int) -> str:
        return shape_text(self.graph.nodes[node].shape)


def fold(graph: Graph, level: str, cuts: Collection[Place] = ()) -> Picture:
    """Return the picture of a graph at a level; a run of equal blocks is broken at `cuts`."""
    return Fold(graph, level, cuts).picture()


def subtitle(graph: Graph, counts: Counts) -> str:
    """Return what a whole network takes and costs."""
    image = shape_text((graph.spec.input.channels, *graph.spec.input.size))
    return f"{image} · {counts.totals.params:,} parameters · {_rounded(counts.totals.macs)} MACs"


def _figures(totals: Totals) -> tuple[str, ...]:
    return f"{_rounded(totals.params)} params", f"{_rounded(totals.macs)} MACs"


def _rounded(figure: int) -> str:
    """Return a figure whose number and unit are one word, so that they change together."""
    return rounded(figure).replace(" ", NO_BREAK_SPACE)


def hint_of(totals: Totals) -> str:
    """Return the exact figures of a stage."""
    return f"{totals.params:,} parameters, {totals.macs:,} MACs, {totals.activations:,} activations"


def _key(run: Run) -> str:
    return f"{run.stage}.{run.first}"


def _name_in(name: str, owner: str) -> str:
    return name.removeprefix(f"{owner}.")


def _by_stage(graph: Graph) -> list[int]:
    """Return for each node the first of its stage; the image stands alone."""
    first: dict[str, int] = {}
    return [first.setdefault(node.stage, index) if index else 0 for index, node in enumerate(graph.nodes)]


def _by_layer(graph: Graph) -> list[int]:
    """Return for each node the first of the ops that are one layer to a reader.

    What works element by element on one input belongs to the layer it follows; an SE is one but for its product, and so
    are convolutions of several kernels, with what splits and joins their channels, and the parts of one split.
    """
    heads = list(range(len(graph.nodes)))
    for call in graph.calls:
        inside = graph.nodes[call.start : call.stop]
        if isinstance(inside[0].op, ops.GlobalMean) and isinstance(inside[-1].op, ops.Scale):
            heads[call.start : call.stop - 1] = [call.start] * (call.stop - 1 - call.start)
        elif type(inside[0].op) is ops.Part and isinstance(inside[-1].op, ops.Concat):
            heads[call.start : call.stop] = [call.start] * (call.stop - call.start)
    readers = Counter(source for node in graph.nodes for source in node.inputs)
    for index, node in enumerate(graph.nodes):
        if heads[index] != index:
            continue
        before = graph.nodes[index - 1]
        if isinstance(node.op, ops.Part) and isinstance(before.op, ops.Part) and before.inputs == node.inputs:
            heads[index] = heads[index - 1]
        elif node.op.pointwise and len(node.inputs) == 1 and readers[node.inputs[0]] == 1:
            heads[index] = heads[node.inputs[0]]
    return heads
