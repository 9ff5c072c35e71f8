"""Literals and line breaks of the emitted text."""

import ast
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tresnet_gen.emission.layout import LINE_LENGTH, Call, fit, number


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (1e-3, "1e-3"),
        (0.01, "1e-2"),
        (0.05, "5e-2"),
        (0.25, "0.25"),
        (0.0, "0.0"),
        (1.0, "1.0"),
        (1e-5, "1e-5"),
        (1.5e-5, "1.5e-5"),
        (64, "64"),
    ],
)
def test_numbers_read_as_people_write_them(value: float, literal: str) -> None:
    assert number(value) == literal


@given(st.floats(0.0, 1.0))
def test_a_literal_is_the_number_and_no_longer_than_its_repr(value: float) -> None:
    assert ast.literal_eval(number(value)) == value
    assert len(number(value)) <= len(repr(value))


WORDS = st.text("abcdefgh", min_size=1, max_size=60).filter(lambda word: not keyword.iskeyword(word))
CALLS = st.tuples(WORDS, st.lists(WORDS)).map(lambda drawn: Call(f"{drawn[0]}(", tuple(drawn[1])))
ITEMS = st.lists(WORDS | CALLS, max_size=8)


@given(st.sampled_from([0, 4, 8, 16]), WORDS, ITEMS)
def test_a_call_is_one_line_where_it_fits_and_else_its_items_are_one_or_one_each(
    indent: int, name: str, items: list[str]
) -> None:
    text = fit(indent, f"{name}(", items)
    flat = " " * indent + Call(f"{name}(", tuple(items)).flat()
    assert ast.dump(ast.parse(text.strip())) == ast.dump(ast.parse(flat.strip()))
    if len(flat) <= LINE_LENGTH:
        assert text == flat
    else:
        first, *inner, last = text.split("\n")
        assert first == f"{' ' * indent}{name}("
        assert last == f"{' ' * indent})"
        assert all(line.startswith(" " * (indent + 4)) for line in inner)
        together = " " * (indent + 4) + ", ".join(item if isinstance(item, str) else item.flat() for item in items)
        fits = all(isinstance(item, str) for item in items) and len(together) <= LINE_LENGTH
        assert inner == [together] if fits else inner[-1].endswith(",")


def test_empty_items_are_left_out() -> None:
    assert fit(0, "f(", ["", "a", ""]) == "f(a)"
