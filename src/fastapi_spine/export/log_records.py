"""Log lines as OTLP's `LogRecord` (opentelemetry-proto, `logs/v1/logs.proto`; data model: OpenTelemetry, "Logs Data Model").

A line comes in the default keys. Those of an access line become the attributes that the request's span has, so that
one query finds both; a user's own fields keep their names.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from struct import Struct
from typing import Final

from fastapi_spine.core import conventions as names
from fastapi_spine.core.conventions import KNOWN_METHODS, LOGGER_ACCESS, METHOD_OTHER
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.telemetry import AttributeValue
from fastapi_spine.export.attributes import Pairs, TextHeads, any_value, pair
from fastapi_spine.export.wire import blob, number, text, varint

_ATTRIBUTES: Final = 6
_from_hex: Final = bytes.fromhex
_TIMES: Final = Struct("<BQBQ").pack
_FLAGS: Final = Struct("<BI").pack
_FLAGS_AS_HEX: Final = tuple(f"45{flags:02x}000000" for flags in range(256))
_TAG_TIME, _TAG_OBSERVED, _TAG_FLAGS = 0x09, 0x59, 0x45
_TRACE_ID, _SPAN_ID = b"\x4a\x10", b"\x52\x08"
_RECORD: Final = b"\x12"
_REMEMBERED: Final = 4096
_LONGEST_METHOD: Final = 16
_FATAL: Final = 21
_STEP: Final = 10
_MOST_OF_STEP: Final = 3
_MAX_TIME: Final = (1 << 64) - 1

_EVERYWHERE: Final = {
    names.KEY_REQUEST_ID: names.ATTR_SPINE_REQUEST_ID,
    names.KEY_HELD: names.ATTR_SPINE_HELD,
    names.KEY_TRUNCATED: names.ATTR_SPINE_TRUNCATED,
}
_ON_ACCESS_LINES: Final = {
    names.KEY_TYPE: names.ATTR_PROTOCOL_NAME,
    names.KEY_METHOD: names.ATTR_METHOD,
    names.KEY_PATH: names.ATTR_PATH,
    names.KEY_ROUTE: names.ATTR_ROUTE,
    names.KEY_STATUS: names.ATTR_STATUS,
    names.KEY_ELAPSED_MS: names.ATTR_SPINE_ELAPSED,
    names.KEY_TTFB_MS: names.ATTR_SPINE_TTFB,
    names.KEY_BYTES_IN: names.ATTR_REQUEST_SIZE,
    names.KEY_BYTES_OUT: names.ATTR_RESPONSE_SIZE,
    names.KEY_MESSAGES_IN: names.ATTR_SPINE_MESSAGES_IN,
    names.KEY_MESSAGES_OUT: names.ATTR_SPINE_MESSAGES_OUT,
    names.KEY_CLOSE_CODE: names.ATTR_CLOSE_CODE,
    names.KEY_CLIENT: names.ATTR_CLIENT_ADDRESS,
    names.KEY_OUTCOME: names.ATTR_SPINE_OUTCOME,
    names.KEY_ERRORS: names.ATTR_SPINE_ERRORS,
    names.KEY_REFUSED_ID: names.ATTR_SPINE_REFUSED_ID,
    names.KEY_SKIPPED: names.ATTR_SPINE_SKIPPED,
}
_EXCEPTION: Final = {
    names.EXC_TYPE: names.ATTR_EXCEPTION_TYPE,
    names.EXC_MESSAGE: names.ATTR_EXCEPTION_MESSAGE,
    names.EXC_STACK: names.ATTR_EXCEPTION_STACK,
}
_ELSEWHERE: Final = frozenset(
    {
        names.KEY_TS, names.KEY_LEVEL, names.KEY_LOGGER, names.KEY_MSG, names.KEY_TRACE_ID, names.KEY_SPAN_ID,
        names.KEY_SERVICE, names.KEY_EXC,
    }
)  # fmt: skip
"""Keys that have a field of their own, or belong to the resource."""


class RecordEncoder:
    """Writes lines; what repeats from access line to access line is written once."""

    def __init__(self) -> None:
        self._pair = Pairs(_ATTRIBUTES)
        self._plain: dict[tuple[str, str, int | None, str | None], bytes] = {}
        self._completed = _severity(logging.INFO, "INFO") + _body(names.MSG_COMPLETED)
        self._sizes: dict[tuple[int, int], bytes] = {}
        before = TextHeads(_ATTRIBUTES)
        self._before_id = before[names.ATTR_SPINE_REQUEST_ID]
        self._before_path = before[names.ATTR_PATH]
        self._elapsed = pair(_ATTRIBUTES, names.ATTR_SPINE_ELAPSED, 0.0)[:-8]
        self._times = Struct(f"<BQBQ{len(self._elapsed)}sd").pack

    def access(self, exchange: Exchange) -> bytes:
        """Write the access line of a request with nothing unusual about it, as the field that a `ScopeLogs` has it in.

        A third of what `line` costs: all but ids, path, sizes and times is there already.

        Args:
            exchange: see `LinePort.take_access`.
        """
        identity, times = exchange.identity, self._times
        before_id, before_path = self._before_id, self._before_path
        known = (
            exchange.scope.get("method", ""),
            exchange.route,
            exchange.status,
            exchange.shown_client,
        )
        sizes = (exchange.bytes_in, exchange.bytes_out)
        request_id, way = (
            identity.request_id.encode(),
            (exchange.shown_path or "").encode("utf-8", "backslashreplace"),
        )
        at_ns = exchange.ended_at
        elapsed_ms = exchange.elapsed_ns // 1000 / 1000
        record = b"".join(
            (
                times(_TAG_TIME, at_ns, _TAG_OBSERVED, at_ns, self._elapsed, elapsed_ms),
                self._plain.get(known) or self._remember(known),
                self._sizes.get(sizes) or self._remember_sizes(sizes),
                before_id(len(request_id)),
                request_id,
                before_path(len(way)),
                way,
                _from_hex(
                    f"{_FLAGS_AS_HEX[identity.trace_flags]}4a10{identity.trace_id}5208{identity.span_id}"
                ),
            )
        )
        return _RECORD + varint(len(record)) + record

    def line(
        self, at_ns: int, levelno: int, line: Mapping[str, AttributeValue], flags: int
    ) -> bytes:
        """Write any line, as the field that a `ScopeLogs` has it in.

        Args:
            at_ns: wall time, nanoseconds since the epoch.
            levelno: logging's number.
            line: the line in the default keys.
            flags: W3C trace flags.
        """
        at_ns = min(max(at_ns, 0), _MAX_TIME)
        trace_id, span_id = line.get(names.KEY_TRACE_ID), line.get(names.KEY_SPAN_ID)
        write = self._pair
        parts = [
            _TIMES(_TAG_TIME, at_ns, _TAG_OBSERVED, at_ns),
            _severity(levelno, str(line.get(names.KEY_LEVEL, ""))),
            _body(line.get(names.KEY_MSG)),
            *(write(key, value) for key, value in attributes_of(line).items()),
        ]
        if isinstance(trace_id, str) and isinstance(span_id, str):
            parts += [_FLAGS(_TAG_FLAGS, flags), _TRACE_ID, bytes.fromhex(trace_id)]
            parts += [_SPAN_ID, bytes.fromhex(span_id)]
        return blob(2, b"".join(parts))

    def _remember_sizes(self, sizes: tuple[int, int]) -> bytes:
        if len(self._sizes) >= _REMEMBERED:
            self._sizes.clear()
        keys = (names.ATTR_REQUEST_SIZE, names.ATTR_RESPONSE_SIZE)
        pairs = (pair(_ATTRIBUTES, key, size) for key, size in zip(keys, sizes, strict=True))
        made = self._sizes[sizes] = b"".join(pairs)
        return made

    def _remember(self, known: tuple[str, str, int | None, str | None]) -> bytes:
        method, route, status, client = known
        fields: dict[str, AttributeValue] = {
            names.KEY_LOGGER: LOGGER_ACCESS,
            names.KEY_METHOD: method,
            names.KEY_ROUTE: route,
            names.KEY_STATUS: status,
            names.KEY_CLIENT: client or None,
            names.KEY_OUTCOME: names.Outcome.COMPLETED.value,
        }
        pairs = (pair(_ATTRIBUTES, key, value) for key, value in attributes_of(fields).items())
        if len(self._plain) >= _REMEMBERED:
            self._plain.clear()
        made = self._plain[known] = self._completed + b"".join(pairs)
        return made


def attributes_of(line: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """Return a line's attributes: ours under OpenTelemetry's names, a user's own as they are."""
    ours: dict[str, AttributeValue] = {}
    users: dict[str, AttributeValue] = {}
    access = line.get(names.KEY_LOGGER) == LOGGER_ACCESS
    for key, value in line.items():
        name = _EVERYWHERE.get(key) or (_ON_ACCESS_LINES.get(key) if access else None)
        if name is not None:
            ours[name] = value
        elif key not in _ELSEWHERE:
            users[key] = value
    if access:
        _as_the_span_says(ours)
    exc = line.get(names.KEY_EXC)
    if isinstance(exc, Mapping):
        ours.update((_EXCEPTION[key], value) for key, value in exc.items() if key in _EXCEPTION)
    return {**users, **ours}


