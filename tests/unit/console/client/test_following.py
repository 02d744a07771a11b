"""A live tail as a program on the command line hears it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from console_api import NOW, filled

from fastapi_spine.console.client.events import Event, StreamError, events
from fastapi_spine.console.client.follow import Ears, tail_logs, tail_requests
from fastapi_spine.console.client.from_store import StoreSource
from fastapi_spine.console.client.source import Asked, SourceError


class Told(StoreSource):
    """A store whose console tells these events, one list a connection, and then is gone."""

    def __init__(self, *connections: list[Event]) -> None:
        super().__init__(filled(), "here", None, lambda: NOW)
        self.asked: list[tuple[str, str, str]] = []
        self._connections = list(connections)

    def live(self) -> Any:
        """Return this."""
        return self

    def events(self, kind: str, search: str, newer: str) -> Iterator[Event]:
        """Yield them."""
        self.asked.append((kind, search, newer))
        if not self._connections:
            raise SourceError("nobody answers")
        yield from self._connections.pop(0)


def rows(*ids: str) -> bytes:
    """Return requests as an event has them."""
    source = StoreSource(filled(), "here", None, lambda: NOW)
    known = {row.request_id: row for row in source.requests(Asked()).requests}
    return msgspec.json.encode([known[one] for one in ids])


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"", []),
        (b"retry: 1000\n\n: ping\n\n", []),
        (b"event: logs\nid: 7\ndata: [1]\n\n", [Event("logs", b"[1]", "7")]),
        (b"event:logs\r\ndata:[1]\r\n\r\n", [Event("logs", b"[1]", "")]),
        (b"event: a\ndata: 1\n\nevent: b\ndata: 2\n\n", [Event("a", b"1", ""), Event("b", b"2", "")]),
        (b"event: logs\ndata: [1]\n", []),
        (b"event: logs\ndata: [1", []),
        (b"event: logs\n\ndata: [1]\n\n", [Event("", b"[1]", "")]),
    ],
    ids=["nothing", "no event", "one", "other line ends", "two", "without end", "cut off", "no data"],
)  # fmt: skip
def test_events_are_read_off_a_stream(stream: bytes, found: list[Event]) -> None:
    """One that is cut off is none: it comes again, from the cursor before it."""
    assert list(events(io.BytesIO(stream).readline)) == found


def test_an_event_without_end_is_refused() -> None:
    """Whoever sends one line for ever is not read for ever."""
    with pytest.raises(StreamError, match="longer than any"):
        list(events(lambda most: b"x" * most))


def test_a_tail_that_is_cut_off_goes_on_where_it_was() -> None:
    """The next connection begins after the last row that came; when nobody answers any more, that is said."""
    source = Told(
        [Event("requests", rows("r-3", "r-4"), "12")], [Event("requests", rows("r-5"), "13")]
    )
    pauses: list[int] = []
    ears = Ears(lambda _: None, lambda: pauses.append(1))
    tail = tail_requests(source, "user_id:>40", before=0, ears=ears)
    assert [next(tail).request_id for _ in range(3)] == ["r-3", "r-4", "r-5"]
    with pytest.raises(SourceError, match="nobody answers"):
        next(tail)
    first = source.requests(Asked("user_id:>40", limit=1)).newer
    asked = [("requests", "user_id:>40", cursor) for cursor in (first, "12", "13")]
    assert (source.asked, len(pauses)) == (asked, 2)


def test_a_tail_says_what_it_left_out() -> None:
    """A terminal is slower than a storm of requests, and whoever reads knows that rows are missing."""
    source = Told([Event("behind", b'{"skipped": 1234}', "")])
    skipped: list[int] = []
    with pytest.raises(SourceError):
        list(tail_logs(source, "", before=0, ears=Ears(skipped.append, lambda: None)))
    assert skipped == [1234]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event("trouble", b'{"detail": "the answer takes too long"}', ""), "the answer takes too long"),
        (Event("logs", b'[{"message": 5}]', ""), "both of the same version"),
        (Event("behind", b"nonsense", ""), "both of the same version"),
    ],
)  # fmt: skip
def test_a_tail_ends_with_the_console_s_reason(event: Event, said: str) -> None:
    """A search that the store cannot answer, or a console of another version, is no endless silence."""
    with pytest.raises(SourceError, match=said):
        list(tail_logs(Told([event]), "", before=0, ears=Ears(lambda _: None, lambda: None)))
