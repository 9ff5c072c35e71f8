"""The `tresnet-gen` program: finds the command, runs it, turns what went wrong into one message and an exit code.

Exit codes: 0 fine; 1 findings; 2 usage, a refused overwrite, a file that cannot be read or written; 130 interrupted.
"""

import os
import sys
from importlib import import_module
from itertools import pairwise
from typing import NoReturn

import click

from tresnet_gen.cli.terminal import OutputError, deaf, discard, document, flush, prepare_streams, talk, use_color
from tresnet_gen.version import __version__

COMMANDS = (
    *("build", "validate", "estimate", "diff", "show", "search", "graph", "report", "watch"),
    *("verify", "convert", "schema", "list", "init"),
)


class _Commands(click.Group):
    """Imports a command's module only when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tresnet_gen.cli.{cmd_name}_command")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from tresnet_gen.frontend.diagnostics import nearest, printable

            guess = nearest(args[0], COMMANDS)
            hint = f"did you mean `{guess}`?" if guess else f"commands: {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command `{printable(args[0])}`; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    epilog="A SPEC is a file (with a / or an ending .yaml), the name of a bundled spec, or - for standard input.",
)
@click.version_option(__version__, prog_name="tresnet-gen")
def app() -> None:
    """Compile YAML specs of convolutional backbones: exact counts before training, one standalone PyTorch module."""


def run() -> NoReturn:
    """Run the command line and exit."""
    prepare_streams()
    code = 0
    try:
        code = _exit_code()
        flush()
    except BrokenPipeError:
        discard(sys.stdout)  # the reader has had enough
    except OSError as error:
        code = code if code == 2 else _told(error)  # else it was told already
    sys.exit(code)


def _exit_code() -> int:
    stdout = sys.stdout
    try:
        code = app.main(prog_name="tresnet-gen", standalone_mode=False)
    except SystemExit as stop:
        if sys.stdout is not stdout:  # click has put a silent stream in place of a pipe without a reader
            return 0
        code = stop.code
    except click.ClickException as raised:
        error = _visible(raised)
        if sys.stderr is not None:  # click would turn to standard output
            with deaf():
                error.show()
        _explain_in_json(error.format_message())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        talk("interrupted")
        return 130
    except (BrokenPipeError, OutputError):
        raise
    except (OSError, MemoryError) as failure:
        code = _told(failure)
        _explain_in_json(_one_line(failure))
    return code if isinstance(code, int) else 0


def _told(error: OSError | MemoryError) -> int:
    """Print what went wrong; return the exit code."""
    talk(f"error: {_one_line(error)}", color=use_color(sys.stderr))
    return 2


MAX_MESSAGE = 1_000


def _visible(error: click.ClickException) -> click.ClickException:
    """Return an error that shows what does not print by its number: click repeats options and arguments as they are."""
    message = error.format_message()
    fits = message.isprintable() and len(message) <= MAX_MESSAGE
    in_lines = click.MissingParameter, click.exceptions.NoArgsIsHelpError  # lists of choices, whole help
    if fits or isinstance(error, in_lines):
        return error
    from tresnet_gen.frontend.diagnostics import printable

    return click.UsageError(printable(message, MAX_MESSAGE), getattr(error, "ctx", None))


def _explain_in_json(message: str) -> None:
    """Print the document of a failure where JSON was asked for: standard output must hold one."""
    args = sys.argv[1:]
    if "--format=json" in args or ("--format", "json") in pairwise(args):
        from tresnet_gen.cli.findings import as_json
        from tresnet_gen.frontend.diagnostics import Diagnostic

        document(models=[], diagnostics=[as_json(Diagnostic("E000", message))])


def _one_line(error: OSError | MemoryError) -> str:
    from tresnet_gen.frontend.diagnostics import printable

    if isinstance(error, MemoryError):
        return "out of memory"
    if error.strerror and error.filename:
        return f"cannot access {printable(str(error.filename), 400)}: {error.strerror.lower()}"
    if isinstance(error, FileNotFoundError) and _working_folder_is_gone():
        return "the working folder has been removed"
    return printable((error.strerror or str(error)).lower(), 400)


def _working_folder_is_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False
