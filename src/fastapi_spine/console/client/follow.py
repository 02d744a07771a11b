"""A live tail, whoever answers: a running console tells what comes; without one the files are asked again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from fastapi_spine.console.client.events import Event
from fastapi_spine.console.client.source import Asked, Live, Source, SourceError
from fastapi_spine.console.views import LogView, RequestRow

PAUSE_S: Final = 0.25
_STEP: Final = 200
"""Rows of one question."""
_SINCE: Final = "7d"
"""How old a request may be and still be told when it comes: as old as anything that is kept, mostly."""
_BEHIND: Final = "behind"
_TROUBLE: Final = "trouble"

Shown = TypeVar("Shown", RequestRow, LogView)


class Ears(NamedTuple):
    """How a tail waits, and what it says beside its rows.

    Attributes:
        skipped: told how many rows were left out, because more came than could be read.
        pause: waits between two questions.
    """

    skipped: Callable[[int], None]
    pause: Callable[[], None] = lambda: time.sleep(PAUSE_S)


class _Behind(msgspec.Struct):
    skipped: int = 0


class _Trouble(msgspec.Struct):
    detail: str = ""


def tail_requests(source: Source, search: str, *, before: int, ears: Ears) -> Iterator[RequestRow]:
    """Yield requests as they come in, without end.

    Args:
        source: who is asked.
        search: which ones.
        before: how many that were there already come first.
        ears: how to wait.

    Raises:
        AskedWronglyError: the search cannot be read.
        SourceError: nobody answers, or the console that did has ended.
    """

    def ask(asked: Asked) -> tuple[Sequence[RequestRow], str]:
        page = source.requests(asked)
        return page.requests, page.newer

    yield from _Tail("requests", RequestRow, ask, search, ears).rows(source, before)


def tail_logs(source: Source, search: str, *, before: int, ears: Ears) -> Iterator[LogView]:
    """Yield log lines as they come in, without end; as `tail_requests`."""

    def ask(asked: Asked) -> tuple[Sequence[LogView], str]:
        page = source.logs(asked)
        return page.logs, page.newer

    yield from _Tail("logs", LogView, ask, search, ears).rows(source, before)


class _Tail(Generic[Shown]):
    """One tail, and how far it came."""

    def __init__(
        self,
        kind: str,
        row: type[Shown],
        ask: Callable[[Asked], tuple[Sequence[Shown], str]],
        search: str,
        ears: Ears,
    ) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(list[row]).decode  # type: ignore[valid-type] # known when it runs
        self._ask: Callable[[Asked], tuple[Sequence[Shown], str]] = ask
        self._search = search
        self._ears = ears
        self._cursor = ""

    def rows(self, source: Source, before: int) -> Iterator[Shown]:
        """Yield some that were there, then what comes."""
        found, self._cursor = self._ask(Asked(self._search, limit=max(before, 1)))
        yield from reversed(found[:before])
        live = source.live()
        if live is not None:
            yield from self._listened(live, alone=live is source)
        yield from self._asked()

    def _listened(self, live: Live, *, alone: bool) -> Iterator[Shown]:
        """Yield what a console tells; return when it has ended and its files are still there to be asked."""
        while True:
            try:
                for event in live.events(self._kind, self._search, self._cursor):
                    yield from self._heard(event)
            except SourceError:
                if alone:
                    raise
                return
            self._ears.pause()

    def _heard(self, event: Event) -> Iterator[Shown]:
        try:
            if event.name == self._kind:
                yield from self._decode(event.data)
                self._cursor = event.cursor or self._cursor
            elif event.name == _BEHIND:
                self._ears.skipped(msgspec.json.decode(event.data, type=_Behind).skipped)
            elif event.name == _TROUBLE:
                raise SourceError(msgspec.json.decode(event.data, type=_Trouble).detail)
        except msgspec.MsgspecError as error:
            raise SourceError(
                f"The console tells something else than this version's does ({error}); are both of the same version?"
            ) from None

    def _asked(self) -> Iterator[Shown]:
        """Yield what is found by asking."""
        while True:
            asked = Asked(self._search, since=_SINCE, limit=_STEP, newer=self._cursor)
            found, newer = self._ask(asked)
            yield from reversed(found)
            self._cursor = newer or self._cursor
            if len(found) < _STEP:
                self._ears.pause()
