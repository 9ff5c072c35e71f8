"""A picture as a Mermaid flowchart, which Markdown pages and code hosts draw."""

import json
from collections.abc import Iterator

from tresnet_gen.explore import svg
from tresnet_gen.explore.pictures.nesting import ids_of, nested, text_of
from tresnet_gen.explore.pictures.picture import ADDED, CHANGED, REMOVED, Box, Cluster, Picture

STYLES = {
    ADDED: f"stroke:{svg.LIGHT['green']},stroke-width:2px",
    REMOVED: f"stroke:{svg.LIGHT['red']},stroke-width:2px,stroke-dasharray:4 3",
    CHANGED: f"stroke:{svg.LIGHT['orange']},stroke-width:2px",
}


def mermaid_text(picture: Picture) -> str:
    """Return a picture as a Mermaid flowchart; what is removed hangs on dotted lines."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    ids = ids_of(picture)
    yield from ("---", f"title: {json.dumps(picture.title, ensure_ascii=False)}", "---", "flowchart TD")
    yield f"  accTitle: {_plain(picture.title)}"
    yield f"  accDescr: {_plain('. '.join(filter(None, (picture.description, picture.subtitle))))}"
    yield from nested(picture, _opening, lambda box: [_box(box, ids[box.key])], "end")
    for edge in picture.edges:
        arrow = "-.->" if edge.mark == REMOVED else "-->"
        yield f'  {ids[edge.source]} {arrow}|"{_escaped(edge.label)}"| {ids[edge.target]}'
    marked = [(_cluster_id(part), part.mark) for part in picture.clusters]
    marked += [(ids[box.key], box.mark) for box in picture.boxes]
    for mark, style in STYLES.items() if picture.compared else ():
        yield f"  classDef {mark} {style}"
        if members := ",".join(name for name, its_mark in marked if its_mark == mark):
            yield f"  class {members} {mark}"


def _opening(cluster: Cluster) -> list[str]:
    return [f'subgraph {_cluster_id(cluster)} ["{_text(cluster)}"]', "  direction TB"]


def _box(box: Box, name: str) -> str:
    start, end = ("([", "])") if box.kind in {"terminal", "join"} else ("[", "]")
    return f'{name}{start}"{_text(box)}"{end}'


def _text(part: Box | Cluster) -> str:
    return "<br/>".join(map(_escaped, text_of(part)))


def _cluster_id(cluster: Cluster) -> str:
    return cluster.key.replace(".", "_")


def _escaped(text: str) -> str:
    """Return a text that means itself between quotes."""
    for char, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(char, code)
    return text


def _plain(text: str) -> str:
    """Return a text for the rest of a line: no directive can start in it."""
    return " ".join(text.replace("%%", "% %").split())
