"""Hypothesis profiles, workers, the browser, how many specs were drawn, and what became of hostile input."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else programs that the tests start inherit deafness
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker has a core; torch reads this when it is imported

from tests.browser import browser
from tests.drawn import TALLY
from tests.hostile import tally

__all__ = ["browser"]

# `ci` draws the same specs in every run; `pytest --hypothesis-profile explore` draws other and more.
SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", max_examples=250, derandomize=True, deadline=None, database=None, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("explore", max_examples=5_000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile("ci")

MOST_WORKERS = 8  # each holds a torch of its own


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return min(os.cpu_count() or 1, MOST_WORKERS)


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["tally"] = dict(TALLY)
        output["hostile"] = tally.taken()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    output = getattr(node, "workeroutput", {})
    TALLY.update(output.get("tally", {}))
    if "hostile" in output:
        tally.add(output["hostile"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY:
        terminalreporter.section("drawn specs")
    for what, number in sorted(TALLY.items()):
        terminalreporter.write_line(f"{number:6,} {what}")
    if tally.COUNTS:
        terminalreporter.section("hostile input")
        for line in tally.lines():
            terminalreporter.write_line(line)
