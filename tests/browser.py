"""A headless Chromium for tests of pictures and pages: one a test process, without a network.

`from tests.browser import ...` gives the helpers; the fixture `browser` comes from tests/conftest.py. Where Chromium is
not installed its tests are skipped, but fail where CI=1 says that it has to be.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Chrome"]:
    """Give a Chromium with a fresh profile that lives as long as the test process."""
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if not all(programs):
        missing = "chromium and chromedriver are needed"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    driver = started(*programs, tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


def started(chromium: str, chromedriver: str, profile: Path) -> "Chrome":
    """Return a Chromium that logs its console and its requests."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options, ChromeService(chromedriver))


def opened(browser: "Chrome", path: Path, width: int = 1280, height: int = 800, dark: bool = False) -> None:
    """Open a file in a window of a size in CSS pixels and in a colour scheme; logs of earlier pages are dropped."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [scheme]})
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(path.resolve().as_uri())


def console(browser: "Chrome") -> list[str]:
    """Return what the page has said in the console since the last call: errors, warnings, logs."""
    return [entry["message"] for entry in browser.get_log("browser")]


def requested(browser: "Chrome") -> list[str]:
    """Return the addresses asked for since the last call, `data:` aside: the page itself comes first."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [url for url in urls if urlsplit(url).scheme not in {"data", "about"}]


def screenshot(browser: "Chrome", path: Path) -> None:
    """Write a PNG of the whole page, however long it is."""
    import base64

    size: dict[str, Any] = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(shot["data"]))
