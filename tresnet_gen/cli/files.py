"""Writing files: whole or not at all."""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from tresnet_gen.frontend.diagnostics import printable


class UnwritableError(OSError):
    """A file that cannot be written; the message is one line for the user."""


def write_atomically(path: str, content: str | bytes | memoryview) -> None:
    """Replace `path` by bytes, or text in UTF-8, in one step; a link is followed, permissions kept, folders made.

    A process that is killed while it writes leaves a temporary file behind; the next write of the same file removes it.

    Raises:
        UnwritableError: when the folder or the file cannot be written; no file is left behind.
    """
    try:
        target = os.path.realpath(path)
        folder, name = os.path.split(target)
        os.makedirs(folder, exist_ok=True)
        prefix = f".{name[:40]}."
        _remove_abandoned(folder, prefix)
        with _temporary(folder, prefix) as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
            if os.path.exists(target):
                os.chmod(file.name, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(file.name, target)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def _temporary(folder: str, prefix: str) -> Iterator[BinaryIO]:
    """Open a new file, which is removed at the end unless it was renamed.

    It is locked: whoever finds it unlocked knows that its writer was killed.
    """
    path = ""
    try:
        while True:
            path = os.path.join(folder, f"{prefix}{os.urandom(6).hex()}.tmp")
            with open(path, "xb") as file:
                with suppress(OSError):  # a file system without locks
                    fcntl.flock(file, fcntl.LOCK_EX)
                if os.fstat(file.fileno()).st_nlink:  # else it was taken for an abandoned one before it was locked
                    yield file
                    return
    finally:
        with suppress(OSError):
            os.unlink(path)


def _remove_abandoned(folder: str, prefix: str) -> None:
    """Remove temporary files whose writers were killed; never fails."""
    pattern = re.compile(re.escape(prefix) + r"[0-9a-f]{12}\.tmp")
    names: list[str] = []
    with suppress(OSError):  # a folder may be written to and not read
        names = os.listdir(folder)
    for name in filter(pattern.fullmatch, names):
        path = os.path.join(folder, name)
        with suppress(OSError):  # in use, another user's, or just renamed
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(descriptor)


def read_existing(path: str) -> str | None:
    """Return the text of a file, None when there is none; what is not UTF-8 comes back with replacements.

    Raises:
        UnwritableError: when something other than a readable file stands at the path.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise UnwritableError(f"cannot write {printable(path, 400)}: it is not a regular file")
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        if isinstance(error, UnwritableError):
            raise
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> UnwritableError:
    reason = (error.strerror or str(error)).lower()
    return UnwritableError(f"cannot write {printable(path, 400)}: {reason}")
