"""What a search found, read from its search.json. The file may come from a stranger: nothing in it is taken on trust.

Texts are made printable and cut, numbers are finite, lists are bounded; whatever else stands in the file is ignored.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from tresnet_gen.frontend.diagnostics import printable

MAX_BYTES = 4 << 20  # as lists of nothing, some 100 MB of memory
MOST = 20_000  # items of a list, or keys of a mapping
MAX_TEXT = 300
T = TypeVar("T")


class SearchFileError(Exception):
    """A file that is no search.json; args[0] says why in one line."""


class Objective(NamedTuple):
    """A figure to make small, or large."""

    figure: str
    maximise: bool


class Measured(NamedTuple):
    """A figure of a candidate; a predicted one has a mean error and a range."""

    value: float
    unit: str
    error_pct: float | None
    low: float | None
    high: float | None


class Candidate(NamedTuple):
    """A candidate on the front, or the base; `edits` are what it changes of the base, in short."""

    name: str
    edits: str
    params: int
    macs: int
    figures: dict[str, Measured]
    twins: int


class Found(NamedTuple):
    """A search: what was asked, how many candidates there were, and what is left."""

    base: Candidate
    budgets: tuple[str, ...]
    objectives: tuple[Objective, ...]
    complete: bool
    counts: dict[str, int]
    front: tuple[Candidate, ...]
    dominated: tuple[dict[str, float], ...]


def read(data: bytes) -> Found:
    """Return what a search.json holds.

    Raises:
        SearchFileError: for anything else.
    """
    if len(data) > MAX_BYTES:
        raise SearchFileError(f"larger than {MAX_BYTES >> 20} MiB")
    try:
        found = _found(json.loads(data.decode("utf-8"), parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise SearchFileError("not JSON, or nested too deeply") from error
    _check_figures(found)
    return found


def _found(document: Any) -> Found:
    outer = _mapping(document, "the file")
    values = _mapping(outer.get("search", outer), "`search`")
    return Found(
        _candidate(_key(values, "base"), "base"),
        tuple(_list(values, "budgets", _text)),
        tuple(_list(values, "objectives", _objective)),
        _key(values, "complete") is True,
        {_cut(k): _whole(count, "counts") for k, count in _mapping(_key(values, "counts"), "counts").items()},
        tuple(_list(values, "front", _candidate)),
        tuple(_list(values, "dominated", _dominated)),
    )


def _check_figures(found: Found) -> None:
    """Refuse candidates that lack what the search optimised."""
    wanted = {aim.figure for aim in found.objectives}
    if not wanted:
        raise SearchFileError("`objectives` is empty")
    for one in (found.base, *found.front):
        if not wanted <= one.figures.keys():
            raise SearchFileError(f"`{one.name}` lacks a figure of the objectives")
    if any(not wanted <= one.keys() for one in found.dominated):
        raise SearchFileError("an item of `dominated` lacks a figure of the objectives")


def _objective(value: Any, where: str) -> Objective:
    values = _mapping(value, where)
    direction = _key(values, "direction")
    if direction not in ("minimise", "maximise"):
        raise SearchFileError(f"`{where}.direction` must be minimise or maximise")
    return Objective(_text(_key(values, "figure"), where), direction == "maximise")


def _candidate(value: Any, where: str) -> Candidate:
    values = _mapping(value, where)
    edits = _mapping(_key(values, "edits"), where)
    figures = _mapping(_key(values, "figures"), where)
    return Candidate(
        _text(_key(values, "name"), where),
        _cut(", ".join(f"{path}: {json.dumps(edit)}" for path, edit in edits.items())),
        _whole(_key(values, "params"), where),
        _whole(_key(values, "macs"), where),
        {_cut(name): _measured(figure, f"{where}.figures") for name, figure in figures.items()},
        _whole(values.get("twins", 0), where),
    )


def _measured(value: Any, where: str) -> Measured:
    values = _mapping(value, where)
    error, low, high = (
        None if values.get(key) is None else _number(values[key], where) for key in ("error_pct", "low", "high")
    )
    return Measured(_number(_key(values, "value"), where), _text(_key(values, "unit"), where), error, low, high)


def _dominated(value: Any, where: str) -> dict[str, float]:
    figures = _mapping(_key(_mapping(value, where), "figures"), where)
    return {_cut(name): _number(figure, where) for name, figure in figures.items()}


def _key(values: Mapping[str, Any], key: str) -> Any:
    if key not in values:
        raise SearchFileError(f"`{key}` is missing")
    return values[key]


def _list(values: Mapping[str, Any], key: str, item: Callable[[Any, str], T]) -> list[T]:
    listed = _key(values, key)
    if not isinstance(listed, list) or len(listed) > MOST:
        raise SearchFileError(f"`{key}` must be a list of at most {MOST:,} items")
    return [item(one, f"{key}[{index}]") for index, one in enumerate(listed)]


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or len(value) > MOST:
        raise SearchFileError(f"{where} must be a JSON object of at most {MOST:,} keys")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise SearchFileError(f"{where} must have texts where texts belong")
    return _cut(value)


def _cut(text: str) -> str:
    return printable(text, MAX_TEXT)


def _number(value: Any, where: str) -> float:
    """Return a number that a chart has a place for."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30:
        raise SearchFileError(f"{where} must have finite numbers where numbers belong")
    return value


def _whole(value: Any, where: str) -> int:
    number = _number(value, where)
    if not isinstance(number, int) or number < 0:
        raise SearchFileError(f"{where} must have whole numbers where counts belong")
    return number


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")
