"""A picture to coordinates: boxes, clusters around them, edges as lines of right angles, and their text."""

from collections.abc import Iterator, Mapping
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


class _Gaps:
    """What stands between rows: text of edges, edges of clusters, forks."""

    def __init__(self, picture: Picture, columns: Columns) -> None:
        self.rows = columns.rows
        count = len(columns.left)
        self.spans = {cluster.key: _span(cluster, picture, columns.rows) for cluster in picture.clusters}
        self.opening: list[list[Cluster]] = [[] for _ in range(count)]
        self.closing: list[list[Cluster]] = [[] for _ in range(count)]
        for cluster in picture.clusters:
            first, last = self.spans[cluster.key]
            self.opening[first].append(cluster)
            self.closing[last].insert(0, cluster)
        self.forks: list[dict[str, int]] = [{} for _ in range(count)]
        for edge in picture.edges:
            lane = columns.edges[edge.source, edge.target]
            if lane != columns.boxes[edge.source]:
                forks = self.forks[columns.rows[edge.source]]
                forks.setdefault(edge.source, len(forks))


def _span(cluster: Cluster, picture: Picture, rows: Mapping[str, int]) -> tuple[int, int]:
    inside = {cluster.key} | {other.key for other in picture.clusters if other.parent == cluster.key}
    members = [rows[box.key] for box in picture.boxes if box.cluster in inside]
    return min(members), max(members)


def layout(picture: Picture, top: float, least_width: float) -> Layout:
    """Return the layout of a picture below `top` pixels, at least as wide as the text there."""
    sizes = metrics.box_sizes(picture.boxes)
    columns = columns_of(picture, sizes)
    gaps = _Gaps(picture, columns)
    heights = [0.0] * len(columns.left)
    for key, row in columns.rows.items():
        heights[row] = max(heights[row], sizes[key].height)
    left, right = _sides(picture, columns)
    shift = max(left, (least_width - right + left) / 2)
    tops, bottoms = [], []
    ends: dict[str, tuple[float, float]] = {}
    y = top
    for row, height in enumerate(heights):
        for cluster in gaps.opening[row]:
            y += metrics.RUN_GAP * _is_next(cluster, picture) if cluster.parent else metrics.STAGE_GAP
            ends[cluster.key] = y, y
            y += metrics.head_height(cluster)
        y += metrics.ENTRY_GAP + metrics.FORK_STEP * max(0, len(gaps.forks[row - 1]) - 1 if row else 0)
        tops.append(y)
        y += height
        bottoms.append(y)
        y += metrics.LABEL_GAP
        for cluster in gaps.closing[row]:
            y += metrics.CLUSTER_BOTTOM
            ends[cluster.key] = ends[cluster.key][0], y
    boxes = {}
    for key, row in columns.rows.items():
        width, height = sizes[key]
        boxes[key] = Rect(
            shift + columns.boxes[key] - width / 2, tops[row] + (heights[row] - height) / 2, width, height
        )
    clusters = {}
    for cluster in picture.clusters:
        inset = metrics.CLUSTER_X if cluster.parent else 0
        start, end = ends[cluster.key]
        clusters[cluster.key] = Rect(shift - left + inset, start, left + right - 2 * inset, end - start)
    routes = tuple(Route(edge, _route(edge, boxes, columns, gaps, tops, shift)) for edge in picture.edges)
    labels = tuple(_labels(picture, boxes))
    return Layout(max(least_width, left + right), y - metrics.LABEL_GAP, boxes, clusters, routes, labels)


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


def _route(
    edge: Edge, boxes: Mapping[str, Rect], columns: Columns, gaps: _Gaps, tops: list[float], shift: float
) -> tuple[Point, ...]:
    source, target = boxes[edge.source], boxes[edge.target]
    start, end = columns.boxes[edge.source], columns.boxes[edge.target]
    lane, middle = columns.edges[edge.source, edge.target], target.middle[1]
    points = [(shift + start, source.bottom)]
    if lane != start:
        row = columns.rows[edge.source]
        y = tops[row + 1] - 10 - metrics.FORK_STEP * gaps.forks[row][edge.source]
        points += [(shift + start, y), (shift + lane, y)]
    if lane < end:
        points += [(shift + lane, middle), (target.x, middle)]
    elif lane > end:
        points += [(shift + lane, middle), (target.right, middle)]
    else:
        points += [(shift + lane, target.y)]
    return tuple(points)


def _labels(picture: Picture, boxes: Mapping[str, Rect]) -> Iterator[Label]:
    """Yield one text for each box that something leaves: all edges carry the same."""
    seen: set[str] = set()
    for edge in picture.edges:
        if edge.source not in seen:
            seen.add(edge.source)
            rect = boxes[edge.source]
            yield Label(edge, rect.middle[0] + metrics.LABEL_X, rect.bottom + metrics.LABEL + 2)
