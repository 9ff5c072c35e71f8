"""Pictures of the bundled specs, of what one changes against another, and of drawn pairs; made once a test process."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from tests.drawn import sample, spec_texts
from tresnet_gen.explore.pictures import LEVELS, Picture, picture_of
from tresnet_gen.frontend.load import load_spec, parse_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.graph.graph import Graph
from tresnet_gen.resources import bundled_specs

NAMES = tuple(bundled_specs())
PAIRS = (
    ("resnet50", "tresnet_m"),
    ("tresnet_m", "tresnet_l"),
    ("mixnet_l", "shufflenet_v2_x1_0"),
    ("resnet50", "seresnet50"),
    ("mobilenetv3_large_100", "resnet18"),
    ("efficientnet_b0", "mixnet_s"),
)
DRAWN = 12  # specs for as many pairs

HOSTILE = """\
name: hostile
description: >-
  "quoted" 'text' \\ </svg></desc><script>alert(1)</script> --> ]]> <!-- %%{init: {"theme": "dark"}}%% ]; } end
  #quot; &lt; a --> b é 漢字
stem: {type: space_to_depth, width: 64}
stages:
  - {block: basic, depth: 2, width: 64}
head: {type: avg_pool_linear, hidden: 20, dropout: 0.2}
"""


@cache
def graph_of(name: str, *overrides: str) -> Graph:
    """Return the graph of a bundled spec."""
    return build_graph(load_spec(name, overrides))


def hostile() -> Graph:
    """Return a graph whose description means harm."""
    return build_graph(parse_spec(HOSTILE))


@cache
def drawn_graphs() -> tuple[Graph, ...]:
    """Return graphs of random legal specs, the same in every run."""
    return tuple(build_graph(parse_spec(text)) for text in sample(spec_texts(), DRAWN))


def graphs() -> Iterator[Graph]:
    """Yield the graphs of all bundled specs, and random ones."""
    yield from map(graph_of, NAMES)
    yield from drawn_graphs()


@cache
def comparisons() -> tuple[tuple[Graph, Graph], ...]:
    """Return pairs of an old and a new graph; random ones have little in common."""
    drawn = drawn_graphs()
    bundled = tuple((graph_of(old), graph_of(new)) for old, new in PAIRS)
    return bundled + tuple(pairwise(drawn))


@cache
def pictures() -> dict[str, Picture]:
    """Return every picture that the tests look at, by what it shows."""
    plain = {f"{g.spec.name} {level}": picture_of(g, level) for g in map(graph_of, NAMES) for level in LEVELS}
    hard = {f"drawn {n} {level}": picture_of(g, level) for n, g in enumerate(drawn_graphs()) for level in LEVELS}
    both = {
        f"comparison {number} {level}": picture_of(new, level, old)
        for number, (old, new) in enumerate(comparisons())
        for level in LEVELS
    }
    alone = {
        f"{stage} of mixnet_l": picture_of(graph_of("mixnet_l"), "op", stage=stage)
        for stage in ("stem", "layer4", "head")
    }
    return plain | hard | both | alone | {"hostile": picture_of(hostile())}
