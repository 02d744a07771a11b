"""What a command line asks, and what can go wrong with that; who answers is the matter of the files beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from fastapi_spine.console.client.events import Event
from fastapi_spine.console.views import (
    ErrorPage,
    LogPage,
    Overview,
    RequestPage,
    TraceView,
)
from fastapi_spine.core.errors import SpineError


class SourceError(SpineError):
    """Nobody answers: there is no console, or it refuses. The message says what to do."""


class AskedWronglyError(SpineError):
    """A search or a moment cannot be read.

    Attributes:
        text: what was given; empty if the answer did not say.
        position: where in it, in characters.
        length: how many characters are wrong.
        hint: what to write instead; may be empty.
    """

    def __init__(self, message: str, text: str, position: int, length: int, hint: str) -> None:
        super().__init__(message)
        self.text = text
        self.position = position
        self.length = length
        self.hint = hint


class Asked(NamedTuple):
    """What a list is asked for.

    Attributes:
        search: in the search language; empty for everything.
        since: `15m`, RFC 3339, or microseconds since the epoch; empty for an hour ago.
        until: likewise; empty for now.
        limit: how many at most.
        older: a page's cursor: what came before it.
        newer: a page's cursor: what came after it.
    """

    search: str = ""
    since: str = ""
    until: str = ""
    limit: int = 50
    older: str = ""
    newer: str = ""


class Live(Protocol):
    """Tells by itself what comes."""

    def events(self, kind: str, search: str, newer: str) -> Iterator[Event]:
        """Yield the events of a live tail, `requests` or `logs`, until the console ends it.

        Raises:
            AskedWronglyError: the search cannot be read.
            SourceError: nobody answers.
        """


class Source(Protocol):
    """Answers as `console.views` has them; the same from the files and from the API."""

    @property
    def place(self) -> str:
        """Return what is asked, for people: a folder or an address."""

    def trace(self, key: str) -> TraceView | None:
        """Return everything about one request, by request id or its end, or trace id; None if it is unknown."""

    def requests(self, asked: Asked) -> RequestPage:
        """Return requests, newest first.

        Raises:
            AskedWronglyError: the search or a moment cannot be read.
            SourceError: nobody answers.
        """

    def logs(self, asked: Asked) -> LogPage:
        """Return log lines, newest first; raises as `requests`."""

    def overview(self, since: str, until: str) -> Overview:
        """Return rates, errors and durations by route; raises as `requests`."""

    def errors(self, since: str, until: str, *, service: str, limit: int) -> ErrorPage:
        """Return failures by fingerprint; raises as `requests`."""

    def live(self) -> Live | None:
        """Return whoever tells by itself what comes; None if one has to ask."""

    def page(self, path: str) -> str:
        """Return the address of a page, one that opens a session if we may; empty if nobody serves pages."""

    def close(self) -> None:
        """Let go of files and connections."""
