"""Python source lines in the style of `ruff format --line-length 120`, for code whose length depends on the spec."""

from collections.abc import Sequence
from typing import NamedTuple

LINE_LENGTH = 120


class Call(NamedTuple):
    """A call, definition or anything else between brackets: opening, items, closing."""

    opening: str
    items: "tuple[str | Call | Repeat, ...]"
    closing: str = ")"

    def flat(self) -> str:
        """Return it on one line."""
        items = (item if isinstance(item, str) else item.flat() for item in self.items)
        return f"{self.opening}{', '.join(items)}{self.closing}"


class Repeat(NamedTuple):
    """The unpacked results of several equal calls."""

    call: Call
    times: int

    def flat(self) -> str:
        """Return it on one line."""
        return f"*({self.call.flat()} for _ in range({self.times}))"


def lines(item: str | Call | Repeat, indent: int, tail: str = "") -> list[str]:
    """Return `item` on one line if it fits, else the parts of a call on one line of their own, else one part a line.

    The parameters of a definition and nested calls stand one a line at once, behind a magic trailing comma.
    `tail` is what follows on the last line: a comma, a comment.
    """
    margin = " " * indent
    flat = f"{margin}{item if isinstance(item, str) else item.flat()}{tail}"
    if len(flat) <= LINE_LENGTH or isinstance(item, str):
        return [flat]
    if isinstance(item, Repeat):
        body = [*lines(item.call, indent + 4), f"{margin}    for _ in range({item.times})"]
        return [f"{margin}*(", *body, f"{margin}){tail}"]
    if not item.items:
        return [flat]
    together = f"{margin}    {', '.join(map(str, item.items))}"
    plain = not item.opening.startswith("def ") and all(isinstance(part, str) for part in item.items)
    inner = [line for part in item.items for line in lines(part, indent + 4, ",")]
    inner = [together] if plain and len(together) <= LINE_LENGTH else inner
    return [f"{margin}{item.opening}", *inner, f"{margin}{item.closing}{tail}"]


def fit(indent: int, opening: str, items: Sequence[str | Call | Repeat], closing: str = ")", tail: str = "") -> str:
    """Return source text for a bracketed list; empty items are left out."""
    kept = tuple(item for item in items if item)
    return "\n".join(lines(Call(opening, kept, closing), indent, tail))


def chosen(indent: int, name: str, value: str, condition: str, other: str) -> str:
    """Return the assignment of one of two expressions by a condition."""
    margin, inner = " " * indent, " " * (indent + 4)
    choice = f"{value} if {condition} else {other}"
    if len(flat := f"{margin}{name} = {choice}") <= LINE_LENGTH:
        return flat
    parts = [choice] if len(inner + choice) <= LINE_LENGTH else [value, f"if {condition}", f"else {other}"]
    return "\n".join([f"{margin}{name} = (", *(inner + part for part in parts), f"{margin})"])


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
