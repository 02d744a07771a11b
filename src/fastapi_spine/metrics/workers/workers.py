"""One worker among its siblings: leaves its numbers with them, and gathers everybody's."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import (
    KEY_REASON,
    LOGGER_METRICS,
    MSG_WORKERS_APART,
    THREAD_WORKERS,
)
from fastapi_spine.core.health import Health
from fastapi_spine.core.private_folder import private_folder
from fastapi_spine.metrics.family import Family, Snapshot
from fastapi_spine.metrics.workers.combine import combine
from fastapi_spine.metrics.workers.group import OFF, Group, find_group, listening, started_at
from fastapi_spine.metrics.workers.poke import Ear, Question, ear_for
from fastapi_spine.metrics.workers.shelf import NOTHING_FOUND, Found, Shelf

_EVERY_S: Final = 1.0
_LOOKS_S: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""When a process that shares no listening socket yet looks again. Afterwards it looks when it is scraped."""
_FOLDER: Final = "metrics"
_INSTANCE_BYTES: Final = 16
_MOST_SWEPT: Final = 50
_FOLDER_PARTS: Final = 4

APART_FLOCK: Final = "no_flock"
APART_SOCKET: Final = "no_shared_socket"
APART_FOLDER: Final = "no_private_folder"
APART_FILES: Final = "files_unusable"
APART_UNREADABLE: Final = "file_unreadable"

log = logging.getLogger(LOGGER_METRICS)


class Gathered(NamedTuple):
    """Everybody's numbers.

    Attributes:
        families: of all workers together.
        workers: how many of them live.
        degraded: why they are not everybody's, if they are not.
    """

    families: list[Family]
    workers: int
    degraded: frozenset[str]


