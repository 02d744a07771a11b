"""The folder in which the workers of one server leave their numbers for each other.

One file a worker, written whole to another name, locked (flock), then renamed over the last one: the lock is always on
the inode that the name leads to, and the kernel lets go of it when the worker ends, however it ends. A worker is alive
while its file is locked; its process id, which another may get, says nothing. What a worker left behind is folded into
one sum. Whoever reads holds the folder's lock shared, whoever folds holds it alone, so that nothing is counted twice or
not at all. Nothing is mapped into memory: a full disk is an error here, never a signal.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final, NamedTuple

from fastapi_spine.core.locks import leads_to
from fastapi_spine.metrics.family import Snapshot
from fastapi_spine.metrics.workers.combine import fold
from fastapi_spine.metrics.workers.packing import LONGEST, Leaf, Unreadable, pack, unpack

if sys.platform != "win32":
    import fcntl

_SUFFIX: Final = ".num"
_BAD: Final = ".bad"
_MOST_BAD: Final = 3
_ENDED: Final = "ended"
_LOCK: Final = "lock"
_PATIENCE_S: Final = 0.2
_RETRY_S: Final = 0.002
_TRIES: Final = 5
_MODE: Final = 0o600
_CREATE: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


class Found(NamedTuple):
    """What the folder holds.

    Attributes:
        living: numbers of the other workers that live.
        ended: the sum of those that have ended, None if there are none.
        spoilt: how many files lie aside because they could not be read, a few at most; they count until
            somebody takes them away.
    """

    living: list[Snapshot]
    ended: Snapshot | None
    spoilt: int


NOTHING_FOUND: Final = Found([], None, 0)


class Shelf:
    """One worker's access to the folder.

    Args:
        folder: private to this user.
        instance: names this worker's file; never used again.
        series_limit: how many series a sum may have.

    Attributes:
        folder: the folder.
    """

    def __init__(self, folder: Path, instance: str, *, series_limit: int) -> None:
        self.folder = folder
        self._instance = instance
        self._limit = series_limit
        self._mine: int | None = None

    def write(self, snapshot: Snapshot) -> None:
        """Leave this worker's numbers for the others.

        Raises:
            OSError: the disk is full, the folder is gone …; what was left before is still there.
        """
        fd = self._write(self._instance, Leaf(self._instance, snapshot))
        before, self._mine = self._mine, fd
        _close(before)

    def close(self) -> None:
        """Let go of the file: from now on its numbers are those of a worker that has ended."""
        before, self._mine = self._mine, None
        _close(before)

    def siblings(self) -> list[str]:
        """List the instances that have a file here, without this one."""
        names = [path.stem for path in self.folder.glob(f"*{_SUFFIX}")]
        return [name for name in names if name not in (_ENDED, self._instance)]

    def read(self) -> Found:
        """Read everybody's numbers; those of ended workers are folded on the way.

        Raises:
            OSError: the folder cannot be read, or its lock cannot be had in time.
        """
        with self._locked(exclusive=False):
            found, dead = self._look()
        if dead:
            with contextlib.suppress(OSError):
                self._fold()
        return found

    def _look(self) -> tuple[Found, list[Leaf]]:
        sums = self._sums()
        folded = set() if sums is None else set(sums.folded)
        living, dead = [], []
        for name in self.siblings():
            if name in folded:
                continue
            try:
                leaf, alive = self._read(name)
            except FileNotFoundError:
                continue
            except Unreadable:
                self._set_aside(name)
                continue
            if alive:
                living.append(leaf.snapshot)
            else:
                dead.append(leaf)
        ended = None if sums is None else sums.snapshot
        for leaf in dead:
            ended = fold(ended, leaf.snapshot, series_limit=self._limit)
        return Found(living, ended, self._spoilt()), dead

    def _fold(self) -> None:
        """Write the sum with everybody who has ended in it, then remove their files.

        Between the two the sum names them, so that a fold that is cut off counts nobody twice.
        """
        with self._locked(exclusive=True):
            sums = self._sums()
            found, dead = self._look()
            if found.ended is None or not dead:
                return
            gone = [] if sums is None else sums.folded
            names = [leaf.instance for leaf in dead]
            _close(self._write(_ENDED, Leaf("", found.ended, names)))
            for name in (*gone, *names):
                self._path(name).unlink(missing_ok=True)

    def _sums(self) -> Leaf | None:
        try:
            return self._read(_ENDED)[0]
        except FileNotFoundError:
            return None
        except Unreadable:
            self._set_aside(_ENDED)
            return None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"

    def _write(self, name: str, leaf: Leaf) -> int:
        """Write a file whole and return it open, locked and in its place."""
        draft = self.folder / f".{self._instance}.{name}"
        fd = os.open(draft, _CREATE | os.O_TRUNC, _MODE)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = memoryview(pack(leaf))
            while data:
                data = data[os.write(fd, data) :]
            draft.rename(self._path(name))
        except BaseException:
            os.close(fd)
            draft.unlink(missing_ok=True)
            raise
        return fd

    def _read(self, name: str) -> tuple[Leaf, bool]:
        """Read a file, and whether its writer lives.

        Raises:
            FileNotFoundError: there is none.
            Unreadable: it is not a snapshot of ours.
        """
        path = self._path(name)
        for _ in range(_TRIES):
            fd = _open_file(path)
            try:
                alive = not _can_lock(fd)
                if alive or leads_to(path, fd):
                    return unpack(_content(fd)), alive
                # Replaced between opening and locking: its writer lives.
            finally:
                os.close(fd)
        raise Unreadable("replaced again and again")

    def _set_aside(self, name: str) -> None:
        """Give a file that cannot be read another name, for whoever wants to look; only a few are kept."""
        with contextlib.suppress(OSError):
            path = self._path(name)
            if self._spoilt() >= _MOST_BAD and not path.is_dir():
                path.unlink()
            else:
                path.rename(path.with_suffix(_BAD))

    def _spoilt(self) -> int:
        return sum(1 for _ in self.folder.glob(f"*{_BAD}"))

    @contextmanager
    def _locked(self, *, exclusive: bool) -> Iterator[None]:
        fd = os.open(self.folder / _LOCK, _CREATE, _MODE)
        try:
            _lock(fd, exclusive=exclusive)
            yield
        finally:
            os.close(fd)


def _open_file(path: Path) -> int:
    """Open a file to read it; a link, a folder or a pipe of that name is none of ours."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unreadable(str(error)) from None
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise Unreadable("not a file")


def _content(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    if size > LONGEST:
        raise Unreadable("too long")
    parts = []
    try:
        while part := os.read(fd, max(size, 1)):
            parts.append(part)
    except OSError as error:
        raise Unreadable(str(error)) from None
    return b"".join(parts)


def _lock(fd: int, *, exclusive: bool) -> None:
    mode = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB
    deadline = monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, mode)
        except BlockingIOError:
            if monotonic() > deadline:
                raise TimeoutError("the folder is locked") from None
            sleep(_RETRY_S)
        else:
            return


def _can_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close(fd: int | None) -> None:
    if fd is not None:
        with contextlib.suppress(OSError):
            os.close(fd)
