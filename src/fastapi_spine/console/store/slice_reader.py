"""One slice for reading, and what its numbers mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fastapi_spine.console.rows import Source
from fastapi_spine.console.store.connect import open_to_read
from fastapi_spine.console.store.folder import SliceFile
from fastapi_spine.console.store.packing import unpacked
from fastapi_spine.console.store.sql import query

Range = tuple[int | None, int | None, int]
"""The least and the greatest time of a list's rows, None without any, and the last id."""
EMPTY: Range = (None, None, 0)
_CHECK_EVERY: Final = 20_000
"""Steps of SQLite's machine between two looks at the clock: about 1 ms."""


class TooLongError(Exception):
    """The answer takes longer than it may."""


class SliceReader:
    """Opened when it is first asked; from then on it sees one state of the file until `end`.

    Attributes:
        number: the slice's.
        path: its file.
        final: whether nobody will write it again. Whoever finds this out says so before asking.
    """

    def __init__(self, file: SliceFile, expired: Callable[[], bool]) -> None:
        self.number = file.number
        self.path: Path = file.path
        self.final = False
        self._expired = expired
        self._connection: sqlite3.Connection | None = None
        self._opened_final = False
        self._words: dict[int, str] = {}
        self._sources: dict[int, Source] = {}
        self._ranges: dict[str, Range] = {}

    @property
    def is_open(self) -> bool:
        """Whether it holds a file."""
        return self._connection is not None

    def rows(self, name: str, parameters: Any = ()) -> Iterator[tuple[Any, ...]]:
        """Run a query.

        Raises:
            TooLongError: the answer takes longer than it may.
            sqlite3.DatabaseError: the file cannot be read.
        """
        try:
            yield from self._begun().execute(query(name), parameters)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                raise TooLongError from error
            raise

    def row(self, name: str, parameters: Any = ()) -> tuple[Any, ...] | None:
        """Run a query, and return its first row."""
        return next(self.rows(name, parameters), None)

    def end(self) -> None:
        """Let the writer have its log back."""
        if self._connection is not None and not self._opened_final:
            with suppress(sqlite3.Error):
                self._connection.rollback()

    def close(self) -> None:
        """Close the file; it is opened again when it is asked again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._words, self._sources = {}, {}

    def range(self, name: str) -> Range:
        """Return the range of a list (`requests_range`, `logs_range`); of a final slice it is remembered."""
        known = self._ranges.get(name)
        if known is None:
            low, high, last = self.row(name) or EMPTY
            known = (low, high, last or 0)
            if self.final:
                self._ranges[name] = known
        return known

    def counts(self) -> tuple[int, int, int]:
        """Return how many requests, other spans and lines there are."""
        found = self.row("counts") or (0, 0, 0)
        return found[0] or 0, found[1] or 0, found[2] or 0

    def word(self, number: int | str) -> str:
        """Return a text that repeats; a text that is none stands for itself."""
        if isinstance(number, str):
            return number
        if number not in self._words:
            self.words()
        return self._words[number]

    def words(self) -> dict[int, str]:
        """Return all texts that repeat."""
        if not (self.final and self._words):
            for number, text in self.rows("all_words", {"id": len(self._words)}):
                self._words[number] = text
        return self._words

    def source(self, number: int) -> Source:
        """Return a sender."""
        if number not in self._sources:
            self.sources()
        return self._sources[number]

    def sources(self) -> dict[int, Source]:
        """Return all senders."""
        if not (self.final and self._sources):
            last = max(self._sources, default=0)
            for number, service, instance, version, told in self.rows("all_sources", {"id": last}):
                self._sources[number] = Source(service, instance, version, unpacked(told))
        return self._sources

    def _begun(self) -> sqlite3.Connection:
        connection = self._connection
        if connection is None or self._opened_final != self.final:
            self.close()
            plain = self.final and not _has_log(self.path)
            connection = self._connection = open_to_read(self.path, final=plain)
            connection.set_progress_handler(self._expired, _CHECK_EVERY)
            self._opened_final = plain
            self.final = plain
        if not connection.in_transaction:
            connection.execute(query("read"))
        return connection


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    try:
        return log.stat().st_size > 0
    except OSError:
        return False
