"""A picture to coordinates: boxes, clusters around them, edges as lines of right angles, and their text."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import NamedTuple

from tresnet_gen.explore.pictures import metrics
from tresnet_gen.explore.pictures.columns import Columns, columns_of
from tresnet_gen.explore.pictures.picture import Cluster, Edge, Picture

Point = tuple[float, float]
Sizes = Mapping[str, metrics.Size]


class Rect(NamedTuple):
    """A rectangle by its top left corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower side."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """The centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def moved(self, x: float) -> "Rect":
        """Return the rectangle further to the right."""
        return self._replace(x=self.x + x)


class Route(NamedTuple):
    """An edge and the corners of its line, from its source to its target."""

    edge: Edge
    points: tuple[Point, ...]


class Label(NamedTuple):
    """An edge's text, beside the line that leaves its source; (x, y) is where its baseline starts."""

    edge: Edge
    x: float
    y: float


class Layout(NamedTuple):
    """Where everything is, in pixels from the top left."""

    width: float
    height: float
    boxes: dict[str, Rect]
    clusters: dict[str, Rect]
    routes: tuple[Route, ...]
    labels: tuple[Label, ...]


def layout(picture: Picture, top: float, least_width: float) -> Layout:
    """Return the layout of a picture below `top` pixels, at least as wide as the text there."""
    sizes = metrics.box_sizes(picture.boxes)
    columns = columns_of(picture, sizes)
    around = _detours(picture, columns, sizes)
    heights = _Heights(picture, columns, sizes, _forks(picture, columns, around), top)
    left, right = _sides(picture, columns)
    spine = ceil(max(left, (least_width - right + left) / 2))
    boxes = {
        key: Rect(spine + columns.boxes[key] - width / 2, heights.middle(key) - height / 2, width, height)
        for key, (width, height) in sizes.items()
    }
    clusters = {}
    for cluster in picture.clusters:
        inset = metrics.CLUSTER_X if cluster.parent else 0
        start, end = heights.clusters[cluster.key]
        clusters[cluster.key] = Rect(spine - left + inset, start, left + right - 2 * inset, end - start)
    routes = tuple(
        Route(edge, tuple(_corners(edge, boxes, columns, heights, spine, edge in around))) for edge in picture.edges
    )
    return Layout(
        max(least_width, spine + right), heights.bottom, boxes, clusters, routes, tuple(_labels(picture, boxes))
    )


class _Heights:
    """Where rows and clusters begin and end, from top to bottom."""

    def __init__(
        self, picture: Picture, columns: Columns, sizes: Sizes, forks: list[dict[str, int]], top: float
    ) -> None:
        self.rows = columns.rows
        self.forks = forks
        self.clusters: dict[str, tuple[float, float]] = {}
        self.ends: list[tuple[float, float]] = []
        tallest = [0.0] * len(columns.left)
        for key, row in self.rows.items():
            tallest[row] = max(tallest[row], sizes[key].height)
        spans = {cluster.key: _span(cluster, picture, self.rows) for cluster in picture.clusters}
        for row, height in enumerate(tallest):
            for cluster in (cluster for cluster in picture.clusters if spans[cluster.key][0] == row):
                top += metrics.RUN_GAP * _is_next(cluster, picture) if cluster.parent else metrics.STAGE_GAP
                self.clusters[cluster.key] = top, top
                top += metrics.head_height(cluster)
            top += metrics.ENTRY_GAP + metrics.FORK_STEP * max(0, len(self.forks[row]) - 1)
            self.ends.append((top, top + height))
            top += height + metrics.LABEL_GAP
            for cluster in reversed([cluster for cluster in picture.clusters if spans[cluster.key][1] == row]):
                top += metrics.CLUSTER_BOTTOM
                self.clusters[cluster.key] = self.clusters[cluster.key][0], top
        self.bottom = self.ends[-1][1]

    def middle(self, key: str) -> float:
        """Return the y of a box's centre."""
        return sum(self.ends[self.rows[key]]) / 2

    def side_way(self, key: str, row: int) -> float:
        """Return the y above a row at which edges of a box turn to the sides."""
        return self.ends[row][0] - metrics.FORK_GAP - metrics.FORK_STEP * self.forks[row][key]


