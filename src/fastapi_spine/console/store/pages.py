"""A page of a list: over all slices, within the time an answer may take."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from fastapi_spine.console.filter import Window
from fastapi_spine.console.store import cursor
from fastapi_spine.console.store.cursor import NEWEST, NOTHING, Place, Seen
from fastapi_spine.console.store.log_list import LogList
from fastapi_spine.console.store.request_list import RequestList
from fastapi_spine.console.store.shelf import OpenFile, Shelf, TooLongError
from fastapi_spine.console.store.stretch import Bounds
from fastapi_spine.console.store.walk import Step, newest_first

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
    files = shelf.files()
    seen = _seen(shelf, listed, files)
    streams = [
        (
            min(range_[1], begin.time),
            partial(_walk, shelf, listed, file, Bounds(file, begin, window.start)),
        )
        for file in files
        if (range_ := _range(shelf, listed, file))[0] is not None
        and range_[1] is not None
        and range_[1] >= window.start
        and range_[0] <= begin.time
    ]
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
    """Return what came in after a cursor, oldest first."""
    seen = cursor.seen(listed.letter, newer)
    rows: list[Any] = []
    looked_at = 0
    for file in shelf.files_from(seen.slice):
        last = seen.id if file.number == seen.slice else 0
        seen = Seen(file.number, last)
        if file.range(listed.range_query)[2] <= last:
            continue
        while len(rows) < limit:
            got = list(file.rows(listed.newer_query, {"id": last, "size": _AT_ONCE}))
            for columns in got:
                row = listed.of(file, columns)
                last = columns[0]
                seen = Seen(file.number, last)
                looked_at += 1
                if row is not None:
                    rows.append(row)
                    if len(rows) == limit:
                        break
            if len(got) < _AT_ONCE and len(rows) < limit:
                break
            if looked_at >= _MOST_LOOKED_AT or shelf.expired():
                return Page(rows, "", cursor.written(listed.letter, seen), whole=False)
        if len(rows) >= limit:
            break
    return Page(rows, "", cursor.written(listed.letter, seen), whole=True)


def _walk(shelf: Shelf, listed: Listed, file: OpenFile, bounds: Bounds) -> Iterator[Step[Any]]:
    return shelf.each(file, listed.older(file, bounds))


def _seen(shelf: Shelf, listed: Listed, files: list[OpenFile]) -> Seen:
    """Return the place in the order of arrival that is now."""
    if not files:
        return NOTHING
    return Seen(files[-1].number, _range(shelf, listed, files[-1])[2])


def _range(shelf: Shelf, listed: Listed, file: OpenFile) -> tuple[int | None, int | None, int]:
    return shelf.guarded(file, lambda: file.range(listed.range_query), (None, None, 0))
