"""Pictures of networks, drawn here: a graph folded to boxes, laid out, and written as SVG, Mermaid or DOT."""

from tresnet_gen.explore.pictures.compare import compare
from tresnet_gen.explore.pictures.dot import dot_text
from tresnet_gen.explore.pictures.fold import LEVELS, fold
from tresnet_gen.explore.pictures.mermaid import mermaid_text
from tresnet_gen.explore.pictures.picture import Picture
from tresnet_gen.explore.pictures.runs import runs_of
from tresnet_gen.explore.pictures.selection import flattened, only
from tresnet_gen.explore.pictures.svg import svg_text
from tresnet_gen.graph.graph import Graph

__all__ = ["LEVELS", "Picture", "dot_text", "draw", "mermaid_text", "picture_of", "svg_text"]


def picture_of(graph: Graph, level: str = "block", against: Graph | None = None, stage: str | None = None) -> Picture:
    """Return what a drawing of a graph shows.

    Args:
        graph: the network.
        level: `stage`, one box a stage; `block`, the layers of every block, equal blocks once; `op`, every op of them.
        against: another network; the picture shows what `graph` changes of it.
        stage: `stem`, `layer1`, ... or `head`, to show nothing else.
    """
    if against:
        cuts = {run.place for side in (against, graph) for run in runs_of(side)}
        picture = compare(fold(against, level, cuts), fold(graph, level, cuts))
    else:
        picture = fold(graph, level)
    picture = flattened(picture)
    return only(picture, stage) if stage else picture


def draw(
    graph: Graph,
    level: str = "block",
    against: Graph | None = None,
    stage: str | None = None,
    prefix: str = "picture",
) -> str:
    """Return the drawing of a graph as SVG, for a file or a page; its ids start with `prefix`.

    The other arguments are those of `picture_of`.
    """
    return svg_text(picture_of(graph, level, against, stage), prefix)