def _detours(picture: Picture, columns: Columns, sizes: Sizes) -> set[Edge]:
    """Return the edges that cannot enter their target from the side: they come down above it, or to another box."""
    spans: dict[int, list[tuple[float, float, str]]] = {}
    for key, row in columns.rows.items():
        half = sizes[key].width / 2
        spans.setdefault(row, []).append((columns.boxes[key] - half, columns.boxes[key] + half, key))
    around = set()
    for edge in picture.edges:
        lane, end = columns.edges[edge.source, edge.target], columns.boxes[edge.target]
        left, right = min(lane, end), max(lane, end)
        others = (span for span in spans[columns.rows[edge.target]] if span[2] != edge.target)
        inside = right - left < sizes[edge.target].width / 2 + metrics.LANE_GAP / 2
        if lane != end and (inside or any(start <= right and stop >= left for start, stop, _ in others)):
            around.add(edge)
    return around


def _forks(picture: Picture, columns: Columns, around: set[Edge]) -> list[dict[str, int]]:
    """Return for each row the boxes whose edges turn to the side above it, each numbered."""
    forks: list[dict[str, int]] = [{} for _ in columns.left]
    for edge in picture.edges:
        rows = [columns.rows[edge.target]] * (edge in around)
        if columns.edges[edge.source, edge.target] != columns.boxes[edge.source]:
            rows.append(columns.rows[edge.source] + 1)
        for row in rows:
            forks[row].setdefault(edge.source, len(forks[row]))
    return forks


def _span(cluster: Cluster, picture: Picture, rows: Mapping[str, int]) -> tuple[int, int]:
    """Return the first and the last row of a cluster."""
    inside = {cluster.key} | {other.key for other in picture.clusters if other.parent == cluster.key}
    members = [rows[box.key] for box in picture.boxes if box.cluster in inside]
    return min(members), max(members)


def _is_next(cluster: Cluster, picture: Picture) -> bool:
    """Whether another cluster of the same stage stands above."""
    return next(other.key for other in picture.clusters if other.parent == cluster.parent) != cluster.key


def _sides(picture: Picture, columns: Columns) -> tuple[int, int]:
    """Return how far the drawing reaches to the left and to the right of the spine; no line meets a frame's text."""
    left, right = max(columns.left), max(columns.right)
    for cluster in picture.clusters:
        first, _ = _span(cluster, picture, columns.rows)
        lines = list(_crossing(first, picture, columns))
        before, behind = metrics.head_widths(cluster)
        room = metrics.LANE_GAP / 2 - (0 if cluster.parent else metrics.CLUSTER_X)
        left, right = max(left, before + room - min(lines)), max(right, behind + room + max(lines))
    around = 2 * metrics.CLUSTER_X if picture.clusters else 0
    return ceil(left + around), ceil(right + around)


def _crossing(row: int, picture: Picture, columns: Columns) -> Iterator[float]:
    """Yield the x of each line that comes down to a row, above where lines turn to the sides."""
    for edge in picture.edges:
        above = columns.rows[edge.source]
        if above < row <= columns.rows[edge.target]:
            lane = columns.edges[edge.source, edge.target]
            yield columns.boxes[edge.source] if above == row - 1 else lane


def _corners(
    edge: Edge, boxes: Mapping[str, Rect], columns: Columns, heights: _Heights, spine: float, around: bool
) -> Iterator[Point]:
    """Yield the corners of an edge: out below its source, to its column, down, and into its target from there.

    With `around` it turns to its target above the target's row.
    """
    source, target = boxes[edge.source], boxes[edge.target]
    start, end = spine + columns.boxes[edge.source], spine + columns.boxes[edge.target]
    lane = spine + columns.edges[edge.source, edge.target]
    yield start, source.bottom
    if lane != start:
        y = heights.side_way(edge.source, columns.rows[edge.source] + 1)
        yield from ((start, y), (lane, y))
    if around:
        y = heights.side_way(edge.source, columns.rows[edge.target])
        yield from ((lane, y), (end, y))
    if around or lane == end:
        yield end, target.y
    else:
        y = target.middle[1]
        yield from ((lane, y), (target.x if lane < end else target.right, y))


def _labels(picture: Picture, boxes: Mapping[str, Rect]) -> Iterator[Label]:
    """Yield one text for each box that something leaves: all edges carry the same."""
    seen: set[str] = set()
    for edge in picture.edges:
        if edge.source not in seen:
            seen.add(edge.source)
            rect = boxes[edge.source]
            yield Label(edge, rect.middle[0] + metrics.LABEL_X, rect.bottom + metrics.LABEL + 2)
