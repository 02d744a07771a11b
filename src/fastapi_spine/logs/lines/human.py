"""A line for a person at a terminal.

    15:21:00.123 INFO  89abcdef spine.access         GET /orders/7 → 200  12.3 ms  (/orders/{order_id})

Time (as it stands in `ts`: UTC), level, the last 8 characters of the request id (a UUIDv7 begins with
its time, which neighbours share), logger, message, and the other fields as `key=value`. `trace_id`,
`span_id` and `service` are left to the JSON: they are too long to read or the same all down the screen.
Lines that were held back carry `┆` before the level and are dim. Whatever came from outside cannot move
the cursor, change colours or feign a line of its own: control characters are shown as escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from fastapi_spine.core.conventions import (
    EXC_MESSAGE,
    EXC_STACK,
    EXC_TYPE,
    KEY_EXC,
    KEY_HELD,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_MSG,
    KEY_REQUEST_ID,
    KEY_SERVICE,
    KEY_SPAN_ID,
    KEY_STACK,
    KEY_TRACE_ID,
    KEY_TS,
    LOGGER_ACCESS,
)
from fastapi_spine.logs.lines.human_access import access_text
from fastapi_spine.logs.lines.human_stack import stack_lines
from fastapi_spine.logs.lines.paint import Paint, columns, one_line, some_lines
from fastapi_spine.logs.lines.plain import plain

_TIME_LENGTH: Final = 12
_LEVEL_LENGTH: Final = 5
_ID_LENGTH: Final = 8
_LOGGER_LENGTH: Final = 20
_MESSAGE_COLUMN: Final = _TIME_LENGTH + _LEVEL_LENGTH + _ID_LENGTH + _LOGGER_LENGTH + 4
_ID: Final = "{id}"
_LEAST_ROOM: Final = 24
"""Columns under the message below which wrapping there makes a mess; the terminal wraps then."""

_LEVELS: Final = {
    "DEBUG": ("DEBUG", "blue"),
    "INFO": ("INFO", "green"),
    "WARNING": ("WARN", "yellow"),
    "ERROR": ("ERROR", "red"),
    "CRITICAL": ("CRIT", "bold red"),
}
_LOUD: Final = {"ERROR": "red", "CRITICAL": "bold red"}
_HEAD: Final = frozenset(
    {KEY_TS, KEY_LEVEL, KEY_LOGGER, KEY_REQUEST_ID, KEY_TRACE_ID, KEY_SPAN_ID, KEY_SERVICE}
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d\.\d{3})\d*Z", re.ASCII)
_BARE: Final = re.compile(r"""[^\s"'={}\[\],]+""")

_write = msgspec.json.Encoder().encode
_SILENT: Final = Paint(color=False)

Fields = dict[str, object]


class HumanLines:
    """Renders lines for a terminal.

    Args:
        color: whether to use colours; without, no ESC byte is written at all.
        width: columns of the terminal; fields that would pass its edge go to the next line, under the
            message. None leaves wrapping to the terminal.
        page: address of a request, `{id}` for its id, written below the access line of one that failed; empty for none.
    """

    __slots__ = ("_page", "_paint", "_width")

    def __init__(self, *, color: bool, width: int | None = None, page: str = "") -> None:
        self._paint = Paint(color=color)
        self._page = page
        self._width = width if width is None or width >= _MESSAGE_COLUMN + _LEAST_ROOM else None

    def encode(self, line: dict[str, object]) -> bytes:
        """Return a line's bytes, newline included.

        Args:
            line: a line in the default keys, redacted. It is not changed.
        """
        return (self.text(line) + "\n").encode("utf-8", "backslashreplace")

    def text(self, line: dict[str, object]) -> str:
        """Return a line's text without its newline; a stack or a long message makes it several lines."""
        fields, _ = plain(line)
        held = fields.pop(KEY_HELD, None) is True
        paint = _SILENT if held else self._paint
        head = _head(fields, paint, "┆" if held else " ")
        exc = fields.pop(KEY_EXC) if isinstance(fields.get(KEY_EXC), dict) else None
        stack = fields.pop(KEY_STACK) if _is_stack(fields.get(KEY_STACK)) else None
        below = [*_exception(exc, paint), *_stack(stack, paint), *self._link(fields)]
        text = head + "\n".join([*self._body(fields, paint), *below])
        return self._paint("dim", text) if held else text

    def _body(self, fields: Fields, paint: Paint) -> Iterator[str]:
        """Yield the lines of message and fields, all but the first under the message's column."""
        rest = fields
        words: list[str] = []
        if fields.get(KEY_LOGGER) == LOGGER_ACCESS:
            text, rest = access_text(fields, paint)
            words.append(text)
        if KEY_MSG in rest:
            message = some_lines(_text(rest[KEY_MSG]))
            words.append(paint(_LOUD.get(str(fields.get(KEY_LEVEL)), ""), message))
        lines = "  ".join(words).split("\n")
        yield from _under_message(lines[:-1])
        pairs = [
            paint("dim", f"{one_line(key)}={_value(value)}")
            for key, value in rest.items()
            if key not in _HEAD and key != KEY_MSG
        ]
        last = list(self._wrapped(lines[-1], pairs))
        yield from _under_message(last) if len(lines) == 1 else (_INDENT + line for line in last)

    def _link(self, fields: Fields) -> Iterator[str]:
        """Yield where a request that failed can be looked at, below its access line."""
        key = fields.get(KEY_REQUEST_ID)
        failed = fields.get(KEY_LOGGER) == LOGGER_ACCESS and fields.get(KEY_LEVEL) in _LOUD
        if self._page and failed and isinstance(key, str) and key:
            address = self._page.replace(_ID, quote(key, safe=""))
            yield f"{_INDENT}{self._paint('cyan', address)}"

    def _wrapped(self, line: str, pairs: list[str]) -> Iterator[str]:
        """Yield a line with fields behind it, broken between fields where the terminal ends."""
        room = None if self._width is None else self._width - _MESSAGE_COLUMN
        gap = "  "
        for pair in pairs:
            if room is not None and line and columns(line) + len(gap) + columns(pair) > room:
                yield line
                line = pair
            else:
                line = f"{line}{gap}{pair}" if line else pair
            gap = " "
        yield line


