"""Non-negative fits of log errors, cross-validation over groups, and figures of merit; numpy only."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Fit = Callable[[Array, Array], Array]
STEPS = 8
LEAST_ERROR = 0.01  # absolute log errors below weigh alike


def fitted(features: Array, seconds: Array, floor: Array) -> Array:
    """Return prices, none below `floor`, that minimise the sum of absolute log errors of features @ prices.

    Gauss-Newton steps on reweighted least squares. `features` has a row for each measurement.
    """
    relative = features / seconds[:, None]
    unit = relative.mean(0)
    unit[unit == 0] = 1.0
    scaled, low = relative / unit, floor * unit
    prices = _least_squares(scaled, np.ones(len(seconds)), low)
    for _ in range(STEPS):
        predicted = scaled @ prices
        error = -np.log(predicted)
        weight = np.sqrt(1.0 / np.maximum(np.abs(error), LEAST_ERROR))
        slope = scaled / predicted[:, None]
        prices = _least_squares(slope * weight[:, None], weight * (slope @ prices + error), low)
    return np.asarray(prices / unit)


def _least_squares(matrix: Array, target: Array, low: Array) -> Array:
    """Return x >= low that minimises |matrix x - target|, by Lawson and Hanson's active sets."""
    square = matrix.T @ matrix
    right = matrix.T @ target - square @ low
    x = np.zeros(len(right))
    free = np.zeros(len(right), bool)
    while True:
        gain = np.where(free, -1.0, right - square @ x)
        if gain.max() <= 1e-10:
            return x + low
        free[gain.argmax()] = True
        while True:
            index = np.flatnonzero(free)
            trial = np.zeros(len(right))
            trial[index] = np.linalg.solve(square[np.ix_(index, index)] + 1e-12 * np.eye(len(index)), right[index])
            if (trial[index] > 0).all():
                break
            blocked = index[trial[index] <= 0]
            step = np.min(x[blocked] / (x[blocked] - trial[blocked] + 1e-300))
            x = x + step * (trial - x)
            free &= x > 1e-12
            x[~free] = 0.0
        x = trial


def cross_validated(features: Array, seconds: Array, groups: Sequence[str], fit: Fit, folds: int, seed: int) -> Array:
    """Return seconds predicted for each row by a fit that saw no row of its group."""
    names = sorted(set(groups))
    np.random.default_rng(seed).shuffle(names)
    fold_of = {name: index % folds for index, name in enumerate(names)}
    fold = np.array([fold_of[group] for group in groups])
    predicted = np.zeros(len(seconds))
    for index in range(min(folds, len(names))):
        unseen = fold == index
        predicted[unseen] = features[unseen] @ fit(features[~unseen], seconds[~unseen])
    return predicted


def mean_error(predicted: Array, seconds: Array) -> float:
    """Return the mean absolute error of predicted rates, relative to the measured ones."""
    return float(np.abs(seconds / predicted - 1).mean())


def spearman(one: Array, other: Array) -> float:
    """Return the correlation of ranks; equal values share the mean of their ranks."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Array) -> Array:
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2.0


def pairs_right(predicted: Array, seconds: Array, least: float = 1.05, most: float = 1.5) -> float:
    """Return the share of pairs whose measured rates are `least` to `most` apart that are ordered right."""
    measured = np.log(seconds)[:, None] - np.log(seconds)[None]
    said = np.log(predicted)[:, None] - np.log(predicted)[None]
    chosen = (measured > math.log(least)) & (measured < math.log(most))
    return float((said[chosen] > 0).mean()) if chosen.any() else math.nan
