"""Reading the specs a command names, with one way to report what is wrong with them."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn, TypeVar

import click

from tresnet_gen import resources
from tresnet_gen.cli.terminal import data, document, talk, use_color
from tresnet_gen.explore.loaded import Loaded
from tresnet_gen.frontend.diagnostics import Diagnostic, SpecError
from tresnet_gen.frontend.load import spec_from
from tresnet_gen.frontend.resolve import Origin, Reader, UnreadableError, find, read_file
from tresnet_gen.frontend.source import MAX_BYTES, decode
from tresnet_gen.frontend.spec import Spec
from tresnet_gen.graph.build import build_graph, check_graph

UNREADABLE = "E000"
Made = TypeVar("Made")


def load(arguments: Sequence[str], overrides: Sequence[str], output_format: str) -> list[Loaded]:
    """Return the graphs of all specs, or report everything wrong with any of them and exit.

    Exits with 2 when a spec cannot be read or an override is no legal edit, with 1 for findings in specs.
    """
    graphs = _all(arguments, overrides, output_format, build_graph)
    return [Loaded(argument, graph) for argument, graph in zip(arguments, graphs, strict=True)]


def check(arguments: Sequence[str], overrides: Sequence[str], output_format: str) -> list[Spec]:
    """Return all specs, or report what `load` would, in less time where they are deep."""

    def checked(spec: Spec) -> Spec:
        check_graph(spec)
        return spec

    return _all(arguments, overrides, output_format, checked)


def attempt(argument: str, overrides: Sequence[str], read: Reader = read_file) -> Loaded | tuple[Diagnostic, ...]:
    """Return the graph of one spec, or everything wrong with it; `read` reads its file and those it extends."""
    try:
        return Loaded(argument, build_graph(_spec(argument, overrides, read)))
    except (SpecError, UnreadableError) as error:
        return _findings(error)


def _all(
    arguments: Sequence[str], overrides: Sequence[str], output_format: str, make: Callable[[Spec], Made]
) -> list[Made]:
    """Return what `make` makes of each spec, or report everything wrong with any of them and exit."""
    refuse_second_stdin(arguments)
    made: list[Made] = []
    found: dict[tuple[str, str, int, int, str], Diagnostic] = {}  # one finding in a file that two specs share
    for argument in arguments:
        try:
            made.append(make(_spec(argument, overrides)))
        except (SpecError, UnreadableError) as error:
            found.update(((d.code, *d.place, d.message), d) for d in _findings(error))
    if found:
        refuse(list(found.values()), output_format, exit_code(found.values()))
    return made


def _spec(argument: str, overrides: Sequence[str], read: Reader = read_file) -> Spec:
    return spec_from(origin_of(argument, read), overrides, read)


def _findings(error: SpecError | UnreadableError) -> tuple[Diagnostic, ...]:
    return error.diagnostics if isinstance(error, SpecError) else (Diagnostic(UNREADABLE, str(error)),)


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """Return 2 when a spec cannot be read or an override is no legal edit, 1 for findings in specs."""
    return 2 if any(d.code == UNREADABLE or d.is_usage for d in diagnostics) else 1


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


def origin_of(argument: str, read: Reader = read_file) -> Origin:
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
    return read(path, argument if path == argument else resources.shown(argument))
