"""tresnet-gen: YAML specs of convolutional backbones to exact counts and standalone PyTorch modules.

    from tresnet_gen import build_graph, count, emit, load_spec

    graph = build_graph(load_spec("tresnet_l", ["stages.2.depth=24"]))
    print(count(graph).totals.macs)
    print(emit(graph))

Nothing here imports torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tresnet_gen.version import __version__

if TYPE_CHECKING:
    from tresnet_gen.analysis.counts import Counts, count
    from tresnet_gen.emission.render import emit
    from tresnet_gen.explore.study.opening import open_study
    from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
    from tresnet_gen.frontend.load import load_spec, parse_spec
    from tresnet_gen.frontend.resolve import UnreadableError
    from tresnet_gen.frontend.spec import Spec
    from tresnet_gen.graph.build import build_graph
    from tresnet_gen.graph.graph import Graph

__all__ = [
    "Counts",
    "Diagnostic",
    "Graph",
    "Spec",
    "SpecError",
    "UnreadableError",
    "__version__",
    "build_graph",
    "count",
    "emit",
    "load_spec",
    "open_study",
    "parse_spec",
]

_HOMES = {
    "Counts": "analysis.counts",
    "Diagnostic": "frontend.diagnostics",
    "Graph": "graph.graph",
    "Spec": "frontend.spec",
    "SpecError": "frontend.diagnostics",
    "UnreadableError": "frontend.resolve",
    "build_graph": "graph.build",
    "count": "analysis.counts",
    "emit": "emission.render",
    "load_spec": "frontend.load",
    "open_study": "explore.study.opening",
    "parse_spec": "frontend.load",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
