"""The writing door: one thread of one process."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from fastapi_spine.console.facts import Request
from fastapi_spine.console.ports import StoreError, StoreFullError
from fastapi_spine.console.rows import Batch, SpanRow
from fastapi_spine.console.store.discard import Discard
from fastapi_spine.console.store.folder import Folder, SliceFile, size_of
from fastapi_spine.console.store.keep import Keep
from fastapi_spine.console.store.numbers_room import NumbersRoom
from fastapi_spine.console.store.open_slice import OpenSlice
from fastapi_spine.console.store.recovery import open_meta, recovered
from fastapi_spine.core.clock import Clock, SystemClock

_SECOND_NS: Final = 1_000_000_000
_FULL: Final = (sqlite3.SQLITE_FULL,)


class StoreWriter:
    """Takes what came in, and keeps it.

    Args:
        path: the data folder; made if need be.
        keep: how much is kept.
        clock: tells when a slice is old.

    Raises:
        StoreError: the folder cannot be used, or another process writes there.
    """

    def __init__(self, path: Path, keep: Keep | None = None, clock: Clock | None = None) -> None:
        self._folder = Folder(path)
        self._keep = keep or Keep()
        self._clock = clock or SystemClock()
        self._state = "ok"
        self._folder.prepare()
        self._lock = self._folder.lock()
        try:
            self._slice = recovered(self._folder)
            self._sealing: list[OpenSlice] = []
            self._numbers = NumbersRoom(open_meta(self._folder))
            self._discard = Discard(self._folder)
        except BaseException:
            os.close(self._lock)
            raise
        self._seen: list[tuple[SpanRow, Request]] = []
        self._batches: list[Batch] = []

    @property
    def state(self) -> str:
        """`ok`, or why nothing can be written."""
        return self._state

    def add(self, batch: Batch) -> None:
        """Take a batch into the open transaction; see `ports.Writer`."""
        with self._trouble():
            slice_ = self._open()
            self._seen += slice_.take_spans(batch.spans)
            slice_.take_logs(batch.logs)
            self._batches.append(batch)
            if slice_.waiting >= self._keep.group_rows:
                slice_.write()

    def commit(self) -> None:
        """Make everything added so far last; see `ports.Writer`."""
        if not self._batches:
            return
        with self._trouble():
            if self._slice is not None:
                self._slice.commit()
        batches, seen = self._batches, self._seen
        self._batches, self._seen = [], []
        self._state = "ok"
        self._numbers.take(batches, seen, self._clock.wall_ns())

    def tidy(self) -> None:
        """Do what is due; see `ports.Writer`."""
        now_s = self._clock.wall_ns() // _SECOND_NS
        self.commit()
        self._roll_if_due(now_s)
        self._seal()
        self._expire(now_s)
        self._numbers.tidy(self._clock.wall_ns(), self._keep)

    def close(self) -> None:
        """Commit, and leave plain files behind."""
        try:
            with suppress(StoreError):
                self.commit()
            for slice_ in self._sealing if self._slice is None else (*self._sealing, self._slice):
                with suppress(sqlite3.Error):
                    slice_.seal()
                slice_.close()
            self._numbers.close()
            self._discard.close()
        finally:
            os.close(self._lock)

    def _open(self) -> OpenSlice:
        if self._slice is None:
            self._slice = self._begin()
        return self._slice

    def _begin(self) -> OpenSlice:
        known = self._folder.slices()
        number = known[-1].number + 1 if known else 1
        file = self._folder.new_slice(number, self._clock.wall_ns() // _SECOND_NS)
        return OpenSlice(file, fresh=True)

    def _roll_if_due(self, now_s: int) -> None:
        slice_ = self._slice
        if slice_ is None or not slice_.rows:
            return
        old = now_s - slice_.file.begun_s >= self._keep.slice_seconds
        if old or size_of(slice_.file.path) >= self._keep.slice_bytes:
            self._slice = None
            self._sealing.append(slice_)

    def _seal(self) -> None:
        """Make plain files of slices that are done; a reader that is in the way is tried again later."""
        waiting, self._sealing = self._sealing, []
        for slice_ in waiting:
            try:
                done = slice_.seal()
            except sqlite3.Error:
                done = False
            if done:
                slice_.close()
            else:
                self._sealing.append(slice_)

    def _expire(self, now_s: int) -> None:
        """Delete the oldest slices while they are too old or too many; the newest one stays."""
        known = self._folder.slices()
        sizes = [size_of(file.path) for file in known]
        total = sum(sizes)
        for file, after, size in zip(known[:-1], known[1:], sizes[:-1], strict=True):
            too_old = now_s - after.begun_s > self._keep.seconds
            if not (too_old or total > self._keep.bytes or self._state != "ok"):
                break
            self._remove(file)
            total -= size
            if not too_old and self._state != "ok":
                break
        self._discard.begin()

    def _remove(self, file: SliceFile) -> None:
        for slice_ in [one for one in self._sealing if one.file == file]:
            slice_.close()
            self._sealing.remove(slice_)
        with suppress(OSError):
            self._discard.take(file.path)

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """Turn an error of the database into one of ours; nothing of the open transaction is kept, whatever failed."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            self._batches, self._seen = [], []
            raise self._failed(error) from error
        except BaseException:
            self._batches, self._seen = [], []
            self._give_up(damaged=False, reason="")
            raise

    def _failed(self, error: sqlite3.DatabaseError) -> StoreError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        self._give_up(
            damaged=code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}, reason=str(error)
        )
        if code in _FULL or (code == sqlite3.SQLITE_IOERR and self._no_room()):
            self._state = "the disk is full"
            return StoreFullError(f"no room is left on the disk of {self._folder.path}")
        self._state = str(error)
        return StoreError(f"{self._folder.path} cannot be written: {error}")

    def _give_up(self, *, damaged: bool, reason: str) -> None:
        slice_ = self._slice
        if slice_ is None:
            return
        try:
            if not damaged:
                slice_.roll_back()
                return
        except sqlite3.Error:
            pass
        self._slice = None
        with suppress(sqlite3.Error):
            slice_.close()
        if damaged:
            self._folder.set_aside(slice_.file.path, f"damaged while it was written: {reason}")

    def _no_room(self) -> bool:
        try:
            info = os.statvfs(self._folder.path)
        except (OSError, AttributeError):
            return False
        return info.f_bavail * info.f_frsize < 16 * 2**20
