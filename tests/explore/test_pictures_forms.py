"""SVG, Mermaid and DOT say the same; none of them can be broken by a description."""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from tests.explore.pictured import graph_of, hostile, pictures
from tresnet_gen.explore import svg
from tresnet_gen.explore.measure import NO_BREAK_SPACE
from tresnet_gen.explore.pictures import dot_text, draw, mermaid_text, picture_of, svg_text
from tresnet_gen.explore.pictures.picture import SIGNS, Picture

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).resolve().parents[2]


class Told(NamedTuple):
    """Boxes (id, lines), edges (from, to, text) and frames (lines), in any order; a mark's sign leads the lines."""

    boxes: set[tuple[str, tuple[str, ...]]]
    edges: set[tuple[str, str, str]]
    frames: list[tuple[str, ...]]


def expected(picture: Picture) -> Told:
    names = {box.key: f"n{number}" for number, box in enumerate(picture.boxes)}
    return Told(
        {(names[box.key], signed(box.mark, (box.title, *box.details, *box.figures))) for box in picture.boxes},
        {(names[edge.source], names[edge.target], edge.label) for edge in picture.edges},
        sorted(signed(part.mark, (part.title, *part.details, *part.figures)) for part in picture.clusters),
    )


def signed(mark: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    return spaced(f"{SIGNS[mark]} {lines[0]}".strip(), *lines[1:])


def spaced(*lines: str) -> tuple[str, ...]:
    """Return lines with plain spaces: a number and its unit are one word in SVG alone."""
    return tuple(line.replace(NO_BREAK_SPACE, " ") for line in lines)


def every_picture(check) -> None:
    for what, picture in pictures().items():
        try:
            check(picture)
        except AssertionError as error:
            error.add_note(f"in the picture: {what}")
            raise


# Readers of the three forms, strict: a line that is not understood is an error.


def from_svg(picture: Picture) -> Told:
    root = ElementTree.fromstring(svg_text(picture, "p"))
    groups = [(group, (group.get("class") or "").split()) for group in root.iter(f"{SVG}g")]
    boxes = {svg_box(group, classes) for group, classes in groups if "box" in classes}
    frames = sorted(svg_lines(group) for group, classes in groups if {"stage-frame", "run-frame"} & set(classes))
    texts = {edge.source: edge.label for edge in picture.edges}
    names = {f"n{number}": box.key for number, box in enumerate(picture.boxes)}
    pairs = [(g.get("data-from", "")[2:], g.get("data-to", "")[2:]) for g, _ in groups if g.get("data-from")]
    shown = {text.text for text in root.iter(f"{SVG}text") if "shape" in (text.get("class") or "").split()}
    assert shown == set(texts.values())
    return Told(boxes, {(source, target, texts[names[source]]) for source, target in pairs}, frames)


def svg_box(group: ElementTree.Element, classes: list[str]) -> tuple[str, tuple[str, ...]]:
    lines = svg_lines(group)
    if {"join", "terminal"} & set(classes):
        lines = tuple(lines[0].split(", ")) if "terminal" not in classes else lines
    return group.get("id", "")[2:], lines


def svg_lines(group: ElementTree.Element) -> tuple[str, ...]:
    lines = spaced(*(text.text or "" for text in group.findall(f"{SVG}text")))
    sign = group.find(f"{SVG}g/{SVG}text")
    return lines if sign is None else (f"{sign.text} {lines[0]}", *lines[1:])


DOT_TEXT = r'"((?:[^"\\]|\\.)*)"'


def from_dot(picture: Picture) -> Told:
    told = Told(set(), set(), [])
    depth = 0
    for line in map(str.strip, dot_text(picture).splitlines()):
        if line == "}":
            depth -= 1
        elif re.fullmatch(rf"(?:digraph|subgraph) {DOT_TEXT} \{{", line):
            depth += 1
        elif box := re.fullmatch(rf"(n\d+) \[label={DOT_TEXT}(?:, \w+={DOT_TEXT})*\];", line):
            told.boxes.add((box[1], dot_lines(box[2])))
        elif edge := re.fullmatch(rf"(n\d+) -> (n\d+) \[label={DOT_TEXT}(?:, \w+={DOT_TEXT})*\];", line):
            told.edges.add((edge[1], edge[2], dot_lines(edge[3])[0]))
        elif frame := re.fullmatch(rf'label={DOT_TEXT}; labeljust="l";(?: \w+={DOT_TEXT};)*', line):
            told.frames.append(dot_lines(frame[1]))
        else:
            assert re.fullmatch(rf"(?:(?:node|edge) \[[^\]]*\];|(?:\w+={DOT_TEXT}; ?)+)", line), line
    assert depth == 0
    return told._replace(frames=sorted(told.frames))


def dot_lines(text: str) -> tuple[str, ...]:
    return tuple(line.replace('\\"', '"').replace("\\\\", "\\") for line in text.split("\\n"))


MERMAID_TEXT = r'"([^"<>]*(?:<br/>[^"<>]*)*)"'


def from_mermaid(picture: Picture) -> Told:
    told = Told(set(), set(), [])
    lines = mermaid_text(picture).splitlines()
    assert lines[0] == lines[2] == "---"
    assert lines[1].startswith('title: "')
    assert lines[3] == "flowchart TD"
    depth = 0
    for line in map(str.strip, lines[4:]):
        if line == "end":
            depth -= 1
        elif frame := re.fullmatch(rf"subgraph \w+ \[{MERMAID_TEXT}\]", line):
            depth += 1
            told.frames.append(mermaid_lines(frame[1]))
        elif box := re.fullmatch(rf"(n\d+)(?:\[{MERMAID_TEXT}\]|\(\[{MERMAID_TEXT}\]\))", line):
            told.boxes.add((box[1], mermaid_lines(box[2] or box[3])))
        elif edge := re.fullmatch(rf"(n\d+) (?:-->|-\.->)\|{MERMAID_TEXT}\| (n\d+)", line):
            told.edges.add((edge[1], edge[3], *mermaid_lines(edge[2])))
        else:
            assert re.fullmatch(r"direction TB|acc(?:Title|Descr): .*|classDef \w+ [\w:#,. -]+|class [\w,]+ \w+", line)
            assert "%%" not in line
    assert depth == 0
    return told._replace(frames=sorted(told.frames))


def mermaid_lines(text: str) -> tuple[str, ...]:
    codes = {"#quot;": '"', "#lt;": "<", "#gt;": ">", "#35;": "#"}
    return tuple(re.sub("|".join(codes), lambda code: codes[code[0]], line) for line in text.split("<br/>"))


@pytest.mark.parametrize("read", [from_svg, from_dot, from_mermaid])
def test_every_form_has_the_same_boxes_edges_and_frames(read) -> None:
    def check(picture: Picture) -> None:
        told, wanted = read(picture), expected(picture)
        assert told.boxes == wanted.boxes
        assert told.edges == wanted.edges
        assert told.frames == wanted.frames

    every_picture(check)


# Descriptions


def test_a_description_stays_text_in_svg() -> None:
    text = draw(hostile())
    root = ElementTree.fromstring(text)
    description = hostile().spec.description
    assert "</svg>" in description
    assert (root.findtext(f"{SVG}desc") or "").startswith(description)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        *("svg", "title", "desc", "style", "rect", "g", "text", "path"),
    }
    assert text.count("</svg>") == 1


