"""The candidates of a search: a base spec, and axes of values that its keys take in turn."""

import json
import re
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

from tresnet_gen.frontend.diagnostics import Report, Span, Text
from tresnet_gen.frontend.load import spec_of
from tresnet_gen.frontend.resolve import Origin, assign, resolve
from tresnet_gen.frontend.source import Entry, Mapping, Node, Scalar, compose
from tresnet_gen.frontend.source import Sequence as Items
from tresnet_gen.frontend.spec import Spec


class Base(NamedTuple):
    """The spec that candidates start from: its merged tree and what that resolves to."""

    tree: Mapping
    spec: Spec

    def with_values(self, values: "Values") -> Spec:
        """Return the spec with values at paths.

        Raises:
            SpecError: for one that is no legal spec.
        """
        edits = [(path, Entry(value.node.span, value.node)) for path, value in values.items()]
        return edited(self.tree, edits)


class Value(NamedTuple):
    """One value of an axis."""

    node: Node

    @property
    def plain(self) -> Any:
        """The value as JSON has it."""
        return plain(self.node)

    @property
    def text(self) -> str:
        """The value as YAML has it, on one line."""
        return flow(self.plain)


Values = dict[str, Value]  # by path


class Range:
    """The values of a range, made when they are asked for; `span` is where the range was written."""

    __slots__ = ("numbers", "span")

    def __init__(self, numbers: range, span: Span) -> None:
        self.numbers = numbers
        self.span = span

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Value:
        number = self.numbers[index]
        return Value(Scalar(self.span, number, str(number)))


class Axis(NamedTuple):
    """A path without `*`, where it was written, and its values."""

    path: str
    key: Span
    values: Range | tuple[Value, ...]

    def edit(self, index: int) -> tuple[str, Entry]:
        """Return the path and what value number `index` puts there."""
        return self.path, Entry(self.key, self.values[index].node)


class Space(NamedTuple):
    """All candidates: the base with one value of each axis.

    Axes that concern the whole network come first, then those of the first stage, and so on. Candidates are numbered,
    the last axis changing fastest.
    """

    base: Base
    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return prod(len(axis.values) for axis in self.axes)

    def digits(self, number: int) -> tuple[int, ...]:
        """Return for a candidate which value of each axis it has."""
        return digits_of(number, self.axes)

    def values(self, digits: Sequence[int]) -> Values:
        """Return the value at each path."""
        return {axis.path: axis.values[digit] for axis, digit in zip(self.axes, digits, strict=True)}

    def spec(self, digits: Sequence[int]) -> Spec:
        """Return a candidate.

        Raises:
            SpecError: for one that is no legal spec.
        """
        return self.base.with_values(self.values(digits))


def digits_of(number: int, axes: Sequence[Axis]) -> tuple[int, ...]:
    """Return which value of each axis combination number `number` has; the last axis changes fastest."""
    found = []
    for axis in reversed(axes):
        number, digit = divmod(number, len(axis.values))
        found.append(digit)
    return tuple(reversed(found))


def stage_of(axis: Axis) -> int | None:
    """Return the stage that an axis lies in, None for one that concerns more than a stage."""
    segments = axis.path.split(".")
    return int(segments[1]) if segments[0] == "stages" and len(segments) > 1 and segments[1].isdecimal() else None


def base_of(origin: Origin, overrides: Sequence[str]) -> Base:
    """Return the base of a search from the text of a spec, with `--set` edits.

    Raises:
        SpecError: every finding of the first layer that refused the spec.
    """
    report = Report()
    tree = resolve(origin, overrides, report)
    return Base(tree, spec_of(tree, report))


def edited(tree: Mapping, edits: Sequence[tuple[str, Entry]]) -> Spec:
    """Return the spec of a tree with values replaced.

    Raises:
        SpecError: for edits that lead nowhere or make no legal spec.
    """
    report = Report()
    for path, entry in edits:
        tree = assign(tree, path, entry, report)
    report.raise_if_any()
    return spec_of(tree, report)


def flow(value: Any) -> str:
    """Return plain values as YAML flow text on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and re.fullmatch("[A-Za-z][A-Za-z0-9_]*", value) and _reads_as_text(value):
        return value
    return json.dumps(value)


def _reads_as_text(word: str) -> bool:
    node = compose(Text("", word))
    return isinstance(node, Scalar) and node.value == word


def plain(node: Node) -> Any:
    """Return a node as plain values, as JSON has them."""
    if isinstance(node, Mapping):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return node.value


def value_at(segments: list[str], values: Any) -> Any:
    """Return what plain values have at a path, None where they have nothing."""
    for segment in segments:
        if isinstance(values, dict):
            values = values.get(segment)
        elif isinstance(values, list) and re.fullmatch("[0-9]{1,3}", segment) and int(segment) < len(values):
            values = values[int(segment)]
        else:
            return None
    return values
