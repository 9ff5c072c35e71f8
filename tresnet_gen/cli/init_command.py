"""`tresnet-gen init`: a spec to start from."""

import os
import re
import sys

import click

from tresnet_gen.cli import options
from tresnet_gen.cli.files import write_atomically
from tresnet_gen.cli.specs import load, refuse
from tresnet_gen.cli.terminal import data, talk, use_color
from tresnet_gen.frontend.diagnostics import SpecError, Text, printable
from tresnet_gen.frontend.load import spec_from
from tresnet_gen.frontend.resolve import Origin, find, read_file

EXTENDING = """\
name: {name}
description: {base} with changes
extends: {base}
set:
  stages.2.depth: {depth}
"""


@click.command("init", short_help="Write a spec to start from.")
@click.argument("name")
@click.option(
    "--from",
    "base",
    metavar="SPEC",
    type=options.SpecType(),
    help="Extend this spec, bundled or a file, by a few changes, instead of writing a whole one.",
)
@click.option("-o", "output", metavar="PATH", help="File to write; - for standard output.  [default: NAME.yaml]")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def command(name: str, base: str | None, output: str | None, force: bool) -> None:
    """Write a spec to start from: TResNet-M under a new name, or an extension of a bundled spec."""
    text = _extending(name, base) if base else _whole(name)
    path = output or f"{name}.yaml"
    try:
        spec = spec_from(Origin(Text(f"NAME {printable(name)}", text), path))
    except SpecError as error:
        refuse(error.diagnostics, "text", code=2)
    if spec.name != name:
        raise click.UsageError(f"NAME is one word, not {printable(name)}")
    if path == "-":
        data(text)
        return
    if os.path.isdir(path):
        raise click.BadParameter("it is a folder; name the file", param_hint="-o")
    if os.path.lexists(path) and not force:
        talk(f"error: {printable(path, 400)} exists; --force overwrites it", use_color(sys.stderr))
        sys.exit(2)
    write_atomically(path, text)
    talk(f"wrote {printable(path, 400)}; next: tresnet-gen estimate {printable(_argument(path), 400)}")


def _whole(name: str) -> str:
    """Return the text of TResNet-M under another name."""
    text = read_file(find("tresnet_m")).text.content
    text = re.sub(r"^(#|class_name:).*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^description:.*$", "description: a variant of TResNet-M", text, flags=re.MULTILINE)
    return re.sub(r"^name:.*$", lambda _: f"name: {name}", text, flags=re.MULTILINE)


def _extending(name: str, base: str) -> str:
    [loaded] = load([base], (), "text")
    spec = loaded.graph.spec
    index = min(2, len(spec.stages) - 1)
    text = EXTENDING.format(name=name, base=base, depth=spec.stages[index].depth + 1)
    return text.replace("stages.2", f"stages.{index}")


def _argument(path: str) -> str:
    return path if path.endswith((".yaml", ".yml")) or "/" in path else f"./{path}"
