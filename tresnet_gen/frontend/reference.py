"""The field table as the Markdown reference page of the spec language."""

from collections.abc import Iterator

from tresnet_gen.frontend.fields import SPEC
from tresnet_gen.frontend.kinds import (
    REQUIRED,
    Choice,
    Edits,
    Field,
    Flag,
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
from tresnet_gen.frontend.schema import default_text
from tresnet_gen.frontend.wording import integer_text, one_of, real_text
from tresnet_gen.tables import Row


def reference_page() -> str:
    """Return the page: one table for the spec, then one for each mapping below it."""
    lines = ["# Keys of a spec", "", "Made by `tresnet-gen schema --format markdown` from the table that checks specs."]
    done: list[str] = []
    for title, record, tag in _sections("spec", SPEC):
        if title not in done:
            done.append(title)
            lines += ["", f"## {title}", "", *_table(record, tag)]
    return "\n".join(lines) + "\n"


def _sections(title: str, record: Record, tag: str = "") -> Iterator[tuple[str, Record, str]]:
    yield title, record, tag
    for field in record.fields:
        kind = field.kind.kind if isinstance(field.kind, Nullable) else field.kind
        union = kind.item if isinstance(kind, Items) else kind
        if isinstance(union, Union):
            for name, variant in union.variants.items():
                yield from _sections(f"{union.what} `{name}`", variant, union.tag)
        elif isinstance(union, Record):
            yield from _sections(field.key, union)


def _table(record: Record, tag: str) -> list[str]:
    if not record.fields:
        return [f"No keys beside `{tag}`."]
    rows: list[Row] = [("key", "value", "default", "meaning")]
    rows += [(f"`{f.key}`", _value(f.kind), _default(f), f.doc) for f in record.fields]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (cells[0], ["---"] * 4, *cells[1:])]


def _default(field: Field) -> str:
    return "required" if field.default is REQUIRED else default_text(field)


def _value(kind: Kind) -> str:
    match kind:
        case Int():
            return integer_text(kind)
        case Real():
            return real_text(kind)
        case Flag():
            return "true or false"
        case Choice():
            return one_of(kind.words)
        case Name():
            return kind.shape
        case Prose():
            return f"text of at most {kind.maximum:,} characters"
        case Reference():
            return "text"
        case Edits():
            return "mapping of paths to values"
        case Size():
            return f"integer from 1 to {kind.maximum:,}, or [height, width]"
        case IntList():
            return f"list of {kind.minimum_items} to {kind.maximum_items} integers"
        case IntOrList():
            return f"{integer_text(kind.item)}, or a list of 2 to {kind.maximum_items}"
        case Nullable():
            return f"{_value(kind.kind)}, or null"
        case Record():
            return "mapping"
        case Union():
            return f"mapping; `{kind.tag}` is {one_of(tuple(kind.variants))}"
        case Items():
            words = one_of(tuple(kind.item.variants))
            return f"list of {kind.minimum_items} to {kind.maximum_items} mappings; `{kind.item.tag}` is {words}"
