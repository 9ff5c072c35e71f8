"""Pictures of networks, drawn here: a graph folded to boxes, laid out, and written as SVG, Mermaid or DOT."""

from tresnet_gen.explore.pictures.fold import LEVELS, fold
from tresnet_gen.explore.pictures.picture import Picture
from tresnet_gen.explore.pictures.svg import svg_text
from tresnet_gen.graph.graph import Graph

__all__ = ["LEVELS", "draw", "picture_of"]


def picture_of(graph: Graph, level: str = "block", against: Graph | None = None) -> Picture:
    """Return what a picture of a graph shows, level by level; `against` another, what it changes."""
    return fold(graph, level)


def draw(graph: Graph, level: str = "block", against: Graph | None = None, prefix: str = "picture") -> str:
    """Return the SVG of a graph: `level` is stage, block or op."""
    return svg_text(picture_of(graph, level, against), prefix)
