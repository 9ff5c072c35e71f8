"""What a picture shows, before it has a form: boxes in clusters, and edges that say which shape flows along them."""

import re
from typing import NamedTuple

from tresnet_gen.graph.ops import Shape

SAME, ADDED, REMOVED, CHANGED = "same", "added", "removed", "changed"
SIGNS = {SAME: "", ADDED: "+", REMOVED: "−", CHANGED: "~"}


class Box(NamedTuple):
    """One or more ops drawn as one; `nodes` are their positions in the graph, `name` is that of the first in its block.

    `kind` is the family that a writer colours: terminal, conv, linear, scale, pool, norm, move, join or stage.
    `cluster` is the key of the innermost cluster, or empty. A box that stands for a stage has `figures`: its costs.
    """

    key: str
    name: str
    kind: str
    title: str
    details: tuple[str, ...]
    cluster: str
    nodes: tuple[int, ...]
    hint: str
    figures: tuple[str, ...] = ()
    mark: str = SAME


class Cluster(NamedTuple):
    """A stage, or blocks of one that are alike; `depth` blocks are in it.

    `title` and `details` say what it is, `figures` what it costs; `parent` is the key of the cluster around it.
    """

    key: str
    parent: str
    title: str
    details: tuple[str, ...]
    figures: tuple[str, ...]
    depth: int
    mark: str = SAME


class Edge(NamedTuple):
    """What the op at position `node` puts out flows from one box to another; `label` is its shape as text."""

    source: str
    target: str
    node: int
    label: str
    mark: str = SAME


class Picture(NamedTuple):
    """Boxes in an order in which every edge leads forward; clusters before those inside them.

    `compared` tells that marks say what one network changes against another.
    """

    title: str
    subtitle: str
    description: str
    boxes: tuple[Box, ...]
    clusters: tuple[Cluster, ...]
    edges: tuple[Edge, ...]
    compared: bool = False


def shape_text(shape: Shape) -> str:
    """Return a shape as it is read: 76 × 56 × 56."""
    return " × ".join(map(str, shape))


def tells_change(text: str) -> bool:
    """Whether a text of two pictures says what changes: by an arrow, or by a sign before one of its phrases."""
    return "→" in text or re.search("(^|, )[+−] ", text) is not None
