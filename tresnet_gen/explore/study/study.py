"""A search whose objectives are measured: candidates asked for, measured by the caller, and told.

The search itself is Optuna's. What is added: candidates come from the axes of a search, those over budget and invalid
ones are told without being measured, no candidate is measured twice, and what a dead worker left is taken up again.
"""

import math
import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from tresnet_gen.explore.search.front import Front
from tresnet_gen.explore.study.history import PARAMS, SET_ASIDE, WHY, History, Tally
from tresnet_gen.explore.study.liveness import WORKER, EndedError, Heartbeat, Watch
from tresnet_gen.explore.study.problem import Problem
from tresnet_gen.explore.study.sampling import mixed, tell_excess
from tresnet_gen.explore.study.worker import here
from tresnet_gen.graph.graph import Graph

DRAWS_FOR_NEWS = 10  # draws in a row that bring nothing new before a candidate is taken from what is left
MOST_DRAWS = 1_000  # for one candidate
NAP_S = 0.05
_NOTES = "notes"


class NothingFitsError(Exception):
    """Draw after draw was over budget or invalid; the message is for the user."""


class Candidate(NamedTuple):
    """A spec to be measured: within all budgets, and measured by nobody yet."""

    number: int
    edits: tuple[str, ...]  # as --set takes them
    graph: Graph
    figures: Mapping[str, float]  # the objectives that follow from the spec


class Result(NamedTuple):
    """A candidate that was measured, with the values of all objectives and what was noted beside them."""

    number: int
    params: Mapping[str, Any]
    edits: tuple[str, ...]  # as --set takes them
    values: Mapping[str, float]
    notes: Mapping[str, float]


