"""The walker: a tree of nodes against the field table, giving values and the place of each, or findings.

null stands for "use the default" wherever a key has one.
"""

import math
import unicodedata
from typing import Any

from tresnet_gen.frontend.diagnostics import Report, Span, nearest, printable
from tresnet_gen.frontend.kinds import (
    REQUIRED,
    Choice,
    Derived,
    Edits,
    Field,
    Flag,
    Inherit,
    Int,
    IntList,
    IntOrList,
    Items,
    Kind,
    Name,
    Nullable,
    Prose,
    Real,
    Record,
    Reference,
    Size,
    Union,
)
from tresnet_gen.frontend.source import BIDI_CONTROLS, Entry, Mapping, Node, Scalar, Sequence, describe
from tresnet_gen.frontend.spec import Path
from tresnet_gen.frontend.wording import (
    dotted,
    either,
    example_help,
    example_of,
    integer_text,
    legal_name,
    nearest_integers,
    nearest_real,
    number_help,
    one_of,
    real_text,
)

INVALID: Any = object()


class Walker:
    """Checks nodes and remembers where every value stands."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.spans: dict[Path, Span] = {}

    def record(self, kind: Record, node: Node, path: Path, tag: str | None = None) -> dict[str, Any]:
        """Return the values of a record's fields; INVALID stands where a finding was reported."""
        if not isinstance(node, Mapping):
            self.wrong(node, path, "a mapping")
            return {field.key: INVALID for field in kind.fields}
        legal = [*([tag] if tag else []), *(field.key for field in kind.fields)]
        guesses = {self.unknown(key, entry, legal, path) for key, entry in node.entries.items() if key not in legal}
        return {field.key: self.field(field, node, path, expected=field.key not in guesses) for field in kind.fields}

    def field(self, field: Field, node: Mapping, path: Path, expected: bool) -> Any:
        """Return the value of one field of `node`; `expected` says whether to report it missing."""
        entry = node.entries.get(field.key)
        absent = entry is None or (isinstance(entry.value, Scalar) and entry.value.value is None)
        if entry is not None and not (absent and field.default is REQUIRED):
            self.spans[(*path, field.key)] = entry.value.span
        if not absent:
            assert entry is not None
            return self.value(field.kind, entry.value, (*path, field.key), example_of(field))
        if field.default is not REQUIRED:
            return self.default(field)
        if entry is not None:
            message = f"`{dotted((*path, field.key))}` is required; got null"
            self.report.error("E102", message, entry.value.span, example_help(field.key, example_of(field)))
        elif expected:
            owner = f" of `{dotted(path)}`" if path else ""
            message = f"key `{field.key}`{owner} is missing"
            self.report.error("E102", message, node.span, f"add `{field.key}: {example_of(field)}`")
        return INVALID

    def default(self, field: Field) -> Any:
        """Return a field's default; the default of a mapping is what an empty one gives."""
        if isinstance(field.default, Inherit):
            return field.default
        if isinstance(field.default, Derived):
            if isinstance(field.kind, Record):
                return self.make(field.kind, {f.key: self.default(f) for f in field.kind.fields})
            if isinstance(field.kind, Union) and field.kind.default:
                record = field.kind.variants[field.kind.default]
                values = {f.key: self.default(f) for f in record.fields}
                return self.make(record, {field.kind.tag: field.kind.default, **values})
            return None
        return field.default

    @staticmethod
    def make(kind: Record, values: dict[str, Any]) -> Any:
        """Return the record's value, or INVALID when any part is."""
        return INVALID if any(v is INVALID for v in values.values()) else kind.make(**values)

    def unknown(self, key: str, entry: Entry, legal: list[str], path: Path) -> str | None:
        """Report an unknown key; return the legal key it was probably meant to be."""
        before, colon, behind = key.partition(":")
        guess = before if colon and before in legal else None if self.report.is_full else nearest(key, legal)
        where = f" in `{dotted(path)}`" if path else ""
        help_text = f"did you mean `{guess}`?" if guess else f"legal keys: {', '.join(legal)}"
        if guess == before and colon:
            help_text = f"write `{before}: {printable(behind.strip(), 30)}`, with a space"
        self.report.error("E101", f"unknown key `{printable(key)}`{where}", entry.key, help_text)
        return guess

    def wrong(self, node: Node, path: Path, wanted: str, help_text: str | None = None) -> Any:
        """Report a value of the wrong type."""
        self.report.error("E103", f"`{dotted(path)}` must be {wanted}; got {describe(node)}", node.span, help_text)
        return INVALID

    def value(self, kind: Kind, node: Node, path: Path, example: str = "") -> Any:
        """Return the value of `node` as `kind` wants it, or INVALID after reporting why not."""
        match kind:
            case Int():
                return self.integer(kind, node, path, example)
            case Real():
                return self.real(kind, node, path, example)
            case Flag():
                return self.flag(node, path)
            case Choice():
                return self.choice(kind, node, path)
            case Name():
                return self.name(kind, node, path)
            case Prose():
                return self.prose(kind, node, path)
            case Size():
                return self.size(kind, node, path, example)
            case IntList():
                return self.int_list(kind, node, path, example)
            case IntOrList():
                return self.int_or_list(kind, node, path, example)
            case Nullable():
                return self.nullable(kind, node, path, example)
            case Record():
                return self.plain_record(kind, node, path, example)
            case Union():
                return self.union(kind, node, path, example)
            case Items():
                return self.items(kind, node, path, example)
            case Reference() | Edits():
                return None

    def integer(self, kind: Int, node: Node, path: Path, example: str, wanted: str = "") -> Any:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int):
            return self.wrong(node, path, wanted or integer_text(kind), number_help(kind, node, path, example))
        if value in kind.choices or (
            not kind.choices and kind.minimum <= value <= kind.maximum and not (kind.odd and value % 2 == 0)
        ):
            return value
        message = f"`{dotted(path)}` must be {integer_text(kind)}; got {printable(str(value))}"
        self.report.error("E104", message, node.span, f"use {nearest_integers(kind, value)}")
        return INVALID

    def real(self, kind: Real, node: Node, path: Path, example: str) -> Any:
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.wrong(node, path, real_text(kind), number_help(kind, node, path, example))
        number = float(value)
        bad = (
            not math.isfinite(number)
            or (kind.above is not None and number <= kind.above)
            or (kind.minimum is not None and number < kind.minimum)
            or (kind.below is not None and number >= kind.below)
            or (kind.maximum is not None and number > kind.maximum)
        )
        if not bad:
            return number + 0.0  # -0.0 is 0.0
        message = f"`{dotted(path)}` must be {real_text(kind)}; got {describe(node)}"
        help_text = nearest_real(kind, number) or example_help(path[-1], example)
        self.report.error("E104", message, node.span, help_text)
        return INVALID

    def flag(self, node: Node, path: Path) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        raw = node.raw.lower() if isinstance(node, Scalar) else ""
        meant = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(raw)
        return self.wrong(node, path, "true or false", f"write `{path[-1]}: {meant or 'true'}`")

    def choice(self, kind: Choice, node: Node, path: Path) -> Any:
        wanted = one_of(kind.words)
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return self.wrong(node, path, wanted, example_help(path[-1], kind.words[0]))
        if node.value in kind.words:
            return node.value
        return self.not_one_of(node, node.value, dotted(path), kind.words)

    def not_one_of(self, node: Node, word: str, what: str, words: tuple[str, ...]) -> Any:
        guess = nearest(word, words)
        help_text = f"did you mean `{guess}`?" if guess else example_help(what.rpartition(".")[2], words[0])
        self.report.error("E106", f"`{what}` must be {one_of(words)}; got `{printable(word)}`", node.span, help_text)
        return INVALID

    def name(self, kind: Name, node: Node, path: Path) -> Any:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return self.wrong(node, path, "text", f"use {kind.shape}")
        text = node.value
        if not kind.pattern.fullmatch(text):
            message = f"`{dotted(path)}` is not a legal name: `{printable(text)}`"
            legal = legal_name(text, kind)
            help_text = f"use {kind.shape}" + (f": `{legal}`" if legal else "")
            self.report.error("E107", message, node.span, help_text)
        elif text in kind.reserved:
            message = f"`{dotted(path)}` cannot be `{text}`: {kind.reserved_because}"
            self.report.error("E107", message, node.span, "choose another name")
        else:
            return text
        return INVALID

    def prose(self, kind: Prose, node: Node, path: Path) -> Any:
        if not isinstance(node, Scalar):
            return self.wrong(node, path, "text", "write one paragraph, in quotes if it contains `: ` or ` #`")
        text = " ".join(node.raw.split())
        bad = next((c for c in text if c in BIDI_CONTROLS or unicodedata.category(c) in ("Cc", "Cs", "Cn")), None)
        if bad is not None:
            what = "bidirectional control" if bad in BIDI_CONTROLS else "control or invalid"
            message = f"{what} character U+{ord(bad):04X} in `{dotted(path)}`"
            self.report.error("E107", message, node.span, "remove it")
        elif len(text) > kind.maximum:
            message = f"`{dotted(path)}` has {len(text):,} characters; at most {kind.maximum:,}"
            self.report.error("E104", message, node.span, "keep the long story in a comment")
        else:
            return text
        return INVALID

    def size(self, kind: Size, node: Node, path: Path, example: str) -> Any:
        side = Int(1, kind.maximum)
        if not isinstance(node, Sequence):
            wanted = f"an integer from 1 to {kind.maximum:,} or [height, width]"
            value = self.integer(side, node, path, example, wanted)
            return INVALID if value is INVALID else (value, value)
        if len(node.items) != 2:
            message = f"`{dotted(path)}` must be an integer or [height, width]; got a list of {len(node.items)}"
            self.report.error("E103", message, node.span, "channels stand in `input.channels`")
            return INVALID
        return self.integers(side, node, path, example)

    def integers(self, kind: Int, node: Sequence, path: Path, example: str) -> Any:
        """Return the whole numbers of a list."""
        values = []
        for index, item in enumerate(node.items):
            self.spans[(*path, index)] = item.span
            values.append(self.integer(kind, item, (*path, index), example))
        return INVALID if INVALID in values else tuple(values)

    def int_list(self, kind: IntList, node: Node, path: Path, example: str) -> Any:
        if not isinstance(node, Sequence):
            return self.wrong(node, path, "a list of integers", example_help(path[-1], example))
        if not self.check_length(node, path, kind.minimum_items, kind.maximum_items, example):
            return INVALID
        return self.integers(kind.item, node, path, example)

    def int_or_list(self, kind: IntOrList, node: Node, path: Path, example: str) -> Any:
        if not isinstance(node, Sequence):
            return self.integer(kind.item, node, path, example, f"{integer_text(kind.item)}, or a list of such")
        if len(node.items) < 2:
            item = node.items[0] if node.items else None
            number = str(item.value) if isinstance(item, Scalar) and type(item.value) is int else example
            wanted = f"{integer_text(kind.item)}, or a list of 2 to {kind.maximum_items} such"
            message = f"`{dotted(path)}` must be {wanted}; got a list of {len(node.items)}"
            self.report.error("E104", message, node.span, f"write `{path[-1]}: {printable(number)}`")
            return INVALID
        if not self.check_length(node, path, 2, kind.maximum_items, example):
            return INVALID
        return self.integers(kind.item, node, path, example)

    def check_length(self, node: Sequence, path: Path, minimum: int, maximum: int, example: str) -> bool:
        if minimum <= len(node.items) <= maximum:
            return True
        message = f"`{dotted(path)}` must have {minimum} to {maximum} items; got {len(node.items):,}"
        help_text = f"remove {len(node.items) - maximum:,} of them" if node.items else example_help(path[-1], example)
        self.report.error("E104", message, node.span, help_text)
        return False

    def nullable(self, kind: Nullable, node: Node, path: Path, example: str) -> Any:
        inner = kind.kind
        if isinstance(inner, Record) and not isinstance(node, Mapping):
            return self.wrong(node, path, "a mapping or null", f"use {example}" if example else None)
        return self.value(inner, node, path, example)

    def plain_record(self, kind: Record, node: Node, path: Path, example: str) -> Any:
        if not isinstance(node, Mapping):
            return self.wrong(node, path, "a mapping", f"use {example}" if example else None)
        return self.make(kind, self.record(kind, node, path))

    def union(self, kind: Union, node: Node, path: Path, example: str = "") -> Any:
        if not isinstance(node, Mapping):
            return self.wrong(node, path, "a mapping", f"use {example}" if example else None)
        tag = self.tag(kind, node, path)
        if tag is INVALID:
            return INVALID
        record = kind.variants[tag]
        values = self.record(record, self.own_keys(kind, tag, node, path), path, kind.tag)
        return self.make(record, {kind.tag: tag, **values})

    def tag(self, kind: Union, node: Mapping, path: Path) -> Any:
        """Return the variant's name."""
        entry = node.entries.get(kind.tag)
        words = tuple(kind.variants)
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.value is None):
            if kind.default:
                return kind.default
            if guess := next((k for k in node.entries if nearest(k, [kind.tag]) and k not in _all_keys(kind)), None):
                self.unknown(guess, node.entries[guess], [kind.tag], path)
                return INVALID
            help_text = f"add `{kind.tag}: {words[0]}`; legal: {', '.join(words)}"
            self.report.error("E102", f"key `{kind.tag}` of `{dotted(path)}` is missing", node.span, help_text)
            return INVALID
        self.spans[(*path, kind.tag)] = entry.value.span
        if not isinstance(entry.value, Scalar) or not isinstance(entry.value.value, str):
            return self.wrong(entry.value, (*path, kind.tag), one_of(words), example_help(kind.tag, words[0]))
        if entry.value.value not in words:
            return self.not_one_of(entry.value, entry.value.value, dotted((*path, kind.tag)), words)
        return entry.value.value

    def own_keys(self, kind: Union, tag: str, node: Mapping, path: Path) -> Mapping:
        """Return `node` without the keys of other variants, each reported: a spelling hint would not explain them."""
        foreign = _all_keys(kind) - {field.key for field in kind.variants[tag].fields}
        for key in sorted(foreign & node.entries.keys()):
            if node.entries[key].removes:
                continue
            owners = tuple(v for v, record in kind.variants.items() if any(f.key == key for f in record.fields))
            message = f"`{key}` is a key of {kind.what} {either(owners)}, not of `{tag}`"
            where = self.spans.get((*path, kind.tag))
            if where and where.text != node.entries[key].key.text:
                remove = f"remove it with `{dotted((*path, key))}{'=' if where.text.is_override else ': '}null`"
            else:
                remove = "remove it"
            help_text = f"{remove}, or set `{kind.tag}: {owners[0]}`"
            self.report.error("E101", message, node.entries[key].key, help_text)
        return Mapping(node.span, {key: entry for key, entry in node.entries.items() if key not in foreign})

    def items(self, kind: Items, node: Node, path: Path, example: str) -> Any:
        if not isinstance(node, Sequence):
            help_text = f"start each one with `- {{{kind.item.tag}: {next(iter(kind.item.variants))}, ...}}`"
            return self.wrong(node, path, "a list", help_text)
        if not self.check_length(node, path, kind.minimum_items, kind.maximum_items, example):
            return INVALID
        for index, item in enumerate(node.items):
            self.spans[(*path, index)] = item.span
        one = example.strip("[]")
        values = tuple(self.union(kind.item, item, (*path, index), one) for index, item in enumerate(node.items))
        return INVALID if INVALID in values else values


def _all_keys(kind: Union) -> set[str]:
    return {field.key for record in kind.variants.values() for field in record.fields}
