"""A picture as SVG text that stands alone or in a page, several of them beside each other."""

from collections.abc import Iterable, Iterator

from tresnet_gen.explore import svg
from tresnet_gen.explore.measure import text_width
from tresnet_gen.explore.pictures import metrics
from tresnet_gen.explore.pictures.layout import Layout, Point, Rect, Route, layout
from tresnet_gen.explore.pictures.nesting import ids_of, text_of
from tresnet_gen.explore.pictures.picture import (
    ADDED,
    CHANGED,
    REMOVED,
    SAME,
    SIGNS,
    Box,
    Cluster,
    Picture,
    tells_change,
)
from tresnet_gen.explore.pictures.style import CLASS, style

__all__ = ["style", "svg_text"]

MARGIN = 16
ROUND = 6  # radius of an edge's corners
ARROW = 6
LEGEND = {ADDED: "added", REMOVED: "removed", CHANGED: "changed, from→to"}


def svg_text(picture: Picture, prefix: str = "picture") -> str:
    """Return a picture as SVG; ids start with `prefix`, which tells pictures in one page apart."""
    top = MARGIN + 44 + (22 if picture.compared else 0)
    drawing = layout(picture, top, _head_width(picture))
    width, height = drawing.width + 2 * MARGIN, drawing.height + MARGIN
    shifted = f"translate({MARGIN} 0)"
    parts = (
        svg.element("title", svg.escape(picture.title), id=f"{prefix}-title"),
        svg.element("desc", svg.escape(_description(picture)), id=f"{prefix}-desc"),
        svg.element("style", style()),
        svg.element("rect", class_="paper", width=width, height=height),
        svg.element("g", *_lines(_head(picture)), transform=shifted),
        svg.element("g", *_lines(_drawing(picture, drawing, prefix)), transform=shifted),
    )
    root = svg.element(
        "svg",
        *_lines(parts),
        xmlns="http://www.w3.org/2000/svg",
        class_=CLASS,
        viewBox=f"0 0 {svg.number(width)} {svg.number(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{prefix}-title {prefix}-desc",
    )
    return f"{root}\n"


def _lines(parts: Iterable[str]) -> Iterator[str]:
    """Yield elements, each on a line of its own."""
    yield from (f"\n{part}" for part in parts)
    yield "\n"


def _description(picture: Picture) -> str:
    """Return what the picture shows, for those who do not see it: stages, with signs before what changes."""
    stages = [cluster for cluster in picture.clusters if not cluster.parent]
    told = "; ".join(", ".join(text_of(part)) for part in stages or picture.boxes)
    return ". ".join(part for part in (picture.description, picture.subtitle, told) if part)


def _head(picture: Picture) -> Iterator[str]:
    yield svg.text(picture.title, 0, MARGIN + metrics.NAME, class_="name")
    yield svg.text(picture.subtitle, 0, MARGIN + 36, class_="subtitle")
    if picture.compared:
        x = 7.0
        for mark, word in LEGEND.items():
            yield _sign(mark, x, MARGIN + 54)
            yield svg.text(word, x + 12, MARGIN + 58, class_=f"subtitle {mark}")
            x += 12 + text_width(word, metrics.SUBTITLE) + 22


def _head_width(picture: Picture) -> float:
    legend = sum(34 + text_width(word, metrics.SUBTITLE) for word in LEGEND.values()) if picture.compared else 0
    return max(
        text_width(picture.title, metrics.NAME, bold=True), text_width(picture.subtitle, metrics.SUBTITLE), legend
    )


def _drawing(picture: Picture, drawing: Layout, prefix: str) -> Iterator[str]:
    """Yield clusters, then edges, then boxes: what comes later lies above."""
    ids = {key: f"{prefix}-{name}" for key, name in ids_of(picture).items()}
    for cluster in picture.clusters:
        yield _cluster(cluster, drawing.clusters[cluster.key])
    trunks = {(route.edge.source, route.edge.mark) for route in drawing.routes if len(route.points) == 2}
    for route in sorted(drawing.routes, key=lambda route: route.edge.mark != REMOVED):
        yield _edge(route, ids, (route.edge.source, route.edge.mark) in trunks)
    for label in drawing.labels:
        yield svg.text(label.edge.label, label.x, label.y, class_=_text_classes("shape", label.edge.label))
    for box in picture.boxes:
        yield _box(box, drawing.boxes[box.key], ids[box.key])


def _cluster(cluster: Cluster, rect: Rect) -> str:
    name = f"{'run' if cluster.parent else 'stage'}-frame"
    parts = [_rect(rect, 8)]
    if cluster.parent and cluster.depth > 1:
        parts.insert(0, _rect(rect._replace(x=rect.x + 4, y=rect.y + 4), 8))
    parts += _head_texts(cluster, rect, 10, metrics.HEAD_TOP + 10)
    parts += _signs(cluster.mark, rect)
    return svg.element("g", *parts, class_=_classes(name, cluster.mark))


