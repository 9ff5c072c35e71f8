"""Plain YAML scalars to Python values by the YAML 1.2 core schema, refusing what readers disagree about."""

import re

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
SPECIAL_FLOATS = {
    sign + word: float(sign + word[1:]) for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
} | dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))

INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
AMBIGUOUS = (
    (re.compile(r"[-+]?0[0-9_][0-9_.]*", re.ASCII), "a leading zero means octal to some YAML readers"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+", re.ASCII), "only decimal numbers are read"),
    (
        re.compile(r"[-+]?[0-9]+_[0-9_]*(?:\.[0-9_]*)?", re.ASCII),
        "`_` separates digits for some YAML readers only",
    ),
    (re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?", re.ASCII), "`:` means base 60 to some YAML readers"),
)
MAX_DIGITS = 40

Value = str | int | float | bool | None


class AmbiguousNumberError(ValueError):
    """A scalar that YAML 1.1 and 1.2 readers take for different values; args[0] says why."""


def is_number(text: str) -> bool:
    """Return whether a plain scalar of this text is a number that every reader takes for the same."""
    return bool(INTEGER.fullmatch(text) or FLOAT.fullmatch(text)) and len(text) <= MAX_DIGITS


def resolve(text: str) -> Value:
    """Return the value of a plain scalar.

    Raises:
        AmbiguousNumberError: for 010, 1_000, 0x10, 1:30 and integers of more than MAX_DIGITS digits.
    """
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if text[0] not in "+-.0123456789":
        return text
    if INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise AmbiguousNumberError(f"an integer of {len(text):,} digits is out of every range")
        return int(text)
    for pattern, why in AMBIGUOUS:
        if pattern.fullmatch(text):
            raise AmbiguousNumberError(why)
    if FLOAT.fullmatch(text):
        return float(text)
    return SPECIAL_FLOATS.get(text, text)
