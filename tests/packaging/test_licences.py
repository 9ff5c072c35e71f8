"""The page of dependencies names every package that the project asks for, with the licence that it declares."""

import re
import tomllib
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/dependencies.md").read_text()
ROWS = dict(re.findall(r"^\| ([a-z0-9-]*[a-z][a-z0-9-]*) \| .* \| (.+) \|$", PAGE, re.MULTILINE))
ROWS.pop("package")  # the head
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OF_OTHERS = {"BSD": "BSD License", "Apache": "Apache Software License", "MIT": "MIT License"}


def needed(names: list[str]) -> set[str]:
    """Return packages and all that they need here, by the names of the index."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            others = [Requirement(text) for text in requires(name) or []]
            waiting += [one.name for one in others if not one.marker or one.marker.evaluate({"extra": ""})]
    return found


def test_every_package_of_the_tool_and_what_it_needs_is_listed() -> None:
    asked = [Requirement(text).name for text in PROJECT["dependencies"]]
    assert needed(asked) <= ROWS.keys()


def test_every_package_of_an_extra_is_listed() -> None:
    asked = {Requirement(text).name for extra in PROJECT["optional-dependencies"].values() for text in extra}
    assert {canonicalize_name(name) for name in asked} <= ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_licence(name: str) -> None:
    declared = metadata(name)
    classifiers = " ".join(declared.get_all("Classifier", []))
    if "License-Expression" in declared:
        assert declared["License-Expression"] == ROWS[name]
    elif "License ::" in classifiers:
        assert f":: {OF_OTHERS[ROWS[name]]}" in classifiers
    else:
        assert declared["License"] == ROWS[name]
