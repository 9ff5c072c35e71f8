"""What a search found: candidates on the front with their edits and all figures of the whole network, as specs."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tresnet_gen import resources
from tresnet_gen.analysis.counts import Totals, count
from tresnet_gen.explore.search.axes import Base, Space, Values, flow, plain, value_at
from tresnet_gen.explore.search.budgets import Question
from tresnet_gen.explore.search.figures import Measured, measure
from tresnet_gen.explore.search.front import Member
from tresnet_gen.explore.search.run import require
from tresnet_gen.frontend.describe import resolved_values
from tresnet_gen.frontend.diagnostics import SpecError, Text
from tresnet_gen.frontend.load import spec_from
from tresnet_gen.frontend.resolve import Origin, UnreadableError, find
from tresnet_gen.frontend.source import Scalar, compose
from tresnet_gen.frontend.spec import Places, Spec
from tresnet_gen.graph.build import build_graph

MAX_STEM = 50  # characters of the base's name in the names of what was found
NOTE = "# Found by tresnet-gen search, which replaces this file as long as nobody edits it."


class Result(NamedTuple):
    """A candidate: `values` are those on the axes, `edits` those of them that the base does not have.

    `twins` are the candidates behind it with the same figures. The base itself has no number.
    """

    name: str
    number: int | None
    values: Values
    edits: Values
    spec: Spec
    totals: Totals
    measured: dict[str, Measured]
    twins: int = 0


class Reference(NamedTuple):
    """How results refer to their base: what to extend, None to stand alone, and the `--set` edits to repeat."""

    extends: str | None
    overrides: tuple[str, ...]


def results_of(space: Space, question: Question, members: Sequence[Member]) -> Iterator[Result]:
    """Yield the members of a front with the figures of their whole networks.

    Raises:
        MismatchError: when these are not those that the search put together.
    """
    width = max(2, len(str(len(members))))
    stem = stem_of(space.base)
    for rank, member in enumerate(members, 1):
        yield _result(space, question, member, f"{stem}_{rank:0{width}d}")


def stem_of(base: Base) -> str:
    """Return what the names of results start with; `_` and digits follow."""
    return base.spec.name[:MAX_STEM]


def base_result(base: Base, question: Question) -> Result:
    """Return the base as a candidate to compare with."""
    return _measured(base.spec.name, base.spec, question)


def _result(space: Space, question: Question, member: Member, name: str) -> Result:
    values = space.values(space.digits(member.number))
    found = _measured(name, space.base.with_values(values), question)
    for aim, cost in zip(question.objectives, member.costs, strict=True):
        require(member.number, aim.figure, aim.cost(found.measured[aim.figure.text].value), cost)
    edits = _least_edits(space.base, values, found.spec)
    return found._replace(number=member.number, values=values, edits=edits, twins=member.twins)


def _measured(name: str, spec: Spec, question: Question) -> Result:
    graph = build_graph(spec)
    return Result(name, None, {}, {}, spec, count(graph).totals, measure(graph, question.figures))


def _least_edits(base: Base, values: Values, spec: Spec) -> Values:
    """Return the values that the base does not have already; all where leaving some out makes another network."""
    own = resolved_values(base.spec)
    edits = {path: value for path, value in values.items() if value.plain != value_at(path.split("."), own)}
    try:
        same = alike(base.with_values(edits), spec)
    except SpecError:
        same = False
    return edits if same else values


def alike(one: Spec, other: Spec) -> bool:
    """Whether two specs are the same network, whatever their names and places."""
    return _nameless(one) == _nameless(other)


def _nameless(spec: Spec) -> tuple[object, ...]:
    return tuple(spec._replace(name="", class_name="", description="", places=_NOWHERE))


_NOWHERE = Places({}, compose(Text("", "-")).span)  # type: ignore[union-attr]  # a text of a dash is a node


def spec_text(result: Result, reference: Reference, description: str, note: str = NOTE) -> str:
    """Return a result as the text of a spec: its edits of the base, or all of it where the base cannot be named.

    `note` is the comment at its head.
    """
    head = {"name": result.name, "description": description}
    lines = [note, *(f"{key}: {flow(value)}" for key, value in head.items())]
    if reference.extends is None:
        values = {key: value for key, value in resolved_values(result.spec).items() if key not in (*head, "class_name")}
        stages = values.pop("stages")
        lines += [f"{key}: {flow(value)}" for key, value in values.items()]
        lines += ["stages:", *(f"  - {flow(stage)}" for stage in stages)]
    else:
        lines.append(f"extends: {_plain_path(reference.extends)}")
        edits = [*map(_override, reference.overrides), *((path, value.text) for path, value in result.edits.items())]
        lines += ["set:", *(f"  {path}: {text}" for path, text in dict(edits).items())] if edits else []
    return "\n".join(lines) + "\n"


def _plain_path(path: str) -> str:
    return path if re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./-]*", path) else flow(path)


def _override(text: str) -> tuple[str, str]:
    path, _, _ = text.partition("=")
    return path.strip(), flow(plain(compose(Text("", text), len(path) + 1) or Scalar(_NOWHERE.nearest(()), None, "")))


def reference_of(argument: str, base: Base, overrides: Sequence[str], folder: str) -> Reference:
    """Return how specs in a folder refer to the base that a command named.

    A bundled spec is named; a file is referred to by a relative path where the rule of `extends` allows it; else
    results stand alone.
    """
    extends = _extends(argument, folder)
    reference = Reference(extends, tuple(overrides))
    if extends is None:
        return reference
    trial = Result(base.spec.name, None, {}, {}, base.spec, Totals(0, 0, 0), {})
    origin = Origin(Text("", spec_text(trial, reference, "")), os.path.join(folder, f"{base.spec.name}.yaml"))
    try:
        readable = alike(spec_from(origin), base.spec)
    except (SpecError, UnreadableError):
        readable = False
    return reference if readable else Reference(None, ())


def _extends(argument: str, folder: str) -> str | None:
    if argument == "-":
        return None
    path = find(argument)
    bundled = {os.path.realpath(found): name for name, found in resources.bundled_specs().items()}
    name = bundled.get(os.path.realpath(path))
    return name or os.path.relpath(path, folder).replace(os.sep, "/")
