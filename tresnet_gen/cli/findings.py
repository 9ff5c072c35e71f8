"""Diagnostics as text for people, as JSON and as GitHub workflow commands."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from tresnet_gen.frontend.diagnostics import Diagnostic, Span, printable, visible_character

MAX_EXCERPT = 108


def text(diagnostic: Diagnostic, color: bool = False) -> str:
    """Return a diagnostic with its source line, a caret under the place and the help below."""
    red, blue, bold, off = ("\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m") if color else ("", "", "", "")
    lines = [f"{red}{diagnostic.severity}[{diagnostic.code}]{off}{bold}: {diagnostic.message}{off}"]
    span = diagnostic.span
    margin = ""
    if span:
        margin = " " * len(str(span.line))
        lines.append(f"{blue}{margin}-->{off} {printable(span.text.name, 400)}:{span.line}:{span.column}")
        if span.text.content.strip():
            source, caret = _excerpt(span)
            lines.append(f"{blue}{margin} |{off}")
            lines.append(f"{blue}{span.line} |{off} {source}".rstrip())
            lines.append(f"{blue}{margin} |{off} {red}{caret}{off}")
    if diagnostic.help:
        lines.append(f"{blue}{margin} ={off} help: {diagnostic.help}")
    return "\n".join(lines)


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return a diagnostic as the JSON documents hold it."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "path": span.text.name if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "help": diagnostic.help,
    }


def github(diagnostic: Diagnostic) -> str:
    """Return a diagnostic as a GitHub workflow command, which annotates the line in a pull request."""
    span = diagnostic.span
    place = f"file={_property(printable(span.text.name, 4096))},line={span.line},col={span.column}," if span else ""
    message = diagnostic.message + (f"\n{diagnostic.help}" if diagnostic.help else "")
    return f"::{diagnostic.severity} {place}title={_property(diagnostic.code)}::{_data(message)}"


def texts(diagnostics: Sequence[Diagnostic], color: bool = False) -> str:
    """Return all diagnostics with a count below."""
    count = sum(diagnostic.stands_for for diagnostic in diagnostics)
    return "\n\n".join(text(d, color) for d in diagnostics) + f"\n\n{count:,} error{'s' if count != 1 else ''}"


def _excerpt(span: Span) -> tuple[str, str]:
    """Return the source line and a caret line below it, a window of both where the place is far to the right."""
    line = span.text.line_text(span.line)
    start = span.column - 1
    end = min(start + max(span.end - span.start, 1), max(len(line), start + 1))
    first = max(0, start - MAX_EXCERPT // 2) if end > MAX_EXCERPT else 0
    last = first + MAX_EXCERPT
    cut_left, cut_right = "..." if first else "", "..." if len(line) > last else ""
    left = [*map(_visible, line[first:start])]
    right = [*map(_visible, line[start:last])]
    while sum(map(len, left)) > MAX_EXCERPT:  # a character that does not print takes up to ten columns
        cut_left, left = "...", left[len(left) // 2 + 1 :]
    while sum(map(len, right)) > MAX_EXCERPT:
        cut_right, right = "...", right[: len(right) // 2]
    before, marked, after = cut_left + "".join(left), "".join(right[: end - start]), "".join(right[end - start :])
    return before + marked + after + cut_right, " " * _columns(before) + "^" * max(_columns(marked), 1)


def _visible(char: str) -> str:
    return "    " if char == "\t" else visible_character(char)


def _columns(shown: str) -> int:
    """Return how many terminal columns a text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
