"""A picture as SVG text that stands alone or in a page, several of them beside each other.

Its style reaches nothing outside: every rule is below the picture's class, and its colours are variables of its own,
which take the page's colours (`--ink`, `--paper`, ...) where it sets them.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from tresnet_gen.explore import svg
from tresnet_gen.explore.measure import text_width
from tresnet_gen.explore.pictures import metrics
from tresnet_gen.explore.pictures.layout import Layout, Point, Rect, Route, layout
from tresnet_gen.explore.pictures.picture import ADDED, CHANGED, REMOVED, SAME, SIGNS, Box, Cluster, Picture

CLASS = "network-picture"
MARGIN = 16
NAME, SUBTITLE = 18.0, 11.0  # font sizes above the drawing
ROUND = 6  # radius of an edge's corners
ARROW = 6
LEGEND = {ADDED: "added", REMOVED: "removed", CHANGED: "changed, from→to"}
ACCENTS = {
    "conv": "blue",
    "linear": "blue",
    "scale": "purple",
    "pool": "teal",
    "move": "orange",
    "norm": "muted",
    "stage": "blue",
}
MARKS = {ADDED: "green", REMOVED: "red", CHANGED: "orange"}


def svg_text(picture: Picture, prefix: str = "picture") -> str:
    """Return a picture as SVG; ids start with `prefix`, which tells pictures in one page apart."""
    head = list(_head(picture))
    top = MARGIN + 44 + (22 if picture.compared else 0)
    drawing = layout(picture, top, _head_width(picture))
    shifted = f"translate({MARGIN} 0)"
    body = svg.element("g", *_lines(_drawing(picture, drawing)), transform=shifted)
    width, height = drawing.width + 2 * MARGIN, drawing.height + MARGIN
    root = svg.element(
        "svg",
        *_lines(
            (
                svg.element("title", escape(picture.title), id=f"{prefix}-title"),
                svg.element("desc", escape(_description(picture)), id=f"{prefix}-desc"),
                svg.element("style", style()),
                svg.element("rect", class_="paper", width=width, height=height),
                svg.element("g", *_lines(head), transform=shifted),
                body,
            )
        ),
        xmlns="http://www.w3.org/2000/svg",
        class_=CLASS,
        viewBox=f"0 0 {svg.number(width)} {svg.number(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{prefix}-title {prefix}-desc",
    )
    return f"{root}\n"


def style() -> str:
    """Return the rules of every picture, in CSS."""
    names = svg.LIGHT
    light, dark = (
        " ".join(f"--picture-{name}: var(--{name}, {value});" for name, value in scheme.items())
        for scheme in (svg.LIGHT, svg.DARK)
    )
    assert names.keys() == svg.DARK.keys()
    rules = [
        f"& {{ {light} font-family: {svg.FONT}; max-width: 100%; height: auto; }}",
        f"@media (prefers-color-scheme: dark) {{ & {{ {dark} }} }}",
        *RULES,
        *(f"& .{kind} .accent {{ fill: var(--picture-{color}); }}" for kind, color in ACCENTS.items()),
        *(rule for mark, color in MARKS.items() for rule in _mark_rules(mark, f"var(--picture-{color})")),
        f"& .{REMOVED} > rect, & path.{REMOVED} {{ stroke-dasharray: 4 3; }}",
        f"& .{REMOVED} .detail, & .{REMOVED} .title {{ fill: var(--picture-muted); }}",
    ]
    return "\n" + "\n".join(rule.replace("&", f".{CLASS}") for rule in rules) + "\n"


RULES = (
    "& text { font-size: 10.5px; fill: var(--picture-muted); }",
    "& .paper { fill: var(--picture-paper); }",
    "& .name { font-size: 18px; font-weight: 700; fill: var(--picture-ink); }",
    "& .subtitle { font-size: 11px; }",
    "& .title { font-size: 12px; font-weight: 700; fill: var(--picture-ink); }",
    "& .box rect { fill: var(--picture-paper); stroke: var(--picture-line); }",
    "& .box text { text-anchor: middle; }",
    "& .join > rect { fill: var(--picture-panel); stroke: var(--picture-muted); }",
    "& .terminal > rect { fill: var(--picture-ink); stroke: none; }",
    "& .terminal .title { fill: var(--picture-paper); }",
    "& .stage-frame > rect { fill: var(--picture-panel); stroke: var(--picture-line); }",
    "& .run-frame > rect { fill: var(--picture-paper); stroke: var(--picture-line); }",
    "& .figure { text-anchor: end; }",
    "& .times { text-anchor: end; font-size: 12px; font-weight: 700; fill: var(--picture-blue); }",
    "& .edge { fill: none; stroke: var(--picture-muted); stroke-width: 1.25; }",
    "& .arrow { fill: var(--picture-muted); }",
    "& .sign circle { stroke: var(--picture-paper); }",
    "& .sign text { font-size: 12px; font-weight: 700; fill: var(--picture-paper); text-anchor: middle; }",
)


def _mark_rules(mark: str, color: str) -> Iterator[str]:
    yield f"& .{mark} > rect {{ stroke: {color}; stroke-width: 1.5; }}"
    yield f"& path.edge.{mark} {{ stroke: {color}; }}"
    yield f"& path.arrow.{mark}, & text.{mark}, & .sign.{mark} circle {{ fill: {color}; }}"


def _lines(parts: "Iterator[str] | list[str] | tuple[str, ...]") -> Iterator[str]:
    """Yield elements, each on a line of its own."""
    yield from (f"\n{part}" for part in parts)
    yield "\n"


def _description(picture: Picture) -> str:
    """Return what the picture shows, for those who do not see it."""
    stages = "; ".join(
        ", ".join((cluster.title, *cluster.details, *cluster.figures))
        for cluster in picture.clusters
        if not cluster.parent
    )
    boxes = "; ".join(", ".join((box.title, *box.details)) for box in picture.boxes)
    return ". ".join(part for part in (picture.description, picture.subtitle, stages or boxes) if part)


def _head(picture: Picture) -> Iterator[str]:
    yield svg.text(picture.title, 0, MARGIN + NAME, class_="name")
    yield svg.text(picture.subtitle, 0, MARGIN + 36, class_="subtitle")
    if picture.compared:
        x = 7.0
        for mark, word in LEGEND.items():
            yield _sign(mark, x, MARGIN + 54)
            yield svg.text(word, x + 12, MARGIN + 58, class_=f"subtitle {mark}")
            x += 12 + text_width(word, SUBTITLE) + 22


def _head_width(picture: Picture) -> float:
    legend = sum(34 + text_width(word, SUBTITLE) for word in LEGEND.values()) if picture.compared else 0
    return max(text_width(picture.title, NAME, bold=True), text_width(picture.subtitle, SUBTITLE), legend)


def _drawing(picture: Picture, drawing: Layout) -> Iterator[str]:
    """Yield clusters, then edges, then boxes: what comes later lies above."""
    for cluster in picture.clusters:
        yield _cluster(cluster, drawing.clusters[cluster.key])
    for route in drawing.routes:
        yield from _edge(route)
    for label in drawing.labels:
        yield svg.text(label.edge.label, label.x, label.y, class_=f"shape {_mark_of_text(label.edge.label)}".rstrip())
    for box in picture.boxes:
        yield _box(box, drawing.boxes[box.key])


def _mark_of_text(text: str) -> str:
    return CHANGED if "→" in text else ""


def _cluster(cluster: Cluster, rect: Rect) -> str:
    name = f"{'run' if cluster.parent else 'stage'}-frame"
    parts = [_rect(rect, 8)]
    if cluster.parent and cluster.depth > 1:
        parts.insert(0, _rect(rect._replace(x=rect.x + 4, y=rect.y + 4), 8))
    y = rect.y + metrics.HEAD_TOP + 10
    parts.append(svg.text(cluster.title, rect.x + 10, y, class_="title"))
    for index, line in enumerate(cluster.details):
        below = y + metrics.DETAIL_LINE * (index + 1)
        parts.append(svg.text(line, rect.x + 10, below, class_=f"detail {_mark_of_text(line)}".rstrip()))
    for index, line in enumerate(cluster.figures):
        style = "times" if cluster.parent else f"figure {_mark_of_text(line)}".rstrip()
        parts.append(svg.text(line, rect.right - 10, y + metrics.DETAIL_LINE * index, class_=style))
    parts += _signs(cluster.mark, rect)
    return svg.element("g", *parts, class_=_classes(name, cluster.mark))


def _box(box: Box, rect: Rect) -> str:
    x, y = rect.middle[0], rect.y + metrics.BOX_Y + 11
    parts = [svg.element("title", escape(box.hint))] if box.hint else []
    if metrics.is_pill(box):
        parts.append(_rect(rect, rect.height / 2))
        parts.append(svg.text(metrics.pill_text(box), x, rect.y + 15, class_="title"))
    else:
        parts += [_rect(rect, 4), _accent(rect), svg.text(box.title, x, y, class_="title")]
        for index, line in enumerate(box.details):
            below = y + metrics.DETAIL_LINE * (index + 1)
            parts.append(svg.text(line, x, below, class_=f"detail {_mark_of_text(line)}".rstrip()))
    parts += _signs(box.mark, rect)
    return svg.element("g", *parts, class_=_classes(f"box {box.kind}", box.mark))


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


def _edge(route: Route) -> Iterator[str]:
    mark = route.edge.mark
    *_, before, end = route.points
    (dx, dy) = _direction(before, end)
    tip = (end[0] - dx * ARROW, end[1] - dy * ARROW)
    yield svg.element("path", class_=_classes("edge", mark), d=_path((*route.points[:-1], tip)))
    n, half = svg.number, ARROW / 2
    corners = ((tip[0] - dy * half, tip[1] - dx * half), (tip[0] + dy * half, tip[1] + dx * half), end)
    d = "M" + "L".join(f"{n(x)} {n(y)}" for x, y in corners) + "z"
    yield svg.element("path", class_=_classes("arrow", mark), d=d)


def _direction(start: Point, end: Point) -> tuple[int, int]:
    sign = lambda value: (value > 0) - (value < 0)  # noqa: E731
    return sign(end[0] - start[0]), sign(end[1] - start[1])


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