class Workers:
    """Shares the numbers of this process with the other workers of its server.

    Args:
        take: copies this process's numbers; called from any thread.
        service: the service's name.
        mode: how siblings find each other: `auto`, `off`, or a name.
        series_limit: how many series a family of all workers may have.
        environ: says where a private folder can be.
        health: counts what fails.
        head: see `find_group`.
    """

    def __init__(
        self,
        take: Callable[[], Snapshot],
        *,
        service: str,
        mode: str,
        series_limit: int,
        environ: Mapping[str, str],
        health: Health,
        head: int = 0,
    ) -> None:
        self._head = head
        self._take = take
        self._service = service
        self._mode = mode
        self._limit = series_limit
        self._environ = environ
        self._health = health
        self._degraded: set[str] = set()
        self._instance = ""
        self._inherited: tuple[int, ...] = ()
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._shelf: Shelf | None = None
        self._begin_anew()

    def start(self) -> None:
        """Look for siblings, from a thread of our own that ends soon if there can be none."""
        if self._mode == OFF or self._thread is not None:
            return
        if sys.platform == "win32":
            self._tell_apart(APART_FLOCK)
            return
        self._inherited = tuple(listening())
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._closed,), name=THREAD_WORKERS, daemon=True
        )
        self._thread.start()

    def gather(self) -> Gathered:
        """Return everybody's numbers; this process's own where the others' cannot be had. Blocks up to 0.5 s."""
        shelf = self._shelf or self._find_shelf()
        question = None
        if shelf is not None:
            question = self._health.guarded("metrics_workers", _ask, shelf)
        own = self._take()
        found = NOTHING_FOUND
        if shelf is not None:
            read = self._health.guarded("metrics_workers", self._read, shelf, own, question)
            found = read or found
        families = combine([own, *found.living], found.ended, series_limit=self._limit)
        return Gathered(families, 1 + len(found.living), frozenset(self._degraded))

    def close(self) -> None:
        """Leave the last numbers behind, and no lock: whoever looks next adds them to the sum of those who ended."""
        if (
            self._head and self._thread is not None
        ):  # a child may end after one job, before it looked
            self._health.guarded("metrics_workers", self._find_shelf)
        self._closed.set()
        with self._turn:
            shelf, self._shelf = self._shelf, None
            if shelf is not None:
                self._health.guarded("metrics_workers", self._leave, shelf)
        self._thread = None

    def forget(self) -> None:
        """Become a worker of one's own: in a child after a fork, which shares its parent's open files."""
        shelf = self._shelf
        self._begin_anew()
        if shelf is not None:
            shelf.close()

    def _begin_anew(self) -> None:
        # Never shown to anybody, so it need not be one of the ids that tests may count.
        self._instance = os.urandom(_INSTANCE_BYTES).hex()
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self._thread = None
        self._shelf = None
        self._inherited = ()
        self._degraded.clear()

    def _run(self, closed: threading.Event) -> None:
        for pause in _LOOKS_S:
            if closed.wait(pause):
                return
            if self._health.guarded("metrics_workers", self._find_shelf) is not None:
                break
        if self._shelf is None:
            self._tell_apart(APART_SOCKET)
            return
        ear = ear_for(self._instance)
        try:
            while not closed.is_set():
                self._health.guarded("metrics_workers", self._leave_numbers)
                self._pause(closed, ear)
        finally:
            if ear is not None:
                ear.close()

    def _pause(self, closed: threading.Event, ear: Ear | None) -> None:
        """Wait a second, or for as long as siblings ask: whoever asks gets numbers that are new enough for all."""
        if ear is None:
            closed.wait(_EVERY_S)
            return
        asked = True
        while asked and not closed.is_set():
            asked = ear.listen(_EVERY_S, self._leave_numbers)

    def _find_shelf(self) -> Shelf | None:
        """Find this server's folder; None while there is nobody to share with."""
        if self._mode == OFF or sys.platform == "win32":
            return None
        group = find_group(self._mode, self._service, self._inherited, self._head)
        if group is None:
            return None
        with self._turn:
            if self._shelf is None and not self._closed.is_set():
                self._shelf = self._open(group)
                self._degraded.discard(APART_SOCKET)
            return self._shelf

    def _open(self, group: Group) -> Shelf | None:
        parent, started = group.parent
        try:
            folder = private_folder(self._environ, f"{_FOLDER}-{group.name}-{parent}-{started}")
            sweep(folder.parent)
        except OSError as error:
            self._apart(APART_FOLDER, error)
            return None
        return Shelf(folder, self._instance, series_limit=self._limit)

    def _read(self, shelf: Shelf, own: Snapshot, question: Question | None) -> Found:
        """Leave our own numbers first: what a page has shown must not be lost with this process."""
        try:
            with self._turn:
                shelf.write(own)
            if question is not None:
                question.wait()
            found = shelf.read()
        except OSError as error:
            with self._turn:
                self._fail(shelf, error)
            return NOTHING_FOUND
        self._degraded.discard(APART_FILES)
        if found.spoilt:
            self._apart(APART_UNREADABLE, None)
        else:
            self._degraded.discard(APART_UNREADABLE)
        return found

    def _leave_numbers(self) -> None:
        shelf = self._shelf or self._find_shelf()
        with self._turn:
            if shelf is not None and shelf is self._shelf:
                try:
                    shelf.write(self._take())
                except OSError as error:
                    self._fail(shelf, error)

    def _fail(self, shelf: Shelf, error: OSError) -> None:
        """Note what went wrong; a folder that somebody removed is made anew next time."""
        self._apart(APART_FILES, error)
        if isinstance(error, FileNotFoundError) and shelf is self._shelf:
            self._shelf = None
            shelf.close()

    def _leave(self, shelf: Shelf) -> None:
        try:
            shelf.write(self._take())
        except OSError as error:
            self._apart(APART_FILES, error)
        finally:
            shelf.close()

    def _apart(self, reason: str, error: OSError | None) -> None:
        """Note why numbers are not everybody's; told once until it has been well again."""
        if reason in self._degraded:
            return
        self._degraded.add(reason)
        detail = "" if error is None else f": {error.strerror or error}"
        place = "" if self._shelf is None else f" in {self._shelf.folder}"
        log.warning(MSG_WORKERS_APART, extra={KEY_REASON: f"{reason}{detail}{place}"})

    def _tell_apart(self, reason: str) -> None:
        """Say that siblings cannot be found, to whoever may have some: a child of uvicorn's or gunicorn's."""
        if multiprocessing.parent_process() is not None or "gunicorn.arbiter" in sys.modules:
            self._degraded.add(reason)
            log.info(MSG_WORKERS_APART, extra={KEY_REASON: reason})


def _ask(shelf: Shelf) -> Question:
    return Question(shelf.siblings())


def sweep(outer: Path) -> None:
    """Remove the folders of servers that are gone: their parent process has ended.

    A group that was given a name has no parent and stays. At most 50 are removed at a time.
    """
    for folder in list(outer.glob(f"{_FOLDER}-*"))[:_MOST_SWEPT]:
        parts = folder.name.split("-")
        if len(parts) != _FOLDER_PARTS or not parts[2].isdigit() or parts[2] == "0":
            continue
        if started_at(int(parts[2])) != parts[3] and not _has_living(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _has_living(folder: Path) -> bool:
    """Tell whether workers have outlived their parent."""
    shelf = Shelf(folder, str(os.getpid()), series_limit=1)
    try:
        return bool(shelf.read().living)
    except OSError:
        return True
