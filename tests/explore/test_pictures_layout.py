"""Nothing in a drawing lies on anything else: boxes, lines, text, frames; checked on the coordinates."""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations, pairwise

from tests.explore.pictured import pictures
from tresnet_gen.explore.measure import text_width
from tresnet_gen.explore.pictures import metrics
from tresnet_gen.explore.pictures.layout import Label, Layout, Rect, layout
from tresnet_gen.explore.pictures.picture import Picture

TOP, LEAST = 80.0, 240.0
SHELF = 60  # height of the shelves that rectangles are sorted into, so that only close ones are compared


@cache
def layouts() -> dict[str, tuple[Picture, Layout]]:
    return {what: (picture, layout(picture, TOP, LEAST)) for what, picture in pictures().items()}


def every_layout(check: Callable[[Picture, Layout], None]) -> Callable[[], None]:
    """Make one test of a check of all pictures; a failure says of which."""

    def test() -> None:
        for what, (picture, drawing) in layouts().items():
            try:
                check(picture, drawing)
            except AssertionError as error:
                error.add_note(f"in the picture: {what}")
                raise

    return test


def overlap(one: Rect, other: Rect) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def inside(inner: Rect, outer: Rect) -> bool:
    return outer.x <= inner.x and inner.right <= outer.right and outer.y <= inner.y and inner.bottom <= outer.bottom


def segments(points: tuple[tuple[float, float], ...]) -> list[Rect]:
    return [Rect(min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y)) for (x, y), (to_x, to_y) in pairwise(points)]


Named = Iterable[tuple[str, Rect]]


def meetings(ones: Named, others: Named) -> set[tuple[str, str]]:
    """Return which of two kinds of named rectangles, or lines, overlap; names of the same thing are left out."""
    shelves: dict[int, list[tuple[str, Rect]]] = {}
    for name, rect in others:
        for shelf in range(int(rect.y // SHELF), int(rect.bottom // SHELF) + 1):
            shelves.setdefault(shelf, []).append((name, rect))
    return {
        (name, other_name)
        for name, rect in ones
        for shelf in range(int(rect.y // SHELF), int(rect.bottom // SHELF) + 1)
        for other_name, other in shelves.get(shelf, ())
        if name != other_name and overlap(rect, other)
    }


def lines_of(drawing: Layout) -> list[tuple[str, Rect]]:
    """Return the straight parts of all lines, by the box they leave."""
    return [(route.edge.source, line) for route in drawing.routes for line in segments(route.points)]


def text_of(label: Label) -> Rect:
    return Rect(label.x, label.y - metrics.LABEL, text_width(label.edge.label, metrics.LABEL), metrics.LABEL)


def head_texts(picture: Picture, drawing: Layout) -> list[Rect]:
    rects = []
    for cluster in picture.clusters:
        frame = drawing.clusters[cluster.key]
        height = metrics.head_height(cluster)
        left, right = metrics.head_widths(cluster)
        rects.append(Rect(frame.x + 10, frame.y, left, height))
        rects.append(Rect(frame.right - 10 - right, frame.y, right, height))
    return rects


@every_layout
def test_boxes_are_disjoint_and_in_the_picture(picture: Picture, drawing: Layout) -> None:
    whole = Rect(0, TOP, drawing.width, drawing.height - TOP)
    assert drawing.boxes.keys() == {box.key for box in picture.boxes}
    assert all(inside(rect, whole) for rect in (*drawing.boxes.values(), *drawing.clusters.values()))
    assert meetings(drawing.boxes.items(), drawing.boxes.items()) == set()


@every_layout
def test_a_line_goes_from_box_to_box_and_through_no_other(picture: Picture, drawing: Layout) -> None:
    for route in drawing.routes:
        source, target = drawing.boxes[route.edge.source], drawing.boxes[route.edge.target]
        lines = segments(route.points)
        assert all(line.width == 0 or line.height == 0 for line in lines), "only right angles"
        (x, y), (end_x, end_y) = route.points[0], route.points[-1]
        assert (x, y) == (source.middle[0], source.bottom)
        on_top = end_y == target.y and target.x < end_x < target.right
        on_a_side = end_y == target.middle[1] and end_x in {target.x, target.right}
        assert on_top or on_a_side
        assert all(y <= below for (_, y), (_, below) in pairwise(route.points)), "never upwards"
    assert meetings([(f"from {source}", line) for source, line in lines_of(drawing)], drawing.boxes.items()) == set()


@every_layout
def test_shapes_stand_free(picture: Picture, drawing: Layout) -> None:
    texts = [(label.edge.source, text_of(label)) for label in drawing.labels]
    assert [source for source, _ in texts] == list(dict.fromkeys(edge.source for edge in picture.edges))
    assert all(text.right <= drawing.width for _, text in texts)
    assert meetings(texts, texts) == set()
    assert meetings([(f"text of {source}", text) for source, text in texts], drawing.boxes.items()) == set()
    assert meetings(texts, lines_of(drawing)) == set(), "but lines from its own box may"


@every_layout
def test_frames_hold_what_is_in_them(picture: Picture, drawing: Layout) -> None:
    parents = {cluster.key: cluster.parent for cluster in picture.clusters}
    for box in picture.boxes:
        for key, frame in drawing.clusters.items():
            belongs = key in {box.cluster, parents.get(box.cluster)}
            rect = drawing.boxes[box.key]
            assert inside(rect, frame) if belongs else not overlap(rect, frame)
    for (key, one), (other_key, other) in combinations(drawing.clusters.items(), 2):
        assert inside(other, one) if parents[other_key] == key else not overlap(one, other)


@every_layout
def test_lines_and_boxes_leave_the_heads_of_frames_free(picture: Picture, drawing: Layout) -> None:
    heads = [(f"head {number}", rect) for number, rect in enumerate(head_texts(picture, drawing))]
    assert meetings(heads, drawing.boxes.items()) == set()
    assert meetings(heads, lines_of(drawing)) == set()


@every_layout
def test_text_fits_its_box(picture: Picture, drawing: Layout) -> None:
    for box in picture.boxes:
        room = drawing.boxes[box.key].width - metrics.BOX_X
        if metrics.is_pill(box):
            assert text_width(metrics.pill_text(box), metrics.TITLE, bold=True) <= room
            continue
        figures = max((text_width(line, metrics.DETAIL) for line in box.figures), default=0)
        assert text_width(box.title, metrics.TITLE, bold=True) + figures <= room
        assert all(text_width(line, metrics.DETAIL) + figures <= room for line in box.details)
