"""The kinds of value a key of the spec language can take, as data.

The validating walker (check), the JSON Schema (schema) and the reference page (reference) are three readings of these.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple


class Int(NamedTuple):
    """A whole number; `choices` and `odd` narrow the range further."""

    minimum: int
    maximum: int
    choices: tuple[int, ...] = ()
    odd: bool = False


class Real(NamedTuple):
    """A finite number; bounds are exclusive where their name says so."""

    above: float | None = None
    minimum: float | None = None
    below: float | None = None
    maximum: float | None = None


class Flag(NamedTuple):
    """true or false."""


class Choice(NamedTuple):
    """One of a few words."""

    words: tuple[str, ...]


class Name(NamedTuple):
    """An ASCII identifier: `pattern` must match it whole and it must not be one of `reserved`."""

    pattern: re.Pattern[str]
    shape: str
    reserved: frozenset[str]
    reserved_because: str


class Prose(NamedTuple):
    """Text for people: white space folds to single spaces, other control and all bidi characters are errors."""

    maximum: int


class Reference(NamedTuple):
    """The path or bundled name of another spec; read before the merge, so it never reaches the walker."""


class Edits(NamedTuple):
    """The mapping of paths to values under `set`; applied before the walker runs."""


class Size(NamedTuple):
    """One whole number for a square, or [height, width]."""

    maximum: int


class IntList(NamedTuple):
    """A list of whole numbers."""

    item: Int
    minimum_items: int
    maximum_items: int


class IntOrList(NamedTuple):
    """One whole number, or a list of several."""

    item: Int
    maximum_items: int


class Record(NamedTuple):
    """A mapping with these fields, made into a value by `make(**values)`."""

    fields: "tuple[Field, ...]"
    make: Callable[..., Any]


class Union(NamedTuple):
    """A mapping whose key `tag` says which record it is; `default` is the tag of a mapping without one."""

    what: str
    tag: str
    variants: dict[str, Record]
    default: str | None


class Items(NamedTuple):
    """A list of records."""

    item: Union
    minimum_items: int
    maximum_items: int


class Nullable(NamedTuple):
    """null, or a value of `kind`."""

    kind: "Kind"


Kind = (
    Int
    | Real
    | Flag
    | Choice
    | Name
    | Prose
    | Reference
    | Edits
    | Size
    | IntList
    | IntOrList
    | Record
    | Union
    | Items
    | Nullable
)


class Required:
    """Marks a key without a default."""


REQUIRED = Required()


class Inherit(NamedTuple):
    """Marks a key whose default is the value of another, top-level key."""

    key: str


class Derived(NamedTuple):
    """Marks a key whose default is worked out from others; `text` says how."""

    text: str


class Field(NamedTuple):
    """One key: its kind, its default, what it means, and a legal value for help texts."""

    key: str
    kind: Kind
    default: Any
    doc: str
    example: str = ""
