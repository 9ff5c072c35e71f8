"""Figures as text."""

import pytest

from tresnet_gen.tables import change


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (8, 9, "+12.5%"),
        (2.0, 0.5, "-75.0%"),
        (8, 8, "0.0%"),
        (10_000, 10_004, "0.0%"),
        (10_000, 9_996, "0.0%"),
        (10_000, 9_994, "-0.1%"),
        (1, 0, "-100.0%"),
        (0, 5, ""),
    ],
)
def test_a_change_has_a_sign_unless_it_rounds_to_none(old: float, new: float, text: str) -> None:
    assert change(old, new) == text
