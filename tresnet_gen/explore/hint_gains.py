"""Hints with what their edits would gain: rows for people, objects for JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tresnet_gen.analysis.counts import Totals
from tresnet_gen.analysis.hints import Hint
from tresnet_gen.analysis.throughput import Throughput
from tresnet_gen.explore.estimates import Estimate, Question
from tresnet_gen.tables import change

NOTE = "hints: what the edit would gain; what it costs in accuracy only training tells"
HEAD = ("hint", "where", "because", "try --set")


class Tried(NamedTuple):
    """A hint and the model with its edit: counts, and throughput for each rate of the question."""

    hint: Hint
    totals: Totals
    speeds: tuple[Throughput, ...]


def note(one: Estimate) -> str:
    """Return what the figures of hints mean, and by how much the predicted gains of such edits were off."""
    errors = [speed.error.edit_pct for speed in one.speeds if speed.error.edit_pct]
    return f"{NOTE}; such changes of images/s erred by {max(errors):.1f} % in the mean" if errors else NOTE


def rows(one: Estimate, found: Sequence[Tried], question: Question) -> list[tuple[str, ...]]:
    """Return a head and a row for each hint."""
    gpus = [f"images/s, {rate.gpu.name}" for rate in question.rates]
    table: list[tuple[str, ...]] = [(*HEAD, *gpus, "params", "MACs")]
    for hint, totals, speeds in found:
        gains = [change(old.images_per_s, new.images_per_s) for old, new in zip(one.speeds, speeds, strict=True)]
        own = one.counts.totals
        sides = change(own.params, totals.params), change(own.macs, totals.macs)
        table.append((hint.code, hint.path, hint.message, " ".join(hint.edits), *gains, *sides))
    return table


def as_json(one: Estimate, found: Sequence[Tried]) -> list[dict[str, Any]]:
    """Return the JSON objects of hints."""
    return [
        {
            "code": hint.code,
            "path": hint.path,
            "message": hint.message,
            "edits": list(hint.edits),
            "params_change": totals.params - one.counts.totals.params,
            "macs_change": totals.macs - one.counts.totals.macs,
            "throughput": [
                {
                    "gpu": old.gpu,
                    "images_per_s": round(new.images_per_s, 2),
                    "change": _ratio(old, new),
                    "change_error_pct": old.error.edit_pct,
                }
                for old, new in zip(one.speeds, speeds, strict=True)
            ],
        }
        for hint, totals, speeds in found
    ]


def _ratio(old: Throughput, new: Throughput) -> float:
    return round(new.images_per_s / old.images_per_s - 1, 4)
