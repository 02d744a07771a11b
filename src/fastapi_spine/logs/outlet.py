"""The other way of a line, beside the output: to whoever exports it, clean, plain and bounded like the one that is written."""

from __future__ import annotations

from typing import Final, cast

import msgspec

from fastapi_spine.core.conventions import KEY_EXC, KEY_TRUNCATED, Outcome
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.core.telemetry import AttributeValue, LinePort
from fastapi_spine.logs.lines.fit import Writer, fit
from fastapi_spine.logs.lines.plain import plain

Line = dict[str, object]

_FLAT: Final = frozenset({str, int, float, bool, type(None), Outcome})
_json: Final = msgspec.json.Encoder().encode
_WRITER: Final = Writer(_json, _json)


class Outlet:
    """Hands lines to a port.

    Args:
        port: takes them.
        limit: bytes that a line may have, roughly: they are counted as JSON.
        health: counts what fails.

    Attributes:
        access: takes plain access lines; see `LinePort.take_access`.
    """

    __slots__ = ("_guarded", "_limit", "_take", "access")

    def __init__(self, port: LinePort, limit: int, health: Health) -> None:
        self._take = port.take
        self._limit = limit
        self._guarded = health.guarded
        self.access = port.take_access

    def line(self, at_ns: int, levelno: int, line: Line, exchange: Exchange | None) -> None:
        """Hand on a line; it is not changed.

        Args:
            at_ns: wall time, nanoseconds since the epoch.
            levelno: logging's number.
            line: in the default keys, redacted.
            exchange: the request that it belongs to.
        """
        flags = 0 if exchange is None else exchange.identity.trace_flags
        made: Line | None = line
        if not self._is_flat(line):
            made = self._guarded("log_export", self._bounded, line)
        if made is not None:
            self._take(at_ns, levelno, cast("dict[str, AttributeValue]", made), flags)

    def _is_flat(self, line: Line) -> bool:
        """Tell a line of short plain values, an exception as text among them: it needs no copy."""
        size = 0
        for key, value in line.items():
            if type(value) is str:
                size += len(value)
            elif key == KEY_EXC and isinstance(value, dict):
                size += sum(len(part) for part in value.values() if isinstance(part, str))
            elif type(value) not in _FLAT:
                return False
        return size <= self._limit // 2

    def _bounded(self, line: Line) -> Line:
        """Copy a line as plain data, cut like the one that is written."""
        copy, whole = plain(line)
        if not whole:
            copy[KEY_TRUNCATED] = True
        if len(_json(copy)) > self._limit:
            fit(copy, self._limit, _WRITER)
        return copy


def is_first(once: list[None] | None) -> bool:
    """Tell whether nobody else makes this line as well: two threads may (`LateLine`), and only one hands it on.

    Args:
        once: holds one thing until somebody takes it; None where only one thread can come.
    """
    if once is None:
        return True
    try:
        once.pop()
    except IndexError:
        return False
    return True
