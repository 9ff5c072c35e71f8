"""A picture to coordinates: boxes, clusters around them, edges as lines of right angles, and their text."""

from collections.abc import Iterator, Mapping
from math import ceil
from typing import NamedTuple

from tresnet_gen.explore.pictures import metrics
from tresnet_gen.explore.pictures.columns import Columns, columns_of
from tresnet_gen.explore.pictures.picture import Cluster, Edge, Picture

Point = tuple[float, float]


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
    heights = _Heights(picture, columns, sizes, top)
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
    routes = tuple(Route(edge, tuple(_corners(edge, boxes, columns, heights, spine))) for edge in picture.edges)
    return Layout(
        max(least_width, left + right), heights.bottom, boxes, clusters, routes, tuple(_labels(picture, boxes))
    )


class _Heights:
    """Where rows and clusters begin and end, from top to bottom."""

    def __init__(self, picture: Picture, columns: Columns, sizes: Mapping[str, metrics.Size], top: float) -> None:
        self.rows = columns.rows
        self.forks = _forks(picture, columns)
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

    def fork(self, key: str) -> float:
        """Return the y at which edges of a box leave to the sides: above the row below it."""
        row = self.rows[key] + 1
        return self.ends[row][0] - metrics.FORK_GAP - metrics.FORK_STEP * self.forks[row][key]


def _forks(picture: Picture, columns: Columns) -> list[dict[str, int]]:
    """Return for each row the boxes in the one above with an edge to the side, each numbered."""
    forks: list[dict[str, int]] = [{} for _ in columns.left]
    for edge in picture.edges:
        if columns.edges[edge.source, edge.target] != columns.boxes[edge.source]:
            below = forks[columns.rows[edge.source] + 1]
            below.setdefault(edge.source, len(below))
    return forks


def _span(cluster: Cluster, picture: Picture, rows: Mapping[str, int]) -> tuple[int, int]:
    """Return the first and the last row of a cluster."""
    inside = {cluster.key} | {other.key for other in picture.clusters if other.parent == cluster.key}
    members = [rows[box.key] for box in picture.boxes if box.cluster in inside]
    return min(members), max(members)


def _is_next(cluster: Cluster, picture: Picture) -> bool:
    """Whether another cluster of the same stage stands above."""
    return next(other.key for other in picture.clusters if other.parent == cluster.parent) != cluster.key


def _sides(picture: Picture, columns: Columns) -> tuple[float, float]:
    """Return how far the drawing reaches to the left and to the right of the spine, which crosses no text."""
    left, right = max(columns.left), max(columns.right)
    clear = metrics.LANE_GAP / 2
    for cluster in picture.clusters:
        inset = 0 if cluster.parent else metrics.CLUSTER_X
        before, behind = metrics.head_widths(cluster)
        left, right = max(left, before + clear - inset), max(right, behind + clear - inset)
    around = 2 * metrics.CLUSTER_X if picture.clusters else 0
    return left + around, right + around


def _corners(
    edge: Edge, boxes: Mapping[str, Rect], columns: Columns, heights: _Heights, spine: float
) -> Iterator[Point]:
    """Yield the corners of an edge: out below its source, to its column, down, and into its target from there."""
    source, target = boxes[edge.source], boxes[edge.target]
    lane, end = columns.edges[edge.source, edge.target], columns.boxes[edge.target]
    yield spine + columns.boxes[edge.source], source.bottom
    if lane != columns.boxes[edge.source]:
        y = heights.fork(edge.source)
        yield from ((spine + columns.boxes[edge.source], y), (spine + lane, y))
    if lane == end:
        yield spine + lane, target.y
    else:
        y = target.middle[1]
        yield from ((spine + lane, y), (target.x if lane < end else target.right, y))


def _labels(picture: Picture, boxes: Mapping[str, Rect]) -> Iterator[Label]:
    """Yield one text for each box that something leaves: all edges carry the same."""
    seen: set[str] = set()
    for edge in picture.edges:
        if edge.source not in seen:
            seen.add(edge.source)
            rect = boxes[edge.source]
            yield Label(edge, rect.middle[0] + metrics.LABEL_X, rect.bottom + metrics.LABEL + 2)
