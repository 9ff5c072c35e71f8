"""CI's lock has all that the project asks for, each pinned and hashed; the oldest allowed versions are named."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
ASKED = [Requirement(text) for text in (*PROJECT["dependencies"], *EXTRAS["test"])]
LINES = [line for line in (ROOT / ".ci/requirements.txt").read_text().splitlines() if not line.startswith("#")]


def locked() -> dict[str, tuple[Version, int]]:
    """Return version and number of hashes of each package in the lock."""
    found: dict[str, tuple[Version, int]] = {}
    for block in re.split(r"\n(?=\S)", "\n".join(LINES).strip()):
        pin = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block)
        assert pin, block
        found[canonicalize_name(pin[1])] = Version(pin[2]), len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block))
    return found


@pytest.mark.parametrize("requirement", ASKED, ids=str)
def test_the_lock_has_what_is_asked_for(requirement: Requirement) -> None:
    version, _ = locked()[canonicalize_name(requirement.name)]
    assert version in requirement.specifier


def test_every_package_is_hashed() -> None:
    assert len(locked()) >= len(ASKED)
    assert [name for name, (_, hashes) in locked().items() if not hashes] == []


@pytest.mark.parametrize("text", [*PROJECT["dependencies"], *EXTRAS["torch"], *EXTRAS["search"]])
def test_what_users_install_names_its_oldest_version(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]+>=[0-9.]+", text)
