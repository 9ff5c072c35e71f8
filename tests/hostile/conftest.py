"""The process that runs the tool for hostile cases, one a worker, and a folder for each case."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.forked import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder with another around it, and work there."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
