"""The reading door: several threads, any process, whether a console runs or not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Condition
from typing import Final

from fastapi_spine.console.filter import EVERYTHING, Between, Filter, Match, Window, Words
from fastapi_spine.console.ports import Found, Instance, Series, StoreError
from fastapi_spine.console.store import read_numbers
from fastapi_spine.console.store.folder import Folder, size_of
from fastapi_spine.console.store.keep import Keep
from fastapi_spine.console.store.log_list import LogList
from fastapi_spine.console.store.mend import LARGEST, mended
from fastapi_spine.console.store.meta_shelf import MetaShelf
from fastapi_spine.console.store.neighbours import around
from fastapi_spine.console.store.pages import Page, newer_page, older_page
from fastapi_spine.console.store.request_list import RequestList
from fastapi_spine.console.store.shelf import Shelf
from fastapi_spine.console.store.slice_reader import EMPTY, TooLongError
from fastapi_spine.console.store.whole_trace import traces_of, whole_trace
from fastapi_spine.console.views import (
    ErrorGroup,
    LogPage,
    LogView,
    RequestPage,
    SenderHealth,
    Spread,
    StoreHealth,
)
from fastapi_spine.core.clock import Clock, SystemClock

PATIENCE_S: Final = 2.0
"""How long one answer may take: longer ones would also keep the writer's log from being emptied."""
_AT_ONCE: Final = 3


class _Desk:
    """What one answer needs."""

    def __init__(
        self, folder: Folder, clock: Clock, patience_s: float, damaged: dict[str, str]
    ) -> None:
        self.shelf = Shelf(folder, clock.monotonic_ns, round(patience_s * 1e9), damaged)
        self.meta = MetaShelf(folder.meta, self.shelf.expired)

    def close(self) -> None:
        self.shelf.close()
        self.meta.close()


