"""Rows and columns of a layered layout: a spine straight down, and beside it what leaves the spine and comes back.

Every box has a row, below the rows of all boxes it reads. The spine is the way through the network that a reader
follows; all other boxes lie on chains that leave a box and end at another, each straight down in a column of its own.
An edge that passes rows has a place in each of them, so it never meets a box.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from math import ceil
from typing import NamedTuple

from tresnet_gen.explore.pictures.metrics import LANE_GAP, Size, label_width
from tresnet_gen.explore.pictures.picture import REMOVED, Edge, Picture

ADD, SCALE = ("join", "add"), ("join", "scale")  # kind and title of boxes that read main way and side way differently


class Chain(NamedTuple):
    """Boxes in one column between the boxes `fork` and `join`; without boxes it is an edge past others.

    Shortcuts are on the left, others stand in the order in which `join` reads them.
    """

    fork: str
    boxes: tuple[str, ...]
    join: str
    place: int  # how far from the spine among what `join` reads; negative on the left

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """The edges that run in the column, by source and target."""
        stops = (self.fork, *self.boxes, self.join)
        return tuple(pairwise(stops))


class Columns(NamedTuple):
    """Row of each box; x of each box and of each edge, with the spine at 0; room taken on either side in each row."""

    rows: dict[str, int]
    boxes: dict[str, float]
    edges: dict[tuple[str, str], float]
    left: list[float]
    right: list[float]


def rows_of(picture: Picture) -> dict[str, int]:
    """Return the row of each box: the first below all it reads, and below all clusters before its own."""
    sources: dict[str, list[str]] = {}
    for edge in picture.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    rows: dict[str, int] = {}
    for _, boxes in groupby(picture.boxes, key=lambda box: box.cluster or box.key):
        floor = max(rows.values(), default=-1) + 1
        for box in boxes:
            rows[box.key] = max((floor, *(rows[source] + 1 for source in sources.get(box.key, ()))))
    return rows


class Spine:
    """For each box the one edge into it that its column goes on from, and the chains this leaves."""

    def __init__(self, picture: Picture) -> None:
        self.kinds = {box.key: (box.kind, box.title) for box in picture.boxes}
        self.into: dict[str, list[Edge]] = {box.key: [] for box in picture.boxes}
        for edge in picture.edges:
            self.into[edge.target].append(edge)
        self.depths: dict[str, int] = {}
        self.main: dict[str, str] = {}
        for key, edges in self.into.items():
            if edges:
                self.main[key] = self._main(key, edges).source
            self.depths[key] = self.depths[self.main[key]] + 1 if edges else 0
        last = picture.boxes[-1].key
        self.boxes = {last}
        while last in self.main:
            last = self.main[last]
            self.boxes.add(last)

    def _main(self, key: str, edges: Sequence[Edge]) -> Edge:
        """Return the edge a reader follows: what is scaled, the middle of equals side by side, else the longest way."""
        alive = [edge for edge in edges if edge.mark != REMOVED] or list(edges)
        if self.kinds[key] == SCALE:
            return alive[0]
        deepest = max(self.depths[edge.source] for edge in alive)
        equals = [edge for edge in alive if self.depths[edge.source] == deepest]
        return equals[(len(equals) - 1) // 2]

    def chains(self) -> list[Chain]:
        """Return what is not on the spine; together the chains have every other edge."""
        placed = dict.fromkeys(self.boxes, 0)  # the side of each box
        chains = []
        for join in reversed(self.into):
            order = [edge.source for edge in self.into[join]]
            for place, source in enumerate(order):
                if source == self.main[join]:
                    continue
                boxes: list[str] = []
                fork = source
                while fork not in placed:
                    boxes.insert(0, fork)
                    fork = self.main[fork]
                distance = place - order.index(self.main[join])
                side = placed[join] or placed[fork] or (-1 if self.kinds[join] == ADD or distance < 0 else 1)
                placed.update(dict.fromkeys(boxes, side))
                chains.append(Chain(fork, tuple(boxes), join, side * abs(distance)))
        return chains


def columns_of(picture: Picture, sizes: Mapping[str, Size]) -> Columns:
    """Return where everything stands, from left to right in pixels and from top to bottom in rows."""
    rows = rows_of(picture)
    spine = Spine(picture)
    texts = {edge.source: label_width(edge.label) for edge in picture.edges}
    room = [(0.0, 0.0)] * (max(rows.values()) + 1)
    columns = Columns(rows, dict.fromkeys(spine.boxes, 0.0), {}, [0.0] * len(room), [0.0] * len(room))
    for key in spine.boxes:
        half = sizes[key].width / 2
        columns.left[rows[key]], columns.right[rows[key]] = half, max(half, texts.get(key, 0))
        if key in spine.main:
            columns.edges[spine.main[key], key] = 0.0
    chains = spine.chains()
    for chain in sorted(chains, key=lambda chain: (rows[chain.join] - rows[chain.fork], abs(chain.place))):
        if rows[chain.join] > rows[chain.fork] + 1:
            _place(chain, columns, sizes, texts)
    for chain in chains:
        if rows[chain.join] == rows[chain.fork] + 1:  # an edge with no row to pass
            columns.edges[chain.fork, chain.join] = columns.boxes[chain.join]
    return columns


def _place(chain: Chain, columns: Columns, sizes: Mapping[str, Size], texts: Mapping[str, float]) -> None:
    """Put a chain into the nearest column that is free in all its rows."""
    rows = range(columns.rows[chain.fork] + 1, columns.rows[chain.join])
    widths = {columns.rows[key]: (sizes[key].width / 2, texts.get(key, 0.0)) for key in chain.boxes}
    outer = {row: widths.get(row, (0.0, 0.0)) for row in rows}
    beyond = sizes[chain.join].width / 2 + LANE_GAP  # an edge enters from the side
    if chain.place < 0:
        x = -ceil(max(beyond, *(columns.left[row] + LANE_GAP + max(outer[row]) for row in rows)))
        columns.left[rows.start : rows.stop] = [outer[row][0] - x for row in rows]
    else:
        x = ceil(max(beyond, *(columns.right[row] + LANE_GAP + outer[row][0] for row in rows)))
        columns.right[rows.start : rows.stop] = [x + max(outer[row]) for row in rows]
    columns.boxes.update(dict.fromkeys(chain.boxes, x))
    columns.edges.update(dict.fromkeys(chain.edges, x))
