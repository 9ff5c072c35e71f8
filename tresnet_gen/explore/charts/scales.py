"""Numbers to places on an axis, and to texts with units.

A unit is a word of UNITS, or any other word that is put behind the number. Bytes are in powers of 1024, all else in
powers of 1000.
"""

from collections.abc import Iterable
from math import ceil, floor, isfinite, log10
from typing import NamedTuple

Step = tuple[float, str]
_FLOPS: tuple[Step, ...] = ((1e15, "PFLOP/s"), (1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s"), (1, "FLOP/s"))
UNITS: dict[str, tuple[Step, ...]] = {
    "": ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "K"), (1, "")),
    "bytes": ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "bytes")),
    "s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "FLOP/s": _FLOPS,
}
TICKS = 5  # about so many on an axis


class Axis(NamedTuple):
    """What an axis shows: `unit` as in UNITS; `better` is low, high, or empty where neither is."""

    label: str
    unit: str = ""
    log: bool = False
    better: str = ""
    zero: bool = False  # a linear axis that must begin at 0


class Scale(NamedTuple):
    """An axis laid over values: from `low` at `start` to `high` at `end` of the picture."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[tuple[float, str], ...]
    title: str

    def at(self, value: float) -> float:
        """Return the place of a value, in the picture's units."""
        if self.log:
            share = log10(value / self.low) / log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def between(self, start: float, end: float) -> "Scale":
        """Return the same scale at another place."""
        return self._replace(start=start, end=end)


def amount(value: float, unit: str = "") -> str:
    """Return a value in three digits or more with its unit: 3.69 GiB, 4,761 images/s."""
    size, word = _step(abs(value), unit)
    return f"{digits(value / size)} {word}".rstrip()


def digits(value: float) -> str:
    """Return a number in three digits, or all of those before its point."""
    if not value:
        return "0"
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if abs(value) >= 0.001 else f"{value:.2e}"


def scale(axis: Axis, values: Iterable[float]) -> Scale:
    """Return the scale of an axis that holds all values, at 0 to 1 of the picture.

    Raises:
        ValueError: for values that are not finite, or not above 0 on an axis with a log.
    """
    listed = list(values) or [1.0]
    if not all(map(isfinite, listed)) or (axis.log and min(listed) <= 0):
        raise ValueError(f"{axis.label}: a value has no place on the axis")
    low, high = min(listed), max(listed)
    return _log(axis, low, high) if axis.log else _linear(axis, min(low, 0.0) if axis.zero else low, high)


def _linear(axis: Axis, low: float, high: float) -> Scale:
    if low == high:
        low, high = (0.0, high) if high > 0 else (low - 1, high + 1)
    size, word = _step(max(abs(low), abs(high)), axis.unit)
    pace = _nice((high - low) / size / TICKS)
    first, last = floor(low / size / pace + 1e-9), ceil(high / size / pace - 1e-9)
    places = max(0, -floor(log10(pace) + 1e-9))
    ticks = tuple((index * pace * size, f"{index * pace:,.{places}f}") for index in range(first, last + 1))
    return Scale(ticks[0][0], ticks[-1][0], 0.0, 1.0, False, ticks, _title(axis, word))


def _log(axis: Axis, low: float, high: float) -> Scale:
    if low == high:
        low, high = low / 2, high * 2
    marks = [
        float(f"{mantissa}e{power}")
        for power in range(floor(log10(low)), ceil(log10(high)) + 1)
        for mantissa in _mantissas(log10(high / low))
    ]
    ticks = tuple((mark, _plain(mark, axis.unit)) for mark in marks if low <= mark <= high)
    word = axis.unit if not UNITS.get(axis.unit) else ""
    return Scale(low, high, 0.0, 1.0, True, ticks, _title(axis, word))


def _mantissas(decades: float) -> tuple[int, ...]:
    if decades < 0.5:
        return tuple(range(1, 10))
    return (1, 2, 5) if decades < 2.5 else (1,)


def _plain(value: float, unit: str) -> str:
    """Return a tick of a log axis: no digits that say nothing."""
    if unit in UNITS:
        size, word = _step(value, unit)
        return f"{value / size:g} {word}".rstrip()
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _nice(pace: float) -> float:
    """Return the pace among 1, 2, 5 and 10 times a power of ten that is not smaller."""
    power = 10.0 ** floor(log10(pace))
    return power * next(step for step in (1, 2, 5, 10) if step * power >= pace * (1 - 1e-9))


def _step(value: float, unit: str) -> Step:
    steps = UNITS.get(unit, ((1, unit),))
    return next((step for step in steps if value >= step[0]), steps[-1])


def _title(axis: Axis, word: str) -> str:
    unit = word if not axis.unit or axis.unit in UNITS else axis.unit
    better = {"low": " (less is better)", "high": " (more is better)"}.get(axis.better, "")
    return ", ".join(part for part in (axis.label, unit) if part) + better
