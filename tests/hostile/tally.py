"""What became of the hostile cases, counted by group and printed below the test run."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

FAULTS = ("traceback", "wrongly accepted", "code injected", "over time", "over memory", "otherwise")
SLOWEST_S = 2.0  # of processor time: other work on the machine does not count
MOST_MIB = 200

# Counts by "group: what"; the case that took longest, and the one that took most, by group.
COUNTS: Counter[str] = Counter()
SLOWEST: dict[str, tuple[float, str]] = {}
LARGEST: dict[str, tuple[float, str]] = {}


def record(group: str, name: str, faults: set[str], seconds: float, mib: float | None = None) -> None:
    """Count a case."""
    assert faults <= set(FAULTS)
    COUNTS[f"{group}: cases"] += 1
    COUNTS[f"{group}: as expected"] += not faults
    for fault in faults:
        COUNTS[f"{group}: {fault}"] += 1
    SLOWEST[group] = max(SLOWEST.get(group, (0.0, "")), (seconds, name))
    if mib is not None:
        LARGEST[group] = max(LARGEST.get(group, (0.0, "")), (mib, name))


def taken() -> dict[str, Any]:
    """Return what was counted, as plain values that go from a worker to its master."""
    return {"counts": dict(COUNTS), "slowest": dict(SLOWEST), "largest": dict(LARGEST)}


def add(other: dict[str, Any]) -> None:
    """Add what a worker counted."""
    COUNTS.update(other["counts"])
    for mine, theirs in ((SLOWEST, other["slowest"]), (LARGEST, other["largest"])):
        for group, found in theirs.items():
            mine[group] = max(mine.get(group, (0.0, "")), tuple(found))


def lines() -> Iterator[str]:
    """Yield the table, and below it the slowest case and the one with the largest peak of memory."""
    groups = sorted({key.partition(": ")[0] for key in COUNTS})
    columns = ("cases", "as expected", *FAULTS[:-1])
    width = max(map(len, [*groups, "all"]))
    yield " " * width + "".join(f"  {column}" for column in columns)
    for group in groups:
        yield _row(group, [COUNTS[f"{group}: {column}"] for column in columns], columns, width)
    yield _row("all", [sum(COUNTS[f"{g}: {column}"] for g in groups) for column in columns], columns, width)
    for what, found, unit, most in (
        ("slowest", SLOWEST, "s of processor time", SLOWEST_S),
        ("most memory", LARGEST, "MiB at its peak", MOST_MIB),
    ):
        if found:
            group, (figure, name) = max(found.items(), key=lambda item: item[1])
            yield f"{what}: {figure:.2f} {unit}, at most {most:g} ({group}, {name})"


def _row(name: str, figures: list[int], columns: tuple[str, ...], width: int) -> str:
    cells = (f"{figure:,}".rjust(len(column)) for figure, column in zip(figures, columns, strict=True))
    return f"{name.ljust(width)}  {'  '.join(cells)}"
