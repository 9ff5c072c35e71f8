"""`tresnet-gen build`: specs to modules on disk."""

import sys
from collections.abc import Sequence

import click

from tresnet_gen.cli import modules, options
from tresnet_gen.cli.files import UnwritableError
from tresnet_gen.cli.modules import Output, State
from tresnet_gen.cli.specs import load, refuse
from tresnet_gen.cli.terminal import data, document, exact, talk
from tresnet_gen.emission.render import emit
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.frontend.diagnostics import Diagnostic, printable


@click.command("build", short_help="Emit one standalone PyTorch module per spec.")
@options.specs()
@click.option(
    "-o",
    "output",
    metavar="PATH",
    default=modules.DEFAULT_FOLDER,
    show_default=True,
    help="Folder, or the file itself when PATH ends in .py; - for standard output.",
)
@options.overrides()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file is not up to date.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, exit 1 if anything.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited or that tresnet-gen did not write.")
@options.formats()
def command(
    specs: tuple[str, ...],
    output: str,
    overrides: tuple[str, ...],
    check: bool,
    diff: bool,
    dry_run: bool,
    force: bool,
    output_format: str,
) -> None:
    """Emit one standalone PyTorch module per spec.

    When any spec is wrong, nothing is written. A file that was edited since, or that tresnet-gen did not write, is
    not overwritten without --force.
    """
    if len(specs) > 1 and (output.endswith(".py") or output == "-"):
        raise click.UsageError(f"-o {printable(output)} takes one SPEC; got {len(specs)}")
    if check + diff + dry_run > 1:
        raise click.UsageError("--check, --diff and --dry-run exclude each other")
    if output == "-" and (check or diff or dry_run or output_format != "text"):
        raise click.UsageError("-o - prints the module and nothing else")
    loaded = load(specs, overrides, output_format)
    _refuse_same_names(loaded, output_format)
    if output == "-":
        exact(emit(loaded[0].graph))
        return
    try:
        outputs = [modules.output_of(one.graph, output) for one in loaded]
        if diff:
            _show_diff(outputs, output_format)
        elif check:
            _check(outputs, output_format)
        else:
            _write(outputs, force, dry_run=dry_run, output_format=output_format)
    except UnwritableError as error:
        refuse([Diagnostic("E000", str(error))], output_format, code=2)


def _refuse_same_names(loaded: Sequence[Loaded], output_format: str) -> None:
    names = [one.graph.spec.name for one in loaded]
    findings = []
    for index, one in enumerate(loaded):
        if names[index] in names[:index]:
            first = loaded[names.index(names[index])].argument
            message = (
                f"two specs are named `{names[index]}`, so their files would be one; the first is {printable(first)}"
            )
            span = one.graph.spec.places.nearest(("name",))
            findings.append(Diagnostic("E108", message, span, "build them into different folders, or rename one"))
    if findings:
        refuse(findings, output_format)


def _show_diff(outputs: Sequence[Output], output_format: str) -> None:
    changed = [output for output in outputs if output.state is not State.CURRENT]
    if output_format == "json":
        _document(outputs, {output.path: output.state.value for output in outputs})
    else:
        for output in changed:
            data("".join(_diff_lines(output)))
    sys.exit(1 if changed else 0)


def _diff_lines(output: Output) -> list[str]:
    import difflib

    old = (output.existing or "").splitlines(keepends=True)
    name = printable(output.path, 400)
    lines = difflib.unified_diff(old, output.text.splitlines(keepends=True), name, f"{name} (from the spec)")
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]


def _check(outputs: Sequence[Output], output_format: str) -> None:
    if output_format == "json":
        _document(outputs, {output.path: output.state.value for output in outputs})
    stale = [output for output in outputs if output.state is not State.CURRENT]
    for output in stale:
        talk(f"{printable(output.path, 400)}: {_CHECKED[output.state]}")
    if not stale:
        talk(f"{len(outputs)} file{'s' if len(outputs) != 1 else ''} up to date")
    sys.exit(1 if stale else 0)


_CHECKED = {
    State.MISSING: "missing; run `tresnet-gen build`",
    State.STALE: "out of date; run `tresnet-gen build`",
    State.EDITED: "edited since it was generated; see `tresnet-gen build --diff`",
    State.FOREIGN: "not written by tresnet-gen",
}


def _write(outputs: Sequence[Output], force: bool, dry_run: bool, output_format: str) -> None:
    refused = modules.refusals(outputs)
    if refused and not force:
        refuse(refused, output_format, code=2)
    states = {}
    for output in outputs:
        states[output.path] = modules.write(output, dry_run)
        if output_format == "text":
            talk(modules.done(output, states[output.path]))
    if output_format == "json":
        _document(outputs, states)


def _document(outputs: Sequence[Output], states: dict[str, str]) -> None:
    document(models=[modules.as_json(output, states[output.path]) for output in outputs], diagnostics=[])
