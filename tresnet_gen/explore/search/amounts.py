"""Numbers with units, exact: 6G, 40M, 16GiB, 2.5ms."""

import re
from collections.abc import Mapping
from fractions import Fraction

_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)", re.ASCII)
_SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_TIMES_MS = {"us": Fraction(1, 1000), "ms": Fraction(1), "s": Fraction(1000)}
_RATES = {"": 1, "k": 10**3}
_UNITS: dict[str, Mapping[str, int | Fraction]] = {
    "bytes": _SIZES,
    "ms": _TIMES_MS,
    "images/s": _RATES,
    "images": _RATES,
}
EXAMPLES = {"bytes": "16GiB, 900MB", "ms": "2.5ms, 400us", "images/s": "2500", "images": "256"}


def amount(text: str, unit: str) -> Fraction | None:
    """Return a number in a figure's unit, None for a text that is none."""
    match = _NUMBER.fullmatch(text.strip())
    factor = _UNITS.get(unit, _COUNTS).get(match[2].lower()) if match else None
    return Fraction(match[1]) * factor if match and factor else None


def bytes_of(text: str) -> int | None:
    """Return a size with its unit in bytes, None for a text that is none."""
    found = amount(text, "bytes")
    return int(found) if found is not None else None