def _as_the_span_says(ours: dict[str, AttributeValue]) -> None:
    """Say method and route as semantic conventions have them: an unknown method is `_OTHER`, no route is none."""
    method = ours.get(names.ATTR_METHOD)
    if isinstance(method, str) and method not in KNOWN_METHODS:
        ours[names.ATTR_METHOD] = METHOD_OTHER
        ours[names.ATTR_METHOD_ORIGINAL] = method[:_LONGEST_METHOD]
    if ours.get(names.ATTR_ROUTE) == names.ROUTE_UNMATCHED:
        del ours[names.ATTR_ROUTE]
    for name in (names.ATTR_STATUS, names.ATTR_CLIENT_ADDRESS, names.ATTR_CLOSE_CODE):
        if name in ours and ours[name] is None:
            del ours[name]


def severity_of(levelno: int) -> int:
    """Return OpenTelemetry's severity number: TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17, FATAL 21, and between."""
    if levelno >= logging.CRITICAL:
        return _FATAL + min(levelno - logging.CRITICAL, _MOST_OF_STEP)
    step, above = divmod(max(levelno, 1), _STEP)
    return 1 + 4 * step + min(above, _MOST_OF_STEP) * (step > 0)


def _severity(levelno: int, word: str) -> bytes:
    return number(2, severity_of(levelno)) + text(3, word)


def _body(msg: AttributeValue) -> bytes:
    return blob(5, any_value(msg))
