"""Whether a JSON line of a log fits a search: what a store answers from its index, asked of one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi_spine.console.facts import METHOD_WEBSOCKET
from fastapi_spine.console.filter import Between, Filter, Match
from fastapi_spine.core.conventions import (
    EXC_TYPE,
    KEY_ELAPSED_MS,
    KEY_EXC,
    KEY_LEVEL,
    KEY_METHOD,
    KEY_MSG,
    KEY_REQUEST_ID,
    KEY_TRACE_ID,
    KEY_TYPE,
    TYPE_WEBSOCKET,
)

_SEVERITIES: Final = {
    "TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "WARNING": 13, "ERROR": 17, "CRITICAL": 21, "FATAL": 21,
}  # fmt: skip
_ERROR: Final = 17
_NS_A_MS: Final = 1_000_000
_ANY: Final = "*"


def fits(line: Mapping[str, object], wanted: Filter) -> bool:
    """Tell whether a line in the log's default keys fits: every condition must hold."""
    message = str(line.get(KEY_MSG, "")).casefold()
    return (
        all((words.text.casefold() in message) != words.negated for words in wanted.words)
        and all(_matches(line, match) for match in wanted.matches)
        and all(_between(line, size) for size in wanted.sizes)
        and (wanted.failed is None or (_severity(line) >= _ERROR) == wanted.failed)
        and wanted.request_id in {"", line.get(KEY_REQUEST_ID)}
        and wanted.trace_id in {"", line.get(KEY_TRACE_ID)}
    )


def _matches(line: Mapping[str, object], match: Match) -> bool:
    value = _value(line, match.key)
    text = "" if value is None else _text(value)
    found = value is not None and any(
        text.startswith(one[:-1]) if one.endswith(_ANY) else text == one for one in match.values
    )
    return found != match.negated


def _between(line: Mapping[str, object], size: Between) -> bool:
    number = _number(line, size.key)
    found = (
        number is not None
        and (size.low is None or number >= size.low)
        and (size.high is None or number <= size.high)
    )
    return found != size.negated


def _value(line: Mapping[str, object], key: str) -> object:
    if key == "error":
        exc = line.get(KEY_EXC)
        return exc.get(EXC_TYPE) if isinstance(exc, Mapping) else None
    if key == KEY_METHOD and line.get(KEY_TYPE) == TYPE_WEBSOCKET:
        return METHOD_WEBSOCKET
    return line.get(key)


def _number(line: Mapping[str, object], key: str) -> float | None:
    if key == "severity":
        return float(_severity(line))
    value = line.get(KEY_ELAPSED_MS) if key == "duration" else line.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value * _NS_A_MS if key == "duration" else float(value)


def _severity(line: Mapping[str, object]) -> int:
    return _SEVERITIES.get(str(line.get(KEY_LEVEL, "")).upper(), 0)


def _text(value: object) -> str:
    """Return a value as it stands in JSON, which is how a search names it: `true`, `42`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
