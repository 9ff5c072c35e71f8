"""Hypothesis profiles, and how many specs were drawn."""

import pytest
from hypothesis import HealthCheck, settings

from tests.drawn import TALLY

# `ci` draws the same specs in every run; `pytest --hypothesis-profile explore` draws other and more.
SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", max_examples=250, derandomize=True, deadline=None, database=None, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("explore", max_examples=5_000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile("ci")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY:
        terminalreporter.section("drawn specs")
    for what, number in sorted(TALLY.items()):
        terminalreporter.write_line(f"{number:6,} {what}")
