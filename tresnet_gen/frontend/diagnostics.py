"""Findings as values: a stable code, a message, the text they point at and what to do about it.

Lines and columns count from 1, columns in characters. Codes: E0xx reading and YAML, E1xx keys and values,
E2xx `extends` and `set`, E3xx shapes.
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

MAX_REPORTED = 100


class Text:
    """One source of spec text: a file, standard input, or a `--set` or `--axis` argument."""

    def __init__(self, name: str, content: str, is_override: bool = False) -> None:
        self.name = name
        self.content = content
        self.is_override = is_override

    @cached_property
    def line_starts(self) -> list[int]:
        """Offsets of the first character of each line; lines end at LF, CR or CR LF."""
        starts = [0]
        content = self.content
        for offset, char in enumerate(content):
            if char == "\n" or (char == "\r" and content[offset + 1 : offset + 2] != "\n"):
                starts.append(offset + 1)
        return starts

    def line_of(self, offset: int) -> int:
        """Return the number of the line that holds `offset`."""
        return bisect_right(self.line_starts, offset)

    def line_start(self, offset: int) -> int:
        """Return the offset of the first character of the line that holds `offset`."""
        return self.line_starts[self.line_of(offset) - 1]

    def line_text(self, line: int) -> str:
        """Return line `line` without its end."""
        starts = self.line_starts
        end = starts[line] if line < len(starts) else len(self.content)
        return self.content[starts[line - 1] : end].rstrip("\r\n")


class Span(NamedTuple):
    """Characters `start` up to `end` of a text."""

    text: Text
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the first character."""
        return self.text.line_of(self.start)

    @property
    def column(self) -> int:
        """Column of the first character."""
        return self.start - self.text.line_start(self.start) + 1

    @property
    def place(self) -> str:
        """`path:line`, as `show --resolved` and `diff` name a value's origin."""
        return self.text.name if self.text.is_override else f"{printable(self.text.name, 400)}:{self.line}"


class Diagnostic(NamedTuple):
    """One finding; `help` says what would be right."""

    code: str
    message: str
    span: Span | None = None
    help: str | None = None
    severity: str = "error"
    stands_for: int = 1  # findings

    @property
    def place(self) -> tuple[str, int, int]:
        """Path, line and column; sorts findings and tells the same finding in two readings of a file."""
        return (self.span.text.name, self.span.line, self.span.column) if self.span else ("", 0, 0)

    @property
    def is_usage(self) -> bool:
        """Whether a `--set` or `--axis` argument itself is wrong, its path or the type of a value: exit code 2."""
        return self.span is not None and self.span.text.is_override and self.code in USAGE_CODES


USAGE_CODES = frozenset({*(f"E00{number}" for number in range(1, 9)), "E101", "E103", "E205", "E206"})


class SpecError(Exception):
    """A spec that cannot be accepted; carries every finding of the layer that refused it."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in self.diagnostics[:3]))


class Report:
    """Collects findings; past MAX_REPORTED it only counts them."""

    def __init__(self) -> None:
        self._kept: list[Diagnostic] = []
        self._count = 0

    def error(self, code: str, message: str, span: Span | None, help_text: str | None = None) -> None:
        """Add a finding."""
        self._count += 1
        if len(self._kept) < MAX_REPORTED:
            self._kept.append(Diagnostic(code, message, span, help_text))

    @property
    def is_full(self) -> bool:
        """Whether further findings are counted and not shown, so that nothing need be guessed for them."""
        return len(self._kept) >= MAX_REPORTED

    def raise_if_any(self) -> None:
        """Raise SpecError with the findings in the order of their places.

        Raises:
            SpecError: if anything was reported.
        """
        if not self._kept:
            return
        findings = sorted(self._kept, key=lambda finding: finding.place)
        if self._count > len(findings):
            more = self._count - len(findings)
            help_text = "mend the first ones, then validate again"
            findings.append(Diagnostic("E003", f"{more:,} more errors are not shown", help=help_text, stands_for=more))
        raise SpecError(findings)


def nearest(word: str, legal: Iterable[str]) -> str | None:
    """Return the legal word closest to `word`, or None when nothing is near."""
    if len(word) > 64:
        return None
    from difflib import get_close_matches

    candidates = list(legal)
    close = get_close_matches(word, candidates, n=1, cutoff=0.6)
    if close:
        return close[0]
    return next((c for c in candidates if len(word) >= 3 and (c.startswith(word) or word.startswith(c))), None)


def visible(text: str) -> str:
    """Return `text` with control, invisible and bidirectional characters shown by their numbers."""
    return text if text.isprintable() else "".join(map(visible_character, text))


def visible_character(char: str) -> str:
    """Return a character, or the escape that Python writes for one that does not print."""
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def printable(text: str, limit: int = 60) -> str:
    """Return `text` fit for one line of a terminal: control characters escaped, the middle of a long text cut."""
    shown = visible(text)
    return shown if len(shown) <= limit else f"{shown[: limit - 20]} ... {shown[-14:]}"
