"""Answers straight from the store's files, while a console writes them or none runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi_spine.console.assemble import error_page, overview, trace_view
from fastapi_spine.console.client.from_api import ApiSource
from fastapi_spine.console.client.source import Asked, AskedWronglyError, SourceError
from fastapi_spine.console.door.access import Access, login_url
from fastapi_spine.console.ports import Reader, StoreError
from fastapi_spine.console.search import SearchError, parse, until_now, window
from fastapi_spine.console.views import (
    ErrorPage,
    LogPage,
    Overview,
    RequestPage,
    TraceView,
)


class StoreSource:
    """A store's files.

    Args:
        reader: the store's door; closed with this.
        place: the data folder, for people.
        access: of the console that writes there; None if none runs.
        now_ns: tells the time, nanoseconds since the epoch.
    """

    def __init__(
        self, reader: Reader, place: str, access: Access | None, now_ns: Callable[[], int]
    ) -> None:
        self.place = place
        self._access = access
        self._reader = reader
        self._now_ns = now_ns

    def trace(self, key: str) -> TraceView | None:
        """Return everything about one request; None if it is unknown."""
        with self._answering():
            return trace_view(self._reader, key)

    def requests(self, asked: Asked) -> RequestPage:
        """Return requests, newest first."""
        with self._answering():
            return self._reader.requests(
                parse(asked.search),
                window(asked.since, asked.until, self._now_ns()),
                older=asked.older,
                newer=asked.newer,
                limit=asked.limit,
            )

    def logs(self, asked: Asked) -> LogPage:
        """Return log lines, newest first."""
        with self._answering():
            return self._reader.logs(
                parse(asked.search),
                window(asked.since, asked.until, self._now_ns()),
                older=asked.older,
                newer=asked.newer,
                limit=asked.limit,
            )

    def overview(self, since: str, until: str) -> Overview:
        """Return rates, errors and durations by route."""
        with self._answering():
            now_ns = self._now_ns()
            return overview(self._reader, until_now(window(since, until, now_ns), until, now_ns))

    def errors(self, since: str, until: str, *, service: str, limit: int) -> ErrorPage:
        """Return failures by fingerprint."""
        with self._answering():
            asked = window(since, until, self._now_ns())
            return error_page(self._reader, asked, service=service, limit=limit)

    def live(self) -> ApiSource | None:
        """Return the console that writes there: it tells at once what comes, and only once to all who listen."""
        access = self._access
        return None if access is None else ApiSource(access.web, access.token, access)

    def page(self, path: str) -> str:
        """Return the address of a page that opens a session; empty if no console runs."""
        return "" if self._access is None else login_url(self._access, path) or ""

    def close(self) -> None:
        """Let go of the files."""
        self._reader.close()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except SearchError as error:
            raise AskedWronglyError(
                error.message, error.text, error.position, error.length, error.hint
            ) from None
        except StoreError as error:
            raise SourceError(f"{self.place} cannot be read: {error}") from None
