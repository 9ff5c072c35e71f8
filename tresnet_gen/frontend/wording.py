"""How findings and the reference name paths, ranges and legal values."""

import math
import re

from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.frontend.kinds import Field, Int, Name, Real
from tresnet_gen.frontend.scalars import is_number
from tresnet_gen.frontend.source import Node, Scalar
from tresnet_gen.frontend.spec import Path


def dotted(path: Path) -> str:
    """Return a path as `set` and the command line write it: stages.2.depth."""
    return ".".join(map(str, path))


def either(words: tuple[str, ...]) -> str:
    """Return words as `a`, `b` or `c`."""
    *others, last = (f"`{word}`" for word in words)
    return f"{', '.join(others)} or {last}" if others else last


def one_of(words: tuple[str, ...]) -> str:
    """Return `a`, or `a` or `b`, or one of `a`, `b`, `c`."""
    quoted = [f"`{word}`" for word in words]
    return " or ".join(quoted) if len(quoted) <= 2 else f"one of {', '.join(quoted)}"


def integer_text(kind: Int) -> str:
    """Return what a whole number must be."""
    if kind.choices:
        return "{} or {}".format(", ".join(map(str, kind.choices[:-1])), kind.choices[-1])
    odd = "odd " if kind.odd else ""
    return f"an {odd}integer from {kind.minimum} to {kind.maximum:,}"


def real_text(kind: Real) -> str:
    """Return what a number must be."""
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (
            ("above", kind.above),
            ("at least", kind.minimum),
            ("below", kind.below),
            ("at most", kind.maximum),
        )
        if bound is not None
    ]
    return "a finite number" + (f" {' and '.join(bounds)}" if bounds else "")


def example_of(field: Field) -> str:
    """Return a legal value of a field, as help texts show it."""
    plain = isinstance(field.default, int | float | str) and field.default != ""
    return field.example or (str(field.default) if plain else str(_EXAMPLES.get(field.key, 1)))


_EXAMPLES = {"width": 64, "depth": 3, "ratio": 4, "min_channels": 64}


def example_help(key: str | int, example: str) -> str:
    """Return the help for a value that nothing can be guessed from; items of a list have no key to show."""
    return f"for example `{key}: {example}`" if isinstance(key, str) else f"for example {example}"


def legal_name(text: str, kind: Name) -> str | None:
    """Return the legal name nearest to `text`: My-Net as my_net, or as MyNet for a class."""
    parts = re.findall("[A-Za-z0-9]+", text)
    snake, camel = "_".join(parts).lower(), "".join(part[0].upper() + part[1:] for part in parts)
    return next((name for name in (snake, camel) if kind.pattern.fullmatch(name)), None)


def number_help(kind: Int | Real, node: Node, path: Path, example: str) -> str:
    """Return how to write the number that was probably meant."""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(kind, Int) and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"write `{path[-1]}: {int(value)}`"
    if isinstance(value, str) and is_number(value.strip()):
        return f"remove the quotes: `{path[-1]}: {printable(value.strip(), 30)}`"
    return example_help(path[-1], example)


def nearest_integers(kind: Int, value: int) -> str:
    """Return the legal whole number or numbers next to an illegal one."""
    if kind.choices:
        return str(min(kind.choices, key=lambda choice: (abs(choice - value), -choice)))
    if not kind.minimum <= value <= kind.maximum:
        return f"{min(max(value, kind.minimum), kind.maximum):,}".replace(",", "")
    return f"{value - 1} or {value + 1}"


def nearest_real(kind: Real, number: float) -> str | None:
    """Return the help that names the bound a number lies beyond, None where the bound itself is not legal."""
    if kind.minimum is not None and number < kind.minimum:
        return f"use {kind.minimum:g}"
    if kind.maximum is not None and math.isfinite(number) and number > kind.maximum:
        return f"use {kind.maximum:g}"
    return None
