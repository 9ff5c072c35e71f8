"""`tresnet-gen convert`: a checkpoint to the weights of a spec's module."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from tresnet_gen.cli import convert_report, findings, options
from tresnet_gen.cli.files import UnwritableError, write_atomically
from tresnet_gen.cli.specs import load, refuse
from tresnet_gen.cli.terminal import data, document, flush, talk, use_color
from tresnet_gen.cli.torch_package import torch_version
from tresnet_gen.frontend.diagnostics import Diagnostic, printable
from tresnet_gen.graph.graph import Graph
from tresnet_gen.runtime.convert import ENDINGS, CheckpointError, PackageError
from tresnet_gen.runtime.convert.network import Network, network_of
from tresnet_gen.runtime.convert.plan import Plan, plan
from tresnet_gen.runtime.convert.schemes import SCHEMES, WORDS, Scheme, writer

if TYPE_CHECKING:
    from tresnet_gen.runtime.convert.checkpoint import Checkpoint
    from tresnet_gen.runtime.convert.values import State


NEEDED = [f"tresnet_gen.runtime.convert.{name}" for name in ("checkpoint", "serialise", "values")]  # with torch


class Request(NamedTuple):
    """What is converted, and how."""

    path: str
    graph: Graph
    output: str
    partial: bool
    to: str
    key: str | None
    seed: int
    verbose: bool
    form: str


class Conversion(NamedTuple):
    """A checkpoint that was read, and what becomes of it."""

    request: Request
    network: Network
    checkpoint: "Checkpoint"
    plan: Plan

    @property
    def groups(self) -> tuple[convert_report.Group, ...]:
        """What happened to each tensor."""
        return convert_report.groups(self.plan, self.checkpoint.shapes, self.request.partial)


@click.command("convert", short_help="Convert a checkpoint to the weights of a spec's module.")
@click.argument("checkpoint", metavar="CHECKPOINT", type=click.Path())
@click.option(
    "--spec", metavar="SPEC", required=True, type=options.SpecType(), help="Whose module the weights are for."
)
@click.option(
    "-o",
    "output",
    metavar="PATH",
    required=True,
    help="File to write: .safetensors, or .pth or .pt as torch.save writes them.",
)
@options.overrides()
@click.option(
    "--partial", is_flag=True, help="Take what fits an edited spec; the rest is as the module initialises it."
)
@click.option(
    "--to",
    type=click.Choice(WORDS),
    default="ours",
    show_default=True,
    help="Whose names the weights are written under.",
)
@click.option("--key", metavar="NAME", help="Which state dict of a file that holds several: --key state_dict_ema.")
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 32) - 1),
    default=0,
    show_default=True,
    help="Of what --partial initialises.",
)
@click.option("--verbose", is_flag=True, help="Name every tensor.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@options.formats()
def command(
    checkpoint: str,
    spec: str,
    output: str,
    overrides: tuple[str, ...],
    partial: bool,
    to: str,
    key: str | None,
    seed: int,
    verbose: bool,
    force: bool,
    output_format: str,
) -> None:
    """Convert a checkpoint to the weights of a spec's module. Needs torch, and safetensors for its files.

    CHECKPOINT is a file of torch.save or safetensors with the names of the official TResNet, of timm, torchvision or
    an emitted module. Which ones is seen from the names; every shape is checked; nothing in the file is executed.

    Exit code 1, and nothing written, when a tensor is missing or left over; --partial takes what fits.
    """
    _refuse_output(output, force, output_format)
    [loaded] = load([spec], overrides, output_format)
    request = Request(checkpoint, loaded.graph, output, partial, to, key, seed, verbose, output_format)
    try:
        _convert(request)
    except CheckpointError as error:
        _refuse(request, f"{printable(checkpoint, 400)}: {error}")
    except (UnwritableError, PackageError) as error:
        _refuse(request, str(error), code=2)


def _refuse_output(output: str, force: bool, form: str) -> None:
    if not output.endswith(ENDINGS):
        raise click.BadParameter(f"the file's ending says its form: {', '.join(ENDINGS)}", param_hint="-o")
    if os.path.isdir(output):
        raise click.BadParameter("it is a folder; name the file", param_hint="-o")
    if os.path.lexists(output) and not force:
        refuse([Diagnostic("E000", f"{printable(output, 400)} exists; --force overwrites it")], form, code=2)


def _convert(request: Request) -> None:
    """Read, transfer, write and report.

    Raises:
        CheckpointError: when no weights can be taken from the file.
        UnwritableError: when the weights cannot be written.
        PackageError: without a safetensors that works, or a torch that is safe, where it is needed.
    """
    network = network_of(request.graph)
    scheme = writer(network, request.to)
    if scheme is None:
        _refuse(request, f"--to {request.to}: it has no such networks as {request.graph.spec.name}")
    if os.path.exists(request.path) and not os.path.isfile(request.path):
        _refuse(request, f"cannot read {printable(request.path, 400)}: it is not a regular file", code=2)
    torch_version("convert reads weights with it", NEEDED, request.form)
    from tresnet_gen.runtime.convert.checkpoint import read
    from tresnet_gen.runtime.convert.serialise import serialiser

    to_bytes = serialiser(os.path.splitext(request.output)[1])
    checkpoint = read(request.path, request.key)
    conversion = Conversion(request, network, checkpoint, plan(network, checkpoint.shapes, request.partial))
    _refuse_misfit(conversion)
    write_atomically(request.output, to_bytes(_weights(conversion, scheme)))
    _report(conversion, _warnings(conversion))


def _weights(conversion: Conversion, scheme: Scheme) -> "State":
    """Return what is to be written, or explain why it cannot be and exit."""
    from tresnet_gen.runtime.convert import values

    request, network, checkpoint, found = conversion
    state = values.state_of(request.graph, network, found, checkpoint.tensors, request.seed)
    try:
        return values.renamed(network, scheme, state)
    except values.UnwritableNamesError as error:
        _refuse(request, f"--to {request.to}: {error}")


def _warnings(conversion: Conversion) -> list[str]:
    from tresnet_gen.runtime.convert import values

    tensors = conversion.checkpoint.tensors
    strange = [f"{what} in {printable(name, 120)}" for name, what in values.not_finite(conversion.plan, tensors)]
    filters = values.other_filters(conversion.plan, tensors)
    return [*strange, *(f"{printable(name, 120)} is another filter than the module's binomial one" for name in filters)]


def _refuse_misfit(conversion: Conversion) -> None:
    """Exit when a tensor is missing, left over or of another shape, or with --partial when none fits."""
    request, found = conversion.request, conversion.plan
    name, path = request.graph.spec.name, printable(request.path, 400)
    if not (found.taken or found.resized or found.misfits):
        names = ", ".join(printable(one) for one in list(conversion.checkpoint.tensors)[:3])
        known = ", ".join(scheme.title for scheme in SCHEMES)
        message = f"none of {_tensors(conversion)} has a name of {name}'s ({names}, ...)"
        _refuse(request, f"{path}: {message}; known are the names of {known}")
    if found.fits or (request.partial and (found.taken or found.resized)):
        return
    counts = {"of another shape": found.misfits, "missing": found.missing, "left over": found.unused}
    differences = ", ".join(f"{len(tensors):,} {what}" for what, tensors in counts.items() if tensors)
    message = f"{path} does not fit {name}: {differences}"
    help_text = "--partial takes what fits; the rest is as the module initialises it"
    if request.form == "json":
        shown = findings.as_json(Diagnostic("E000", message, help=help_text))
        document(models=[], conversion=_document(conversion), diagnostics=[shown])
    else:
        lines = convert_report.text((group for group in conversion.groups if group.key != "taken"), request.verbose)
        lines = [f"error: {message}", _title(conversion), "", *lines, "", f"help: {help_text}"]
        talk("\n".join(lines), use_color(sys.stderr))
    sys.exit(1)


def _report(conversion: Conversion, warnings: Sequence[str]) -> None:
    request = conversion.request
    if request.form == "json":
        model = {"name": request.graph.spec.name, "path": request.output.replace(os.sep, "/"), "state": "wrote"}
        shown = [findings.as_json(Diagnostic("E000", warning, severity="warning")) for warning in warnings]
        document(models=[model], conversion=_document(conversion), diagnostics=shown)
        return
    data("\n".join([_title(conversion), "", *convert_report.text(conversion.groups, request.verbose)]))
    flush()
    for warning in warnings:
        talk(f"warning: {warning}")
    talk(f"wrote {printable(request.output, 400)}")


def _title(conversion: Conversion) -> str:
    read = conversion.checkpoint
    where = f" in `{printable(read.key)}`" if read.key else ""
    also = f"; --key takes {', '.join(map(printable, read.others))} instead" if read.others else ""
    path = printable(conversion.request.path, 400)
    return f"{path}: {_tensors(conversion)}{where} under the names of {conversion.plan.scheme.title}{also}"


def _tensors(conversion: Conversion) -> str:
    count = len(conversion.checkpoint.tensors)
    return f"{count:,} tensor{'s' if count != 1 else ''}"


def _document(conversion: Conversion) -> dict[str, Any]:
    request, read = conversion.request, conversion.checkpoint
    return {
        "checkpoint": request.path.replace(os.sep, "/"),
        "key": read.key,
        "prefix": read.prefix,
        "names": conversion.plan.scheme.title,
        "to": request.to,
        "partial": request.partial,
        "seed": request.seed,
        "tensors": len(read.tensors),
        **convert_report.as_json(conversion.groups),
    }


def _refuse(request: Request, message: str, code: int = 1) -> NoReturn:
    refuse([Diagnostic("E000", message)], request.form, code)
