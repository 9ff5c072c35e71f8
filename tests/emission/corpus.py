"""Emitted files to look at: of every bundled spec, of drawn specs, and of drawn specs with very large numbers."""

from functools import cache

from tests.drawn import WIDE, sample, spec_texts
from tests.oracle import build_graph_of
from tresnet_gen.emission.render import emit
from tresnet_gen.frontend.load import load_spec
from tresnet_gen.graph.build import build_graph
from tresnet_gen.resources import bundled_specs


@cache
def bundled() -> dict[str, str]:
    """Return the emitted files of the bundled specs by name."""
    return {name: emit(build_graph(load_spec(name))) for name in bundled_specs()}


@cache
def drawn() -> dict[str, str]:
    """Return emitted files of drawn specs that are quick to build, the same in every run."""
    texts = sample(spec_texts(), 320)
    return {f"drawn_{number:03}": emit(build_graph_of(text)) for number, text in enumerate(texts)}


@cache
def wide() -> dict[str, str]:
    """Return emitted files of drawn specs with large numbers, too large to build."""
    texts = sample(spec_texts(WIDE), 60)
    return {f"wide_{number:02}": emit(build_graph_of(text)) for number, text in enumerate(texts)}


def every_file() -> dict[str, str]:
    """Return all of them."""
    return bundled() | drawn() | wide()
