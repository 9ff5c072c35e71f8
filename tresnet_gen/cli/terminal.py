"""Standard output is for data, standard error for talk."""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from tresnet_gen.analysis.counts import CONVENTION
from tresnet_gen.version import __version__

SCHEMA_VERSION = 1


def prepare_streams() -> None:
    """Make standard output and error take any character, and standard output the whole of what it is given."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.FileIO):
        # PYTHONUNBUFFERED: Python would drop what a nearly full disk does not take at once, without a word
        whole = io.BufferedWriter(sys.stdout.buffer)
        sys.stdout = io.TextIOWrapper(whole, sys.stdout.encoding, sys.stdout.errors)


class OutputError(OSError):
    """Standard output that takes no more: closed, or a full disk behind it."""


def data(text: str) -> None:
    """Print a result; when nobody reads it any more, as behind `| head`, it goes nowhere.

    Raises:
        OutputError: when standard output does not take it.
    """
    with _output() as stdout:
        stdout.write(text if text.endswith("\n") else f"{text}\n")


def exact(text: str) -> None:
    """Print a result in UTF-8 with the line ends it has, whatever the locale says; as `data` otherwise."""
    with _output() as stdout:
        stdout.flush()
        stdout.buffer.write(text.encode("utf-8"))


def live(text: str) -> None:
    """Print news, at once.

    Raises:
        OutputError: when standard output does not take it.
        BrokenPipeError: when nobody reads it any more.
    """
    with _output(endless=True) as stdout:
        stdout.write(text if text.endswith("\n") else f"{text}\n")
        stdout.flush()


def flush() -> None:
    """Hand what was printed over to who reads it; as `data` otherwise."""
    if sys.stdout is not None:
        with _output() as stdout:
            stdout.flush()


@contextmanager
def _output(endless: bool = False) -> Iterator[TextIO]:
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:
        yield sys.stdout
    except BrokenPipeError:
        discard(sys.stdout)
        if endless:
            raise
    except OSError as error:
        discard(sys.stdout)
        raise OutputError(error.errno, error.strerror) from error


def talk(text: str, color: bool = False) -> None:
    """Print a message for the person at the terminal."""
    if color and text.startswith("error:"):
        text = f"\x1b[1;31merror:\x1b[0m{text.removeprefix('error:')}"
    if sys.stderr is not None:
        with deaf():
            sys.stderr.write(f"{text}\n")


@contextmanager
def deaf() -> Iterator[None]:
    """Go on when nobody can hear what is said to standard error: what is done, and the exit code, stay as they are."""
    try:
        yield
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO | None) -> None:
    """Send what is still buffered nowhere: Python would try again at exit, and exit with 120."""
    with suppress(OSError, AttributeError):  # a stream of a test, none at all
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def document(**content: Any) -> None:
    """Print a JSON document; every document names its schema and the tool's version first."""
    data(_json(content, indent=2))


def record(**content: Any) -> None:
    """Print a JSON document on a line of its own, one of a stream; as `live` otherwise."""
    live(_json(content, indent=None))


def _json(content: dict[str, Any], indent: int | None) -> str:
    import json

    return json.dumps({"schema_version": SCHEMA_VERSION, "tool_version": __version__, **content}, indent=indent)


def legend(markdown: bool = False, more: Sequence[str] = ()) -> str:
    """Return what the counts, and `more`, mean: a line each, or a paragraph of Markdown."""
    notes = [*CONVENTION.split("; "), *more]
    return f"{'; '.join(notes)}." if markdown else "\n".join(notes)


def use_color(stream: TextIO | None) -> bool:
    """Return whether to colour a stream: a terminal that is not dumb, and NO_COLOR is not set."""
    return (
        stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
