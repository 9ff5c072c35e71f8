"""YAML text to a tree of nodes that know their place, under limits that hold while the text is being read.

Only PyYAML's event stream is used: no tag is ever constructed, so no spec can create a Python object. Aliases are
shared nodes; merge keys, tags, directives and duplicate keys are errors.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

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
from tresnet_gen.frontend.syntax import report_syntax

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
    """A key's place and its value; `removes` marks a null that takes away what another spec wrote."""

    key: Span
    value: "Node"
    removes: bool = False


class Mapping(NamedTuple):
    """A mapping with text keys, in the order written."""

    span: Span
    entries: dict[str, Entry]


Node = Scalar | Sequence | Mapping


def plain(node: Node | None) -> Any:
    """Return a tree of nodes as the data that any YAML 1.2 reader makes of it."""
    if isinstance(node, Mapping):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value if node else None


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
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return Text(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8")
        report.error(
            "E001",
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            Span(Text(name, good), len(good), len(good)),
            "save the file as UTF-8",
        )
        report.raise_if_any()
        raise AssertionError("unreachable") from error


class Budget:
    """Keys and values read so far, aliases expanded: one budget for all the texts that a spec is made of."""

    def __init__(self) -> None:
        self.nodes = 0


def compose(text: Text, start: int = 0, budget: Budget | None = None) -> Node | None:
    """Return the document in `text` from offset `start` on, or None when there is none.

    What it holds counts towards `budget`, or else is bounded for itself.

    Raises:
        SpecError: every finding of the reading layer (E0xx).
    """
    report = Report()
    node: Node | None = None
    try:
        parser = _Events(text.content[start:] if start else text.content)
        composer = _Composer(text, start, report, parser, budget or Budget())
        node = composer.document()
        _report_line_separators(text, start, composer.quoted, report)
    except _StopReadingError:
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
        report_syntax(error, parser.marks, text, start, report)
    except (ValueError, OverflowError):
        # PyYAML hands on what chr() and int() say about "\UFFFFFFFF" and about %YAML 1.<5,000 digits>.
        offset = start + parser.index
        message = "not valid YAML: the code of a character or a version is out of range"
        report.error("E002", message, Span(text, offset, offset + 1), "write the character itself, or remove the line")
    report.raise_if_any()
    return node


class _StopReadingError(Exception):
    """Reading cannot go on."""


class _Composer:
    def __init__(self, text: Text, start: int, report: Report, parser: _Events, budget: Budget) -> None:
        self.text = text
        self.start = start
        self.report = report
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.events = iter(parser)
        self.budget = budget
        self.depth = 0
        self.quoted: list[tuple[int, int]] = []

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
            message = "a spec is one YAML document; a second one starts here"
            self.report.error("E008", message, self.span(event), "write one spec a file")
            raise _StopReadingError
        what = "%YAML directive" if event.version else "%TAG directive"
        self.report.error("E005", f"{what}s are not allowed", self.span(event), "remove the line; YAML 1.2 is read")

    def span(self, event: Event) -> Span:
        assert event.start_mark is not None and event.end_mark is not None
        start, end = self.start + event.start_mark.index, self.start + event.end_mark.index
        return Span(self.text, start, max(start, end))

    def count(self, nodes: int, event: Event) -> None:
        self.budget.nodes += nodes
        if self.budget.nodes > MAX_EVENTS:
            message = f"more than {MAX_EVENTS:,} keys and values, aliases expanded"
            self.report.error("E003", message, self.span(event), "a spec has a few hundred")
            raise _StopReadingError

    def node(self, event: Event) -> Node:
        assert isinstance(event, NodeEvent)
        if isinstance(event, AliasEvent):
            return self.alias(event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = f"!!{tag.removeprefix(_YAML_TAGS)}" if tag.startswith(_YAML_TAGS) else tag
            message = f"tag `{printable(shown)}` is not allowed"
            help_text = "remove it; a spec holds plain text, numbers, lists and mappings"
            self.report.error("E005", message, self.span(event), help_text)
        before = self.budget.nodes
        self.count(1, event)
        if event.anchor:
            self.anchors[event.anchor] = None
        node = self.collection(event) if not isinstance(event, ScalarEvent) else self.scalar(event)
        if event.anchor:
            self.anchors[event.anchor] = node, self.budget.nodes - before
        return node

    def alias(self, event: AliasEvent) -> Node:
        anchor = event.anchor or ""
        known = self.anchors.get(anchor)
        if known is None:
            why = "refers to itself" if anchor in self.anchors else "has no anchor before it"
            help_text = f"mark a value above with `&{printable(anchor)}`, or write the value out"
            self.report.error("E006", f"alias `*{printable(anchor)}` {why}", self.span(event), help_text)
            return Scalar(self.span(event), None, "")
        node, size = known
        self.count(size, event)
        return node

    def scalar(self, event: ScalarEvent) -> Scalar:
        raw = event.value
        if event.style in ("'", '"'):
            span = self.span(event)
            self.quoted.append((span.start, span.end))
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
            message = f"nested more than {MAX_DEPTH} levels deep"
            self.report.error("E003", message, self.span(start), "a spec needs four levels")
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
        is_index = isinstance(node, Scalar) and type(node.value) is int
        by_path = "items of a list are edited by path: `set: {stages.0.width: 96}`"
        self.report.error("E103", message, node.span, by_path if is_index else "write a word")
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


# Ends of lines for YAML 1.1 readers, PyYAML among them, and characters like any other for those of YAML 1.2.
_LINE_SEPARATORS = re.compile("[\x85\u2028\u2029]")


def _report_line_separators(text: Text, start: int, quoted: list[tuple[int, int]], report: Report) -> None:
    """Report characters that end a line, and a comment with it, for some readers only; in quotes they do no harm."""
    for found in _LINE_SEPARATORS.finditer(text.content, start):
        place = bisect_right(quoted, (found.start(), len(text.content)))
        if not place or found.start() >= quoted[place - 1][1]:
            sign = f"U+{ord(found[0]):04X}"
            message = f"line separator {sign} outside quotes: YAML readers disagree whether the line ends there"
            help_text = "remove it, or put the text in quotes"
            report.error("E001", message, Span(text, found.start(), found.end()), help_text)


_YAML_TAGS = "tag:yaml.org,2002:"


def _code_point(character: int | str | bytes) -> int:
    return character if isinstance(character, int) else ord(character)


__all__ = ["BIDI_CONTROLS", "Entry", "Mapping", "Node", "Scalar", "Sequence", "compose", "decode", "describe"]
