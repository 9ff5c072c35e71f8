"""The folder of a search: the front as specs, front.csv, front.svg, and search.json, which knows what was written.

A file is the search's own as long as its digest stands in search.json; any other is not overwritten.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tresnet_gen.cli.files import UnwritableError, read_existing, write_atomically
from tresnet_gen.cli.terminal import SCHEMA_VERSION
from tresnet_gen.frontend.diagnostics import printable
from tresnet_gen.version import __version__

RECORD = "search.json"
FIXED = (RECORD, "front.csv", "front.svg")
RESULT = re.compile(r"[^/\\]+_[0-9]{2,}\.yaml")
DIGEST = "sha256"


class Folder(NamedTuple):
    """A folder to write into; `record` is what the last search wrote there, empty for none."""

    path: str
    record: dict[str, Any]

    def at(self, name: str) -> str:
        """Return the path of a file in the folder."""
        return os.path.join(self.path, name)


class ForeignError(Exception):
    """Files that a search did not write; args are messages, one a file."""


def opened(path: str, stem: str, force: bool) -> Folder:
    """Return the folder at a path, made if there is none.

    `stem` is what names of results start with: files of such names, and those of FIXED, must be a search's own, unless
    `force` says to overwrite others.

    Raises:
        UnwritableError: when the folder cannot be made or written.
        ForeignError: for files that a search did not write, or that were edited since.
    """
    try:
        os.makedirs(path, exist_ok=True)
        names = os.listdir(path)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UnwritableError(f"cannot write {printable(path, 400)}: {reason}") from error
    if not os.access(path, os.W_OK):
        raise UnwritableError(f"cannot write {printable(path, 400)}: permission denied")
    record = _record(os.path.join(path, RECORD))
    folder = Folder(path, record or {})
    result = re.compile(rf"{re.escape(stem)}_[0-9]{{2,}}\.yaml")
    foreign = [name for name in sorted(names) if name in FIXED or result.fullmatch(name)]
    foreign = [name for name in foreign if not (record is not None if name == RECORD else _is_own(folder, name))]
    if foreign and not force:
        raise ForeignError(
            *(
                f"{printable(folder.at(name), 400)}: not written by a search, or edited since; --force overwrites it"
                for name in foreign
            )
        )
    return folder


def save(folder: Folder, texts: Mapping[str, str], content: Mapping[str, Any]) -> None:
    """Write files and the record of them; results of the search before that are none now are removed.

    Raises:
        UnwritableError: when a file cannot be written.
    """
    stale = [name for name in folder.record.get("files", {}) if name not in texts and _is_own(folder, name)]
    _write_record(folder, content, {name: _digest(text) for name, text in texts.items()})
    for name, text in texts.items():
        if read_existing(folder.at(name)) != text:
            write_atomically(folder.at(name), text)
    for name in stale:
        os.unlink(folder.at(name))


def keep(folder: Folder, content: Mapping[str, Any]) -> None:
    """Write a record for now, beside the files of the search before.

    Raises:
        UnwritableError: when it cannot be written.
    """
    _write_record(folder, content, folder.record.get("files", {}))


def _write_record(folder: Folder, content: Mapping[str, Any], files: Mapping[str, str]) -> None:
    record = {"schema_version": SCHEMA_VERSION, "tool_version": __version__, **content, "files": files}
    record[DIGEST] = _digest(json.dumps(record))
    write_atomically(folder.at(RECORD), json.dumps(record, indent=1) + "\n")


def _record(path: str) -> dict[str, Any] | None:
    """Return the record that a search wrote, None when there is none or somebody edited it.

    The digest tells of edits, it is no signature: what a stranger signed may name no file that a search does not write.
    """
    try:
        text = read_existing(path)
        record = json.loads(text) if text is not None else None
    except (UnwritableError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    files = record.get("files")
    if not isinstance(files, dict) or not all(name in FIXED or RESULT.fullmatch(name) for name in files):
        return None
    digest = record.pop(DIGEST, None)
    return record if digest == _digest(json.dumps(record)) else None


def _is_own(folder: Folder, name: str) -> bool:
    """Whether a file is as a search wrote it."""
    known = folder.record.get("files", {}).get(name)
    try:
        text = read_existing(folder.at(name)) if known else None
    except UnwritableError:
        return False
    return text is not None and _digest(text) == known


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
