"""The doors of the store: what receivers write through, and what every view is read through.

The embedded engine stands behind both. The reading door is kept so narrow that a second engine, with the tables that
the OpenTelemetry Collector's ClickHouse exporter fills, can stand behind it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from fastapi_spine.console.filter import Filter, Window
from fastapi_spine.console.rows import Batch, LogRow, SpanRow
from fastapi_spine.console.views import (
    Basis,
    ErrorGroup,
    LogPage,
    LogView,
    RequestPage,
    SenderHealth,
    Spread,
    StoreHealth,
)


class StoreError(Exception):
    """The store cannot take or give anything now; the message says why and what to do."""


class StoreFullError(StoreError):
    """There is no room on the disk; senders shall come back."""


class CursorError(StoreError):
    """A cursor is none that this store gave; cursors come from outside and may be anything."""


class Writer(Protocol):
    """Takes what came in. One thread of one process calls it."""

    def add(self, batch: Batch) -> None:
        """Take a batch into the open transaction.

        Raises:
            StoreFullError: the disk is full; nothing of the open transaction was kept.
            StoreError: it cannot be written for another reason; likewise.
        """

    def commit(self) -> None:
        """Make everything added so far last: it survives the end of the process, however it ends.

        Raises:
            StoreError: as `add`.
        """

    def tidy(self) -> None:
        """Do what is due: close a full slice, remove old ones, flush roll-ups. Called about once a second."""

    def close(self) -> None:
        """Commit, and leave plain files behind."""


class Found(NamedTuple):
    """Everything of one trace.

    Attributes:
        spans: in any order.
        logs: by time.
        cut: how many spans were left out because there are more than the reader was asked for.
    """

    spans: list[SpanRow]
    logs: list[tuple[str, LogRow]]
    """Cursor and line."""
    cut: int


Outcome = tuple[int, bool]
"""A request's status, 0 for none, and whether it failed."""


class Series(NamedTuple):
    """Requests of one route over a window, in steps of time.

    Attributes:
        buckets: durations of each step, as `bounds_ns` has it, one more than bounds.
        bounds_ns: upper bounds of the buckets.
        counts: requests of each step.
        failures: failed ones of each step.
        outcomes: requests of each step by status and failure; alerts may have rules of their own.
        longest_ns: the longest duration of each step, by when it began; empty if not every request has sent its span.
    """

    service: str
    method: str
    route: str
    basis: Basis
    counts: list[int]
    failures: list[int]
    buckets: list[list[int]]
    bounds_ns: tuple[float, ...]
    outcomes: list[dict[Outcome, int]] = []  # noqa: RUF012 - nobody changes it
    longest_ns: list[int] = []  # noqa: RUF012 - likewise


class Instance(NamedTuple):
    """A process that sent something in a window."""

    service: str
    instance: str
    version: str
    first_ns: int
    last_ns: int


class Reader(Protocol):
    """Answers questions, while another thread or process writes. Safe to call from several threads."""

    def traces_of(self, key: str) -> list[str]:
        """Return the trace ids (hex) behind a request id or a trace id, newest first, at most 20; empty if unknown.

        The end of a request id, 8 characters or more, will do; the newest that ends so is meant.
        """

    def trace(self, trace_id: str, limit: int) -> Found | None:
        """Return everything of a trace; None if it is unknown.

        Beyond `limit` spans, those of failures and requests, then the longest, are kept, each with its callers.
        """

    def requests(
        self, wanted: Filter, window: Window, *, older: str = "", newer: str = "", limit: int = 50
    ) -> RequestPage:
        """Return requests, newest first; before cursor `older`, or after cursor `newer`, in the order they came in.

        With `newer`, the oldest `limit` of what came later, newest first too: a tail misses nothing. The page's `newer` is never empty,
        not even on an empty page of an empty store; its `older` is empty at the end.

        Raises:
            CursorError: a cursor is none of this store's.
        """

    def logs(
        self, wanted: Filter, window: Window, *, older: str = "", newer: str = "", limit: int = 100
    ) -> LogPage:
        """Return log lines likewise."""

    def around(self, cursor: str, *, before: int, after: int, service: str = "") -> list[LogView]:
        """Return the lines around one, oldest first, it included; of its service only if `service` names it.

        Raises:
            CursorError: the cursor is none of this store's.
        """

    def series(
        self, window: Window, step_ns: int, *, service: str = "", method: str = "", route: str = ""
    ) -> list[Series]:
        """Return rate, errors and durations per route from roll-ups.

        Args:
            window: begins at a whole step since the epoch.
            step_ns: whole minutes.
            service: only this one's, if not empty.
            method: likewise.
            route: likewise.

        Returns:
            One a route that had a request; each list has an element a step, the first one of `window.start`.
        """

    def spread(self, service: str, method: str, route: str, window: Window) -> Spread | None:
        """Return how long requests of a route took; None if there were none."""

    def errors(
        self, window: Window, step_ns: int, *, service: str = "", limit: int = 100
    ) -> list[ErrorGroup]:
        """Return failures by fingerprint, most recent first."""

    def instances(self, window: Window) -> list[Instance]:
        """Return who sent something."""

    def senders(self) -> list[SenderHealth]:
        """Return what senders say of their own telemetry, the last they said."""

    def health(self) -> StoreHealth:
        """Return what is kept."""

    def close(self) -> None:
        """Let go of files."""
