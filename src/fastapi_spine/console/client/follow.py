"""A live tail, whoever answers: what came later than the last page, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from fastapi_spine.console.client.source import Asked, Source
from fastapi_spine.console.views import LogPage, LogView, RequestPage, RequestRow

PAUSE_S: Final = 0.25
_STEP: Final = 200
"""Rows of one question."""
_SINCE: Final = "7d"
"""How old a request may be and still be told when it comes: as old as anything that is kept, mostly."""

Shown = TypeVar("Shown", RequestRow, LogView)


def tail_requests(
    source: Source, search: str, *, before: int, pause: Callable[[], None] | None = None
) -> Iterator[RequestRow]:
    """Yield requests as they come in, without end.

    Args:
        source: who is asked.
        search: which ones.
        before: how many that were there already come first.
        pause: waits between two questions; a quarter of a second by default.
    """

    def ask(asked: Asked) -> tuple[list[RequestRow], str]:
        page: RequestPage = source.requests(asked)
        return page.requests, page.newer

    yield from _tail(ask, search, before, pause)


def tail_logs(
    source: Source, search: str, *, before: int, pause: Callable[[], None] | None = None
) -> Iterator[LogView]:
    """Yield log lines as they come in, without end; as `tail_requests`."""

    def ask(asked: Asked) -> tuple[list[LogView], str]:
        page: LogPage = source.logs(asked)
        return page.logs, page.newer

    yield from _tail(ask, search, before, pause)


def _tail(
    ask: Callable[[Asked], tuple[list[Shown], str]],
    search: str,
    before: int,
    pause: Callable[[], None] | None,
) -> Iterator[Shown]:
    found, cursor = ask(Asked(search, limit=max(before, 1)))
    yield from reversed(found[:before])
    while True:
        found, newer = ask(Asked(search, since=_SINCE, limit=_STEP, newer=cursor))
        yield from reversed(found)
        cursor = newer or cursor
        if len(found) < _STEP:
            (pause or _pause)()


def _pause() -> None:
    time.sleep(PAUSE_S)
