"""What a row says about a request or a line: which attribute carries which fact, whoever sent it.

Names are those of OpenTelemetry's semantic conventions, the stable ones first, then those of before 2023, which many
SDKs still send. The store keeps these facts in columns and `assemble` shows them, so both read them here.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from fastapi_spine.console.rows import Attributes, EventRow, LogRow, SpanRow, Value
from fastapi_spine.console.views import LogView, RequestRow
from fastapi_spine.core.conventions import (
    ATTR_ERROR_TYPE,
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACK,
    ATTR_EXCEPTION_TYPE,
    ATTR_METHOD,
    ATTR_OLD_METHOD,
    ATTR_OLD_URL,
    ATTR_PATH,
    ATTR_PROTOCOL_NAME,
    ATTR_ROUTE,
    ATTR_SPINE_OUTCOME,
    ATTR_SPINE_REQUEST_ID,
    ATTR_STATUS,
    ATTR_URL_FULL,
    EVENT_EXCEPTION,
    KEY_HELD,
    KEY_REQUEST_ID,
    TYPE_WEBSOCKET,
)
from fastapi_spine.core.telemetry import KIND_SERVER, STATUS_ERROR

ATTR_OLD_STATUS: Final = "http.status_code"
ATTR_OLD_TARGET: Final = "http.target"
SEVERITY_WARN: Final = 13
SEVERITY_ERROR: Final = 17
_SERVER_ERROR: Final = 500
METHOD_WEBSOCKET: Final = "WS"
"""Stands where the HTTP method stands, as in the log."""
SHORTEST_ENDING: Final = 8
"""A request is found by the end of its id from so many characters on: lines for people and lists show 8."""
_HELD: Final = (KEY_HELD, f"spine.{KEY_HELD}")
"""In our log lines, and in what they become over OTLP."""
_LEVELS: Final = (
    (21, "FATAL"),
    (17, "ERROR"),
    (13, "WARN"),
    (9, "INFO"),
    (5, "DEBUG"),
    (1, "TRACE"),
)


class Request(NamedTuple):
    """The facts of one server span; see `RequestRow` for what each means."""

    request_id: str
    method: str
    route: str
    path: str
    status: int | None
    failed: bool
    outcome: str
    error: str


def is_request(span: SpanRow) -> bool:
    """Whether a span is a request's: a server's."""
    return span.kind == KIND_SERVER


def request(span: SpanRow) -> Request:
    """Return the facts of a server span.

    A server that speaks neither HTTP nor WebSocket has its span's name as the route, and no method.
    """
    attributes = span.attributes
    method = method_of(attributes)
    status = _status(attributes)
    return Request(
        text(attributes, ATTR_SPINE_REQUEST_ID, KEY_REQUEST_ID),
        method,
        text(attributes, ATTR_ROUTE) or ("" if method else span.name),
        _path(attributes),
        status,
        span.status == STATUS_ERROR or (status is not None and status >= _SERVER_ERROR),
        text(attributes, ATTR_SPINE_OUTCOME),
        error_type(span),
    )


def method_of(attributes: Attributes) -> str:
    """Return the HTTP method, or WS for a WebSocket, which has none; empty without either."""
    websocket = attributes.get(ATTR_PROTOCOL_NAME) == TYPE_WEBSOCKET
    return text(attributes, ATTR_METHOD, ATTR_OLD_METHOD) or (METHOD_WEBSOCKET if websocket else "")


def request_row(span: SpanRow, cursor: str = "") -> RequestRow:
    """Return a server span as a row of a list."""
    facts = request(span)
    return RequestRow(
        cursor,
        facts.request_id,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.source.service,
        facts.method,
        facts.route,
        facts.path,
        facts.status,
        span.start_ns // 1000,
        max(span.end_ns - span.start_ns, 0) / 1000,
        facts.failed,
        facts.outcome,
        facts.error,
        not span.parent_id,
    )


def exception(span: SpanRow) -> EventRow | None:
    """Return the last exception that a span tells of; earlier ones were usually its causes, or were caught."""
    for event in reversed(span.events):
        if event.name == EVENT_EXCEPTION:
            return event
    return None


def error_type(span: SpanRow) -> str:
    """Return the type of the exception or error of a span; empty without one.

    `error.type` may be the status code as text (semantic conventions, "Recording errors"), which says nothing new.
    """
    event = exception(span)
    found = text(event.attributes, ATTR_EXCEPTION_TYPE) if event else ""
    named = text(span.attributes, ATTR_ERROR_TYPE)
    return found or ("" if named.isdigit() else named)


def stack_of(attributes: Attributes) -> str:
    """Return the exception of a line or an event as text; empty without one."""
    stack = text(attributes, ATTR_EXCEPTION_STACK)
    if stack:
        return stack
    kind, message = text(attributes, ATTR_EXCEPTION_TYPE), text(attributes, ATTR_EXCEPTION_MESSAGE)
    return f"{kind}: {message}" if kind and message else kind or message


def level_word(severity: int, sent: str) -> str:
    """Return the level's name: OpenTelemetry's for a severity, the sender's own word without one."""
    for least, name in _LEVELS:
        if severity >= least:
            return name
    return sent


def log_view(row: LogRow, cursor: str = "") -> LogView:
    """Return a line as it is shown."""
    return LogView(
        cursor,
        row.at_ns // 1000,
        row.severity,
        level_word(row.severity, row.level),
        row.logger,
        row.body,
        row.source.service,
        text(row.attributes, KEY_REQUEST_ID, ATTR_SPINE_REQUEST_ID),
        row.trace_id.hex(),
        row.span_id.hex(),
        row.attributes,
        any(row.attributes.get(key) is True for key in _HELD),
        stack_of(row.attributes),
    )


def text(attributes: Attributes, *keys: str) -> str:
    """Return the first of these attributes that is text and not empty; empty without one."""
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def _status(attributes: Attributes) -> int | None:
    return _whole(attributes.get(ATTR_STATUS)) or _whole(attributes.get(ATTR_OLD_STATUS))


def _whole(value: Value) -> int | None:
    """Return a status code; some SDKs send it as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return (
            int(value) if len(value) == len("200") and value.isascii() and value.isdigit() else None
        )
    return value if isinstance(value, int) and 0 < value < 1000 else None  # noqa: PLR2004 - three digits


def _path(attributes: Attributes) -> str:
    path = text(attributes, ATTR_PATH) or text(attributes, ATTR_OLD_TARGET).partition("?")[0]
    if path:
        return path
    try:
        return urlsplit(text(attributes, ATTR_URL_FULL, ATTR_OLD_URL)).path
    except ValueError:
        return ""
