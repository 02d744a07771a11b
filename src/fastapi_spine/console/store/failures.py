"""Failures that came in, each counted once: a request that fails says so in its span, in an event and in a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from fastapi_spine.console.facts import Request, error_type, exception, text
from fastapi_spine.console.rows import Attributes, LogRow, SpanRow
from fastapi_spine.console.store.fingerprint import place_of, place_of_status
from fastapi_spine.core.conventions import (
    ATTR_ERROR_TYPE,
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACK,
    ATTR_EXCEPTION_TYPE,
    ATTR_ROUTE,
    ATTR_SPINE_REQUEST_ID,
    KEY_REQUEST_ID,
    KEY_ROUTE,
)
from fastapi_spine.core.telemetry import KIND_CONSUMER, STATUS_ERROR

RANK_STATUS: Final = 1
RANK_TYPE: Final = 2
RANK_STACK: Final = 3
_MESSAGE: Final = 500
_NAME: Final = 200
_MINUTE: Final = 60_000_000_000


class Failure(NamedTuple):
    """One failure.

    Attributes:
        rank: how much it says: a status only, an exception's type, or its traceback too.
    """

    fingerprint: str
    service: str
    type: str
    message: str
    where: str
    route: str
    request_id: str
    trace_id: bytes
    at_ns: int
    rank: int

    @property
    def minute(self) -> int:
        """The minute it belongs to."""
        return self.at_ns // _MINUTE


def of_span(span: SpanRow) -> Failure | None:
    """Return the failure that a span tells of by an event."""
    event = exception(span)
    if event is None:
        return None
    kind = text(event.attributes, ATTR_EXCEPTION_TYPE)
    if not kind:
        return None
    request_id = text(span.attributes, ATTR_SPINE_REQUEST_ID, KEY_REQUEST_ID)
    return _raised(
        kind, event.attributes, span.source.service, text(span.attributes, ATTR_ROUTE), request_id,
        span.trace_id, event.at_ns,
    )  # fmt: skip


def of_request(span: SpanRow, facts: Request) -> Failure | None:
    """Return the failure that a server span tells of by its status."""
    return _by_status(span, facts.route, facts.request_id, facts.status) if facts.failed else None


def of_other(span: SpanRow) -> Failure | None:
    """Return the failure of a job: a span with status error that nobody called, or of a consumer."""
    if span.status != STATUS_ERROR or (span.parent_id and span.kind != KIND_CONSUMER):
        return None
    return _by_status(span, span.name, text(span.attributes, ATTR_SPINE_REQUEST_ID), None)


def of_line(row: LogRow) -> Failure | None:
    """Return the failure that a line tells of."""
    attributes = row.attributes
    kind = text(attributes, ATTR_EXCEPTION_TYPE)
    if not kind:
        return None
    request_id = text(attributes, ATTR_SPINE_REQUEST_ID, KEY_REQUEST_ID)
    return _raised(
        kind,
        attributes,
        row.source.service,
        text(attributes, ATTR_ROUTE, KEY_ROUTE),
        request_id,
        row.trace_id,
        row.at_ns,
    )


def _raised(
    kind: str,
    attributes: Attributes,
    service: str,
    route: str,
    request_id: str,
    trace_id: bytes,
    at_ns: int,
) -> Failure:
    stack = text(attributes, ATTR_EXCEPTION_STACK)
    place = place_of(kind, stack)
    return Failure(
        place.fingerprint, service, kind[:_NAME], text(attributes, ATTR_EXCEPTION_MESSAGE)[:_MESSAGE],
        place.where, route, request_id, trace_id, at_ns, RANK_STACK if stack else RANK_TYPE,
    )  # fmt: skip


def _by_status(span: SpanRow, route: str, request_id: str, status: int | None) -> Failure:
    kind = error_type(span) or text(span.attributes, ATTR_ERROR_TYPE) or str(status or "error")
    place = place_of_status(kind, route)
    return Failure(
        place.fingerprint, span.source.service, kind[:_NAME], span.status_message[:_MESSAGE], "", route, request_id,
        span.trace_id, span.end_ns, RANK_STATUS,
    )  # fmt: skip


class Once:
    """Tells which failures count: one of a kind a trace and service.

    A failure known by its status only gives way to the exception behind it, whichever came first; an exception without
    its traceback gives way to the same with one. What came more than some ten thousand failures ago is forgotten, so
    that a line which comes that late counts again.
    """

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._seen: dict[tuple[bytes, str], dict[str, Failure]] = {}

    def changes(self, failure: Failure) -> Iterator[tuple[Failure, int]]:
        """Yield each failure whose count changes, and by how much."""
        if not failure.trace_id:
            yield failure, 1
            return
        seen = self._of(failure)
        if failure.rank == RANK_STATUS:
            if not seen:
                seen[""] = failure
                yield failure, 1
            return
        for kind in ("", failure.type):
            known = seen.get(kind)
            if known is not None and known.rank < failure.rank:
                del seen[kind]
                yield known, -1
        if failure.type not in seen:
            seen[failure.type] = failure
            yield failure, 1

    def _of(self, failure: Failure) -> dict[str, Failure]:
        key = (failure.trace_id, failure.service)
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= self._most:
                for old in list(self._seen)[: self._most // 2]:
                    del self._seen[old]
            seen = self._seen[key] = {}
        return seen
