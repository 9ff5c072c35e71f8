"""Texts of axes, `PATH=VALUES`, to a space of candidates, or to findings with their places.

    7..24           whole numbers, both ends included; 8..64..8 in steps of 8
    null,{ratio: 8} YAML flow values; a comma inside brackets or quotes separates nothing
    x0.75,x1,x1.25  multiples of the value that the base spec has, whole where that is whole: rounded to the nearest,
                    halves up, at least 1; x1.25~8 rounds to the nearest multiple of 8, at least 8

A `*` in the path stands for every item of a list, each an axis of its own. Paths are those of `set`. A range is never
made into a list.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, product
from math import floor
from typing import Any

from tresnet_gen.explore.search.axes import Axis, Base, Range, Space, Value, edited, flow, stage_of, value_at
from tresnet_gen.frontend.describe import resolved_values
from tresnet_gen.frontend.diagnostics import Diagnostic, Report, Span, SpecError, Text, printable
from tresnet_gen.frontend.fields import ASSEMBLY, NOT_INHERITED
from tresnet_gen.frontend.source import Entry, Mapping, Node, Scalar, compose
from tresnet_gen.frontend.source import Sequence as Items

EXAMPLE = "for example --axis stages.2.depth=7..24"
MAX_CONTEXTS = 64  # of other axes' blocks and types, under which a value's type is tried
_RANGE = re.compile(r"\s*(-?[0-9]{1,9})\.\.(-?[0-9]{1,9})(?:\.\.(-?[0-9]{1,9}))?\s*", re.ASCII)
_MULTIPLE = re.compile(r"x([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:~([1-9][0-9]{0,4}))?", re.ASCII)
_CLOSERS = {"[": "]", "{": "}"}


def space_of(base: Base, texts: Sequence[str]) -> Space:
    """Return the space that `--axis` texts span over a base.

    Raises:
        SpecError: every axis that is wrong: E205 and E101 for paths, E103 for types, E206 for the axis itself. A value
            of the right type that makes no legal spec is none of these: it makes candidates that are left out.
    """
    report = Report()
    axes = [axis for text in texts for axis in _axes(text, base, report)]
    _report_overlaps(axes, report)
    report.raise_if_any()
    space = Space(base, tuple(sorted(axes, key=lambda axis: -1 if (stage := stage_of(axis)) is None else stage)))
    _report_types(space, report)
    report.raise_if_any()
    return space


# From text to axes.


def _axes(argument: str, base: Base, report: Report) -> Iterator[Axis]:
    """Yield the axes of one text, one for each item that a `*` stands for."""
    text = Text("--axis", argument, is_override=True)
    path, equals, _ = argument.partition("=")
    path = path.strip()
    if not equals or not path:
        _report(report, "`--axis` wants PATH=VALUES", Span(text, 0, len(argument)), EXAMPLE)
        return
    key = Span(text, 0, argument.index("="))
    head = path.split(".")[0]
    if head in NOT_INHERITED and head not in ASSEMBLY:
        _report(report, f"no figure depends on `{head}`", key, "vary what the network is made of")
        return
    values = resolved_values(base.spec)
    try:
        segments = [str(int(part)) if re.fullmatch("[0-9]{1,9}", part) else part for part in path.split(".")]
        for concrete in _expanded(segments, values):
            yield Axis(".".join(concrete), key, _values(text, key.end + 1, concrete, values))
    except _AxisError as error:
        _report(report, str(error), error.span or key, error.help)
    except SpecError as error:
        for found in error.diagnostics:
            report.error(found.code, found.message, found.span, found.help)


def _report(report: Report, message: str, span: Span, help_text: str | None) -> None:
    report.error("E206", message, span, help_text)


class _AxisError(Exception):
    def __init__(self, message: str, span: Span | None = None, help_text: str | None = None) -> None:
        super().__init__(message)
        self.span = span
        self.help = help_text


def _expanded(segments: list[str], values: Any) -> Iterator[list[str]]:
    """Yield the paths that a path with `*` stands for; `values` are the base's."""
    if "*" not in segments:
        yield segments
        return
    star = segments.index("*")
    found = value_at(segments[:star], values)
    if not isinstance(found, list) or not found:
        where = printable(".".join(segments[:star])) or "the spec"
        raise _AxisError(
            f"`*` stands for the items of a list; `{where}` is none", help_text="for example stages.*.depth"
        )
    for index in range(len(found)):
        yield from _expanded([*segments[:star], str(index), *segments[star + 1 :]], values)


def _values(text: Text, start: int, path: list[str], base: Any) -> Range | tuple[Value, ...]:
    """Return the values behind the `=`."""
    written = text.content[start:]
    span = Span(text, start, len(text.content))
    if not written.strip():
        raise _AxisError("an axis needs values", span, EXAMPLE)
    if match := _RANGE.fullmatch(written):
        return _range(match, span)
    if re.fullmatch(r"\s*[-+0-9.xXeE]*\.\.[-+0-9.xXeE]*\s*", written):
        help_text = "write 7..24, or 8..64..8 in steps of 8; at most nine digits"
        raise _AxisError("not a range of whole numbers", span, help_text)
    values = tuple(_value(Span(text, *ends), path, base) for ends in _pieces(text, start))
    seen: dict[str, Value] = {}
    for value in values:
        twin = json.dumps(value.plain, sort_keys=True)
        if twin in seen:
            path_text = printable(".".join(path))
            raise _AxisError(f"`{path_text}` is {printable(value.text)} twice", value.node.span, "keep one of the two")
        seen[twin] = value
    return values


