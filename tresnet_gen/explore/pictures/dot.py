"""A picture as DOT, for graphviz and what reads its language."""

from collections.abc import Iterator

from tresnet_gen.explore import svg
from tresnet_gen.explore.measure import NO_BREAK_SPACE
from tresnet_gen.explore.pictures.nesting import ids_of, nested, text_of
from tresnet_gen.explore.pictures.picture import ADDED, CHANGED, REMOVED, SAME, Box, Cluster, Picture

COLORS = {ADDED: svg.LIGHT["green"], REMOVED: svg.LIGHT["red"], CHANGED: svg.LIGHT["orange"]}


def dot_text(picture: Picture) -> str:
    """Return a picture in DOT, clusters and all; what is removed is dashed."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    ids = ids_of(picture)
    yield f"digraph {_quoted(picture.title)} {{"
    yield f"  label={_quoted(picture.title, picture.subtitle.replace(NO_BREAK_SPACE, ' '))};"
    yield f"  tooltip={_quoted(picture.description or picture.title)};"
    yield '  labelloc="t"; fontname="Helvetica"; style="rounded";'
    yield '  node [shape="box", style="rounded", fontname="Helvetica", fontsize=11];'
    yield '  edge [fontname="Helvetica", fontsize=10];'
    yield from nested(picture, _opening, lambda box: [_box(box, ids[box.key])], "}")
    for edge in picture.edges:
        yield f"  {ids[edge.source]} -> {ids[edge.target]} [label={_quoted(edge.label)}{_style(edge.mark, 'solid')}];"
    yield "}"


def _opening(cluster: Cluster) -> list[str]:
    label = f'  label={_quoted(*text_of(cluster))}; labeljust="l";'
    if cluster.mark != SAME:
        label += f' color="{COLORS[cluster.mark]}";' + ' style="rounded,dashed";' * (cluster.mark == REMOVED)
    return [f"subgraph {_quoted(f'cluster_{cluster.key}')} {{", label]


def _box(box: Box, name: str) -> str:
    tooltip = f", tooltip={_quoted(*box.hint.splitlines())}" if box.hint else ""
    return f"{name} [label={_quoted(*text_of(box))}{tooltip}{_style(box.mark, 'rounded')}];"


def _style(mark: str, style: str) -> str:
    if mark == SAME:
        return ""
    return f', color="{COLORS[mark]}"' + f', style="{style},dashed"' * (mark == REMOVED)


def _quoted(*lines: str) -> str:
    """Return lines of text as one quoted string."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for line in lines)
    return '"' + "\\n".join(escaped) + '"'
