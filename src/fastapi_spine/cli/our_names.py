"""A JSON line of any logger in the log's default keys: those in which lines are shown and searched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi_spine.console.otlp import line_names as names
from fastapi_spine.console.otlp.line_parts import (
    elapsed_ns,
    moment_ns,
    severity_of,
    span_id_of,
    trace_id_of,
)
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

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NS_A_MS: Final = 1_000_000
_TEXTS: Final = (
    (KEY_LOGGER, names.LOGGER),
    (KEY_MSG, names.MESSAGE),
    (KEY_REQUEST_ID, names.REQUEST_ID),
    (KEY_SERVICE, names.SERVICE),
)
_OF_A_REQUEST: Final = (
    (KEY_METHOD, names.METHOD),
    (KEY_PATH, names.PATH),
    (KEY_ROUTE, names.ROUTE),
    (KEY_STATUS, names.STATUS),
)
_OF_AN_EXCEPTION: Final = (
    (EXC_TYPE, names.EXCEPTION_TYPE),
    (EXC_MESSAGE, names.EXCEPTION_MESSAGE),
    (EXC_STACK, names.EXCEPTION_STACK),
)


def in_our_names(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line in the log's default keys, as the console takes it in: the layer's own schemas, and most loggers'.

    Args:
        line: an object; what is recognised is taken out of it.
    """
    found: dict[str, Any] = {}
    if (stamp := names.take(line, names.TIME)) is not None:
        found[KEY_TS] = _stamp(stamp)
    datadog = names.LOGGER_DATADOG in line
    if (level := names.take(line, names.LEVEL_DATADOG if datadog else names.LEVEL)) is not None:
        found[KEY_LEVEL] = severity_of(level)[1]
    for key, written in _TEXTS:
        if (text := names.take(line, written)) is not None:
            found[key] = text
    found |= _ids(line)
    if found.get(KEY_LOGGER) == LOGGER_ACCESS:
        found |= _request(line)
    if exc := _exception(line):
        found[KEY_EXC] = exc
    if line.pop(names.VERSION_ECS, None) is not None:
        labels = line.pop(names.LABELS_ECS, None)
        found |= labels if isinstance(labels, dict) else {}
    return found | line


def _stamp(value: object) -> object:
    """Return a time as the log writes it, and what is none as it is."""
    moment = moment_ns(value)
    if not moment:
        return value
    return (
        (_EPOCH + timedelta(microseconds=moment // 1000))
        .isoformat(timespec="microseconds")
        .replace("+00:00", "Z")
    )


def _ids(line: dict[str, Any]) -> dict[str, str]:
    trace = trace_id_of(names.take(line, names.TRACE_ID))
    span = span_id_of(names.take(line, names.SPAN_ID), names.take(line, names.SPAN_ID_DECIMAL))
    both = {KEY_TRACE_ID: trace.hex(), KEY_SPAN_ID: span.hex()}
    return {key: text for key, text in both.items() if text}


def _request(line: dict[str, Any]) -> dict[str, Any]:
    took = elapsed_ns(line)
    for written in (names.ELAPSED_MS, names.ELAPSED_NS, names.ELAPSED_TEXT):
        names.take(line, written)
    found = _taken(line, _OF_A_REQUEST)
    return {**found, KEY_ELAPSED_MS: took / _NS_A_MS} if took else found


def _exception(line: dict[str, Any]) -> dict[str, Any]:
    """Take an exception out of a line; a type alone is a field like any other."""
    told = (names.EXCEPTION_STACK, names.EXCEPTION_MESSAGE)
    if all(names.look(line, one) is None for one in told):
        return {}
    taken = _taken(line, _OF_AN_EXCEPTION)
    rest = line.pop(KEY_EXC, None)
    return rest | taken if isinstance(rest, dict) else taken


def _taken(line: dict[str, Any], wanted: tuple[tuple[str, names.Names], ...]) -> dict[str, Any]:
    given = {key: names.take(line, written) for key, written in wanted}
    return {key: value for key, value in given.items() if value is not None}