class Study:
    """Candidates asked for and told, by any number of processes; left by `with`, it gives back what was not told."""

    def __init__(
        self,
        study: optuna.Study,
        problem: Problem,
        *,
        seed: int,
        retries: int,
        silence_s: float,
        release: Callable[[], None],
    ) -> None:
        self.optuna_study = study
        self.problem = problem
        self._seed = seed
        self._retries = retries
        self._silence_s = silence_s
        self._watch = Watch(silence_s)
        self._release = release
        self._open: dict[int, tuple[Trial, Heartbeat]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give candidates that were not told back to the study, for any worker to measure."""
        for number in list(self._open):
            self._finish(self._taken_back(number), TrialState.FAIL)
        self._release()

    def ask(self, trials: int | None = None) -> Candidate | None:
        """Return a candidate to measure; None when `trials` of them, or all, are measured or being measured.

        Raises:
            NothingFitsError: when nearly all that is drawn is over budget.
        """
        for draws in range(MOST_DRAWS):
            history = self._settled_history(trials)
            if self._is_done(history, trials, history.running):
                return None
            if draws >= DRAWS_FOR_NEWS:
                self._enqueue_untried(history)
            trial = self.optuna_study.ask()
            with suppress(EndedError):  # taken for abandoned, as if this process had slept for long
                trial.set_user_attr(WORKER, here().text)
                self.problem.suggest(trial)
                if candidate := self._candidate(trial, trials):
                    self._open[trial.number] = trial, Heartbeat(trial, self._silence_s / 5)
                    return candidate
        raise NothingFitsError(f"{MOST_DRAWS:,} draws in a row were over budget or invalid; widen budgets or axes")

    def tell(self, candidate: Candidate, values: Mapping[str, float], notes: Mapping[str, float] | None = None) -> None:
        """Record what was measured: every objective that does not follow from the spec; `notes` stay beside it.

        Once this returns, the result is in the storage. A value that is no finite number counts as a failure.

        Raises:
            ValueError: for values missing or unknown.
        """
        all_values = self.problem.values(candidate.figures, values)
        for name, value in all_values.items():
            if not math.isfinite(value):
                self.fail(candidate, f"{name} is {value}")
                return
        trial = self._taken_back(candidate.number)
        if notes:
            _mark(trial, _NOTES, dict(notes))
        told = list(all_values.values())
        if not self._finish(trial, TrialState.COMPLETE, told):  # it was taken for abandoned; what is measured stays so
            attributes = {_NOTES: dict(notes or {})}
            late = create_trial(
                params=trial.params, distributions=trial.distributions, values=told, user_attrs=attributes
            )
            self.optuna_study.add_trial(late)

    def fail(self, candidate: Candidate, why: str) -> None:
        """Record that a candidate cannot be measured; it is not tried again."""
        trial = self._taken_back(candidate.number)
        _mark(trial, WHY, why)
        self._finish(trial, TrialState.FAIL)

    def tally(self) -> Tally:
        """Return how many candidates stand where."""
        return self._history().tally()

    def results(self) -> list[Result]:
        """Return what was measured, in the order of its trials."""
        trials = self._history().measured.values()
        return [self._result(trial) for trial in sorted(trials, key=lambda trial: trial.number)]

    def front(self) -> list[Result]:
        """Return the results that none beats, best first in the first objective; of equal ones the first measured."""
        results = self.results()
        front = Front()
        for place, result in enumerate(results):
            front.add(place, self.problem.costs(result.values))
        return [results[member.number] for member in front]

    def specs(self, folder: str | os.PathLike[str]) -> dict[str, str]:
        """Return the front as texts of specs by the names of their files; from `folder` they extend the base."""
        front = self.front()
        texts = (self.problem.spec_text(one.number, one.params, one.values, os.fspath(folder)) for one in front)
        return {f"{self.problem.name_of(one.number)}.yaml": text for one, text in zip(front, texts, strict=True)}

    def _history(self) -> History:
        trials = self.optuna_study.get_trials(deepcopy=False)
        return History(trials, self.problem.distributions, self._retries)

    def _settled_history(self, trials: int | None) -> History:
        """Return the history, once no trial that is just being made decides whether there is more to do."""
        while True:
            history = self._swept()
            if self._is_done(history, trials, history.claimed) or not self._is_done(history, trials, history.running):
                return history
            time.sleep(NAP_S)

    def _swept(self) -> History:
        """Return the history after giving what dead workers left back to the study."""
        history = self._history()
        dead = [t for n, t in history.running.items() if n not in self._open and self._watch.is_abandoned(t)]
        for trial in dead:
            self._finish(trial, TrialState.FAIL)
        if dead:
            history = self._history()
        left = history.to_retry
        for params in left:
            self.optuna_study.enqueue_trial(params, user_attrs={PARAMS: params})
        return self._history() if left else history

    def _is_done(self, history: History, trials: int | None, running: Collection[int]) -> bool:
        """Return whether no candidate is left, or enough are measured or among the `running` trials."""
        return len(history.taken_with(running)) >= self.problem.space.size or _are_enough(history, trials, running)

    def _enqueue_untried(self, history: History) -> None:
        """Have the next trial take a candidate that nobody has tried."""
        taken, size = history.taken, self.problem.space.size
        first = mixed(self._seed, len(taken)) % size
        for step in range(size):
            params = self.problem.params((first + step) % size)
            if history.key_of(params) not in taken:
                self.optuna_study.enqueue_trial(params, user_attrs={PARAMS: params})
                return

    def _candidate(self, trial: Trial, trials: int | None) -> Candidate | None:
        """Return what a trial is to measure, or None after telling why it need not be."""
        history = self._history()
        key = history.key_of(trial.params)
        others = (one for number, one in history.running.items() if number != trial.number)
        done = history.measured.get(key) or history.refused.get(key) or history.failed.get(key)
        twin = done or next((other for other in others if history.key(other) == key), None)
        if twin:  # pruned, so that the sampler draws less from here
            self._set_aside(trial, f"repeats trial {twin.number}", TrialState.PRUNED)
            return None
        earlier = [number for number in history.running if number < trial.number]
        if _are_enough(history, trials, earlier):
            self._set_aside(trial, "enough others are running", TrialState.FAIL)
            return None
        fit = self.problem.fit(trial.params)
        if fit.graph is None or fit.excess > 0:
            if fit.why:
                trial.set_user_attr(WHY, fit.why)
            tell_excess(trial, fit.excess)
            self._finish(trial, TrialState.PRUNED)
            return None
        return Candidate(trial.number, self.problem.edits(trial.params), fit.graph, fit.figures)

    def _set_aside(self, trial: Trial, why: str, state: TrialState) -> None:
        trial.set_user_attr(SET_ASIDE, why)
        self._finish(trial, state)

    def _taken_back(self, number: int) -> Trial:
        """Return the trial of a candidate that was handed out, with its heartbeat stopped."""
        if number not in self._open:
            raise ValueError(f"candidate {number} was not asked for here, or was told already")
        trial, heartbeat = self._open.pop(number)
        heartbeat.stop()
        return trial

    def _finish(self, trial: Trial | FrozenTrial, state: TrialState, values: list[float] | None = None) -> bool:
        """Tell Optuna how a trial ended; False when another worker was first."""
        try:
            self.optuna_study.tell(trial.number, values, state)
        except (EndedError, ValueError):
            return False
        return True

    def _result(self, trial: FrozenTrial) -> Result:
        names = [aim.name for aim in self.problem.aims]
        values = dict(zip(names, trial.values, strict=True))
        notes = trial.user_attrs.get(_NOTES, {})
        return Result(trial.number, trial.params, self.problem.edits(trial.params), values, notes)


def _are_enough(history: History, trials: int | None, running: Collection[int]) -> bool:
    return trials is not None and len(history.measured) + len(running) >= trials


def _mark(trial: Trial, name: str, value: Any) -> None:
    """Set a user attribute, unless another worker has taken the trial for abandoned and ended it."""
    with suppress(EndedError):
        trial.set_user_attr(name, value)
