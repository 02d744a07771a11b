"""Times, levels, ids and values of log lines, as different loggers write them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, Final

from fastapi_spine.console.otlp import line_names as names
from fastapi_spine.console.otlp.limits import Limits, cut
from fastapi_spine.console.otlp.made import SPAN_ID_SIZE, TRACE_ID_SIZE
from fastapi_spine.console.otlp.values import plain_float
from fastapi_spine.console.rows import Value

SEVERITY_INFO: Final = 9
_SEVERITIES: Final = {
    "TRACE": 1, "DEBUG": 5, "INFO": 9, "NOTICE": 10, "WARN": 13, "WARNING": 13, "ERROR": 17,
    "ERR": 17, "CRITICAL": 21, "FATAL": 21, "ALERT": 22, "EMERGENCY": 24, "DEFAULT": 0,
}  # fmt: skip
_PYTHON_LEVELS: Final = ((50, 21), (40, 17), (30, 13), (20, 9), (10, 5))
_LATENCY: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")
_PROJECT: Final = re.compile(r"projects/[^/]{1,64}/traces/([0-9a-f]{32})")
_SECOND_NS: Final = 1_000_000_000
_LATEST_NS: Final = 1 << 62
_MOST_VALUES: Final = 1000
_INT64: Final = 1 << 63
_UNITS: Final = ((1e17, 1), (1e14, 1000), (1e11, 1_000_000), (0, _SECOND_NS))
"""A number since the epoch is in nanoseconds, microseconds, milliseconds or seconds: only one of them is our time."""


def moment_ns(value: object) -> int:
    """Read a time: RFC 3339, or a number since the epoch in any usual unit; 0 if it is none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int | float):
        if not 0 < value < _LATEST_NS:
            return 0
        unit = next(unit for least, unit in _UNITS if value >= least)
        exact = value * unit if isinstance(value, int) else round(value * unit / 1000) * 1000
        return min(exact, _LATEST_NS)
    if not isinstance(value, str) or len(value) > len("2026-01-31T12:00:00.000000000+00:00"):
        return 0
    try:
        moment = datetime.fromisoformat(value.replace(",", "."))
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return max(microseconds * 1000, 0)


def severity_of(word: object) -> tuple[int, str]:
    """Read a level: its number in OpenTelemetry, and its word."""
    if isinstance(word, str):
        level = cut(word.strip().upper(), 32)
        return _SEVERITIES.get(level, 0), level
    if isinstance(word, int) and not isinstance(word, bool):  # Python's, pino's: tens
        found = next((severity for least, severity in _PYTHON_LEVELS if word >= least), 1)
        return found, str(word)[:32]
    return SEVERITY_INFO, "INFO"


def trace_id_of(value: object) -> bytes:
    """Read a trace id; empty if it is none."""
    if isinstance(value, str):
        project = _PROJECT.fullmatch(value)
        return _hex(project[1] if project else value, TRACE_ID_SIZE)
    return b""


def span_id_of(value: object, decimal: object) -> bytes:
    """Read a span id, in hex or in decimal as Datadog has it; empty if it is none."""
    if isinstance(value, str):
        return _hex(value, SPAN_ID_SIZE)
    digits = str(decimal) if isinstance(decimal, str | int) else ""
    if digits.isascii() and digits.isdigit() and len(digits) <= len(str(_INT64 * 2)):
        number = int(digits)
        if 0 < number < _INT64 * 2:
            return number.to_bytes(SPAN_ID_SIZE, "big")
    return b""


def _hex(text: str, size: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return b""
    return found if len(found) == size and any(found) else b""


def elapsed_ns(fields: dict[str, Any]) -> int:
    """Return how long a request took; 0 if the line does not say."""
    milliseconds = names.look(fields, names.ELAPSED_MS)
    if _number(milliseconds):
        return _bounded(milliseconds * 1_000_000)
    nanoseconds = names.look(fields, names.ELAPSED_NS)
    if _number(nanoseconds):
        return _bounded(nanoseconds)
    latency = _LATENCY.fullmatch(str(names.look(fields, names.ELAPSED_TEXT)))
    return _bounded(float(latency[1]) * _SECOND_NS) if latency else 0


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounded(value: float) -> int:
    return int(min(max(value, 0), _LATEST_NS)) if math.isfinite(value) else 0


def plain(value: Any, limits: Limits, depth: int = 0) -> Value:
    """Return a JSON value within limits: what lies deeper than allowed is left out, and told by a word."""
    if isinstance(value, str):
        return cut(value, limits.text)
    if isinstance(value, float):
        return plain_float(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -_INT64 <= value < _INT64 else str(value)
    if depth >= limits.depth:
        return "…[TRUNCATED:depth]"
    if isinstance(value, dict):
        return {
            cut(key, limits.key): plain(one, limits, depth + 1)
            for key, one in list(value.items())[:_MOST_VALUES]
        }
    return [plain(one, limits, depth + 1) for one in value[:_MOST_VALUES]]
