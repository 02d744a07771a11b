"""Protocol buffers' wire format, read as far as OTLP needs it (protobuf.dev, "Encoding").

Read by hand because it is twice as quick as the library here, needs none, and counts before it builds
([why](docs/decisions/0022-otlp-is-read-from-the-wire.md)). Texts that are not UTF-8 are taken with replacement
characters: one bad byte in one attribute shall not cost the sender a whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi_spine.console.otlp.faults import BadBodyError, Budget

_LEFT: Final = 0x80
_SEVEN: Final = 0x7F
_INT64: Final = 1 << 64
_LONGEST_VARINT: Final = 10
_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH: Final = 2
_FIXED32: Final = 5


def varint(data: bytes, place: int) -> tuple[int, int]:
    """Read a number.

    Returns:
        The number, without sign, and the place after it.

    Raises:
        BadBodyError: it has no end.
        IndexError: the data ends in it.
    """
    byte = data[place]
    if byte < _LEFT:
        return byte, place + 1
    value = shift = 0
    for at in range(place, place + _LONGEST_VARINT):
        byte = data[at]
        value |= (byte & _SEVEN) << shift
        if byte < _LEFT:
            return value & _INT64 - 1, at + 1
        shift += 7
    raise BadBodyError("a number in the body has no end")


def skip(data: bytes, place: int, budget: Budget) -> int:
    """Pass over a field that nobody knows, from its tag on.

    Returns:
        The place after it, which may lie behind the end of the data.

    Raises:
        BadBodyError: it is of a kind that OTLP does not use, or is cut off.
    """
    budget.values()
    start = place
    tag, place = varint(data, place)
    if data[place - 1] == 0 and place - start > 1:
        raise BadBodyError("a field's number in the body is longer than it needs to be")
    wire = tag & 7
    if wire == _LENGTH:
        length, place = varint(data, place)
        return place + length
    if wire == _VARINT:
        return varint(data, place)[1]
    if wire == _FIXED64:
        return place + 8
    if wire == _FIXED32:
        return place + 4
    raise BadBodyError(f"a field in the body has the wire type {wire}, which OTLP does not use")


def members(
    data: bytes,
    place: int,
    end: int,
    wanted: int,
    budget: Budget,
    numbers: dict[int, int] | None = None,
) -> Iterator[tuple[int, int, int]]:
    """Walk over the fields of a message that hold messages or texts.

    Args:
        data: what the message lies in.
        place: where it begins.
        end: where it ends.
        wanted: the tag whose fields count as items.
        budget: takes them.
        numbers: by tag; those that are there already get the values that the message has.

    Yields:
        Tag, beginning and end of each.

    Raises:
        BadBodyError: a field reaches over the end.
        TooLargeError: there are too many.
    """
    while place < end:
        tag = data[place]
        if numbers is not None and tag in numbers:
            numbers[tag], place = varint(data, place + 1)
            continue
        if tag & 7 != _LENGTH or tag >= _LEFT:
            place = skip(data, place, budget)
            continue
        if tag == wanted:
            budget.item()
        else:
            budget.values()
        length, place = varint(data, place + 1)
        start, place = place, place + length
        if place > end:
            break
        yield tag, start, place
    if place != end:
        raise BadBodyError("a field in the body is longer than what it lies in")
