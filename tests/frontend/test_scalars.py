"""Plain scalars against the YAML 1.2 core schema, and what two readers would take for different values."""

import math

import pytest

from tests.frontend.trees import findings
from tresnet_gen.frontend.scalars import AmbiguousNumberError, is_number, resolve

SAME = {
    "0": 0,
    "-0": 0,
    "+12": 12,
    "224": 224,
    "1e-3": 1e-3,
    "1E3": 1000.0,
    "-1.5e+2": -150.0,
    ".5": 0.5,
    "5.": 5.0,
    "0.1": 0.1,
    "1e400": math.inf,
    ".inf": math.inf,
    "-.INF": -math.inf,
    "true": True,
    "False": False,
    "null": None,
    "~": None,
    "": None,
}
TEXTS = ("yes", "on", "No", "tRUE", "nULL", "e3", "1e", "-", "+", ".", "..", "1-2", "2026-11-23", "1.2.3", "0x", "inf")
TEXTS += (
    "1,000",
    "\uff11\uff10",
    "\u0663",
    "1e3.5",
    "+.inf.",
    "- 1",
    "--1",
    "1 000",
    "4px",
    "nan",
    "0b",
    "1:60",
    "224x224",
)
REFUSED = (
    "010",
    "-010",
    "00",
    "0_1",
    "0x1F",
    "0o17",
    "0b11",
    "1_000",
    "1_0.5",
    "1:30",
    "1:30:59",
    "190:20:30.15",
    "9" * 41,
)


@pytest.mark.parametrize(("text", "value"), SAME.items())
def test_numbers_and_words(text, value):
    got = resolve(text)
    assert (got, type(got)) == (value, type(value))


def test_nan():
    assert math.isnan(resolve(".NaN"))


@pytest.mark.parametrize("text", TEXTS)
def test_all_else_is_text(text):
    assert resolve(text) == text


@pytest.mark.parametrize("text", REFUSED)
def test_what_readers_disagree_about_is_refused(text):
    with pytest.raises(AmbiguousNumberError):
        resolve(text)
    [finding] = findings(f"name: small\nnum_classes: {text}\n")
    assert (finding.code, finding.place[1:]) == ("E007", (2, 14))


@pytest.mark.parametrize("text", REFUSED)
def test_in_quotes_it_is_text(text):
    [finding] = [finding for finding in findings(f"name: small\nnum_classes: '{text}'\n") if finding.place[1] == 2]
    assert finding.code == "E103"


def test_is_number_takes_what_resolve_takes_for_a_number():
    for text in (*SAME, *TEXTS, *REFUSED):
        try:
            value = resolve(text)
        except AmbiguousNumberError:
            value = None
        is_finite = isinstance(value, int | float) and not isinstance(value, bool) and "inf" not in text.lower()
        assert is_number(text) == is_finite, text
