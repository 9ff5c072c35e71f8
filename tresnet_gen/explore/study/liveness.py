"""Signs of life of trials, for workers on machines that cannot look each other's processes up.

A worker counts up a number in the trial it works on; another takes the trial for abandoned when, by its own clock,
the number has stood still for long. No two clocks are compared.
"""

import threading
import time
from contextlib import suppress

from optuna import exceptions
from optuna.trial import FrozenTrial, Trial

from tresnet_gen.explore.study.worker import from_text, is_dead

WORKER = "worker"  # user attribute: the process that works on the trial
CLAIM_S = 10.0  # a trial without a worker for so long has none: its maker died at once
# What Optuna raises for a change of a trial that has ended; in its first versions of 4 a mere RuntimeError.
EndedError: type[Exception] = getattr(exceptions, "UpdateFinishedTrialError", RuntimeError)
_BEAT = "beat"  # user attribute: the number that its worker counts up


class Heartbeat:
    """Counts up in a trial until stopped."""

    def __init__(self, trial: Trial, every_s: float) -> None:
        self._trial = trial
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat of trial {trial.number}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; afterwards nothing more is written to the trial."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        beat = 0
        while not self._stopped.wait(self._every_s):
            beat += 1
            # A storage out of reach, or a trial that was taken for abandoned: the training goes on, `tell` will say so.
            with suppress(Exception):
                self._trial.set_user_attr(_BEAT, beat)


class Watch:
    """What one process has seen of the heartbeats of others."""

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._seen: dict[int, tuple[object, float]] = {}

    def is_abandoned(self, trial: FrozenTrial) -> bool:
        """Return whether the worker of a running trial is dead, or silent for too long."""
        worker = from_text(trial.user_attrs.get(WORKER, ""))
        if worker is not None and is_dead(worker):
            return True
        sign, now = trial.user_attrs.get(_BEAT), time.monotonic()
        seen, since = self._seen.setdefault(trial.number, (sign, now))
        if seen != sign:
            self._seen[trial.number] = sign, now
            return False
        return now - since > (self._silence_s if worker else min(CLAIM_S, self._silence_s))
