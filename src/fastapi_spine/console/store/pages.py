"""A page of a list: over all slices, within the time an answer may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from fastapi_spine.console.filter import Window
from fastapi_spine.console.store import cursor
from fastapi_spine.console.store.cursor import NEWEST, NOTHING, Place, Seen
from fastapi_spine.console.store.log_list import LogList
from fastapi_spine.console.store.request_list import RequestList
from fastapi_spine.console.store.shelf import Shelf
from fastapi_spine.console.store.slice_reader import EMPTY, Range, SliceReader, TooLongError
from fastapi_spine.console.store.stretch import Bounds
from fastapi_spine.console.store.walk import Step, Steps, newest_first

Listed = RequestList | LogList
_AT_ONCE = 500
_MOST_LOOKED_AT = 5_000


class Page(NamedTuple):
    """Rows and where to go on."""

    rows: list[Any]
    older: str
    newer: str
    whole: bool


def older_page(shelf: Shelf, listed: Listed, window: Window, older: str, limit: int) -> Page:
    """Return the newest rows of a window, or those after a cursor."""
    begin = cursor.place(listed.letter, older) if older else NEWEST
    begin = min(begin, Place(window.end, 0, 0))
    slices = shelf.slices()
    seen = _seen(shelf, listed, slices)
    streams: list[tuple[int, Callable[[], Steps[Any]]]] = []
    for one in slices:
        low, high, _ = _range(shelf, listed, one)
        if low is not None and high is not None and high >= window.start and low <= begin.time:
            steps = partial(_walk, shelf, listed, one, Bounds(one, begin, window.start))
            streams.append((min(high, begin.time), steps))
    rows: list[Any] = []
    last, whole, more = begin, True, False
    try:
        for step in newest_first(streams):
            if step.row is not None:
                if len(rows) == limit:
                    more = True
                    break
                rows.append(step.row)
            last = step.place
            if shelf.expired():
                raise TooLongError  # noqa: TRY301 - ends the walk as an interrupted query does
    except TooLongError:
        whole, more = False, True
    goes_on = cursor.written(listed.letter, last) if more else ""
    return Page(rows, goes_on, cursor.written(listed.letter, seen), whole)


def newer_page(shelf: Shelf, listed: Listed, newer: str, limit: int) -> Page:
    """Return the oldest rows of what came in after a cursor, the last one first."""
    tail = _Tail(shelf, listed, cursor.seen(listed.letter, newer), limit)
    for one in shelf.slices(tail.seen.slice):
        shelf.guarded(one, partial(tail.follow, one), None)
        if tail.ends:
            break
    return Page(tail.rows[::-1], "", cursor.written(listed.letter, tail.seen), whole=not tail.cut)


class _Tail:
    """What a tail has collected, and how far it came."""

    def __init__(self, shelf: Shelf, listed: Listed, seen: Seen, limit: int) -> None:
        self.rows: list[Any] = []
        self.seen = seen
        self.cut = False
        self._shelf = shelf
        self._listed = listed
        self._limit = limit
        self._looked_at = 0

    @property
    def ends(self) -> bool:
        """Whether it has enough, or has looked long enough."""
        return self.cut or len(self.rows) >= self._limit

    def follow(self, one: SliceReader) -> None:
        """Go through what one slice has got since."""
        if one.number != self.seen.slice:
            self.seen = Seen(one.number, 0)
        if one.range(self._listed.range_query)[2] <= self.seen.id:
            return
        more = True
        while more and not self.ends:
            here = {"id": self.seen.id, "size": _AT_ONCE}
            got = list(one.rows(self._listed.newer_query, here))
            more = len(got) == _AT_ONCE
            self._look_at(one, got)
            self.cut = more and (self._looked_at >= _MOST_LOOKED_AT or self._shelf.expired())

    def _look_at(self, one: SliceReader, got: list[tuple[Any, ...]]) -> None:
        for columns in got:
            if len(self.rows) >= self._limit:
                return
            row = self._listed.of(one, columns)
            self.seen = Seen(one.number, columns[0])
            self._looked_at += 1
            if row is not None:
                self.rows.append(row)


def _walk(shelf: Shelf, listed: Listed, one: SliceReader, bounds: Bounds) -> Iterator[Step[Any]]:
    return shelf.each(one, listed.older(one, bounds))


def _seen(shelf: Shelf, listed: Listed, slices: list[SliceReader]) -> Seen:
    """Return the place in the order of arrival that is now."""
    return Seen(slices[-1].number, _range(shelf, listed, slices[-1])[2]) if slices else NOTHING


def _range(shelf: Shelf, listed: Listed, one: SliceReader) -> Range:
    return shelf.guarded(one, partial(one.range, listed.range_query), EMPTY)
