"""What a browser makes of the drawings: all text lies in its box, whichever common font sets it; both schemes work."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import console, opened, requested
from tests.explore.pictured import NAMES, PAIRS, graph_of, hostile
from tresnet_gen.explore import svg
from tresnet_gen.explore.measure import CHARACTERS, text_width
from tresnet_gen.explore.pictures import LEVELS, draw

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

HEAD = (
    "<!doctype html><meta charset=utf-8><link rel=icon href='data:,'><title>pictures</title><p class=edge>outside</p>"
)

# For each group with a frame of its own: the text that reaches out of it, in any direction, by more than half a pixel.
OVERFLOWS = """
const out = [];
for (const group of document.querySelectorAll('.box, .stage-frame, .run-frame')) {
  const frame = [...group.children].filter(child => child.tagName === 'rect').pop().getBBox();
  for (const text of group.children) if (text.tagName === 'text') {
    const box = text.getBBox();
    if (box.x < frame.x - .5 || box.x + box.width > frame.x + frame.width + .5
        || box.y < frame.y - .5 || box.y + box.height > frame.y + frame.height + .5 || !box.width)
      out.push(text.closest('section').title + ': ' + text.textContent);
  }
}
for (const picture of document.querySelectorAll('.network-picture')) {
  const view = picture.viewBox.baseVal;
  for (const text of picture.querySelectorAll('text')) {
    const box = text.getBBox(), place = text.getCTM().inverse().multiply(picture.getCTM()).inverse();
    if (box.x + place.e < 0 || box.x + place.e + box.width > view.width + .5)
      out.push(text.closest('section').title + ' is too narrow for: ' + text.textContent);
  }
}
return [document.querySelectorAll('.box').length, out];
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a page with a drawing of every bundled spec at every level, and of what some change."""
    shown = {
        f"{name} {level}": draw(graph_of(name), level, prefix=f"{name}-{level}") for name in NAMES for level in LEVELS
    }
    for old, new in PAIRS:
        shown[f"{old} {new}"] = draw(graph_of(new), "block", graph_of(old), prefix=f"{old}-{new}")
    shown["hostile"] = draw(hostile(), prefix="hostile")
    sections = "".join(f"<section title='{what}'>{text}</section>" for what, text in shown.items())
    path = tmp_path_factory.mktemp("pictures") / "all.html"
    path.write_text(f"{HEAD}{sections}", "utf-8")
    return path


def test_no_text_leaves_its_box(browser: "Chrome", page: Path) -> None:
    opened(browser, page)
    for family in ("", "'Liberation Sans'", "'DejaVu Sans'"):
        browser.execute_script(
            "for (const p of document.querySelectorAll('.network-picture')) p.style.fontFamily = arguments[0]", family
        )
        boxes, overflows = browser.execute_script(OVERFLOWS)
        assert boxes > 3_000
        assert overflows == []
    assert requested(browser) == [page.as_uri()]
    assert console(browser) == []


COLORS = """
const style = (query, property) => getComputedStyle(document.querySelector(query))[property];
return [style('.network-picture .paper', 'fill'), style('.network-picture .name', 'fill'), style('p.edge', 'stroke')];
"""


def rgb(color: str) -> str:
    return f"rgb({', '.join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_the_scheme_is_the_readers_or_the_pages(browser: "Chrome", tmp_path: Path) -> None:
    path = tmp_path / "one.html"
    path.write_text(f"{HEAD}{draw(graph_of('resnet18'))}", "utf-8")
    for dark, scheme in ((False, svg.LIGHT), (True, svg.DARK)):
        opened(browser, path, dark=dark)
        assert browser.execute_script(COLORS) == [rgb(scheme["paper"]), rgb(scheme["ink"]), "none"]
    browser.execute_script("document.documentElement.style.setProperty('--ink', '#010203')")
    assert browser.execute_script(COLORS)[1] == "rgb(1, 2, 3)"


def test_a_narrow_page_shows_all_of_it(browser: "Chrome", tmp_path: Path) -> None:
    path = tmp_path / "one.html"
    path.write_text(f"{HEAD}{draw(graph_of('tresnet_l'))}", "utf-8")
    opened(browser, path, width=390)
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390


def test_the_widths_of_characters_are_those_of_the_widest_font(browser: "Chrome", tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text(HEAD, "utf-8")
    opened(browser, path)
    measured = browser.execute_script(
        "const c = document.createElement('canvas').getContext('2d');"
        "return arguments[0].map(font => { c.font = font;"
        " return [...arguments[1]].map(char => c.measureText(char).width); })",
        [f"{weight} 100px {svg.FONT}" for weight in (400, 700)],
        CHARACTERS,
    )
    for bold, widths in zip((False, True), measured, strict=True):
        for char, width in zip(CHARACTERS, widths, strict=True):
            assert width <= text_width(char, 100, bold) + 0.1, json.dumps(char)