def _head_texts(part: Box | Cluster, rect: Rect, inset: float, top: float) -> Iterator[str]:
    """Yield what a stage or blocks are, on the left, and what they cost, on the right."""
    x, y = rect.x + inset, rect.y + top
    yield svg.text(part.title, x, y, class_="title")
    for index, line in enumerate(part.details):
        yield svg.text(line, x, y + metrics.DETAIL_LINE * (index + 1), class_=_text_classes("detail", line))
    for index, line in enumerate(part.figures):
        below = y + metrics.DETAIL_LINE * index
        yield svg.text(line, rect.right - inset, below, class_=_text_classes("figure", line))


def _text_classes(name: str, text: str) -> str:
    """Return the classes of a line: its own, and that it says what changes."""
    return f"{name} {CHANGED}" if tells_change(text) else name


def _box(box: Box, rect: Rect, name: str) -> str:
    x, y = rect.middle[0], rect.y + metrics.BOX_Y + 11
    parts = [svg.element("title", svg.escape(box.hint))] if box.hint else []
    if box.figures:
        parts += [_rect(rect, 4), _accent(rect), *_head_texts(box, rect, metrics.BOX_X, metrics.BOX_Y + 11)]
    elif metrics.is_pill(box):
        parts.append(_rect(rect, rect.height / 2))
        parts.append(svg.text(metrics.pill_text(box), x, rect.y + 15, class_="title"))
    else:
        parts += [_rect(rect, 4), _accent(rect), svg.text(box.title, x, y, class_="title")]
        for index, line in enumerate(box.details):
            below = y + metrics.DETAIL_LINE * (index + 1)
            parts.append(svg.text(line, x, below, class_=_text_classes("detail", line)))
    parts += _signs(box.mark, rect)
    return svg.element("g", *parts, id=name, class_=_classes(f"box {box.kind}", box.mark))


def _classes(name: str, mark: str) -> str:
    return name if mark == SAME else f"{name} {mark}"


def _rect(rect: Rect, radius: float) -> str:
    return svg.element("rect", x=rect.x, y=rect.y, width=rect.width, height=rect.height, rx=radius)


def _accent(rect: Rect) -> str:
    """Return the coloured left side of a box."""
    n = svg.number
    path = f"M{n(rect.x + 4)} {n(rect.y)}a4 4 0 0 0 -4 4v{n(rect.height - 8)}a4 4 0 0 0 4 4z"
    return svg.element("path", class_="accent", d=path)


def _signs(mark: str, rect: Rect) -> list[str]:
    return [] if mark == SAME else [_sign(mark, rect.right - 3, rect.y + 3)]


def _sign(mark: str, x: float, y: float) -> str:
    return svg.element(
        "g", svg.element("circle", cx=x, cy=y, r=7), svg.text(SIGNS[mark], x, y + 4), class_=f"sign {mark}"
    )


def _edge(route: Route, ids: dict[str, str], trunk: bool) -> str:
    """Return the line of an edge and its arrow; `data-from` and `data-to` name the boxes.

    With `trunk` another edge runs straight down from the box, and one to the side starts where it leaves that.
    """
    edge, (start, *points) = route
    *_, before, end = route.points
    if trunk and len(points) > 1:
        start = start[0], points[0][1] - ROUND
    dx, dy = _direction(before, end)
    x, y = end[0] - dx * ARROW, end[1] - dy * ARROW
    half = ARROW / 2
    corners = (x - dy * half, y - dx * half), (x + dy * half, y + dx * half), end
    arrow = "M" + "L".join(f"{svg.number(a)} {svg.number(b)}" for a, b in corners) + "z"
    return svg.element(
        "g",
        svg.element("path", class_=_classes("edge", edge.mark), d=_path((start, *points[:-1], (x, y)))),
        svg.element("path", class_=_classes("arrow", edge.mark), d=arrow),
        data_from=ids[edge.source],
        data_to=ids[edge.target],
    )


def _direction(start: Point, end: Point) -> tuple[int, int]:
    (x, y), (to_x, to_y) = start, end
    return (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)


def _path(points: tuple[Point, ...]) -> str:
    """Return a line through points with its corners rounded."""
    n = svg.number
    parts = [f"M{n(points[0][0])} {n(points[0][1])}"]
    for before, (x, y), after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = _direction(before, (x, y)), _direction((x, y), after)
        one = min(ROUND, abs(x - before[0]) + abs(y - before[1]))
        two = min(ROUND, (abs(after[0] - x) + abs(after[1] - y)) / 2)
        parts.append(f"L{n(x - ax * one)} {n(y - ay * one)}Q{n(x)} {n(y)} {n(x + bx * two)} {n(y + by * two)}")
    x, y = points[-1]
    return "".join([*parts, f"L{n(x)} {n(y)}"])