class StoreReader:
    """Answers questions; see `ports.Reader`.

    Args:
        path: the data folder; it need not be there yet.
        keep: what `health` says of limits.
        patience_s: how long one answer may take.
        clock: measures that.

    Raises:
        StoreError: the folder is on a network file system.
    """

    def __init__(
        self,
        path: Path,
        keep: Keep | None = None,
        *,
        patience_s: float = PATIENCE_S,
        clock: Clock | None = None,
    ) -> None:
        self._folder = Folder(path)
        self._folder.refuse_network()
        self._keep = keep or Keep()
        self._clock = clock or SystemClock()
        self._patience = patience_s
        self._free: list[_Desk] = []
        self._damaged: dict[str, str] = {}
        self._made = 0
        self._closed = False
        self._turn = Condition()

    def traces_of(self, key: str) -> list[str]:
        """Return the trace ids behind an id; see `ports.Reader`."""
        with self._desk() as desk:
            return traces_of(desk.shelf, mended(key))

    def trace(self, trace_id: str, limit: int) -> Found | None:
        """Return everything of a trace; see `ports.Reader`."""
        with self._desk() as desk:
            return whole_trace(desk.shelf, trace_id, limit)

    def requests(
        self, wanted: Filter, window: Window, *, older: str = "", newer: str = "", limit: int = 50
    ) -> RequestPage:
        """Return requests; see `ports.Reader`."""
        listed = RequestList(_cleaned(wanted), window)
        return RequestPage(*self._page(listed, window, older, newer, limit))

    def logs(
        self, wanted: Filter, window: Window, *, older: str = "", newer: str = "", limit: int = 100
    ) -> LogPage:
        """Return log lines; see `ports.Reader`."""
        listed = LogList(_cleaned(wanted), window)
        return LogPage(*self._page(listed, window, older, newer, limit))

    def around(self, cursor: str, *, before: int, after: int, service: str = "") -> list[LogView]:
        """Return the lines around one; see `ports.Reader`."""
        with self._desk() as desk:
            return around(desk.shelf, cursor, before, after, service)

    def series(
        self, window: Window, step_ns: int, *, service: str = "", method: str = "", route: str = ""
    ) -> list[Series]:
        """Return rate, errors and durations; see `ports.Reader`."""
        wanted = mended((service, method, route))
        with self._desk() as desk:
            return read_numbers.series(desk.meta, _clamped(window), step_ns, wanted)

    def spread(self, service: str, method: str, route: str, window: Window) -> Spread | None:
        """Return how long requests of a route took; see `ports.Reader`."""
        wanted = tuple(mended((service, method, route)))
        with self._desk() as desk:
            return read_numbers.spread(desk.meta, wanted, _clamped(window))

    def errors(
        self, window: Window, step_ns: int, *, service: str = "", limit: int = 100
    ) -> list[ErrorGroup]:
        """Return failures by fingerprint; see `ports.Reader`."""
        with self._desk() as desk:
            return read_numbers.errors(desk.meta, _clamped(window), step_ns, mended(service), limit)

    def instances(self, window: Window) -> list[Instance]:
        """Return who sent something; see `ports.Reader`."""
        with self._desk() as desk:
            return read_numbers.instances(desk.meta, _clamped(window))

    def senders(self) -> list[SenderHealth]:
        """Return what senders say of their own telemetry; see `ports.Reader`."""
        with self._desk() as desk:
            return read_numbers.senders(desk.meta)

    def health(self) -> StoreHealth:
        """Return what is kept; see `ports.Reader`."""
        with self._desk() as desk:
            return self._health(desk)

    def close(self) -> None:
        """Let go of files."""
        with self._turn:
            self._closed = True
            for desk in self._free:
                desk.close()
            self._free.clear()

    def _page(
        self, listed: RequestList | LogList, window: Window, older: str, newer: str, limit: int
    ) -> Page:
        with self._desk() as desk:
            if newer:
                return newer_page(desk.shelf, listed, newer, max(limit, 1))
            return older_page(desk.shelf, listed, _clamped(window), older, max(limit, 0))

    def _health(self, desk: _Desk) -> StoreHealth:
        files = desk.shelf.slices()
        slices = self._folder.slices()
        counts = [desk.shelf.guarded(file, file.counts, (0, 0, 0)) for file in files]
        ranges = [
            desk.shelf.guarded(file, partial(file.range, name), EMPTY)
            for file in files
            for name in ("requests_range", "logs_range")
        ]
        low = min((one[0] for one in ranges if one[0] is not None), default=None)
        high = max((one[1] for one in ranges if one[1] is not None), default=None)
        damaged = [f"{name}: {reason}; left where it is" for name, reason in self._damaged.items()]
        return StoreHealth(
            path=str(self._folder.path),
            bytes=sum(size_of(file.path) for file in slices) + size_of(self._folder.meta),
            limit_bytes=self._keep.bytes,
            keep_seconds=self._keep.seconds,
            slices=len(slices),
            oldest_us=None if low is None else low // 1000,
            newest_us=None if high is None else high // 1000,
            requests=sum(count[0] for count in counts),
            spans=sum(count[0] + count[1] for count in counts),
            logs=sum(count[2] for count in counts),
            free_bytes=free_bytes(self._folder.path),
            state="ok",
            set_aside=[*self._folder.aside(), *damaged],
            engine=f"SQLite {sqlite3.sqlite_version}",
        )

    @contextmanager
    def _desk(self) -> Iterator[_Desk]:
        desk = self._take()
        desk.shelf.start()
        try:
            yield desk
        except TooLongError as error:
            raise StoreError(
                "the answer takes too long; ask for a shorter time, or for something more special"
            ) from error
        except sqlite3.Error as error:
            raise StoreError(f"{self._folder.path} cannot be read: {error}") from error
        finally:
            desk.shelf.stop()
            self._give_back(desk)

    def _take(self) -> _Desk:
        with self._turn:
            while not self._free and self._made >= _AT_ONCE and not self._closed:
                self._turn.wait()
            if self._closed:
                raise StoreError("the store is closed")
            if self._free:
                return self._free.pop()
            self._made += 1
        return _Desk(self._folder, self._clock, self._patience, self._damaged)

    def _give_back(self, desk: _Desk) -> None:
        with self._turn:
            if self._closed:
                desk.close()
            else:
                self._free.append(desk)
                self._turn.notify()


def free_bytes(path: Path) -> int:
    """Return how much room is left for this user; 0 if the system does not tell."""
    try:
        info = os.statvfs(path)
    except (OSError, AttributeError):
        return 0
    return info.f_bavail * info.f_frsize


def _clamped(window: Window) -> Window:
    return Window(min(max(window.start, 0), LARGEST), min(max(window.end, 0), LARGEST))


def _cleaned(wanted: Filter) -> Filter:
    """Return a search whose texts can be handed to SQLite."""
    if wanted == EVERYTHING:
        return wanted
    return Filter(
        tuple(Words(mended(one.text), one.negated) for one in wanted.words),
        tuple(Match(mended(m.key), tuple(mended(m.values)), m.negated) for m in wanted.matches),
        tuple(Between(mended(size.key), *size[1:]) for size in wanted.sizes),
        wanted.failed,
        mended(wanted.request_id),
        mended(wanted.trace_id),
    )
