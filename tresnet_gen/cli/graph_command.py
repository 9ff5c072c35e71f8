"""`tresnet-gen graph`: the op graph for graph tools."""

import os

import click

from tresnet_gen.cli import options
from tresnet_gen.cli.files import write_atomically
from tresnet_gen.cli.specs import load
from tresnet_gen.cli.terminal import data, talk
from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.graph.export import dot, graphml

WRITERS = {".dot": dot, ".graphml": graphml}


@click.command("graph", short_help="Write the graph of ops as DOT or GraphML.")
@options.specs(several=False)
@options.overrides()
@click.option(
    "-o", "output", metavar="PATH", default="-", help="File ending in .dot or .graphml; - for DOT on standard output."
)
def command(spec: str, overrides: tuple[str, ...], output: str) -> None:
    """Write the graph of ops with shapes and counts, as DOT or GraphML."""
    suffix = ".dot" if output == "-" else os.path.splitext(output)[1]
    if suffix not in WRITERS:
        raise click.BadParameter("the file's ending says the form: .dot or .graphml", param_hint="-o")
    [loaded] = load([spec], overrides, "text")
    text = WRITERS[suffix](loaded.graph)
    if output == "-":
        data(text)
    else:
        write_atomically(output, text)
        talk(f"wrote {printable(output, 400)}")