def render_human(line: Mapping[str, object], *, color: bool = False) -> str:
    """Return how a log line looks on a terminal, for tests and tours.

    Args:
        line: a line in the default keys, such as one read back from the JSON log.
        color: whether to use colours.
    """
    return HumanLines(color=color).text(dict(line))


_INDENT: Final = " " * _MESSAGE_COLUMN


def _under_message(lines: list[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        yield _INDENT + line if place and line else line


def _head(fields: Fields, paint: Paint, gutter: str) -> str:
    """Return the aligned columns before the message, a space behind each."""
    level = _text(fields.get(KEY_LEVEL, ""))
    word, color = _LEVELS.get(level, (one_line(level), "cyan"))
    clock = _clock(_text(fields.get(KEY_TS, "")))
    request = one_line(_text(fields.get(KEY_REQUEST_ID, "")))[-_ID_LENGTH:]
    logger = _text(fields.get(KEY_LOGGER, ""))
    return (
        f"{paint('dim', clock)}{gutter}"
        f"{paint(color, f'{word[:_LEVEL_LENGTH]:<{_LEVEL_LENGTH}}')} "
        f"{paint('dim', f'{request:<{_ID_LENGTH}}')} "
        f"{paint('dim' if logger == LOGGER_ACCESS else 'cyan', _logger(logger))} "
    )


def _clock(stamp: str) -> str:
    """Return the time of day; a stamp of another form is shown as far as there is room."""
    match = _TIME.fullmatch(stamp)
    return match[1] if match else f"{one_line(stamp)[:_TIME_LENGTH]:<{_TIME_LENGTH}}"


def _logger(name: str) -> str:
    """Return a logger's name in its column; of a long one the end says more than the beginning."""
    name = one_line(name)
    if len(name) > _LOGGER_LENGTH:
        name = "…" + name[1 - _LOGGER_LENGTH :]
    return f"{name:<{_LOGGER_LENGTH}}"


def _exception(exc: object, paint: Paint) -> Iterator[str]:
    """Yield an exception below its line."""
    if isinstance(exc, dict):
        kind = _text(exc.get(EXC_TYPE, ""))
        stack = exc.get(EXC_STACK) or f"{kind}: {_text(exc.get(EXC_MESSAGE, ''))}"
        yield from stack_lines(_text(stack), kind, paint)


def _is_stack(value: object) -> bool:
    return isinstance(value, str) and value.lstrip().startswith('File "')


def _stack(stack: object, paint: Paint) -> Iterator[str]:
    """Yield a stack without an exception below its line: where somebody was at a moment."""
    if isinstance(stack, str):
        yield from stack_lines(stack, "", paint)


def _value(value: object) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return one_line(value)
    return one_line(_write(value).decode())


def _text(value: object) -> str:
    return value if isinstance(value, str) else _write(value).decode()
