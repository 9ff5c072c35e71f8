"""What became of the tensors of a checkpoint, as text and as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.graph.ops import Shape
from tresnet_gen.runtime.convert.network import shape_text
from tresnet_gen.runtime.convert.plan import Entry, Match, Plan

SHOWN = 5  # names of a group without --verbose


class Group(NamedTuple):
    """Tensors that one thing happened to: a line each for people, a row each for programs."""

    key: str
    title: str
    meaning: str
    lines: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]


def groups(plan: Plan, shapes: Mapping[str, Shape], partial: bool) -> tuple[Group, ...]:
    """Return what happened to the tensors of a checkpoint and to the entries of a state, empty groups too."""
    filters = {name: shapes[name] for name in plan.filters}
    unused = {name: shapes[name] for name in plan.unused}
    new = [*plan.misfits, *_absent(plan.missing)] if partial else []
    misshapen, missing = ((), ()) if partial else (plan.misfits, plan.missing)
    return (
        _entries("taken", "taken", "", plan.taken, _taken),
        _entries("resized", "resized", "", plan.resized, _resized),
        _entries("new", "new", "as the module initialises them", new, _new),
        _entries("misshapen", "other shape", "", misshapen, _misshapen),
        _entries("missing", "missing", "the checkpoint has none", _absent(missing), _new),
        _entries("counters", "set to 0", "batch counters, which the checkpoint lacks", _absent(plan.counters), _new),
        _theirs("dropped", "dropped", "blur filters, which the module computes", filters),
        _theirs("left_over", "left over", "the module has none", unused),
    )


def text(found: Iterable[Group], verbose: bool) -> list[str]:
    """Return a line a group, and below it names; what was taken is named with `verbose` only."""
    lines = []
    for group in found:
        count = len(group.lines)
        if count:
            lines.append(f"{group.title:<11}{count:>6,}  {group.meaning}".rstrip())
        shown = count if verbose else 0 if group.key == "taken" else min(count, SHOWN)
        lines += [f"  {line}" for line in group.lines[:shown]]
        if 0 < shown < count:
            lines.append(f"  ... {count - shown:,} more; --verbose names all")
    return lines


def as_json(found: Iterable[Group]) -> dict[str, Any]:
    """Return all tensors of all groups."""
    return {group.key: list(group.rows) for group in found}


def _absent(entries: Sequence[Entry]) -> list[Match]:
    return [Match(entry._replace(pieces=()), ()) for entry in entries]


def _entries(key: str, title: str, meaning: str, matches: Sequence[Match], line: Any) -> Group:
    return Group(key, title, meaning, tuple(map(line, matches)), tuple(map(_row, matches)))


def _theirs(key: str, title: str, meaning: str, shapes: Mapping[str, Shape]) -> Group:
    lines = tuple(f"{_shown(name)}  {shape_text(shape)}" for name, shape in shapes.items())
    return Group(key, title, meaning, lines, tuple({"name": n, "shape": list(s)} for n, s in shapes.items()))


def _row(match: Match) -> dict[str, Any]:
    entry = match.entry
    row: dict[str, Any] = {"name": entry.name, "shape": list(entry.shape)}
    if entry.pieces:
        row |= {"from": [name for name, _ in entry.pieces], "from_shape": list(match.found)}
    return {**row, "how": match.how} if match.how else row


def _taken(match: Match) -> str:
    names = [name for name, _ in match.entry.pieces]
    return match.entry.name if names == [match.entry.name] else f"{match.entry.name} <- {_joined(names)}"


def _resized(match: Match) -> str:
    return f"{_taken(match)}  {shape_text(match.found)} -> {shape_text(match.entry.shape)}, {match.how}"


def _new(match: Match) -> str:
    line = f"{match.entry.name}  {shape_text(match.entry.shape)}"
    return f"{line}; the checkpoint's is {shape_text(match.found)}" if match.entry.pieces else line


def _misshapen(match: Match) -> str:
    return f"{_taken(match)}  {shape_text(match.found)}, needed {shape_text(match.entry.shape)}"


def _joined(names: Sequence[str]) -> str:
    return ", ".join(map(_shown, names))


def _shown(name: str) -> str:
    return printable(name, 120)
