"""A page to its HTML: one file that asks for nothing else, and says so to the browser.

The policy in the head lets in the file's own style and script, by their digests, and nothing else: no request, no form,
no other script. The first lines are a stamp, by which the tool knows its own files.
"""

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from tresnet_gen import resources
from tresnet_gen.explore import svg
from tresnet_gen.explore.pictures import svg as pictures
from tresnet_gen.explore.report.blocks import Page
from tresnet_gen.version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = "report"
_DIGEST = re.compile(r'(<meta name="generator" content="tresnet-gen [^" ]+ report; sha256 )([0-9a-f]{64}|-)(">)')
_HEAD = 1000  # characters that the stamp stands in


def html(page: Page) -> str:
    """Return the report as HTML; the same page gives the same text."""
    environment = _environment()
    style = environment.get_template("report.css.jinja").render(light=svg.colors(svg.LIGHT), dark=svg.colors(svg.DARK))
    script = _text("report.js")
    text = environment.get_template("report.html.jinja").render(
        page=page,
        style=style,
        script=script,
        policy=_policy((style, pictures.style()), script),
        generator=f"tresnet-gen {__version__} report",
    )
    return _DIGEST.sub(rf"\g<1>{_digest(text)}\g<3>", text, count=1)


def is_own(text: str) -> bool:
    """Whether a text is a report that the tool wrote and that nobody has edited since."""
    text = text.replace("\r\n", "\n")
    found = _DIGEST.search(text, 0, _HEAD)
    return found is not None and found[2] == _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(_DIGEST.sub(r"\g<1>-\g<3>", text, count=1).encode("utf-8", "surrogatepass")).hexdigest()


def _policy(styles: Sequence[str], script: str) -> str:
    return (
        f"default-src 'none'; style-src {' '.join(map(_source, styles))}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """Return what names a style or script in the policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    with open(os.path.join(resources.folder("templates"), FOLDER, name), encoding="utf-8") as file:
        return file.read()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(os.path.join(resources.folder("templates"), FOLDER), encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        autoescape=True,
    )
