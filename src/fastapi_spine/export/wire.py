"""Protocol buffers' wire format, as much of it as OTLP needs (protobuf.dev, "Encoding").

Written by hand because it is the whole of what a dependency would do here: a few kinds of fields, written forwards.
"""

from __future__ import annotations

import struct
from typing import Final

_FIXED64: Final = struct.Struct("<Q").pack
_FIXED32: Final = struct.Struct("<I").pack
_DOUBLE: Final = struct.Struct("<d").pack
_LEFT: Final = 0x80
_SEVEN: Final = 0x7F
_INT64: Final = 1 << 64
_LISTED: Final = 1_024
_SMALL: Final = tuple(
    bytes([number] if number < _LEFT else [number & _SEVEN | _LEFT, number >> 7])
    for number in range(_LISTED)
)
"""As long as most messages are."""
_WIRE_LENGTH: Final = 2
_WIRE_64: Final = 1
_WIRE_32: Final = 5
_LONGEST_VARINT: Final = 10


class Truncated(ValueError):  # noqa: N818 - it says what the bytes are
    """A message ends in the middle of a field."""


def varint(number: int) -> bytes:
    """Write a number of up to 64 bits; a negative one as its two's complement."""
    if 0 <= number < _LISTED:
        return _SMALL[number]
    if number < 0:
        number += _INT64
    out = bytearray()
    while number > _SEVEN:
        out.append(number & _SEVEN | _LEFT)
        number >>= 7
    out.append(number)
    return bytes(out)


def tag(field: int, wire: int) -> bytes:
    """Write what stands before a field."""
    return varint(field << 3 | wire)


def blob(field: int, content: bytes) -> bytes:
    """Write bytes, a text or a message."""
    return tag(field, _WIRE_LENGTH) + varint(len(content)) + content


def text(field: int, content: str) -> bytes:
    """Write a text; what is no UTF-8 (a lone surrogate) is escaped."""
    return blob(field, content.encode("utf-8", "backslashreplace"))


def number(field: int, value: int) -> bytes:
    """Write an integer, a boolean or an enumeration's member."""
    return tag(field, 0) + varint(value)


def fixed64(field: int, value: int) -> bytes:
    """Write a number of 64 bits without a sign; out of range it is cut to the nearest that fits."""
    return tag(field, _WIRE_64) + _FIXED64(min(max(value, 0), _INT64 - 1))


def fixed32(field: int, value: int) -> bytes:
    """Write a number of 32 bits without a sign."""
    return tag(field, _WIRE_32) + _FIXED32(value & 0xFFFFFFFF)


def double(field: int, value: float) -> bytes:
    """Write a floating-point number."""
    return tag(field, _WIRE_64) + _DOUBLE(value)


def fields(message: bytes) -> dict[int, int | bytes]:
    """Read a message's fields, the last of each number; for short answers of servers.

    Raises:
        Truncated: it ends in the middle of a field, or has a field of a kind that is not used any more.
    """
    found: dict[int, int | bytes] = {}
    place = 0
    while place < len(message):
        field, value, place = _read_field(message, place)
        found[field] = value
    return found


def behind(message: bytes, count: int) -> int:
    """Return the place behind the first so many fields of a message.

    Raises:
        Truncated: as `fields` does; also if there are fewer of them.
    """
    place = 0
    for _ in range(count):
        _, _, place = _read_field(message, place)
    return place


def _read_field(message: bytes, place: int) -> tuple[int, int | bytes, int]:
    """Read the field at a place; return its number, its value and the place behind it."""
    head, place = _read_varint(message, place)
    field, wire = head >> 3, head & 7
    if wire == 0:
        value, place = _read_varint(message, place)
        return field, value, place
    if wire == _WIRE_LENGTH:
        length, place = _read_varint(message, place)
    elif wire in (_WIRE_64, _WIRE_32):
        length = 8 if wire == _WIRE_64 else 4
    else:
        raise Truncated(f"a field of kind {wire}")
    end = place + length
    if end > len(message):
        raise Truncated("a field is longer than its message")
    return field, message[place:end], end


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = 0
    for step in range(_LONGEST_VARINT):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        value |= (byte & _SEVEN) << 7 * step
        if byte < _LEFT:
            return value & _INT64 - 1, place
    raise Truncated("a number has no end")
