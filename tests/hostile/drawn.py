"""Limits of a drawn example, and its row in the table of hostile input."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

from tests.hostile.peak import forget_peak, peak_mib
from tests.hostile.tally import MOST_MIB, SLOWEST_S, record

MORE = settings.default.max_examples if settings.default else 0  # 250; with the profile `explore` 5,000
LOOSE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


@contextmanager
def measured(group: str, name: str) -> Iterator[None]:
    """Hold an example's time, and its memory as the peak of this process since now; what it raises is a traceback."""
    forget_peak()
    memory, start = peak_mib(), time.process_time()
    faults = {"traceback"}
    try:
        yield
        faults.clear()
    finally:
        seconds, mib = time.process_time() - start, peak_mib() - memory
        faults |= {"over time"} if seconds > SLOWEST_S else set()
        faults |= {"over memory"} if mib > MOST_MIB else set()
        record(f"drawn {group}", name, faults, seconds, mib)
    assert not faults, (seconds, mib)
