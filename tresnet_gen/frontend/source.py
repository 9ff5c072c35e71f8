"""YAML text to a tree of nodes that know their place, under limits that hold while the text is being read.

Only PyYAML's event stream is used: no tag is ever constructed, so no spec can create a Python object. Aliases are
shared nodes; merge keys, tags, directives and duplicate keys are errors.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from tresnet_gen.frontend.diagnostics import Report, Span, Text, printable
from tresnet_gen.frontend.scalars import AmbiguousNumberError, Value, resolve

MAX_BYTES = 1 << 20
MAX_EVENTS = 20_000
MAX_DEPTH = 24
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Scalar(NamedTuple):
    """A value; `raw` is the text it was read from."""

    span: Span
    value: Value
    raw: str


class Sequence(NamedTuple):
    """A list."""

    span: Span
    items: "tuple[Node, ...]"


class Entry(NamedTuple):
    """A key's place and its value."""

    key: Span
    value: "Node"


class Mapping(NamedTuple):
    """A mapping with text keys, in the order written."""

    span: Span
    entries: dict[str, Entry]


Node = Scalar | Sequence | Mapping


class _Events(Reader, Scanner, Parser):
    """PyYAML's reader, scanner and parser without its composer and constructor."""

    def __init__(self, content: str) -> None:
        Reader.__init__(self, content)
        Scanner.__init__(self)
        Parser.__init__(self)

    def __iter__(self) -> Iterator[Event]:
        while self.check_event():
            yield self.get_event()  # type: ignore[no-untyped-call]


