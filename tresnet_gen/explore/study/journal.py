"""The file that holds a study, and a lock on it that outlives neither its owner nor a line cut short.

Optuna's journal has one operation a line. Its lock for shared file systems is a symbolic link beside the file, which
works on every NFS; but one left by a killed process stops all others for half a minute, and a line that it wrote half
makes the file unreadable with the next. Here the link names its owner, who is looked up, and the half line is cut off:
what it would have said was not yet promised to anyone.
"""

import os
import time
import uuid
from contextlib import suppress

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from tresnet_gen.explore.study.worker import from_text, here, is_dead

FOREIGN_GRACE_S = 30.0  # of a lock whose owner is on another machine; Optuna's own
_LONGEST_NAP_S = 0.1


def journal(path: str) -> JournalStorage:
    """Return the storage in the file at `path`; it is made when missing, with its folder."""
    path = os.path.abspath(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return JournalStorage(JournalFileBackend(path, lock_obj=OwnedLock(path)))


class OwnedLock(JournalFileSymlinkLock):
    """A symbolic link whose target names the owner. Taking it cuts off a last line without an end."""

    def __init__(self, path: str, grace_s: float = FOREIGN_GRACE_S) -> None:
        super().__init__(path)
        self._grace_s = grace_s
        self._journal = path
        self._link = f"{path}.lock"
        self._mine = ""

    def acquire(self) -> bool:
        mine = f"{here().text} {uuid.uuid4().hex}"
        nap_s, seen, since = 0.001, "", time.monotonic()
        while not self._link_to(mine):
            owner = self._owner()
            if owner != seen:
                seen, since = owner, time.monotonic()
            if owner and (self._is_left(owner) or time.monotonic() - since > self._grace_s):
                self._break(owner)
                continue
            time.sleep(nap_s)
            nap_s = min(2 * nap_s, _LONGEST_NAP_S)
        self._mine = mine
        try:
            cut_half_line(self._journal)
        except BaseException:
            self.release()
            raise
        return True

    def release(self) -> None:
        """Remove the link, unless another took it for left behind meanwhile."""
        with suppress(FileNotFoundError):
            if self._owner() == self._mine:
                os.unlink(self._link)

    def _link_to(self, mine: str) -> bool:
        try:
            os.symlink(mine, self._link)
        except FileExistsError:
            return False
        return True

    def _owner(self) -> str:
        try:
            return os.readlink(self._link)
        except FileNotFoundError:
            return ""

    def _is_left(self, owner: str) -> bool:
        worker = from_text(owner.rpartition(" ")[0])
        return worker is not None and is_dead(worker)

    def _break(self, owner: str) -> None:
        """Remove the link of `owner`; of several that would, one does, so that none removes the link of the next."""
        import fcntl

        with open(self._journal, "rb") as file, suppress(FileNotFoundError):
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._owner() == owner:
                os.unlink(self._link)


def cut_half_line(path: str) -> None:
    """Cut off what follows the last line end of a file; to be called by the one process that may write to it."""
    with suppress(FileNotFoundError), open(path, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end == 0:
            return
        file.seek(end - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
