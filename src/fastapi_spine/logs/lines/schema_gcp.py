"""A line for Google Cloud Logging.

Sources: the special fields of a structured payload, <https://cloud.google.com/logging/docs/structured-logging>;
`HttpRequest` and `LogSeverity`, <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry>; what Error
Reporting takes for an error, <https://cloud.google.com/error-reporting/docs/formatting-error-messages>.
"""

from __future__ import annotations

from typing import Final

from fastapi_spine.core.conventions import (
    EXC_STACK,
    KEY_BYTES_IN,
    KEY_BYTES_OUT,
    KEY_CLIENT,
    KEY_ELAPSED_MS,
    KEY_EXC,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_METHOD,
    KEY_MSG,
    KEY_PATH,
    KEY_REQUEST_ID,
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
    take_exception,
    with_rest,
    without_nulls,
)

REPORTED_ERROR: Final = (
    "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"
)

_SEVERITIES: Final = frozenset(
    {"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}
)
_ERRORS: Final = frozenset({"ERROR", "CRITICAL", "ALERT", "EMERGENCY"})
_PREFIX: Final = "logging.googleapis.com/"
_SPECIAL: Final = frozenset(
    {
        "severity", KEY_LEVEL, "message", "log", "time", "timestamp", "timestampSeconds",
        "timestampNanos", "eventTime", "httpRequest", "serviceContext", "context", "stack_trace",
        "exception", "@type", KEY_LOGGER, KEY_REQUEST_ID, KEY_EXC,
    }
)  # fmt: skip


class Gcp:
    """Google Cloud Logging: JSON whose special fields become parts of the LogEntry.

    `logging.googleapis.com/trace_sampled` is not written: a line does not know whether its trace was kept.

    Args:
        service: the service's name, for lines that do not carry one.
        project: the project id that makes a trace id a resource name.
    """

    def __init__(self, service: str | None, project: str | None) -> None:
        self._service = service
        self._traces = f"projects/{project}/traces/" if project else ""

    def __call__(self, line: Line) -> Line:
        """Return the line as a structured payload."""
        rest = dict(line)
        level = rest.pop(KEY_LEVEL, None)
        severity = level if isinstance(level, str) and level in _SEVERITIES else "DEFAULT"
        trace = rest.pop(KEY_TRACE_ID, None)
        service = rest.pop(KEY_SERVICE, self._service)
        shaped: Line = {
            "severity": severity,
            KEY_LEVEL: level if level != severity else None,
            "time": rest.pop(KEY_TS, None),
            "message": rest.pop(KEY_MSG, None),
            KEY_LOGGER: rest.pop(KEY_LOGGER, None),
            KEY_REQUEST_ID: rest.pop(KEY_REQUEST_ID, None),
            "logging.googleapis.com/trace": f"{self._traces}{trace}" if trace else None,
            "logging.googleapis.com/spanId": rest.pop(KEY_SPAN_ID, None),
            "serviceContext": {"service": service} if service else None,
        }
        if line.get(KEY_LOGGER) == LOGGER_ACCESS:
            shaped["httpRequest"] = _request(rest)
        self._error(shaped, rest)
        return with_rest(without_nulls(shaped), rest, _is_special)

    def _error(self, shaped: Line, rest: Line) -> None:
        exc = take_exception(rest)
        shaped["stack_trace"] = exc.pop(EXC_STACK, None)
        shaped[KEY_EXC] = exc or None
        if shaped["stack_trace"] and shaped["severity"] in _ERRORS:
            # Groups are no Python traceback to Error Reporting's parser; the type makes it take them all.
            shaped["@type"] = REPORTED_ERROR


def _request(rest: Line) -> Line | None:
    """Take what `HttpRequest` has names for; its 64-bit numbers are strings, its duration is seconds."""
    elapsed = rest.pop(KEY_ELAPSED_MS, None)
    request: Line = {
        "requestMethod": rest.pop(KEY_METHOD, None),
        "requestUrl": rest.pop(KEY_PATH, None),
        "status": rest.pop(KEY_STATUS, None),
        "requestSize": _digits(rest.pop(KEY_BYTES_IN, None)),
        "responseSize": _digits(rest.pop(KEY_BYTES_OUT, None)),
        "latency": _seconds(elapsed),
        "remoteIp": rest.pop(KEY_CLIENT) if is_address(rest.get(KEY_CLIENT)) else None,
    }
    return without_nulls(request) or None


def _is_special(name: str) -> bool:
    return name in _SPECIAL or name.startswith(_PREFIX)


def _seconds(milliseconds: object) -> object:
    if not isinstance(milliseconds, (int, float)):
        return milliseconds
    text = f"{milliseconds / 1000:.6f}".rstrip("0").rstrip(".")
    return f"{text}s"


def _digits(number: object) -> object:
    return str(number) if isinstance(number, int) else number
