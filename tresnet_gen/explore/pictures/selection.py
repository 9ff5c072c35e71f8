"""Parts of a picture: one stage alone, and clusters that tell nothing left out."""

from collections.abc import Iterable, Iterator

from tresnet_gen.explore.pictures.picture import CHANGED, SAME, Box, Edge, Picture, tells_change

BEFORE, BEHIND = "before", "behind"


def flattened(picture: Picture) -> Picture:
    """Return the picture without the frame around a stage's only block; the stage's own frame stands for it."""
    siblings: dict[str, int] = {}
    for cluster in picture.clusters:
        siblings[cluster.parent] = siblings.get(cluster.parent, 0) + 1
    marks = {cluster.key: cluster.mark for cluster in picture.clusters}
    idle = {
        cluster.key: cluster.parent
        for cluster in picture.clusters
        if cluster.parent
        and siblings[cluster.parent] == cluster.depth == 1
        and cluster.mark in {SAME, marks[cluster.parent]}
        and not cluster.figures
    }
    return picture._replace(
        boxes=tuple(box._replace(cluster=idle.get(box.cluster, box.cluster)) for box in picture.boxes),
        clusters=tuple(cluster for cluster in picture.clusters if cluster.key not in idle),
    )


def only(picture: Picture, stage: str) -> Picture:
    """Return the picture of one stage; what comes before it and behind it is one box each."""
    parents = {cluster.key: cluster.parent or cluster.key for cluster in picture.clusters}
    stages = {box.key: parents.get(box.cluster, box.key) for box in picture.boxes}
    inside = [box for box in picture.boxes if stages[box.key] == stage]
    keys = {box.key for box in inside}
    edges: dict[tuple[str, str], Edge] = {}
    outer: dict[str, dict[str, None]] = {BEFORE: {}, BEHIND: {}}
    for edge in picture.edges:
        if edge.source not in keys and edge.target in keys:
            outer[BEFORE][stages[edge.source]] = None
            edge = edge._replace(source=BEFORE)
        elif edge.source in keys and edge.target not in keys:
            outer[BEHIND][stages[edge.target]] = None
            edge = edge._replace(target=BEHIND)
        elif edge.source not in keys:
            continue
        pair = edge.source, edge.target
        if pair in edges and edges[pair].mark != edge.mark:  # some of what one line stands for is in both networks
            edge = edge._replace(mark=CHANGED if tells_change(edge.label) else SAME)
        edges[pair] = edge
    return picture._replace(
        title=f"{picture.title}, {stage}",
        boxes=(*_terminal(BEFORE, outer[BEFORE]), *inside, *_terminal(BEHIND, outer[BEHIND])),
        clusters=tuple(cluster for cluster in picture.clusters if stage in {cluster.key, cluster.parent}),
        edges=tuple(edges.values()),
    )


def _terminal(key: str, stages: Iterable[str]) -> Iterator[Box]:
    yield Box(key, key, "terminal", ", ".join(stages), (), "", (), "")