def test_a_description_stays_text_in_dot_and_mermaid() -> None:
    picture = picture_of(hostile())
    [tooltip] = re.findall(rf"^  tooltip={DOT_TEXT};$", dot_text(picture), re.MULTILINE)
    assert dot_lines(tooltip) == (picture.description,)
    [line] = [line for line in mermaid_text(picture).splitlines() if line.startswith("  accDescr: ")]
    assert line.startswith(f"  accDescr: {picture.description.replace('%%', '% %')}")


# SVG in a page


def test_pictures_in_one_page_share_no_id_and_style_nothing_else() -> None:
    texts = [draw(graph_of("resnet18"), prefix=prefix) for prefix in ("one", "two")]
    ids = [re.findall(r'\bid="([^"]+)"', text) for text in texts]
    assert len(ids[0]) == len(set(ids[0]))
    assert not set(ids[0]) & set(ids[1])
    css = re.sub(r"@media [^{]+\{", "", ElementTree.fromstring(texts[0]).findtext(f"{SVG}style") or "")
    selectors = [part.strip() for rule in re.findall(r"([^{}]+)\{[^{}]*\}", css) for part in rule.split(",")]
    assert all(selector.startswith(".network-picture") for selector in selectors)
    assert "url(" not in texts[0] and "href" not in texts[0]


def test_a_page_sets_the_colours() -> None:
    css = draw(graph_of("resnet18"), "stage")
    for scheme in (svg.LIGHT, svg.DARK):
        for name, value in scheme.items():
            assert f"--picture-{name}: var(--{name}, {value});" in css


def test_nothing_depends_on_the_hash_seed() -> None:
    script = (
        "import sys; from tests.explore.pictured import graph_of; from tresnet_gen.explore.pictures import *\n"
        "old, new = graph_of('resnet50'), graph_of('mixnet_l')\n"
        "for level in LEVELS:\n"
        "    picture = picture_of(new, level, old)\n"
        "    print(svg_text(picture), mermaid_text(picture), dot_text(picture), draw(new, level))\n"
    )
    outs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(outs) == 1
    assert len(outs.pop()) > 100_000


def test_the_root_says_what_it_is() -> None:
    root = ElementTree.fromstring(draw(graph_of("tresnet_l"), prefix="x"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "x-title x-desc"
    assert root.findtext(f"{SVG}title") == "tresnet_l"
    described = root.findtext(f"{SVG}desc") or ""
    assert described.startswith(
        "TResNet-L, 56.0 M parameters (arXiv 2003.13630). 3 × 224 × 224 · 55,989,256 parameters"
    )
    assert "layer3, bottleneck ×18, stride 2, SE, blur, 29.9" in described
    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    assert (width, height) == (float(root.get("width", 0)), float(root.get("height", 0)))
