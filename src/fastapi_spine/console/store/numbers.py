"""What gets a small number instead of itself: traces, repeated words, senders. One slice each."""

from __future__ import annotations

from hashlib import blake2b
from sqlite3 import Connection
from typing import Final

from fastapi_spine.console.rows import Source
from fastapi_spine.console.store.packing import packed
from fastapi_spine.console.store.sql import query

MOST_WORDS: Final = 10_000
"""Per slice: beyond, a text stands in the row itself."""
_MOST_TRACES: Final = 100_000
_MOST_SOURCES: Final = 50_000
_PERSON: Final = b"spine-request-id"


def key_of(identifier: bytes) -> int:
    """Return the first eight bytes as SQLite's signed number."""
    return int.from_bytes(identifier[:8], "big", signed=True)


def name_key(request_id: str) -> int:
    """Return a request id's place in the index."""
    return key_of(blake2b(request_id.encode("utf-8", "replace"), digest_size=8).digest())


def made_trace(request_id: str) -> bytes:
    """Return the trace id that stands for a request whose sender knows no traces."""
    text = request_id.encode("utf-8", "replace")
    return blake2b(text, digest_size=16, person=_PERSON).digest()


class Traces:
    """Numbers for trace ids. Those seen lately are in memory; of others the file is asked once."""

    def __init__(self, connection: Connection, last: int, *, fresh: bool) -> None:
        self.rows: list[tuple[int, int, bytes, int]] = []
        self._connection = connection
        self._last = last
        self._known: dict[bytes, int] = {}
        self._older: dict[bytes, int] = {}
        self._all_known = fresh

    def number(self, trace_id: bytes, made: int = 0) -> int:
        """Return a trace's number, new if need be."""
        known = self._known
        number = known.get(trace_id)
        if number is None:
            number = self._older.get(trace_id) or self._stored(trace_id)
            if number is None:
                self._last = number = self._last + 1
                self.rows.append((number, key_of(trace_id), trace_id, made))
            if len(known) >= _MOST_TRACES:
                self._older, self._known, self._all_known = known, {}, False
            self._known[trace_id] = number
        return number

    def _stored(self, trace_id: bytes) -> int | None:
        if self._all_known:
            return None
        rows = self._connection.execute(query("trace_numbers"), (key_of(trace_id),))
        return next((number for number, stored in rows if stored == trace_id), None)


class Words:
    """Numbers for texts that repeat."""

    def __init__(self, known: dict[str, int]) -> None:
        self.rows: list[tuple[int, str]] = []
        self._known = known

    def number(self, text: str) -> int | str:
        """Return a text's number; the text itself once there are too many."""
        number = self._known.get(text)
        if number is None:
            if len(self._known) >= MOST_WORDS:
                return text
            number = self._known[text] = len(self._known) + 1
            self.rows.append((number, text))
        return number


class Sources:
    """Numbers for senders; the same `Source` object is looked up once."""

    def __init__(self, known: dict[tuple[str, str, str, bytes], int]) -> None:
        self.rows: list[tuple[int, str, str, str, bytes]] = []
        self._known = known
        self._objects: dict[Source, int] = {}

    def number(self, source: Source) -> int:
        """Return a sender's number."""
        number = self._objects.get(source)
        return self._look_up(source) if number is None else number

    def _look_up(self, source: Source) -> int:
        told = (source.service, source.instance, source.version, packed(source.attributes) or b"{}")
        number = self._known.get(told)
        if number is None:
            number = self._known[told] = len(self._known) + 1
            self.rows.append((number, *told))
        if len(self._objects) >= _MOST_SOURCES:
            self._objects.clear()
        self._objects[source] = number
        return number


def words_of(connection: Connection) -> dict[str, int]:
    """Return what a file has of words."""
    return {text: number for number, text in connection.execute(query("all_words"), {"id": 0})}


def sources_of(connection: Connection) -> dict[tuple[str, str, str, bytes], int]:
    """Return what a file has of senders."""
    rows = connection.execute(query("all_sources"), {"id": 0})
    return {tuple(told): number for number, *told in rows}
