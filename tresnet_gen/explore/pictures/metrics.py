"""Sizes of everything in a drawing, in pixels at scale 1."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from tresnet_gen.explore.measure import text_width
from tresnet_gen.explore.pictures.picture import Box, Cluster

NAME, SUBTITLE = 18, 11  # font sizes above a drawing
TITLE, DETAIL, LABEL = 12, 10.5, 10.5  # of boxes and frames, and of edges
TITLE_LINE, DETAIL_LINE = 16, 14  # line heights
FIGURES_GAP = 24  # between what a stage is and what it costs
BOX_X, BOX_Y = 12, 6  # room in a box beside and above its text
PILL_HEIGHT = 22
CLUSTER_X, CLUSTER_BOTTOM = 12, 8  # room in a cluster beside and below what is in it
HEAD_TOP, HEAD_BOTTOM = 8, 2  # above and below the text of a cluster
LABEL_GAP, ENTRY_GAP = 16, 16  # below a box, for the shape that leaves it; above a box, for arrows and forks
FORK_GAP = 10  # from a fork down to the boxes it leads to
FORK_STEP = 6  # between the forks of several boxes in one gap
STAGE_GAP, RUN_GAP = 14, 14  # between stages, and between the blocks of one
LANE_GAP = 16  # between an edge, or a box, and the next one beside it
LABEL_X = 6  # from an edge to its text


class Size(NamedTuple):
    """Width and height."""

    width: float
    height: float


def is_pill(box: Box) -> bool:
    """Whether a box is drawn as one rounded line: where edges meet, and where they begin and end."""
    return box.kind in {"join", "terminal"}


def pill_text(box: Box) -> str:
    """Return what stands in the one line of a pill."""
    return ", ".join((box.title, *box.details))


def box_sizes(boxes: Sequence[Box]) -> dict[str, Size]:
    """Return the size of each box; those of stages are equally wide."""
    sizes = {box.key: box_size(box) for box in boxes}
    stages = [box.key for box in boxes if box.kind == "stage"]
    widest = max((sizes[key].width for key in stages), default=0)
    return sizes | {key: sizes[key]._replace(width=widest) for key in stages}


def box_size(box: Box) -> Size:
    """Return the size of a box around its text; its width is an even number, so that its middle is a whole one."""
    size = _box_size(box)
    return size._replace(width=2 * ceil(size.width / 2))


def _box_size(box: Box) -> Size:
    if is_pill(box):
        return Size(text_width(pill_text(box), TITLE, bold=True) + 2 * BOX_X, PILL_HEIGHT)
    width = max(text_width(box.title, TITLE, bold=True), _widest(box.details))
    if box.figures:
        width += FIGURES_GAP + _widest(box.figures)
    lines = max(len(box.details), len(box.figures) - 1)
    return Size(width + 2 * BOX_X, TITLE_LINE + DETAIL_LINE * lines + 2 * BOX_Y)


def label_width(label: str) -> float:
    """Return the room that an edge's text takes to the right of the edge."""
    return text_width(label, LABEL) + LABEL_X


def head_height(cluster: Cluster) -> float:
    """Return the height of a cluster's text."""
    lines = max(len(cluster.details), len(cluster.figures) - 1, 0)
    return HEAD_TOP + TITLE_LINE + DETAIL_LINE * lines + HEAD_BOTTOM


def head_widths(cluster: Cluster) -> tuple[float, float]:
    """Return the widths of a cluster's text on the left and on the right."""
    return (
        max(text_width(cluster.title, TITLE, bold=True), _widest(cluster.details)),
        _widest(cluster.figures),
    )


def _widest(lines: Sequence[str]) -> float:
    return max((text_width(line, DETAIL) for line in lines), default=0)
