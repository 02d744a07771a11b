"""Rows from fields that have been read, whatever encoding they came in: what is checked for both."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from fastapi_spine.console.otlp.faults import Reject
from fastapi_spine.console.otlp.limits import Limits, cut
from fastapi_spine.console.otlp.reasons import BAD_HISTOGRAM, BAD_ID, BAD_NUMBER, BAD_TIME
from fastapi_spine.console.otlp.values import plain_float
from fastapi_spine.console.rows import (
    Attributes,
    EventRow,
    LinkRow,
    LogRow,
    PointRow,
    Source,
    SpanRow,
    Value,
)
from fastapi_spine.core.console_names import ATTR_EVENT_NAME

TRACE_ID_SIZE: Final = 16
SPAN_ID_SIZE: Final = 8
_NO_TRACE: Final = bytes(TRACE_ID_SIZE)
_NO_SPAN: Final = bytes(SPAN_ID_SIZE)
_LATEST: Final = 1 << 63
_KINDS: Final = 6
_STATUSES: Final = 3
_SEVERITIES: Final = 25
_DELTA: Final = 1
_LEVELS: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")

_new_span: Any = tuple.__new__
_encode = msgspec.json.Encoder().encode


def span_row(
    trace_id: bytes,
    span_id: bytes,
    parent_id: bytes,
    name: str,
    kind: int,
    start_ns: int,
    end_ns: int,
    status: tuple[int, str],
    attributes: Attributes,
    events: list[EventRow],
    links: list[LinkRow],
    scope: str,
    source: Source,
) -> SpanRow:
    """Make a span; one that says no end ends where it began.

    Raises:
        Reject: its ids or times are none.
    """
    if (
        len(trace_id) != TRACE_ID_SIZE
        or len(span_id) != SPAN_ID_SIZE
        or trace_id == _NO_TRACE
        or span_id == _NO_SPAN
    ):
        raise Reject(BAD_ID)
    if parent_id and (len(parent_id) != SPAN_ID_SIZE or parent_id == _NO_SPAN):
        if parent_id != _NO_SPAN:
            raise Reject(BAD_ID)
        parent_id = b""
    if not 0 < start_ns < _LATEST or end_ns >= _LATEST:
        raise Reject(BAD_TIME)
    row: SpanRow = _new_span(
        SpanRow,
        (
            trace_id,
            span_id,
            parent_id,
            name,
            kind if 0 <= kind < _KINDS else 0,
            start_ns,
            max(start_ns, end_ns),
            status[0] if 0 <= status[0] < _STATUSES else 0,
            status[1],
            attributes,
            events,
            links,
            scope,
            source,
        ),
    )
    return row


def event_row(at_ns: int, name: str, attributes: Attributes) -> EventRow:
    """Make an event.

    Raises:
        Reject: its time is none.
    """
    if at_ns >= _LATEST:
        raise Reject(BAD_TIME)
    return EventRow(at_ns, name, attributes)


def link_row(trace_id: bytes, span_id: bytes, attributes: Attributes) -> LinkRow:
    """Make a link.

    Raises:
        Reject: its ids are none.
    """
    if len(trace_id) != TRACE_ID_SIZE or len(span_id) != SPAN_ID_SIZE:
        raise Reject(BAD_ID)
    return LinkRow(trace_id, span_id, attributes)


def log_row(
    at_ns: int,
    severity: int,
    level: str,
    body: Value,
    attributes: Attributes,
    trace_id: bytes,
    span_id: bytes,
    event: str,
    logger: str,
    source: Source,
    limits: Limits,
) -> LogRow:
    """Make a log line. Ids that are none are left out, as `logs/v1/logs.proto` wants it.

    Raises:
        Reject: its time is none.
    """
    if not 0 < at_ns < _LATEST:
        raise Reject(BAD_TIME)
    if not 0 <= severity < _SEVERITIES:
        severity = 0
    if not level and severity:
        level = _LEVELS[(severity - 1) // 4]
    if event:
        attributes.setdefault(ATTR_EVENT_NAME, event)
    if len(trace_id) != TRACE_ID_SIZE or trace_id == _NO_TRACE:
        trace_id = span_id = b""
    if len(span_id) != SPAN_ID_SIZE or span_id == _NO_SPAN:
        span_id = b""
    text = body_text(body, limits)
    return LogRow(at_ns, severity, level, text, attributes, trace_id, span_id, logger, source)


def body_text(body: Value, limits: Limits) -> str:
    """Write a structured body as JSON text."""
    if isinstance(body, str):
        return body
    return "" if body is None else cut(_encode(body).decode(), limits.text)


def point_row(
    name: str,
    unit: str,
    kind: str,
    *,
    temporality: int,
    monotonic: bool,
    attributes: Attributes,
    start_ns: int,
    at_ns: int,
    value: float,
    source: Source,
    observed: int = 0,
    bounds: tuple[float, ...] = (),
    buckets: tuple[int, ...] = (),
    limits: Limits,
) -> PointRow:
    """Make a point.

    Raises:
        Reject: its time, number or buckets are none.
    """
    if not 0 < at_ns < _LATEST or start_ns >= _LATEST:
        raise Reject(BAD_TIME)
    if not all(isinstance(plain_float(one), float) for one in (float(value), *bounds)):
        raise Reject(BAD_NUMBER)
    if kind == "histogram":
        buckets = buckets or (observed,)
        if len(buckets) != len(bounds) + 1 or len(buckets) > limits.buckets:
            raise Reject(BAD_HISTOGRAM)
    return PointRow(
        name,
        unit,
        kind,
        temporality == _DELTA,
        monotonic,
        attributes,
        start_ns,
        at_ns,
        value,
        observed,
        bounds,
        buckets,
        source,
    )
