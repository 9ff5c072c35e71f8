"""Writing files: whole or not at all."""

import os
import secrets
from pathlib import Path

from tresnet_gen.frontend.diagnostics import printable


class UnwritableError(OSError):
    """A file that cannot be written; the message is one line for the user."""


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by UTF-8 `text` in one step; a link is followed, permissions are kept, folders are made.

    Raises:
        UnwritableError: when the folder or the file cannot be written; nothing is left behind.
    """
    target = path.resolve()
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                temporary.chmod(target.stat().st_mode & 0o7777)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnwritableError(f"cannot write {printable(str(path), 400)}: {reason}") from error


def read_existing(path: Path) -> str | None:
    """Return the text of a file, None when there is none; what is not UTF-8 comes back with replacements.

    Raises:
        UnwritableError: when something other than a readable file stands at the path.
    """
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnwritableError(f"cannot write {printable(str(path), 400)}: {reason}") from error
