"""What a study draws next: Optuna's TPE, told of budgets, with the seed of each draw in its number.

A sampler with one seed draws the same again after every restart; one seed for each trial makes the sequence depend on
the seed and on what was told so far, and on nothing else.
"""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from tresnet_gen.explore.study.history import SET_ASIDE

EXCESS = "excess"  # user attribute: how far a trial is over budget, as a fraction; absent when within
Factory = Callable[[int], BaseSampler]


def tpe(seed: int) -> BaseSampler:
    """Return the sampler used by default."""
    if hasattr(Trial, "set_constraint"):  # Optuna 5: constraints are told, parallel workers are thought of by default
        return TPESampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(seed=seed, multivariate=True, constant_liar=True, constraints_func=_constraints)


def tell_excess(trial: Trial, excess: float) -> None:
    """Note how far a trial is over budget, so that the next ones keep away from there."""
    trial.set_user_attr(EXCESS, excess)
    if hasattr(trial, "set_constraint"):
        trial.set_constraint(EXCESS, excess)


class PerTrial(BaseSampler):
    """Draws each trial by a fresh sampler, whose seed comes from `seed` and the trial's number."""

    def __init__(self, factory: Factory, seed: int) -> None:
        self._factory = factory
        self._seed = seed
        self._sampler = factory(seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._sampler = self._factory(mixed(self._seed, trial.number))
        self._sampler.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        self._sampler.after_trial(study, trial, state, values)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def reseed_rng(self) -> None:
        self._sampler.reseed_rng()


def mixed(seed: int, number: int) -> int:
    """Return a seed for one trial, of 32 bits."""
    return int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:4])


def _constraints(trial: FrozenTrial) -> tuple[float]:
    # Optuna 4 cannot weigh pruned trials of several objectives unless they break a constraint; repeats are pruned.
    return (trial.user_attrs.get(EXCESS, 1.0 if SET_ASIDE in trial.user_attrs else 0.0),)
