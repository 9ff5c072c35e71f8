"""Writing files: whole or not at all."""

import os
import stat

from tresnet_gen.frontend.diagnostics import printable


class UnwritableError(OSError):
    """A file that cannot be written; the message is one line for the user."""


def write_atomically(path: str, content: str | bytes | memoryview) -> None:
    """Replace `path` by bytes, or text in UTF-8, in one step; a link is followed, permissions kept, folders made.

    Raises:
        UnwritableError: when the folder or the file cannot be written; nothing is left behind.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:40]}.{os.urandom(6).hex()}.tmp")
    try:
        os.makedirs(folder, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            if os.path.exists(target):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(temporary, target)
        except BaseException:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise _unwritable(path, error) from error


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
