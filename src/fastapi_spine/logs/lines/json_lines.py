"""A line as JSON: strict, on one line, of bounded length, whatever is in it.

Strict means RFC 8259 without its loopholes: UTF-8, no NaN or Infinity, no lone surrogates, no duplicate keys.
Beyond the RFC, characters that a terminal, a log viewer or a browser may obey are written as escapes: DEL,
C1, the line separators U+2028/2029, bidi controls, the byte order mark. Text in any language stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from fastapi_spine.core.conventions import (
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_MSG,
    KEY_REQUEST_ID,
    KEY_SERVICE,
    KEY_SPAN_ID,
    KEY_TRACE_ID,
    KEY_TRUNCATED,
    KEY_TS,
    MSG_NOT_ENCODED,
    Outcome,
)
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.logs.lines.fit import Writer, fit
from fastapi_spine.logs.lines.plain import INT_MAX, INT_MIN, mark, plain

LIMIT: Final = 32 * 1024
LEAST_LIMIT: Final = 1024
"""Below this our own keys of an access line may not fit."""

_encode_text: Final = msgspec.json.Encoder().encode

Shape = Callable[[dict[str, object]], dict[str, object]]

_DEL: Final = 0x7F
_HOSTILE: Final = (
    *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF,
)  # fmt: skip
_ESCAPES: Final = {code: f"\\u{code:04x}" for code in _HOSTILE}
_HOSTILE_BYTES: Final = re.compile("|".join(map(chr, _HOSTILE)).encode())
"""In JSON these can only stand inside a string, so they may be looked for in the finished bytes."""
_NOTHING_LEFT: Final = b'{"level":"ERROR","msg":"a log line could not be encoded"}\n'
_HEAD: Final = (
    KEY_TS, KEY_LEVEL, KEY_LOGGER, KEY_MSG, KEY_REQUEST_ID, KEY_TRACE_ID, KEY_SPAN_ID, KEY_SERVICE,
)  # fmt: skip
_HEAD_LENGTH: Final = 64
"""Characters of a value in the line of last resort."""


class JsonLines:
    """Makes the bytes of a line. Never raises, never exceeds the limit.

    A line whose values are plain and flat (the access line, most others) is written in one call of msgspec,
    after a look at each value's type: msgspec would write NaN as null, bytes as base64, and integers of
    any size. All other lines are copied first, with depth, size and cycles bounded (`plain`).

    Args:
        limit: most bytes of a line, newline included; at least 1024.
        shape: turns default keys into another schema; None leaves them. It is given plain data only.

    Attributes:
        plain_limit: most bytes of a line in the default keys that somebody else puts together; 0 if lines have other keys.

    Raises:
        SettingsError: the limit is too short for our own keys.
    """

    __slots__ = ("_json", "_limit", "_shape", "plain_limit")

    def __init__(self, limit: int = LIMIT, shape: Shape | None = None) -> None:
        if limit < LEAST_LIMIT:
            raise SettingsError(
                f"a line limit of {limit} bytes is too short; give {LEAST_LIMIT} bytes or more"
            )
        self._limit = limit
        self._shape = shape
        self.plain_limit = limit if shape is None else 0
        # Not encode_lines, which would add the newline itself: its larger first buffer costs 2.5 us a
        # line in an application, where the allocator has better things to keep warm.
        self._json = msgspec.json.Encoder().encode

    def encode(self, line: dict[str, object]) -> bytes:
        r"""Return one JSON object and `\n`, at most `limit` bytes.

        Args:
            line: a line in the default keys, redacted. It is not changed.
        """
        try:
            for value in line.values():
                kind = type(value)
                if kind is str or (kind is int and INT_MIN <= value <= INT_MAX):  # type: ignore[operator]
                    continue
                if value is None or kind is bool or kind is Outcome:
                    continue
                if kind is float and value - value == 0.0:  # type: ignore[operator]
                    continue
                return self._copied(line)
            data = self._json(line if self._shape is None else self._shape(line)) + b"\n"
            if data.isascii() and _DEL not in data and len(data) <= self._limit:
                return data
        except Exception:  # noqa: BLE001 - lone surrogates, strange keys, a dict changed by a thread
            return self._copied(line)
        return self._finished(line, data)

    def _finished(self, line: dict[str, object], data: bytes) -> bytes:
        """Escape what is not ASCII and hostile; a line too long goes the long way."""
        data = _escaped(data)
        return data if len(data) <= self._limit else self._copied(line)

    def _copied(self, line: dict[str, object]) -> bytes:
        """Encode a line that has to be made plain or shorter first."""
        try:
            copy, whole = plain(line)
            if not whole:
                copy[KEY_TRUNCATED] = True
            data: bytes | None = self._bytes(copy)
            if data is not None and len(data) >= self._limit:
                data = fit(copy, self._limit - 1, Writer(self._bytes, self._value))
        except Exception:  # noqa: BLE001 - the recursion limit or memory; a line must not fail a request
            data = None
        return data + b"\n" if data is not None else self._last_resort(line)

    def _bytes(self, line: dict[str, object]) -> bytes:
        data = self._json(line if self._shape is None else self._shape(line))
        return _escaped(data)

    def _value(self, value: object) -> bytes:
        return _escaped(self._json(value))

    def _last_resort(self, line: dict[str, object]) -> bytes:
        """Say who said something and that it cannot be shown."""
        try:
            head: dict[str, object] = {key: _stub(line.get(key)) for key in _HEAD if key in line}
            head[KEY_MSG] = MSG_NOT_ENCODED
            head[KEY_TRUNCATED] = True
            data = self._bytes(head)
        except Exception:  # noqa: BLE001 - nothing is left to try
            return _NOTHING_LEFT
        return data + b"\n" if len(data) < self._limit else _NOTHING_LEFT


def _stub(value: object) -> object:
    if type(value) is not str:
        return None
    return ascii(value)[1:-1] if len(value) <= _HEAD_LENGTH else mark(len(value))


def inside_quotes(text: str) -> str:
    """Return text as it stands between the quotes of a line, hostile characters as escapes.

    Raises:
        UnicodeEncodeError: it holds a lone surrogate.
    """
    return _escaped(_encode_text(text))[1:-1].decode()


def _escaped(data: bytes) -> bytes:
    """Write hostile characters as escapes. Linear: 0.1 µs a character where there are any."""
    if data.isascii() and _DEL not in data:
        return data
    if _HOSTILE_BYTES.search(data) is None:
        return data
    return data.decode().translate(_ESCAPES).encode()
