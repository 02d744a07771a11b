"""A stream of JSON log lines as rows: our own schema, the three others that the layer writes, and most other loggers'.

An access line (`spine.access`) also becomes the span of its request, so that logs alone give requests, routes, rates
and durations. What is no JSON becomes a line as it stands.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, NamedTuple

import msgspec

from fastapi_spine.console.otlp import line_names as names
from fastapi_spine.console.otlp.limits import DEFAULT_LIMITS, Limits, cut
from fastapi_spine.console.otlp.line_parts import (
    SEVERITY_INFO,
    elapsed_ns,
    moment_ns,
    plain,
    severity_of,
    span_id_of,
    trace_id_of,
)
from fastapi_spine.console.otlp.made import SPAN_ID_SIZE, TRACE_ID_SIZE
from fastapi_spine.console.rows import (
    Attributes,
    Batch,
    EventRow,
    LogRow,
    Source,
    SpanRow,
)
from fastapi_spine.core.conventions import (
    ATTR_ERROR_TYPE,
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACK,
    ATTR_EXCEPTION_TYPE,
    ATTR_METHOD,
    ATTR_PATH,
    ATTR_ROUTE,
    ATTR_SPINE_OUTCOME,
    ATTR_SPINE_REQUEST_ID,
    ATTR_STATUS,
    EVENT_EXCEPTION,
    KEY_REQUEST_ID,
    LOGGER_ACCESS,
    OTEL_SERVICE_KEY,
    ROUTE_UNMATCHED,
    Outcome,
)

_KIND_SERVER: Final = 2
_ERROR: Final = 2
_SERVER_ERROR: Final = 500
_MOST_OBJECTS: Final = 10_000
_MOST_COMMAS: Final = 100_000
_MOST_SERVICES: Final = 256
_FAILED: Final = frozenset((Outcome.FAILED, Outcome.FAILED_AFTER_START))


class Line(NamedTuple):
    """What one line of a stream says.

    Attributes:
        log: the line.
        span: of the request, if it is an access line.
    """

    log: LogRow
    span: SpanRow | None


class LineReader:
    """Reads lines, one after the other.

    Args:
        service: whose lines they are that do not say it.
        limits: lengths and depths, as for OTLP.
    """

    def __init__(self, service: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._service = service
        self._limits = limits
        self._sources: dict[str, Source] = {}

    def batch(self, lines: list[bytes], now_ns: int) -> Batch:
        """Read several lines; empty ones are none.

        Args:
            lines: without their ends.
            now_ns: when they came.
        """
        found = [self.read(line, now_ns) for line in lines if line.strip()]
        return Batch([one.span for one in found if one.span], [one.log for one in found], [])

    def read(self, line: bytes, now_ns: int) -> Line:
        """Read one line; whatever it holds, something comes of it.

        Args:
            line: without its end.
            now_ns: when it came; the time of what does not say one.
        """
        fields = _parse(line)
        if fields is None:
            return self._plain(line, now_ns)
        log = self._log(fields, now_ns)
        # Recognised names were taken out of `fields` for the log; the request's own are still there.
        span = self._span(fields, log) if log.logger == LOGGER_ACCESS else None
        if span is not None:
            log = log._replace(trace_id=span.trace_id, span_id=span.span_id)
        return Line(log, span)

    def _plain(self, line: bytes, now_ns: int) -> Line:
        body = cut(line.decode("utf-8", "replace").rstrip("\r\n"), self._limits.text)
        source = self._source(self._service)
        return Line(LogRow(now_ns, SEVERITY_INFO, "INFO", body, {}, b"", b"", "", source), None)

    def _log(self, fields: dict[str, Any], now_ns: int) -> LogRow:
        datadog = names.LOGGER_DATADOG in fields
        word = names.take(fields, names.LEVEL_DATADOG if datadog else names.LEVEL)
        severity, level = severity_of(word)
        trace_id = trace_id_of(names.take(fields, names.TRACE_ID))
        span_id = span_id_of(
            names.take(fields, names.SPAN_ID), names.take(fields, names.SPAN_ID_DECIMAL)
        )
        at_ns = moment_ns(names.take(fields, names.TIME)) or now_ns
        service = self._name(names.take(fields, names.SERVICE)) or self._service
        logger = self._name(names.take(fields, names.LOGGER))
        body = self._text(names.take(fields, names.MESSAGE))
        attributes = self._attributes(fields)
        return LogRow(
            at_ns,
            severity,
            level,
            body,
            attributes,
            trace_id,
            span_id if trace_id else b"",
            logger,
            self._source(service),
        )

    def _attributes(self, fields: dict[str, Any]) -> Attributes:
        """Return what is left, with the names that every other page knows for ids and exceptions."""
        known = {
            KEY_REQUEST_ID: names.take(fields, names.REQUEST_ID),
            ATTR_EXCEPTION_TYPE: names.take(fields, names.EXCEPTION_TYPE),
            ATTR_EXCEPTION_MESSAGE: names.take(fields, names.EXCEPTION_MESSAGE),
            ATTR_EXCEPTION_STACK: names.take(fields, names.EXCEPTION_STACK),
        }
        found: Attributes = {
            key: self._text(value) for key, value in known.items() if value is not None
        }
        labels = fields.get(names.LABELS_ECS) if names.VERSION_ECS in fields else None
        if isinstance(labels, dict):  # where Elastic has what every other schema has at the top
            fields.update(fields.pop(names.LABELS_ECS))
            del fields[names.VERSION_ECS]
        for key, value in list(fields.items())[: self._limits.attributes_each]:
            found[cut(key, self._limits.key)] = plain(value, self._limits)
        return found

    def _span(self, fields: dict[str, Any], log: LogRow) -> SpanRow | None:
        method = names.look(fields, names.METHOD)
        status = names.look(fields, names.STATUS)
        if not isinstance(method, str):
            return None
        request_id = str(log.attributes.get(KEY_REQUEST_ID, ""))
        trace_id, span_id = log.trace_id, log.span_id
        if not trace_id or not span_id:
            if not request_id:
                return None
            trace_id, span_id = _ids_of(log.source.service, request_id)
        route = self._name(names.look(fields, names.ROUTE))
        outcome = self._name(names.look(fields, names.OUTCOME))
        failed = outcome in _FAILED or (isinstance(status, int) and status >= _SERVER_ERROR)
        attributes = {
            ATTR_METHOD: self._name(method),
            ATTR_ROUTE: "" if route == ROUTE_UNMATCHED else route,
            ATTR_PATH: self._text(names.look(fields, names.PATH)),
            ATTR_STATUS: status if isinstance(status, int) else None,
            ATTR_SPINE_REQUEST_ID: request_id,
            ATTR_SPINE_OUTCOME: "" if outcome == Outcome.COMPLETED else outcome,
            ATTR_ERROR_TYPE: log.attributes.get(ATTR_EXCEPTION_TYPE),
        }
        return SpanRow(
            trace_id,
            span_id,
            b"",
            " ".join(part for part in (method, route) if part),
            _KIND_SERVER,
            max(log.at_ns - elapsed_ns(fields), 1),
            log.at_ns,
            _ERROR if failed else 0,
            "",
            {key: value for key, value in attributes.items() if value not in (None, "")},
            _exception(log),
            [],
            LOGGER_ACCESS,
            log.source,
        )

    def _source(self, service: str) -> Source:
        found = self._sources.get(service)
        if found is None:
            if len(self._sources) >= _MOST_SERVICES:
                self._sources.clear()
            found = Source(service, "", "", {OTEL_SERVICE_KEY: service})
            self._sources[service] = found
        return found

    def _name(self, value: object) -> str:
        return cut(value, self._limits.key) if isinstance(value, str) else ""

    def _text(self, value: object) -> str:
        if value is None:
            return ""
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return cut(text, self._limits.text)


def _parse(line: bytes) -> dict[str, Any] | None:
    """Parse a line; None if it is no JSON object, or holds more than a log line would."""
    if line.lstrip()[:1] != b"{":
        return None
    if line.count(b"{") > _MOST_OBJECTS or line.count(b",") > _MOST_COMMAS:
        return None
    try:
        found = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _ids_of(service: str, request_id: str) -> tuple[bytes, bytes]:
    """Make ids for a request that has none, the same ones for the same request of the same service."""
    digest = hashlib.blake2b(
        f"{service}\0{request_id}".encode("utf-8", "backslashreplace"),
        digest_size=TRACE_ID_SIZE + SPAN_ID_SIZE,
    ).digest()
    return digest[:TRACE_ID_SIZE], digest[TRACE_ID_SIZE:]


def _exception(log: LogRow) -> list[EventRow]:
    keys = (ATTR_EXCEPTION_TYPE, ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACK)
    found = {key: log.attributes[key] for key in keys if key in log.attributes}
    return [EventRow(log.at_ns, EVENT_EXCEPTION, found)] if found else []