def _range(match: re.Match[str], span: Span) -> Range:
    first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
    if step < 1:
        raise _AxisError(f"the step of a range is at least 1; got {step}", span, "write 8..64..8")
    if last < first:
        raise _AxisError("a range runs upwards", span, f"write {last}..{first}")
    return Range(range(first, last + 1, step), span)


def _pieces(text: Text, start: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each value: commas separate them, save those within brackets and quotes."""
    content, closers, quote, begin = text.content, [""], "", start
    for position in range(start, len(content)):
        char = content[position]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and content[position - 1] in " [{:,=":
            quote = char
        elif char in _CLOSERS:
            closers.append(_CLOSERS[char])
        elif char == closers[-1]:
            closers.pop()
        elif char == "," and len(closers) == 1:
            yield begin, position
            begin = position + 1
    yield begin, len(content)


def _value(span: Span, path: list[str], base: Any) -> Value:
    piece = span.text.content[span.start : span.end]
    trimmed = Span(span.text, span.end - len(piece.lstrip()), span.start + len(piece.rstrip()))
    if not piece.strip():
        raise _AxisError("a value is missing", span, "separate values by single commas; `null` is none")
    if match := _MULTIPLE.fullmatch(piece.strip()):
        multiple = _multiple(match, value_at(path, base), path, trimmed)
        return Value(multiple)
    try:
        node = compose(Text("--axis", span.text.content[: span.end], is_override=True), span.start)
    except SpecError as error:
        raise SpecError(_replaced(d, span.text) for d in error.diagnostics) from error
    return Value(_moved(node or Scalar(trimmed, None, ""), span.text))


def _replaced(found: Diagnostic, text: Text) -> Diagnostic:
    return found._replace(span=found.span._replace(text=text)) if found.span else found


def _moved(node: Node, text: Text) -> Node:
    """Return a node read from the beginning of a text as one of the whole text."""
    span = node.span._replace(text=text)
    if isinstance(node, Mapping):
        entries = node.entries.items()
        return Mapping(span, {k: Entry(e.key._replace(text=text), _moved(e.value, text)) for k, e in entries})
    if isinstance(node, Items):
        return Items(span, tuple(_moved(item, text) for item in node.items))
    return node._replace(span=span)


def _multiple(match: re.Match[str], base: Any, path: list[str], span: Span) -> Node:
    factor, step = Fraction(match[1]), int(match[2] or 1)
    if isinstance(base, list) and base and all(type(item) is int for item in base):
        return Items(span, tuple(_scaled(item, factor, step, span) for item in base))
    if isinstance(base, bool) or not isinstance(base, int | float):
        where = printable(".".join(path))
        message = f"`{match[0]}` multiplies a number of the base; its `{where}` is {printable(flow(base))}"
        raise _AxisError(message, span, "write the values out")
    return _scaled(base, factor, step, span)


def _scaled(base: int | float, factor: Fraction, step: int, span: Span) -> Scalar:
    number: int | float = base * float(factor)
    if isinstance(base, int):
        number = max(step, floor(base * factor / step + Fraction(1, 2)) * step)
    return Scalar(span, number, flow(number))


# What is wrong with axes together.


def _report_overlaps(axes: Sequence[Axis], report: Report) -> None:
    """Report axes of one path, and those of a path below another's."""
    seen: dict[str, Axis] = {}
    for axis in axes:
        segments = axis.path.split(".")
        prefixes = [".".join(segments[:end]) for end in range(1, len(segments) + 1)]
        outer = next((path for path in prefixes if path in seen), None)
        inner = next((path for path in seen if path.startswith(f"{axis.path}.")), None)
        if outer == axis.path:
            _report(report, f"`{printable(axis.path)}` has two axes", axis.key, "name all its values in one")
        elif other := outer or inner:
            message = f"`{printable(axis.path)}` and `{printable(other)}` are axes of the same values"
            _report(report, message, axis.key, "vary one of the two")
        seen.setdefault(axis.path, axis)


def _report_types(space: Space, report: Report) -> None:
    """Report values of the wrong type, and paths that lead nowhere, whatever block or type other axes choose."""
    reported = set()
    tags = [axis for axis in space.axes if axis.path.rpartition(".")[2] in ("block", "type")]
    for axis in space.axes:
        others = [tag for tag in tags if tag is not axis]
        contexts = list(islice(product(*(map(tag.edit, range(len(tag.values))) for tag in others)), MAX_CONTEXTS))
        for index in _kinds(axis):
            faults = [_usage_faults(space.base.tree, [*context, axis.edit(index)]) for context in contexts]
            for fault in faults[0] if all(faults) else []:
                if (fault.place, fault.message) not in reported:
                    report.error(fault.code, fault.message, fault.span, fault.help)
                reported.add((fault.place, fault.message))


def _kinds(axis: Axis) -> Iterable[int]:
    """Return values of an axis that tell of all whether their types are right: of plain ones the first of each type."""
    if isinstance(axis.values, Range):
        return (0,)
    scalars = {
        type(one.node.value): i for i, one in reversed([*enumerate(axis.values)]) if isinstance(one.node, Scalar)
    }
    return sorted({*scalars.values(), *(i for i, one in enumerate(axis.values) if not isinstance(one.node, Scalar))})


def _usage_faults(tree: Mapping, edits: Sequence[tuple[str, Entry]]) -> list[Diagnostic]:
    try:
        edited(tree, edits)
    except SpecError as error:
        return [fault for fault in error.diagnostics if fault.is_usage]
    return []
