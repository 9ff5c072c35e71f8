"""What PyYAML says about broken YAML, in the words of a spec's reader and at the place to mend."""

import re
from collections.abc import Sequence

import yaml

from tresnet_gen.frontend.diagnostics import Report, Span, Text, printable

# What PyYAML says, what that means to the reader of a spec, and what to do; {0} is the pattern's group.
_LINE_UP = ("this does not line up with the lines above", "check the indentation of this line against the one above")
_SYNTAX = (
    (r"expected (?:<block end>|'<document start>'), but found '([\]}])'", "`{0}` closes nothing", "remove it"),
    (r"expected (?:<block end>|'<document start>'), but found", *_LINE_UP),
    (r"mapping values are not allowed|but got ':'", "a `: ` inside a plain text", "put the text in quotes"),
    (r"expected ',' or '.', but got '<scalar>'", "a comma is missing before this", "separate items by commas"),
    (r"found character '\\t'", "a tab where only spaces can stand", "write spaces instead"),
    (r"found character '(.)' that cannot start any token", "a value cannot start with `{0}`", "quote the value"),
    (r"could not find expected ':'", "a key without `:`", "write `key: value`, with a space"),
    (r"incompatible YAML document", "only YAML 1.2 is read", "remove the line"),
    (
        r"escape (?:character|sequence)",
        "an unknown escape behind `\\`",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (r"undefined tag handle|expected (?:'>'|URI)|invalid (?:start|continuation) byte", "a broken tag", "remove it"),
)
_UNFINISHED = "nothing behind this place was read: mend it first"
_CLOSERS = {"[": "]", "{": "}", "'": "'", '"': '"'}


def report_syntax(
    error: yaml.MarkedYAMLError, marks: Sequence[yaml.Mark], text: Text, start: int, report: Report
) -> None:
    """Report what the parser stumbled over; `marks` are the places of the collections that it is in.

    It points at the opening bracket or quote when it is never closed, else at the character the parser gave up on.
    """
    problem = error.problem or "not YAML"
    mark = error.problem_mark or error.context_mark
    offset = start + (mark.index if mark else 0)
    opened = _never_closed(error, marks, text, start, offset)
    if opened is not None:
        sign = text.content[opened]
        at_end = not text.content[offset:].strip()
        message = f"`{sign}` is never closed" + ("" if at_end else f"; reading failed at line {text.line_of(offset)}")
        help_text, offset = f"add `{_CLOSERS[sign]}`", opened
    else:
        message, help_text = _plainly(problem)
        if problem.startswith("mapping values") and ": " not in text.content[text.line_start(offset) : offset]:
            message = "a key where the line above still goes on"
            help_text = "the line above lacks its `:`, or this line is indented too far"
    report.error("E002", f"not valid YAML: {printable(message, 200)}", Span(text, offset, offset + 1), help_text)


def _never_closed(
    error: yaml.MarkedYAMLError, marks: Sequence[yaml.Mark], text: Text, start: int, offset: int
) -> int | None:
    """Return the offset of the bracket or quote whose missing end made reading fail, None when that is not it."""
    ended = "stream end" in (error.problem or "") or "end of stream" in (error.problem or "")
    within = re.match("while (parsing a flow (sequence|mapping)|scanning a quoted scalar)", error.context or "")
    mark = error.context_mark if within else marks[-1] if ended and marks else None
    if mark is None or text.content[start + mark.index] not in _CLOSERS:
        return None
    opened = start + mark.index
    return opened if ended or text.line_of(offset) > text.line_of(opened) else None


def _plainly(problem: str) -> tuple[str, str]:
    """Return the parser's problem in the words of a spec's reader, and what to do."""
    for pattern, message, help_text in _SYNTAX:
        if found := re.search(pattern, problem):
            return message.format(*found.groups()), help_text
    return problem, _UNFINISHED
