"""Graph to module text: the view laid out by the templates, then stamped."""

from functools import cache
from typing import TYPE_CHECKING

from tresnet_gen import resources
from tresnet_gen.emission.stamp import stamp
from tresnet_gen.emission.view import module_view
from tresnet_gen.graph.graph import Graph

if TYPE_CHECKING:
    from jinja2 import Environment


def emit(graph: Graph) -> str:
    """Return the source of the standalone PyTorch module for a graph; the same graph gives the same text."""
    text = _environment().get_template("module.py.jinja").render(view=module_view(graph))
    return stamp(text)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(resources.folder("templates"), encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # a template does not change while a command runs
        optimized=False,  # the templates have no constants to fold; saves 2 ms at every build
        autoescape=False,  # the output is Python; texts are made safe for a docstring in the view
    )
