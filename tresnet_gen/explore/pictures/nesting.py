"""A picture as nested lines, which Mermaid and DOT share: ids of boxes, clusters in clusters, signs of marks."""

from collections.abc import Callable, Iterator

from tresnet_gen.explore.measure import NO_BREAK_SPACE
from tresnet_gen.explore.pictures.picture import SIGNS, Box, Cluster, Picture


def ids_of(picture: Picture) -> dict[str, str]:
    """Return a short id for the key of each box, the same in every form."""
    return {box.key: f"n{number}" for number, box in enumerate(picture.boxes)}


def text_of(part: Box | Cluster) -> list[str]:
    """Return the lines of a box or cluster; a mark's sign stands before the first."""
    lines = (f"{SIGNS[part.mark]} {part.title}".strip(), *part.details, *part.figures)
    return [line.replace(NO_BREAK_SPACE, " ") for line in lines]


def nested(
    picture: Picture,
    opening: Callable[[Cluster], list[str]],
    box_lines: Callable[[Box], list[str]],
    closing: str,
) -> Iterator[str]:
    """Yield the lines of all boxes inside those of their clusters, indented, in the order of the picture."""
    parents = {cluster.key: cluster.parent for cluster in picture.clusters}
    clusters = {cluster.key: cluster for cluster in picture.clusters}
    around: list[str] = []
    for box in picture.boxes:
        wanted = [key for key in (parents.get(box.cluster, ""), box.cluster) if key]
        while around != wanted[: len(around)]:
            around.pop()
            yield _indented(closing, len(around))
        for key in wanted[len(around) :]:
            yield from (_indented(line, len(around)) for line in opening(clusters[key]))
            around.append(key)
        yield from (_indented(line, len(around)) for line in box_lines(box))
    while around:
        around.pop()
        yield _indented(closing, len(around))


def _indented(line: str, depth: int) -> str:
    return "  " * (depth + 1) + line
