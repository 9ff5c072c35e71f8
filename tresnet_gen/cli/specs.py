"""Reading the specs a command names, with one way to report what is wrong with them."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from tresnet_gen import resources
from tresnet_gen.cli.terminal import data, document, talk, use_color
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
from tresnet_gen.frontend.load import spec_from
from tresnet_gen.frontend.resolve import Origin, UnreadableError, find, read_file
from tresnet_gen.frontend.source import MAX_BYTES, decode
from tresnet_gen.graph.build import build_graph


def load(arguments: Sequence[str], overrides: Sequence[str], output_format: str) -> list[Loaded]:
    """Return the graphs of all specs, or report everything wrong with any of them and exit.

    Exits with 2 when a spec cannot be read or an override is no legal edit, with 1 for findings in specs.
    """
    loaded: list[Loaded] = []
    found: dict[tuple[str, str, int, int, str], Diagnostic] = {}  # one finding in a file that two specs share
    unreadable = False
    refuse_second_stdin(arguments)
    for argument in arguments:
        try:
            loaded.append(Loaded(argument, build_graph(spec_from(origin_of(argument), overrides))))
        except SpecError as error:
            found.update(((d.code, *d.place, d.message), d) for d in error.diagnostics)
        except UnreadableError as error:
            unreadable = True
            found["E000", "", 0, 0, str(error)] = Diagnostic("E000", str(error))
    if found:
        diagnostics = list(found.values())
        report(diagnostics, output_format)
        sys.exit(2 if unreadable or any(d.is_usage for d in diagnostics) else 1)
    return loaded


def refuse_second_stdin(arguments: Sequence[str]) -> None:
    """Raise a usage error when `-` stands for two specs."""
    if list(arguments).count("-") > 1:
        raise click.UsageError("standard input can be read only once")


def refuse(diagnostics: Sequence[Diagnostic], output_format: str, code: int = 1) -> NoReturn:
    """Report findings and exit."""
    report(diagnostics, output_format)
    sys.exit(code)


def report(diagnostics: Sequence[Diagnostic], output_format: str) -> None:
    """Print findings: JSON and GitHub commands to standard output, text to standard error."""
    from tresnet_gen.cli import findings

    if output_format == "json":
        document(models=[], diagnostics=[findings.as_json(d) for d in diagnostics])
    elif output_format == "github":
        data("\n".join(map(findings.github, diagnostics)))
    elif all(d.span is None for d in diagnostics):
        for diagnostic in diagnostics:
            talk(f"error: {diagnostic.message}", use_color(sys.stderr))
    else:
        talk(findings.texts(diagnostics, use_color(sys.stderr)))


def origin_of(argument: str) -> Origin:
    """Return the text that an argument names.

    Raises:
        UnreadableError: when there is nothing to read.
        SpecError: for what is no text.
    """
    if argument == "-":
        if sys.stdin is None:
            raise UnreadableError("cannot read standard input: it is closed")
        return Origin(decode(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>"), None)
    path = find(argument)
    return read_file(path, argument if path == argument else resources.shown(argument))
