"""`tresnet-gen graph`: a picture of a network, or its graph of ops for graph tools."""

import os

import click

from tresnet_gen.cli import options
from tresnet_gen.cli.files import write_atomically
from tresnet_gen.cli.specs import load, refuse_second_stdin
from tresnet_gen.cli.terminal import exact, talk
from tresnet_gen.explore.pictures import LEVELS, dot_text, mermaid_text, picture_of, svg_text
from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.graph.export import dot, graphml
from tresnet_gen.graph.graph import Graph

FORMS = {".svg": "svg", ".mmd": "mermaid", ".dot": "dot", ".graphml": "graphml"}
PICTURES = {"svg": svg_text, "mermaid": mermaid_text, "dot": dot_text}
OP_GRAPHS = {"dot": dot, "graphml": graphml}


@click.command("graph", short_help="Draw the network, or write its graph of ops.")
@options.specs(several=False)
@options.overrides()
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    help="A box a stage; the layers of each block; or every op. Equal blocks are drawn once.  [default: block]",
)
@click.option("--stage", metavar="NAME", help="Draw one stage alone: stem, layer1, ..., head.")
@click.option("--diff", "other", metavar="B", type=options.SpecType(), help="Mark what spec B changes.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMS.values())), help="Form, where the file's ending does not say it."
)
@click.option(
    "-o",
    "output",
    metavar="PATH",
    default="-",
    help="File ending in .svg, .mmd (Mermaid), .dot or .graphml; - for standard output, in DOT unless --format says.",
)
def command(
    spec: str,
    overrides: tuple[str, ...],
    level: str | None,
    stage: str | None,
    other: str | None,
    form: str | None,
    output: str,
) -> None:
    """Draw the network as SVG, Mermaid or DOT, or write its graph of ops as DOT or GraphML.

    DOT without --level, --stage and --diff, and GraphML, have every op of the network, for programs to read.

    With --diff, --set changes B: `--diff tresnet_m --set stages.2.depth=16` shows what an edit does to tresnet_m.
    """
    form = _form_of(output, form)
    drawn = form not in OP_GRAPHS or bool(level or stage or other)
    if drawn and form not in PICTURES:
        raise click.UsageError("GraphML has every op: --level, --stage and --diff are for .svg, .mmd and .dot")
    graph, before = _graphs(spec, other, overrides)
    if stage:
        _check_stage(stage, (before, graph))
    text = PICTURES[form](picture_of(graph, level or "block", before, stage)) if drawn else OP_GRAPHS[form](graph)
    if output == "-":
        exact(text)
    else:
        write_atomically(output, text)
        talk(f"wrote {printable(output, 400)}")


def _form_of(output: str, named: str | None) -> str:
    """Return the form that the file's ending says, or the option: they may not contradict each other."""
    said = None if output == "-" else FORMS.get(os.path.splitext(output)[1])
    if said and named and said != named:
        raise click.BadParameter(f"the file's ending says {said}, --format says {named}", param_hint="-o")
    form = said or named or ("dot" if output == "-" else None)
    if not form:
        message = "the file's ending says the form: .svg, .mmd, .dot or .graphml; or name it with --format"
        raise click.BadParameter(message, param_hint="-o")
    return form


def _graphs(spec: str, other: str | None, overrides: tuple[str, ...]) -> tuple[Graph, Graph | None]:
    """Return the graph to draw, and the one it is compared with."""
    if other is None:
        [loaded] = load([spec], overrides, "text")
        return loaded.graph, None
    refuse_second_stdin([spec, other])
    [before] = load([spec], (), "text")
    [after] = load([other], overrides, "text")
    return after.graph, before.graph


def _check_stage(stage: str, graphs: tuple[Graph | None, ...]) -> None:
    names = list(dict.fromkeys(node.stage for graph in graphs if graph for node in graph.nodes))
    if stage not in names:
        raise click.BadParameter(f"no stage {printable(stage)}: {', '.join(names)}", param_hint="--stage")
