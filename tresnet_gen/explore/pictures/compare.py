"""Two pictures to one that shows what the second changes: every box, cluster and edge of both, marked.

Stages go together by name, blocks by their place in the stage, boxes of a block by the names of their ops, in order.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import NamedTuple, TypeVar

from tresnet_gen.explore.pictures.picture import ADDED, CHANGED, REMOVED, SAME, SIGNS, Box, Cluster, Edge, Picture

Part = TypeVar("Part", Box, Cluster)


def compare(old: Picture, new: Picture) -> Picture:
    """Return the picture of both, with marks of what `new` adds, removes and changes."""
    boxes: list[Box] = []
    gone: dict[str, str] = {}  # keys of removed boxes, which a box that moved shares with the one it became
    for part in _boxes(old, new):
        if part.mark == REMOVED:
            gone[part.key] = f"{part.key}, removed"
        boxes.append(part._replace(key=f"{part.key}, removed") if part.mark == REMOVED else part)
    before = [
        edge._replace(source=gone.get(edge.source, edge.source), target=gone.get(edge.target, edge.target))
        for edge in old.edges
    ]
    return Picture(
        f"{old.title} → {new.title}",
        changed(old.subtitle, new.subtitle),
        new.description,
        tuple(boxes),
        tuple(_clusters(old, new)),
        tuple(_edges(before, new.edges)),
        compared=True,
    )


def changed(old: str, new: str) -> str:
    """Return one text for two, phrase by phrase: `conv 3×3, 64→76`; what only one of them has behind its sign."""
    one, other = (re.split(", | · ", text) for text in (old, new))
    phrases: list[str] = []
    for step in _steps(one, other):
        if step.same:
            phrases += step.after
        else:
            phrases += (_phrase(*pair) for pair in zip_longest(step.before, step.after, fillvalue=""))
    return (" · " if " · " in new else ", ").join(phrases)


def _phrase(old: str, new: str) -> str:
    """Return one phrase for two; those of equally many words are compared word by word."""
    if not (old and new):
        return f"{SIGNS[REMOVED]} {old}" if old else f"{SIGNS[ADDED]} {new}"
    before, after = old.split(" "), new.split(" ")
    if len(before) != len(after):
        return f"{old}→{new}"
    return " ".join(one if one == other else f"{one}→{other}" for one, other in zip(before, after, strict=True))


def _boxes(old: Picture, new: Picture) -> Iterator[Box]:
    """Yield the boxes of both, cluster by cluster."""
    before, after = _by_cluster(old), _by_cluster(new)
    for key in _in_stages(before, after):
        yield from _merged(before.get(key, ()), after.get(key, ()))


def _clusters(old: Picture, new: Picture) -> Iterator[Cluster]:
    before, after = ({cluster.key: cluster for cluster in side.clusters} for side in (old, new))
    for key in _in_stages(before, after):
        yield from _merged(*([side[key]] if key in side else [] for side in (before, after)))


def _in_stages(old: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    """Yield the keys of both, those of one stage together: `layer3.1` is of `layer3`."""
    before, after = ({stage: list(keys) for stage, keys in groupby(side, key=_stage)} for side in (old, new))
    for stage in _order(list(before), list(after)):
        yield from _order(before.get(stage, ()), after.get(stage, ()))


def _stage(key: str) -> str:
    return key.partition(".")[0]


def _order(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the keys of both in an order that suits both."""
    for step in _steps(old, new):
        yield from step.after if step.same else (*step.before, *step.after)


def _by_cluster(picture: Picture) -> dict[str, list[Box]]:
    groups = groupby(picture.boxes, key=lambda box: box.cluster or f"{box.key} alone")
    return {key: list(boxes) for key, boxes in groups}


class _Step(NamedTuple):
    same: bool
    before: Sequence[str]
    after: Sequence[str]


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[_Step]:
    """Yield what stays and what goes and comes, in an order that suits both."""
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield _Step(tag == "equal", old[a:b], new[c:d])


def _merged(old: Sequence[Part], new: Sequence[Part]) -> Iterator[Part]:
    before, after = ({part.key: part for part in parts} for parts in (old, new))
    for step in _steps(list(before), list(after)):
        if step.same:
            yield from (_pair(before[key], after[key]) for key in step.after)
        else:
            yield from (before[key]._replace(mark=REMOVED) for key in step.before)
            yield from (after[key]._replace(mark=ADDED) for key in step.after)


def _pair(old: Part, new: Part) -> Part:
    """Return a part of both; its texts say from what to what."""
    if (old.title, old.details, old.figures) == (new.title, new.details, new.figures):
        return new
    return new._replace(
        title=changed(old.title, new.title),
        details=_lines(old.details, new.details),
        figures=_lines(old.figures, new.figures),
        mark=CHANGED,
    )


def _lines(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    lines: list[str] = []
    for step in _steps(old, new):
        if step.same:
            lines += step.after
        else:
            ends = zip_longest(reversed(step.before), reversed(step.after))  # the last lines are alike most often
            lines += reversed([_line(*pair) for pair in ends])
    return tuple(lines)


def _line(old: str | None, new: str | None) -> str:
    return changed(old, new) if old and new else _phrase(old or "", new or "")


def _edges(old: Sequence[Edge], new: Sequence[Edge]) -> Iterator[Edge]:
    """Yield the edges of both. All that leaves a box of both carries one text, whichever network it belongs to."""
    before, after = ({(edge.source, edge.target): edge for edge in edges} for edges in (old, new))
    labels = {edge.source: edge.label for edge in new}
    labels |= {edge.source: changed(edge.label, labels.get(edge.source, edge.label)) for edge in old}
    for pair in dict.fromkeys((*after, *before)):
        edge = after.get(pair) or before[pair]
        label = labels[edge.source]
        mark = ADDED if pair not in before else REMOVED if pair not in after else SAME
        yield edge._replace(label=label, mark=CHANGED if mark == SAME and label != edge.label else mark)
