"""Python source lines in the style of `ruff format --line-length 120`, for code whose length depends on the spec."""

from collections.abc import Sequence
from typing import NamedTuple

LINE_LENGTH = 120


class Call(NamedTuple):
    """A call, definition or anything else between brackets: opening, items, closing."""

    opening: str
    items: "tuple[str | Call, ...]"
    closing: str = ")"

    def flat(self) -> str:
        """Return it on one line."""
        items = (item if isinstance(item, str) else item.flat() for item in self.items)
        return f"{self.opening}{', '.join(items)}{self.closing}"


def lines(call: Call, indent: int, tail: str = "") -> list[str]:
    """Return `call` on one line if it fits, else one item a line behind a magic trailing comma.

    `tail` is what follows on the last line: a comma, a comment.
    """
    margin = " " * indent
    flat = f"{margin}{call.flat()}{tail}"
    if len(flat) <= LINE_LENGTH or not call.items:
        return [flat]
    inner: list[str] = []
    for item in call.items:
        nested = item if isinstance(item, Call) else Call(item, (), "")
        inner += lines(nested, indent + 4, ",")
    return [f"{margin}{call.opening}", *inner, f"{margin}{call.closing}{tail}"]


def fit(indent: int, opening: str, items: Sequence[str | Call], closing: str = ")", tail: str = "") -> str:
    """Return source text for a bracketed list; empty items are left out."""
    kept = tuple(item for item in items if item)
    return "\n".join(lines(Call(opening, kept, closing), indent, tail))


def number(value: float) -> str:
    """Return the shortest literal of a number, below 0.1 rather in scientific notation: 1e-3, 5e-2, 0.25, 64."""
    plain = repr(value)
    if isinstance(value, int) or value == 0 or abs(value) >= 0.1:
        return plain
    mantissa, _, exponent = f"{value:.16e}".partition("e")
    for digits in range(17):
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        if float(f"{mantissa}e{exponent}") == value:
            break
    scientific = f"{mantissa}e{int(exponent)}"
    return scientific if len(scientific) <= len(plain) else plain
