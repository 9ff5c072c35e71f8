"""A spec as the user named it."""

from typing import NamedTuple

from tresnet_gen.graph.graph import Graph


class Loaded(NamedTuple):
    """What the user called a spec, and its graph."""

    argument: str
    graph: Graph
