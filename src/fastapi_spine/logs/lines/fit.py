"""Cut a line that is too long, so that what matters most stays.

In this order, until it fits: the stack is cut; the longest strings are cut to one common length; the
largest of the user's fields are replaced by a mark; the last of them are left out and counted. Our own keys
stay. A cut string ends with `…[TRUNCATED:n]`, n being the characters cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from fastapi_spine.core.conventions import (
    ACCESS_KEYS,
    EXC_STACK,
    KEY_EXC,
    KEY_FIELDS_CUT,
    KEY_LEVEL,
    KEY_REQUEST_ID,
    KEY_SPAN_ID,
    KEY_TRACE_ID,
    KEY_TRUNCATED,
    KEY_TS,
)
from fastapi_spine.logs.lines.plain import mark

"""How many fields a line lost because it was too long."""

_STACK_FLOOR: Final = 2048
"""Bytes of stack that stay while other strings can be cut: about ten frames."""
_TEXT_FLOOR: Final = 160
"""Bytes below which a string is not worth cutting."""
_KEY_LENGTH: Final = 128
"""Characters of a key; longer ones are cut, but only in a line that is too long."""
_ESCAPE_BYTES: Final = 6
_NEVER_CUT: Final = (KEY_TS, KEY_LEVEL, KEY_REQUEST_ID, KEY_TRACE_ID, KEY_SPAN_ID)
_ID_LENGTH: Final = 128

Line = dict[str, object]

_read = msgspec.json.Decoder(str).decode


class Writer(NamedTuple):
    """How things look on the wire.

    Attributes:
        line: makes the bytes of a line, schema and all.
        value: makes the bytes of one value.
    """

    line: Callable[[Line], bytes]
    value: Callable[[object], bytes]


class _Leaf(NamedTuple):
    """A string and where it stands."""

    holder: Any
    key: Any
    size: int


def fit(line: Line, limit: int, writer: Writer) -> bytes | None:
    """Cut a line in place until its bytes fit.

    Args:
        line: plain data in the default keys, ours to change.
        limit: most bytes.
        writer: makes bytes of a line and of a value.

    Returns:
        The bytes, or None if our own keys alone do not fit.
    """
    line[KEY_TRUNCATED] = True
    _shorten_keys(line)
    data = writer.line(line)
    for step in (_cut_stack, _cut_strings, _replace_fields, _drop_fields):
        if len(data) <= limit:
            break
        step(line, len(data) - limit, limit, writer)
        data = writer.line(line)
    return data if len(data) <= limit else None


def water_level(sizes: Iterable[int], total: int) -> int:
    """Return the height at which cutting everything higher makes the sum `total` at most.

    Small things keep what they have; the large ones share the rest evenly.
    """
    ordered = sorted(sizes)
    left = total
    for place, size in enumerate(ordered):
        share = left // (len(ordered) - place)
        if size > share:
            return max(share, 0)
        left -= size
    return ordered[-1] if ordered else 0


def cut(text: str, room: int, write: Callable[[object], bytes]) -> str:
    """Cut a string so that it takes at most `room` bytes as JSON, mark included.

    Characters are never halved. If nothing of it fits, the mark stands alone. One pass over `room`
    characters, however long the text is.
    """
    left = room - len(write(mark(len(text))))
    # The bytes of a string, cut anywhere: at most an escape of six bytes is broken, and mended by trying.
    body = write(text[: max(left, 0)])[1:-1][: max(left, 0)]
    for end in range(len(body), max(len(body) - _ESCAPE_BYTES, -1), -1):
        try:
            kept = len(_read(b'"' + body[:end] + b'"'))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        return text[:kept] + mark(len(text) - kept)
    return mark(len(text))


def _cut_stack(line: Line, excess: int, limit: int, writer: Writer) -> None:
    """Cut the stack alone, if that is enough; else down to its floor."""
    exc = line.get(KEY_EXC)
    if not isinstance(exc, dict) or not isinstance(exc.get(EXC_STACK), str):
        return
    stack, floor = exc[EXC_STACK], min(_STACK_FLOOR, limit // 4)
    size = _size(stack, writer)
    if size > floor:
        exc[EXC_STACK] = cut(stack, max(size - excess, floor), writer.value)


def _cut_strings(line: Line, excess: int, limit: int, writer: Writer) -> None:
    """Cut the longest strings to one common length."""
    floor = min(_TEXT_FLOOR, limit // 16)
    long = [leaf for leaf in _leaves(line, writer) if leaf.size > floor]
    level = max(
        water_level((leaf.size for leaf in long), sum(x.size for x in long) - excess), floor
    )
    for holder, key, size in long:
        if size > level:
            holder[key] = cut(holder[key], level, writer.value)


def _leaves(line: Line, writer: Writer) -> list[_Leaf]:
    """List every string that may be cut; the stack has had its turn."""
    found: list[_Leaf] = []
    waiting: list[Any] = [line]
    while waiting:
        holder = waiting.pop()
        for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            if isinstance(value, (dict, list)):
                waiting.append(value)
            elif isinstance(value, str) and not _is_spared(holder, key, value, line):
                found.append(_Leaf(holder, key, _size(value, writer)))
    return found


def _is_spared(holder: object, key: object, value: str, line: Line) -> bool:
    if holder is line:
        return key in _NEVER_CUT and len(value) <= _ID_LENGTH
    return holder is line.get(KEY_EXC) and key == EXC_STACK


def _size(text: str, writer: Writer) -> int:
    return len(writer.value(text))


def _replace_fields(line: Line, excess: int, limit: int, writer: Writer) -> None:
    """Replace the largest of the user's fields by their JSON as text, cut."""
    floor = min(_TEXT_FLOOR, limit // 16)
    for key, size in sorted(_own_fields(line, writer), key=lambda field: -field[1]):
        if excess <= 0 or size <= floor:
            return
        text = writer.value(line[key]).decode()
        line[key] = cut(text, max(size - excess, floor), writer.value)
        excess -= size - len(writer.value(line[key]))


def _drop_fields(line: Line, excess: int, _limit: int, writer: Writer) -> None:
    """Leave out the last of the user's fields and say how many."""
    line[KEY_FIELDS_CUT] = 0
    left = excess + len(f',"{KEY_FIELDS_CUT}":10000')
    dropped = 0
    for key, size in reversed(_own_fields(line, writer)):
        if left <= 0:
            break
        if key != KEY_FIELDS_CUT:
            del line[key]
            dropped += 1
            left -= len(writer.value(key)) + size + len(":,")
    line[KEY_FIELDS_CUT] = dropped


def _own_fields(line: Line, writer: Writer) -> list[tuple[str, int]]:
    """List the fields that are the user's, not ours, with the bytes their values take."""
    return [
        (key, len(writer.value(value))) for key, value in line.items() if key not in ACCESS_KEYS
    ]


def _shorten_keys(line: Line) -> None:
    """Cut keys of absurd length, in every object of the line."""
    waiting: list[Any] = [line]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict) and any(len(key) > _KEY_LENGTH for key in holder):
            members = list(holder.items())
            holder.clear()
            holder.update(
                (_short_key(key, place), value) for place, (key, value) in enumerate(members)
            )
        values = holder.values() if isinstance(holder, dict) else holder
        waiting.extend(value for value in values if isinstance(value, (dict, list)))


def _short_key(key: str, place: int) -> str:
    """Cut a long key; its place keeps it apart from another one that begins alike."""
    if len(key) <= _KEY_LENGTH:
        return key
    return f"{key[:_KEY_LENGTH]}#{place}{mark(len(key) - _KEY_LENGTH)}"
