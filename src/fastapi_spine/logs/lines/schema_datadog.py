"""A line in Datadog's standard attributes.

Sources: the attributes, <https://docs.datadoghq.com/standard-attributes/>; the reserved ones,
<https://docs.datadoghq.com/logs/log_configuration/pipelines/>; ids,
<https://docs.datadoghq.com/tracing/guide/span_and_trace_id_format/>. Both forms of a trace id are accepted;
32 hex digits is what Datadog's Go and newer Python and Node libraries log, and what its pages show.
"""

from __future__ import annotations

from typing import Final

from fastapi_spine.core.conventions import (
    ATTR_OLD_METHOD,
    ATTR_ROUTE,
    EXC_MESSAGE,
    EXC_STACK,
    EXC_TYPE,
    KEY_BYTES_IN,
    KEY_BYTES_OUT,
    KEY_CLIENT,
    KEY_ELAPSED_MS,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_METHOD,
    KEY_MSG,
    KEY_PATH,
    KEY_REQUEST_ID,
    KEY_ROUTE,
    KEY_SERVICE,
    KEY_SPAN_ID,
    KEY_STATUS,
    KEY_TRACE_ID,
    KEY_TS,
    LOGGER_ACCESS,
)
from fastapi_spine.logs.lines.vendor import (
    Line,
    is_address,
    nanoseconds,
    take_exception,
    with_rest,
    without_nulls,
)

_GROUPS: Final = ("dd", "error", "http", "logger", "network", "syslog")
_SPECIAL: Final = frozenset(
    {
        "@timestamp", "_timestamp", "Timestamp", "timestamp", "eventTime", "date", "published_date",
        "status", "severity", KEY_LEVEL, "message", KEY_MSG, "log", KEY_SERVICE, "host", "hostname",
        "source", "ddsource", "ddtags", "device", KEY_TRACE_ID, KEY_SPAN_ID, "duration",
        *_GROUPS,
    }
)  # fmt: skip
"""What the preprocessing of JSON logs looks at, and what this schema writes."""

_SPAN_ID_LENGTH: Final = 16


class Datadog:
    """Datadog's standard attributes, names with dots.

    `dd.trace_id` is 32 hex digits, as Datadog's own libraries write 128-bit ids; `dd.span_id` is decimal.

    Args:
        service: the service's name, for lines that do not carry one.
    """

    def __init__(self, service: str | None) -> None:
        self._service = service

    def __call__(self, line: Line) -> Line:
        """Return the line in Datadog's attributes."""
        rest = dict(line)
        level = rest.pop(KEY_LEVEL, None)
        shaped: Line = {
            "timestamp": rest.pop(KEY_TS, None),
            "status": level.lower() if isinstance(level, str) else level,
            "message": rest.pop(KEY_MSG, None),
            "logger.name": rest.pop(KEY_LOGGER, None),
            "service": rest.pop(KEY_SERVICE, self._service),
            "dd.trace_id": rest.pop(KEY_TRACE_ID, None),
            "dd.span_id": _decimal(rest.pop(KEY_SPAN_ID, None)),
            "http.request_id": rest.pop(KEY_REQUEST_ID, None),
        }
        if line.get(KEY_LOGGER) == LOGGER_ACCESS:
            self._access(shaped, rest)
        exc = take_exception(rest)
        shaped["error.kind"] = exc.get(EXC_TYPE)
        shaped["error.message"] = exc.get(EXC_MESSAGE)
        shaped["error.stack"] = exc.get(EXC_STACK)
        return with_rest(without_nulls(shaped), rest, _is_special)

    def _access(self, shaped: Line, rest: Line) -> None:
        shaped[ATTR_OLD_METHOD] = rest.pop(KEY_METHOD, None)
        shaped["http.url_details.path"] = rest.pop(KEY_PATH, None)
        shaped[ATTR_ROUTE] = rest.pop(KEY_ROUTE, None)
        shaped["http.status_code"] = rest.pop(KEY_STATUS, None)
        shaped["duration"] = nanoseconds(rest.pop(KEY_ELAPSED_MS, None))
        shaped["network.bytes_read"] = rest.pop(KEY_BYTES_IN, None)
        shaped["network.bytes_written"] = rest.pop(KEY_BYTES_OUT, None)
        if is_address(rest.get(KEY_CLIENT)):
            shaped["network.client.ip"] = rest.pop(KEY_CLIENT)


def _is_special(name: str) -> bool:
    return name in _SPECIAL or name.partition(".")[0] in _GROUPS


def _decimal(span_id: object) -> object:
    """Return a span id in decimal; one that is no 64-bit hex number stays as it is."""
    if not isinstance(span_id, str) or len(span_id) != _SPAN_ID_LENGTH:
        return span_id
    try:
        return str(int(span_id, 16))
    except ValueError:
        return span_id
