"""The trials of a study, sorted by what they mean for the next ones.

Optuna knows five states; what they leave open stands in user attributes, which travel with the storage. A trial that
failed without a mark is one whose worker died: it is marked by nobody, so nothing is lost if the marker dies too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from optuna.trial import FrozenTrial, TrialState

from tresnet_gen.explore.study.liveness import WORKER

Key = tuple[Any, ...]  # the parameters in the order of the axes

# User attributes of trials.
PARAMS = "params"  # of a trial that waits: what it will try
SET_ASIDE = "set_aside"  # why it was not needed: it repeats another, or enough others are running
WHY = "why"  # reason of a failure, or findings of an invalid spec


class Tally(NamedTuple):
    """How many candidates stand where; each counts once."""

    measured: int
    over_budget: int
    invalid: int
    failed: int
    running: int
    to_retry: int

    def __str__(self) -> str:
        named = ((name.replace("_", " "), number) for name, number in self._asdict().items())
        return ", ".join(f"{number:,} {name}" for name, number in named if number)


class History:
    """Trials by candidate; one whose worker died is tried `retries` times more."""

    def __init__(self, trials: Iterable[FrozenTrial], names: Iterable[str], retries: int) -> None:
        self._names = tuple(names)
        self.measured: dict[Key, FrozenTrial] = {}
        self.refused: dict[Key, FrozenTrial] = {}
        self.failed: dict[Key, FrozenTrial] = {}
        self.running: dict[int, FrozenTrial] = {}
        self._waiting: dict[Key, FrozenTrial] = {}
        self._deaths: Counter[Key] = Counter()
        for trial in trials:
            self._sort(trial)
            if (key := self.key(trial)) and self._deaths[key] > retries:
                self.failed.setdefault(key, trial)

    def key(self, trial: FrozenTrial) -> Key | None:
        """Return what a trial tries, or None for one whose worker died before that was drawn."""
        params = trial.params or trial.user_attrs.get(PARAMS, {})
        return self.key_of(params) if params.keys() >= set(self._names) else None

    def key_of(self, params: Mapping[str, Any]) -> Key:
        """Return what tells one candidate from another."""
        return tuple(params[name] for name in self._names)

    @property
    def claimed(self) -> list[int]:
        """Running trials that a worker has put its name to; others were made a moment ago, or their makers died."""
        return [number for number, trial in self.running.items() if WORKER in trial.user_attrs]

    @property
    def taken(self) -> set[Key]:
        """Candidates that need no new trial: measured, refused, failed or running."""
        return self.taken_with(self.running)

    def taken_with(self, running: Iterable[int]) -> set[Key]:
        """Return the same with only some of the running trials."""
        keys = {key for number in running if (key := self.key(self.running[number]))}
        return keys.union(self.measured, self.refused, self.failed)

    @property
    def to_retry(self) -> list[dict[str, Any]]:
        """What died with its worker and was not taken up again."""
        left = self._deaths.keys() - self.taken - self._waiting.keys()
        return [dict(zip(self._names, key, strict=True)) for key in sorted(left, key=repr)]

    def tally(self) -> Tally:
        """Return the counts."""
        invalid = sum(WHY in trial.user_attrs for trial in self.refused.values())
        over_budget = len(self.refused) - invalid
        waiting = len(self.to_retry) + len(self._waiting.keys() - self.taken)
        return Tally(len(self.measured), over_budget, invalid, len(self.failed), len(self.running), waiting)

    def _sort(self, trial: FrozenTrial) -> None:
        if trial.state == TrialState.RUNNING:
            self.running[trial.number] = trial
        key = self.key(trial)
        if key is None or SET_ASIDE in trial.user_attrs:
            return
        match trial.state:
            case TrialState.COMPLETE:
                self.measured.setdefault(key, trial)
            case TrialState.PRUNED:
                self.refused.setdefault(key, trial)
            case TrialState.WAITING:
                self._waiting[key] = trial
            case TrialState.FAIL if WHY in trial.user_attrs:
                self.failed.setdefault(key, trial)
            case TrialState.FAIL:
                self._deaths[key] += 1
