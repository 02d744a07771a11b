"""Slices that are open for reading. One answer uses one shelf; nothing is shared between two at a time."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from fastapi_spine.console.rows import Source
from fastapi_spine.console.store.connect import open_to_read
from fastapi_spine.console.store.folder import Folder, SliceFile
from fastapi_spine.console.store.packing import unpacked
from fastapi_spine.console.store.sql import query

Answer = TypeVar("Answer")
Range = tuple[int | None, int | None, int]
"""The least and the greatest time of a list's rows, None without any, and the last id."""
EMPTY: Range = (None, None, 0)
_CHECK_EVERY: Final = 20_000
_MOST_OPEN: Final = 48


class TooLongError(Exception):
    """The answer takes longer than it may."""


class OpenFile:
    """One file, and what its numbers mean.

    Attributes:
        number: the slice's.
        final: whether nobody will write it again.
    """

    def __init__(self, file: SliceFile, expired: Callable[[], bool], *, final: bool) -> None:
        self.number = file.number
        self.final = final
        self._connection = open_to_read(file.path, final=final)
        self._connection.set_progress_handler(expired, _CHECK_EVERY)
        self._words: dict[int, str] = {}
        self._sources: dict[int, Source] = {}
        self._ranges: dict[str, tuple[int | None, int | None, int]] = {}

    def rows(self, name: str, parameters: Any = ()) -> Iterator[tuple[Any, ...]]:
        """Run a query."""
        try:
            yield from self._connection.execute(query(name), parameters)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise TooLongError from error
            raise

    def row(self, name: str, parameters: Any = ()) -> tuple[Any, ...] | None:
        """Run a query, and return its first row."""
        return next(self.rows(name, parameters), None)

    def begin(self) -> None:
        """See one state of the file until `end`."""
        if not self._connection.in_transaction:
            self._connection.execute(query("read"))

    def end(self) -> None:
        """Let the writer have its log back."""
        with suppress(sqlite3.Error):
            self._connection.rollback()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def range(self, name: str) -> tuple[int | None, int | None, int]:
        """Return the least and the greatest time of a list's rows, None without any, and the last id."""
        known = self._ranges.get(name)
        if known is None:
            row = self.row(name)
            known = (row[0], row[1], row[2] or 0) if row else (None, None, 0)
            if self.final:
                self._ranges[name] = known
        return known

    def counts(self) -> tuple[int, int, int]:
        """Return how many requests, other spans and lines there are."""
        found = self.row("counts") or (0, 0, 0)
        return found[0] or 0, found[1] or 0, found[2] or 0

    def word(self, number: int | str) -> str:
        """Return a text that repeats."""
        if isinstance(number, str):
            return number
        if number not in self._words:
            self._learn_words()
        return self._words[number]

    def words(self) -> dict[int, str]:
        """Return all of them."""
        self._learn_words()
        return self._words

    def source(self, number: int) -> Source:
        """Return a sender."""
        if number not in self._sources:
            self.sources()
        return self._sources[number]

    def sources(self) -> dict[int, Source]:
        """Return all of them."""
        if not (self.final and self._sources):
            last = max(self._sources, default=0)
            for id_, service, instance, version, attributes in self.rows(
                "all_sources", {"id": last}
            ):
                self._sources[id_] = Source(service, instance, version, unpacked(attributes))
        return self._sources

    def _learn_words(self) -> None:
        if not (self.final and self._words):
            self._words.update(self.rows("all_words", {"id": len(self._words)}))


class Shelf:
    """Open slices, the least used closed first.

    Args:
        folder: where they are.
        monotonic_ns: tells time.
        patience_ns: how long one answer may take.
    """

    def __init__(self, folder: Folder, monotonic_ns: Callable[[], int], patience_ns: int) -> None:
        self._folder = folder
        self._now = monotonic_ns
        self._patience = patience_ns
        self._deadline = 0
        self._open: OrderedDict[Path, OpenFile] = OrderedDict()
        self._used: list[OpenFile] = []
        self.damaged: dict[str, str] = {}

    def start(self) -> None:
        """Begin an answer."""
        self._deadline = self._now() + self._patience

    def stop(self) -> None:
        """End an answer."""
        for file in self._used:
            file.end()
        self._used.clear()

    def expired(self) -> bool:
        """Whether the answer has taken as long as it may."""
        return self._now() > self._deadline

    def files(self) -> list[OpenFile]:
        """Return every slice, oldest first, each seen in one state until the answer ends."""
        known = self._folder.slices()
        last = known[-1].number if known else 0
        if len(self._open) > len(known):
            self._forget({file.path for file in known})
        found = (self._file(file, final=file.number < last) for file in known)
        return [file for file in found if file is not None]

    def files_from(self, number: int) -> list[OpenFile]:
        """Return the slices from a number on, oldest first."""
        known = self._folder.slices()
        last = known[-1].number if known else 0
        wanted = (file for file in known if file.number >= number)
        found = (self._file(file, final=file.number < last) for file in wanted)
        return [file for file in found if file is not None]

    def close(self) -> None:
        """Close every file."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def guarded(self, file: OpenFile, ask: Callable[[], Answer], otherwise: Answer) -> Answer:
        """Ask one slice; what cannot be read counts as empty, and is told in `damaged`."""
        try:
            return ask()
        except sqlite3.DatabaseError as error:
            self.note(file, error)
            return otherwise

    def each(self, file: OpenFile, steps: Iterator[Answer]) -> Iterator[Answer]:
        """Walk one slice likewise."""
        try:
            yield from steps
        except sqlite3.DatabaseError as error:
            self.note(file, error)

    def note(self, file: OpenFile, error: sqlite3.Error) -> None:
        """Note that a slice cannot be read; it stays where it is."""
        for path, known in self._open.items():
            if known is file:
                self.damaged[path.name] = str(error)

    def _file(self, file: SliceFile, *, final: bool) -> OpenFile | None:
        opened = self._open.get(file.path)
        if opened is not None and final and not opened.final:
            opened.close()
            self._used = [one for one in self._used if one is not opened]
            del self._open[file.path]
            opened = None
        try:
            if opened is None:
                opened = self._take(file, final=final)
            self._open.move_to_end(file.path)
            opened.begin()
        except sqlite3.Error as error:
            if file.path.exists():
                self.damaged[file.path.name] = str(error)
            return None
        self._used.append(opened)
        return opened

    def _take(self, file: SliceFile, *, final: bool) -> OpenFile:
        plain = final and not _has_log(file.path)
        opened = OpenFile(file, self.expired, final=plain)
        if len(self._open) >= _MOST_OPEN:
            for path, old in list(self._open.items()):
                if old not in self._used:
                    old.close()
                    del self._open[path]
                    break
        self._open[file.path] = opened
        return opened

    def _forget(self, known: set[Path]) -> None:
        for path in [path for path in self._open if path not in known]:
            self._open.pop(path).close()


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    try:
        return log.stat().st_size > 0
    except OSError:
        return False
