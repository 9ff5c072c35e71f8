"""The report in a real browser: it asks for nothing, says nothing, sorts, filters, and works with scripts off.

Screenshots go to the folder that TRESNET_GEN_SCREENSHOTS names, else to pytest's own.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import console, opened, requested, screenshot
from tests.explore.reports import OPTIONS, parsed, written
from tests.explore.test_report import hostile_report

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    written(path, "tresnet_m", "tresnet_l", *OPTIONS)
    return path


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("TRESNET_GEN_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def without_scripts(browser: "Chrome") -> Iterator[None]:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@contextmanager
def printing(browser: "Chrome") -> Iterator[None]:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def css(browser: "Chrome", selector: str) -> list["WebElement"]:
    return browser.find_elements("css selector", selector)


def visible(browser: "Chrome", selector: str) -> int:
    """Return how many elements of a kind are shown."""
    script = "return Array.from(document.querySelectorAll(arguments[0])).filter(one => one.checkVisibility()).length"
    count: int = browser.execute_script(script, selector)
    return count


def column(browser: "Chrome", index: int) -> list[str]:
    """Return a column of the first table of layers, of the rows that are shown."""
    script = """return Array.from(document.querySelector("#layers tbody").rows)
        .filter(row => !row.hidden).map(row => row.cells[arguments[0]].textContent)"""
    found: list[str] = browser.execute_script(script, index)
    return found


def figures(texts: list[str]) -> list[int]:
    return [int(text.replace(",", "")) for text in texts]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_the_page_asks_for_nothing_says_nothing_and_never_scrolls_sideways(
    browser: "Chrome", report: Path, shots: Path, width: int, dark: bool
) -> None:
    opened(browser, report, width=width, dark=dark)
    screenshot(browser, shots / f"report_{width}{'_dark' if dark else ''}.png")
    assert console(browser) == []
    assert requested(browser) == [report.resolve().as_uri()]
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(20, 24, 31)" if dark else "rgb(255, 255, 255)")
    assert (visible(browser, "#memory .wide"), visible(browser, "#memory .narrow")) == (
        (0, 2) if width == 390 else (2, 0)
    )
    # No text of a chart is cut off, or lies on another.
    assert browser.execute_script(TEXTS_OUTSIDE) == []
    browser.execute_script("document.querySelector('#memory .wide text, #memory .narrow text').setAttribute('x', -99)")
    browser.execute_script("document.querySelector('#memory .narrow text').setAttribute('x', -99)")
    assert len(browser.execute_script(TEXTS_OUTSIDE)) == 1


TEXTS_OUTSIDE = """
const found = [];
for (const svg of document.querySelectorAll(".wide > svg, .narrow > svg")) {
  const frame = svg.getBoundingClientRect();
  if (!frame.width) continue;
  const boxes = Array.from(svg.querySelectorAll("text"), text => [text.textContent, text.getBoundingClientRect()]);
  boxes.forEach(([words, box], index) => {
    if (box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2) found.push(words);
    for (const [other, its] of boxes.slice(index + 1)) {
      const over = Math.min(box.right, its.right) - Math.max(box.left, its.left);
      const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
      if (over > 2 && down > 5) found.push(`${words} / ${other}`);
    }
  });
}
return found;
"""


def test_tables_sort_by_click_and_by_key(browser: "Chrome", report: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, report)
    before = column(browser, 0)
    [macs] = [
        head for head in css(browser, "#layers thead")[0].find_elements("css selector", "th") if "MACs" in head.text
    ]
    place = [head.text for head in macs.find_elements("xpath", "../th")].index(macs.text)
    button = macs.find_element("css selector", "button")
    button.click()
    assert macs.get_attribute("aria-sort") == "descending"
    largest = figures(column(browser, place))
    assert largest == sorted(largest, reverse=True)
    assert largest[0] > largest[-1] == 0
    button.send_keys(Keys.ENTER)
    assert macs.get_attribute("aria-sort") == "ascending"
    assert figures(column(browser, place)) == largest[::-1]
    button.send_keys(Keys.SPACE)
    assert macs.get_attribute("aria-sort") is None
    assert column(browser, 0) == before
    name = css(browser, "#layers thead th button")[0]
    name.click()
    assert column(browser, 0) == sorted(before)
    assert len(css(browser, "#layers th[aria-sort]")) == 1


def test_rows_are_filtered_and_counted(browser: "Chrome", report: Path) -> None:
    opened(browser, report)
    total = len(column(browser, 0))
    field, output = css(browser, "#layers input")[0], css(browser, "#layers output")[0]
    assert output.text == f"{total} of {total} rows"
    field.send_keys("LAYER3 conv2d")
    shown = column(browser, 0)
    assert 0 < len(shown) < total
    assert all("layer3" in name for name in shown)
    assert set(column(browser, 1)) == {"conv2d"}
    assert output.text == f"{len(shown)} of {total} rows"
    field.clear()
    field.send_keys("no such layer")
    assert output.text == f"0 of {total} rows"
    assert visible(browser, "#layers .sheet:last-child tbody tr") == 453


def test_everything_is_there_without_scripts(browser: "Chrome", report: Path, shots: Path) -> None:
    with without_scripts(browser):
        opened(browser, report)
        screenshot(browser, shots / "report_no_script.png")
        assert console(browser) == []
        assert not css(browser, "button")
        # The browser's parser found every element where it stands in the file, and had nothing to mend.
        count = browser.execute_script("return document.querySelectorAll('*').length")
        assert count == parsed(report.read_text("utf-8")).size
        assert visible(browser, "form") == 0
        assert visible(browser, "#layers tbody tr") == 315 + 453
        assert visible(browser, "figure .wide > svg") == len(css(browser, "figure")) >= 8
        assert visible(browser, "details svg") == 0
        css(browser, "summary")[0].click()
        assert visible(browser, "details svg") == 1


def test_what_a_keyboard_reaches_shows_its_focus(browser: "Chrome", report: Path) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    opened(browser, report)
    reached = []
    for _ in range(22):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        element = browser.switch_to.active_element
        reached.append(element.text.split("\n")[0] or element.get_attribute("aria-label"))
        assert float(element.value_of_css_property("outline-width").removesuffix("px")) >= 3, reached
    assert reached[:2] == ["Skip to the figures", "Overview"]
    assert any("Layer by layer" in (name or "") for name in reached)
    assert any((name or "").startswith("model") for name in reached)


def test_print_is_light_and_whole(browser: "Chrome", report: Path) -> None:
    paper = 718  # A4 between the margins, in CSS pixels
    opened(browser, report, width=paper, dark=True)
    with printing(browser):
        assert browser.execute_script("return document.documentElement.scrollWidth") == paper
        assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        box = "const box = document.querySelector('#layers .tall'); return box.scrollHeight - box.clientHeight"
        assert browser.execute_script(box) <= 1
        assert visible(browser, "nav, .filter, .narrow") == 0


def test_what_an_editor_adds_to_the_file_does_not_run(browser: "Chrome", report: Path, tmp_path: Path) -> None:
    mark = "document.title = 'PWNED'"
    added = f'<script>{mark}</script><img src="x.png" onerror="{mark}"><style>body {{ color: red }}</style>'
    path = tmp_path / "edited.html"
    path.write_text(report.read_text("utf-8").replace("<main>", f"<main>{added}"), "utf-8")
    opened(browser, path)
    assert browser.title == "tresnet_m and tresnet_l - tresnet-gen"
    assert css(browser, "body")[0].value_of_css_property("color") != "rgba(255, 0, 0, 1)"
    said = console(browser)
    assert len(said) >= 4
    assert all("Content Security Policy" in line for line in said)
    assert sum("x.png" in line for line in said) == 1


def test_hostile_descriptions_show_as_text(browser: "Chrome", tmp_path: Path) -> None:
    legal, path = hostile_report(tmp_path)
    opened(browser, path, width=390)
    assert browser.title.endswith("- tresnet-gen")
    assert "PWNED" not in browser.title
    assert console(browser) == []
    assert requested(browser) == [path.resolve().as_uri()]
    script = "return Array.from(document.querySelectorAll('.description'), element => element.textContent)"
    shown = browser.execute_script(script)
    assert shown == list(legal.values())
    assert len(css(browser, "script")) == 1
    assert not css(browser, "img, iframe, [onload], [onerror]")
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
