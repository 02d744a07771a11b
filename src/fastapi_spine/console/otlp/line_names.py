"""How log lines name things: ours, Elastic's, Google Cloud's, Datadog's, and what other JSON loggers write.

A name is tried as it stands, then as a path into objects. What was recognised is taken out of the line; the rest are
the line's own fields.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi_spine.core.conventions import (
    EXC_MESSAGE,
    EXC_STACK,
    EXC_TYPE,
    KEY_ELAPSED_MS,
    KEY_EXC,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_METHOD,
    KEY_MSG,
    KEY_OUTCOME,
    KEY_PATH,
    KEY_REQUEST_ID,
    KEY_ROUTE,
    KEY_SERVICE,
    KEY_SPAN_ID,
    KEY_STATUS,
    KEY_TRACE_ID,
    KEY_TS,
)

Names = tuple[tuple[str, ...], ...]


def _names(*written: str) -> Names:
    return tuple(tuple(one.split(" > ")) for one in written)


TIME: Final = _names(KEY_TS, "@timestamp", "time", "timestamp", "asctime")
LEVEL: Final = _names(KEY_LEVEL, "log.level", "severity", "levelname")
LEVEL_DATADOG: Final = _names(KEY_STATUS)
"""Looked at only where `logger.name` is: elsewhere `status` is a number of HTTP's, or anybody's."""
LOGGER_DATADOG: Final = "logger.name"
LABELS_ECS: Final = "labels"
VERSION_ECS: Final = "ecs.version"
LOGGER: Final = _names(KEY_LOGGER, "log.logger", LOGGER_DATADOG, "name")
MESSAGE: Final = _names(KEY_MSG, "message", "event")
SERVICE: Final = _names(KEY_SERVICE, "service.name", "serviceContext > service")
REQUEST_ID: Final = _names(KEY_REQUEST_ID, "http.request.id", "http.request_id")
TRACE_ID: Final = _names(KEY_TRACE_ID, "trace.id", "logging.googleapis.com/trace", "dd.trace_id")
SPAN_ID: Final = _names(KEY_SPAN_ID, "span.id", "logging.googleapis.com/spanId")
SPAN_ID_DECIMAL: Final = _names("dd.span_id")
EXCEPTION_TYPE: Final = _names(f"{KEY_EXC} > {EXC_TYPE}", "error.type", "error.kind")
EXCEPTION_MESSAGE: Final = _names(f"{KEY_EXC} > {EXC_MESSAGE}", "error.message")
EXCEPTION_STACK: Final = _names(
    f"{KEY_EXC} > {EXC_STACK}", "error.stack_trace", "stack_trace", "error.stack"
)

METHOD: Final = _names(
    KEY_METHOD, "http.request.method", "httpRequest > requestMethod", "http.method"
)
PATH: Final = _names(KEY_PATH, "url.path", "httpRequest > requestUrl", "http.url_details.path")
ROUTE: Final = _names(KEY_ROUTE, "http.route")
STATUS: Final = _names(
    "http.response.status_code", "httpRequest > status", "http.status_code", KEY_STATUS
)
OUTCOME: Final = _names(KEY_OUTCOME)
ELAPSED_MS: Final = _names(KEY_ELAPSED_MS)
ELAPSED_NS: Final = _names("event.duration", "duration")
ELAPSED_TEXT: Final = _names("httpRequest > latency")


def take(line: dict[str, Any], names: Names) -> Any:
    """Take the first of these names that the line has out of it; None without one."""
    for name in names:
        if len(name) == 1:
            if name[0] in line:
                return line.pop(name[0])
            continue
        outer, inner = name
        inside = line.get(outer)
        if isinstance(inside, dict) and inner in inside:
            found = inside.pop(inner)
            if not inside:
                del line[outer]
            return found
    return None


def look(line: dict[str, Any], names: Names) -> Any:
    """Return the first of these names that the line has, and leave it there."""
    for name in names:
        found: Any = line
        for part in name:
            found = found.get(part) if isinstance(found, dict) else None
        if found is not None:
            return found
    return None
