"""The disk below the spool: this process's folder, locked, and those of other processes of the service.

Whoever calls holds the spool's lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from time import monotonic
from typing import Final

from fastapi_spine.core.locks import leads_to
from fastapi_spine.export.spool.files import leave, write
from fastapi_spine.export.spool.parcel import Unreadable
from fastapi_spine.export.spool.places import (
    DRAFT,
    Entry,
    Place,
    entry_of,
    files_in,
    left_behind,
    name_of,
    new_place,
    process_folders,
    weight_of,
)

_OTHERS_S: Final = 30.0
"""For so long it is believed what others have on disk."""
_ASIDE: Final = "unreadable"
_MOST_ASIDE: Final = 3
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Shelf:
    """The files of one process, and a look at those of others.

    Args:
        home: the folder of the service.
        wall_ns: tells wall time.
        fault: told of a file that cannot be read.

    Attributes:
        place: this process's folder; None before it is needed, and after the end.
    """

    def __init__(
        self, home: Path, wall_ns: Callable[[], int], fault: Callable[[Exception], None]
    ) -> None:
        self._home = home
        self._wall_ns = wall_ns
        self._fault = fault
        self._others = (float("-inf"), 0)
        self._latest_ns = 0
        self.place: Place | None = None

    def add(self, signal: str, count: int, data: bytes) -> Entry:
        """Write a file, newer than all of this process.

        Raises:
            OSError: it cannot be written.
        """
        place = self._own()
        self._latest_ns = at_ns = max(self._wall_ns(), self._latest_ns + 1)
        name = name_of(at_ns, signal, count, place.path.name)
        write(place.path / name, data)
        return Entry(at_ns, name, count, weight_of(len(data)))

    def path(self, entry: Entry) -> Path:
        """Return where a file lies; after the end, where none does."""
        return (self._home if self.place is None else self.place.path) / entry.name

    def remove(self, entry: Entry) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(OSError):
            self.path(entry).unlink()

    def set_aside(self, path: Path, error: Exception) -> bool:
        """Move what cannot be read out of the way, for whoever wants to look; only a few are kept. It is counted as a fault.

        Returns:
            Whether it is out of the way. If not, it is not the file that is damaged, or not only: nothing is possible there.
        """
        self._fault(error)
        aside = self._home / _ASIDE
        with contextlib.suppress(OSError):
            aside.mkdir(mode=0o700, exist_ok=True)
            if len(list(aside.iterdir())) < _MOST_ASIDE:
                path.rename(aside / path.name)
        try:
            path.unlink(missing_ok=True)
        except IsADirectoryError:  # in the place of a file, which is gone
            return True
        except OSError:
            return False
        return True

    def inherit(self, signals: Container[str], oldest_ns: int) -> Iterator[tuple[str, Entry]]:
        """Move the files of ended processes here, and yield signal and file of each that has come.

        On a disk without room for a folder the first that was left behind becomes this process's own: what fills the disk
        has to be sent, and not to stay because it does.

        Args:
            signals: files of others stay where they are, until they are too old.
            oldest_ns: what is from before is too old, wall time, nanoseconds since the epoch.

        Raises:
            OSError: there can be no folder.
        """
        try:
            place = self._own()
        except OSError as error:
            adopted = self._adopted() if error.errno in _NO_ROOM else None
            if adopted is None:
                raise
            place = adopted
            for signal, entry in self._moved(place, place, signals, oldest_ns):
                self._latest_ns = max(self._latest_ns, entry.at_ns)
                yield signal, entry
        for path in process_folders(self._home):
            left = None if path == place.path else left_behind(path)
            if left is not None:
                try:
                    yield from self._moved(left, place, signals, oldest_ns)
                finally:
                    leave(left)

    def others(self) -> list[tuple[Path, Entry]]:
        """List the files of other processes, the oldest first."""
        mine = None if self.place is None else self.place.path
        found: list[tuple[Path, Entry]] = []
        for folder in process_folders(self._home):
            for name, size in () if folder == mine else files_in(folder):
                known = entry_of(name, size)
                if known is not None:
                    found.append((folder / name, known[1]))
        return sorted(found, key=_age)

    def others_weight(self) -> int:
        """Return how many bytes other processes have here, as it was half a minute ago at most."""
        looked, weight = self._others
        if monotonic() - looked >= _OTHERS_S:
            weight = sum(entry.weight for _, entry in self.others())
            self.others_have(weight)
        return weight

    def others_have(self, weight: int) -> None:
        """Take note of how many bytes other processes have here now."""
        self._others = (monotonic(), weight)

    def leave(self) -> None:
        """Leave what is there to another process."""
        place, self.place = self.place, None
        if place is not None:
            leave(place)

    def forget(self) -> None:
        """Leave the folder to the parent, in a child after a fork.

        The parent's lock would hold for as long as the child has it open, too.
        """
        place, self.place = self.place, None
        self._others, self._latest_ns = (float("-inf"), 0), 0
        if place is not None:
            with contextlib.suppress(OSError):
                os.close(place.lock)

    def _own(self) -> Place:
        """Return this process's folder, made when it is first asked for, or when somebody has removed it."""
        place = self.place
        if place is not None and leads_to(place.path, place.lock):
            return place
        if place is not None:
            os.close(place.lock)
            self.place = None
        self.place = made = new_place(self._home)
        return made

    def _adopted(self) -> Place | None:
        """Make a folder that was left behind this process's own."""
        self.place = next(filter(None, map(left_behind, process_folders(self._home))), None)
        return self.place

    def _moved(
        self, left: Place, place: Place, signals: Container[str], oldest_ns: int
    ) -> Iterator[tuple[str, Entry]]:
        for name, size in list(files_in(left.path)):
            known = entry_of(name, size)
            if name.endswith(DRAFT):  # never written to its end, and never booked as kept
                (left.path / name).unlink(missing_ok=True)
            elif known is None:
                self.set_aside(left.path / name, Unreadable("it is no file of the spool"))
            elif known[0] in signals:
                if _renamed(left.path / name, place.path / name):
                    yield known
            elif known[1].at_ns < oldest_ns:  # in no books of this process, which never sends it
                (left.path / name).unlink(missing_ok=True)


def _renamed(old: Path, new: Path) -> bool:
    try:
        old.rename(new)
    except FileNotFoundError:  # somebody has removed it to make room
        return False
    return True


def _age(found: tuple[Path, Entry]) -> Entry:
    return found[1]
