"""Searches the weights of the throughput model's quantities within its terms, the same for all GPUs of a mode.

Every weight starts at one unit and leaves it, in steps of the square root of two, only where that lowers the mean
absolute log error of prices fitted to the same rows by more than `STEP_COST`. The first quantity of a term is its unit.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from fitting import Array, fitted

LADDER = (0.0, *(2.0 ** (step / 2) for step in range(-6, 11)))
ONE = LADDER.index(1.0)
STEP_COST = 2e-4
SWEEPS = 4
UNITS = {"depthwise_macs": 0.01, "grouped_macs": 0.01, "odd_grouped_macs": 0.01, "weight_bytes": 1e-8}

Weights = Mapping[str, Mapping[str, float]]


class Sample(NamedTuple):
    """The rows of a GPU: quantities of each in the form's order, seconds an image, groups, least prices of terms."""

    quantities: Array
    seconds: Array
    groups: Sequence[str]
    floor: Array

    def part(self, chosen: Array) -> "Sample":
        """Return some of the rows."""
        groups = [group for group, is_chosen in zip(self.groups, chosen, strict=True) if is_chosen]
        return self._replace(quantities=self.quantities[chosen], seconds=self.seconds[chosen], groups=groups)


class Form:
    """Which quantities make up which term, as a matrix that a vector of weights fills."""

    def __init__(self, terms: Weights) -> None:
        """Take the terms of a mode; their weights are not looked at."""
        self.terms = terms
        self.quantities = [(term, name) for term, names in terms.items() for name in names]
        self.members = np.array([[term == own for term in terms] for own, _ in self.quantities], float)
        firsts = {(term, next(iter(names))) for term, names in terms.items()}
        alike = [term == "macs" or (term, name) in firsts for term, name in self.quantities]
        self.units = np.array(
            [1.0 if plain else UNITS.get(name, 1.0) for plain, (_, name) in zip(alike, self.quantities, strict=True)]
        )
        self.free = [index for index, quantity in enumerate(self.quantities) if quantity not in firsts]

    def row(self, amounts: Mapping[str, float]) -> list[float]:
        """Return a network's amounts in the form's order."""
        return [amounts.get(name, 0.0) for _, name in self.quantities]

    def features(self, quantities: Array, weights: Array) -> Array:
        """Return what rows come to in each term."""
        return np.asarray(quantities @ (self.members * weights[:, None]))

    def named(self, weights: Array) -> dict[str, dict[str, float]]:
        """Return weights by term and quantity."""
        found: dict[str, dict[str, float]] = {term: {} for term in self.terms}
        for (term, name), weight in zip(self.quantities, weights.tolist(), strict=True):
            found[term][name] = float(f"{weight:.3g}")
        return found


def searched(form: Form, samples: Sequence[Sample]) -> Array:
    """Return the weights, by coordinate descent along the ladder, that suit all samples together."""
    steps = np.full(len(form.units), ONE)
    best = _cost(form, samples, steps)
    for _ in range(SWEEPS):
        before = best
        for index in form.free:
            for direction in (1, -1):
                steps, best = _climbed(form, samples, steps, best, index, direction)
        if best == before:
            break
    return _weights(form, steps)


def _climbed(
    form: Form, samples: Sequence[Sample], steps: Array, best: float, index: int, direction: int
) -> tuple[Array, float]:
    while 0 <= steps[index] + direction < len(LADDER):
        trial = steps.copy()
        trial[index] += direction
        cost = _cost(form, samples, trial)
        if cost >= best:
            break
        steps, best = trial, cost
    return steps, best


def _cost(form: Form, samples: Sequence[Sample], steps: Array) -> float:
    weights = _weights(form, steps)
    errors = [_trained_error(form.features(sample.quantities, weights), sample) for sample in samples]
    return float(np.mean(errors) + STEP_COST * np.abs(steps - ONE).sum())


def _trained_error(features: Array, sample: Sample) -> float:
    predicted = features @ fitted(features, sample.seconds, sample.floor)
    return float(np.abs(np.log(predicted / sample.seconds)).mean())


def _weights(form: Form, steps: Array) -> Array:
    return np.array([LADDER[step] for step in steps]) * form.units


def folds(samples: Sequence[Sample], count: int, seed: int) -> list[Array]:
    """Return the fold of each row, by sample; all rows of a group, on whatever GPU, are in one."""
    names = sorted({group for sample in samples for group in sample.groups})
    np.random.default_rng(seed).shuffle(names)
    fold_of = {name: index % count for index, name in enumerate(names)}
    return [np.array([fold_of[group] for group in sample.groups]) for sample in samples]


def cross_validated(form: Form, samples: Sequence[Sample], count: int, seed: int) -> list[Array]:
    """Return seconds predicted for each row, by sample, from weights and prices that saw no row of its group."""
    fold = folds(samples, count, seed)
    predicted = [np.zeros(len(sample.seconds)) for sample in samples]
    for index in range(count):
        seen = [sample.part(own != index) for sample, own in zip(samples, fold, strict=True)]
        weights = searched(form, seen)
        for sample, train, own, out in zip(samples, seen, fold, predicted, strict=True):
            prices = fitted(form.features(train.quantities, weights), train.seconds, train.floor)
            out[own == index] = form.features(sample.quantities[own == index], weights) @ prices
    return predicted