def decode(data: bytes, name: str) -> Text:
    """Return `data` as text: UTF-8, a byte order mark allowed, at most 1 MiB.

    Raises:
        SpecError: E001 with the offset of the first bad byte, or E003.
    """
    report = Report()
    if len(data) > MAX_BYTES:
        report.error(
            "E003", "the spec is larger than 1 MiB", Span(Text(name, ""), 0, 0), "a spec has a few dozen lines"
        )
        report.raise_if_any()
    try:
        return Text(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8-sig")
        report.error(
            "E001",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            Span(Text(name, good), len(good), len(good)),
            "save the file as UTF-8",
        )
        report.raise_if_any()
        raise AssertionError("unreachable") from error


def compose(text: Text, start: int = 0) -> Node | None:
    """Return the document in `text` from offset `start` on, or None when there is none.

    Raises:
        SpecError: every finding of the reading layer (E0xx).
    """
    report = Report()
    node: Node | None = None
    try:
        node = _Composer(text, start, report).document()
    except (_StopReadingError, RecursionError):
        pass  # the finding that stopped it is in the report
    except ReaderError as error:
        offset = start + error.position
        report.error(
            "E001",
            f"control character U+{_code_point(error.character):04X} in the text",
            Span(text, offset, offset + 1),
            "remove it, or write it as an escape in a double-quoted text",
        )
    except yaml.MarkedYAMLError as error:
        _report_syntax(error, text, start, report)
    report.raise_if_any()
    return node


class _StopReadingError(Exception):
    """Reading cannot go on."""


class _Composer:
    def __init__(self, text: Text, start: int, report: Report) -> None:
        self.text = text
        self.start = start
        self.report = report
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.events = iter(_Events(text.content[start:] if start else text.content))
        self.nodes = 0
        self.depth = 0

    def document(self) -> Node | None:
        node = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if node is not None or event.version or event.tags:
                    self.refuse_document(event, second=node is not None)
                node = self.node(next(self.events))
        return node

    def refuse_document(self, event: DocumentStartEvent, second: bool) -> None:
        if second:
            self.report.error("E008", "a spec is one YAML document; a second one starts here", self.span(event))
            raise _StopReadingError
        what = "%YAML directive" if event.version else "%TAG directive"
        self.report.error("E005", f"{what}s are not allowed", self.span(event), "remove the line; YAML 1.2 is read")

    def span(self, event: Event) -> Span:
        assert event.start_mark is not None and event.end_mark is not None
        start, end = self.start + event.start_mark.index, self.start + event.end_mark.index
        return Span(self.text, start, max(start, end))

    def count(self, nodes: int, event: Event) -> None:
        self.nodes += nodes
        if self.nodes > MAX_EVENTS:
            message = f"more than {MAX_EVENTS:,} nodes once aliases are expanded"
            self.report.error("E003", message, self.span(event), "a spec has a few hundred")
            raise _StopReadingError

    def node(self, event: Event) -> Node:
        assert isinstance(event, NodeEvent)
        if isinstance(event, AliasEvent):
            return self.alias(event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            message = f"tag `{printable(tag)}` is not allowed"
            self.report.error("E005", message, self.span(event), "specs hold plain text, numbers, lists and mappings")
        before = self.nodes
        self.count(1, event)
        if event.anchor:
            self.anchors[event.anchor] = None
        node = self.collection(event) if not isinstance(event, ScalarEvent) else self.scalar(event)
        if event.anchor:
            self.anchors[event.anchor] = node, self.nodes - before
        return node

    def alias(self, event: AliasEvent) -> Node:
        anchor = event.anchor or ""
        known = self.anchors.get(anchor)
        if known is None:
            why = "refers to itself" if anchor in self.anchors else "has no anchor before it"
            self.report.error("E006", f"alias `*{printable(anchor)}` {why}", self.span(event))
            return Scalar(self.span(event), None, "")
        node, size = known
        self.count(size, event)
        return node

    def scalar(self, event: ScalarEvent) -> Scalar:
        raw = event.value
        if not event.implicit[0]:
            return Scalar(self.span(event), raw, raw)
        try:
            value = resolve(raw)
        except AmbiguousNumberError as error:
            message = f"`{printable(raw)}` is not a number every reader agrees on: {error}"
            help_text = "write a plain decimal number, or quote it if it is text"
            self.report.error("E007", message, self.span(event), help_text)
            value = None
        return Scalar(self.span(event), value, raw)

    def collection(self, start: Event) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.report.error("E003", f"nested more than {MAX_DEPTH} levels deep", self.span(start))
            raise _StopReadingError
        read = self.sequence if isinstance(start, SequenceStartEvent) else self.mapping
        node = read(start)
        self.depth -= 1
        return node

    def sequence(self, start: Event) -> Sequence:
        first = self.span(start)
        items: list[Node] = []
        for event in self.events:
            if isinstance(event, CollectionEndEvent):
                break
            items.append(self.node(event))
        return Sequence(first, tuple(items))

    def mapping(self, start: Event) -> Mapping:
        assert isinstance(start, MappingStartEvent)
        entries: dict[str, Entry] = {}
        for event in self.events:
            if isinstance(event, CollectionEndEvent):
                break
            key = self.key(event)
            value = self.node(next(self.events))
            if key is None:
                continue
            span = self.span(event)
            if key in entries:
                line = entries[key].key.line
                message = f"duplicate key `{printable(key)}`; first at line {line}"
                self.report.error("E004", message, span, "keep one of the two")
            else:
                entries[key] = Entry(span, value)
        return Mapping(self.span(start), entries)

    def key(self, event: Event) -> str | None:
        """Return the key's text, or None after reporting why it cannot be one."""
        if isinstance(event, AliasEvent):
            self.report.error("E006", "an alias cannot be a key", self.span(event), "write the key out")
            return None
        node = self.node(event)
        if isinstance(node, Scalar) and node.raw == "<<" and isinstance(event, ScalarEvent) and event.implicit[0]:
            self.report.error(
                "E005", "merge keys (`<<`) are not allowed", node.span, "use `extends`, or repeat the keys"
            )
            return None
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return node.value
        message = f"keys must be text; got {describe(node)}"
        help_text = (
            "items of a list are edited by path: `set: {stages.0.width: 96}`" if isinstance(node, Scalar) else None
        )
        self.report.error("E103", message, node.span, help_text)
        return None


def describe(node: Node) -> str:
    """Return what a node holds, as a message names it: `text '4'`, `true`, `a list`."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node.value, str):
        return f"text '{printable(node.value)}'"
    return printable(node.raw) if node.value is not None else "null"


_LOST_IN_FLOW = re.compile(r"while parsing a flow (sequence|mapping)|while scanning a quoted scalar")
_SYNTAX_HELP = (
    ("mapping values are not allowed", "quote a text that contains `: `"),
    ("found character '\\t'", "indent with spaces"),
    ("cannot start any token", "quote a text that starts with this character"),
    ("could not find expected ':'", "write `key: value`"),
    ("block collection", "check the indentation of this line against the one above"),
    ("block mapping", "check the indentation of this line against the one above"),
)


def _report_syntax(error: yaml.MarkedYAMLError, text: Text, start: int, report: Report) -> None:
    """Point at the opening bracket or quote when it is never closed, else at the character the parser gave up on."""
    context, problem = error.context or "", error.problem or "not YAML"
    mark = error.problem_mark or error.context_mark
    message = problem
    lost = _LOST_IN_FLOW.match(context)
    if lost and error.context_mark and mark and mark.line > error.context_mark.line:
        opened = {"sequence": "`[`", "mapping": "`{`"}.get(lost[1] or "", "the quote")
        message = f"{opened} is never closed; reading went wrong at line {mark.line + 1}"
        mark = error.context_mark
    offset = start + (mark.index if mark else 0)
    help_text = next((h for fragment, h in _SYNTAX_HELP if fragment in f"{context} {problem}"), None)
    report.error("E002", f"not valid YAML: {printable(message, 200)}", Span(text, offset, offset + 1), help_text)


def _code_point(character: int | str | bytes) -> int:
    return character if isinstance(character, int) else ord(character)


__all__ = ["BIDI_CONTROLS", "Entry", "Mapping", "Node", "Scalar", "Sequence", "compose", "decode", "describe"]
