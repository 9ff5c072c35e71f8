"""Waiting until files change: what a spec is read from, and word from the file system when any of it is saved.

Editors save by writing in place, by renaming a new file over the old one, or by swapping a link; some remove the file
for a moment. So folders are watched, not files, and word from the file system only says when to look: whether a file
has changed is told by its stamp. Stamps are looked at twice a second besides, for file systems that send no word
(network file systems, folders that were removed and made again, exhausted watches).
"""

import os
import select
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tresnet_gen.frontend.resolve import Origin, read_file

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

POLL_S = 0.5
QUIET_S = 0.1  # files that were not touched for so long have been saved
GONE_S = 0.4  # a file that is not there may be about to come back
PATIENCE_S = 1.0
MOST_LINKS = 40  # as Linux

Stamp = tuple[int, ...]


class Seen(NamedTuple):
    """A file as it was read: the name it goes by, its stamp before reading, its text; None where there was none."""

    name: str
    stamp: Stamp | None
    content: str | None


class Reading:
    """A reader of spec files that remembers what it read, and what it could not."""

    def __init__(self) -> None:
        self.files: dict[str, Seen] = {}

    def __call__(self, path: str, shown: str | None = None) -> Origin:
        """Read a file as `read_file` does."""
        seen = Seen(shown or path, stamp_of(path), None)
        self.files[path] = seen  # whatever comes of it, the path counts
        origin = read_file(path, shown)
        self.files[path] = seen._replace(content=origin.text.content)
        return origin


def stamp_of(path: str) -> Stamp | None:
    """Return what changes when a file is saved in any way, None for no file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class Watcher:
    """Waits for files to change."""

    def __init__(self) -> None:
        self.trouble: str | None = None  # why the file system sends no word, for the user
        self._woken = threading.Event()
        self._names: frozenset[str] = frozenset()
        self._watches: dict[tuple[str, Stamp], ObservedWatch] = {}
        self._observer: BaseObserver | None = None

    def __enter__(self) -> Self:
        try:
            from watchdog.observers import Observer

            self._observer = Observer()
            self._observer.start()
        except OSError as error:
            self._give_up(error)
        return self

    def __exit__(self, *_: object) -> None:
        if self._observer is not None:
            self._observer.stop()

    def follow(self, files: Mapping[str, Seen]) -> None:
        """Watch the folders of these files, and of the links that lead to them, and no others."""
        places = {place for path in files for place in _places(path)}
        self._names = frozenset(name for _, name in places)
        folders = {(folder, stamp[:2]) for folder in {folder for folder, _ in places} if (stamp := stamp_of(folder))}
        for gone in self._watches.keys() - folders:
            self._unschedule(self._watches.pop(gone))
        for fresh in sorted(folders - self._watches.keys()):
            self._schedule(fresh)

    def wait(self, files: Mapping[str, Seen]) -> None:
        """Return when any of the files is not as it was seen, and all have been left alone for a moment.

        Raises:
            BrokenPipeError: when nobody reads standard output any more.
        """
        seen = {path: file.stamp for path, file in files.items()}
        while seen == _stamps(seen):
            self._woken.wait(POLL_S)
            self._woken.clear()
            _stop_without_a_reader()
        _settle(seen)

    def dispatch(self, event: Any) -> None:
        """Take word from the file system; watchdog calls this in a thread of its own."""
        paths = (os.fsdecode(path) for path in (event.src_path, getattr(event, "dest_path", "")))
        if event.event_type not in LOOKING and any(os.path.basename(path) in self._names for path in paths):
            self._woken.set()

    def _schedule(self, folder: tuple[str, Stamp]) -> None:
        if self._observer is None:
            return
        try:
            self._watches[folder] = self._observer.schedule(self, folder[0])  # type: ignore[arg-type]  # has dispatch
        except OSError as error:
            self._give_up(error)

    def _unschedule(self, watch: "ObservedWatch") -> None:
        if self._observer is not None:
            self._observer.unschedule(watch)

    def _give_up(self, error: OSError) -> None:
        """Go on with stamps alone."""
        self.trouble = (error.strerror or str(error)).lower()
        if self._observer is not None:
            self._observer.stop()
        self._observer = None
        self._watches.clear()


LOOKING = frozenset({"opened", "closed_no_write"})


def _stamps(paths: Mapping[str, object]) -> dict[str, Stamp | None]:
    return {path: stamp_of(path) for path in paths}


def _settle(seen: Mapping[str, Stamp | None]) -> None:
    """Wait until files rest, but not for ever."""
    deadline = time.monotonic() + PATIENCE_S
    before, now = None, _stamps(seen)
    while now != before and time.monotonic() < deadline:
        gone = any(now[path] is None and seen[path] is not None for path in seen)
        time.sleep(GONE_S if gone else QUIET_S)
        before, now = now, _stamps(seen)


def _places(path: str) -> Iterator[tuple[str, str]]:
    """Yield folder and name of what can be swapped on the way to a file: each link, then the file."""
    ahead = os.path.join(os.getcwd(), path).split("/")[::-1]
    folder, links = "/", 0
    while ahead:
        name = ahead.pop()
        whole = os.path.normpath(os.path.join(folder, name))
        if links < MOST_LINKS and os.path.islink(whole):
            yield folder, name
            links += 1
            target = os.readlink(whole)
            folder = "/" if target.startswith("/") else folder
            ahead += target.split("/")[::-1]
        elif ahead:
            folder = whole
        else:
            yield folder, name


def _stop_without_a_reader() -> None:
    """Raise BrokenPipeError when standard output is a pipe that nobody reads: no write would tell for hours."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, OSError, ValueError):  # no such output, as in a test; the next print will tell
        return
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        raise BrokenPipeError
