"""One item of a protobuf body (a span, a log record, a point): its fields and its attributes in one pass."""

from __future__ import annotations

import struct
from typing import Final

from fastapi_spine.console.otlp.faults import BadBodyError, Budget, Reject
from fastapi_spine.console.otlp.limits import Limits
from fastapi_spine.console.otlp.reasons import TOO_MANY_ATTRIBUTES
from fastapi_spine.console.otlp.values import Pair, Pairs
from fastapi_spine.console.otlp.wire import skip, varint
from fastapi_spine.console.rows import Attributes

_LEFT: Final = 0x80
_WIRE: Final = 0x87
"""The bits of a tag that say its kind, and that it goes on: tags of two bytes are nobody's here."""
_LENGTH: Final = 2
_VARINT: Final = 0
_FIXED64: Final = 1
_FIXED64_SIZE: Final = 9
_UNSIGNED: Final = struct.Struct("<Q").unpack_from

NONE: Final[frozenset[int]] = frozenset()


Scanned = tuple[dict[int, bytes], dict[int, int], Attributes, list[tuple[int, bytes | int]]]
"""What was found: content by tag, of fields that hold bytes, texts and messages, the last of each; value by tag, of
numbers of 64 fixed bits and of whole numbers; the attributes; tag and content of what may come more than once."""

_FLAGS: Final = bytes((16 << 3 & 127 | 5 | 128, 1))
"""The tag of `Span.flags` (field 16, 32 fixed bits)."""
_FLAGS_SIZE: Final = 6


def scan(  # noqa: C901, PLR0912, PLR0915 - one loop: a call for each field would double the cost of receiving
    message: bytes,
    attribute: int,
    repeated: frozenset[int],
    pairs: Pairs,
    budget: Budget,
    limits: Limits,
) -> Scanned:
    """Read a message's fields. This is where the time of receiving goes: about half a microsecond a field.

    Args:
        message: the whole message.
        attribute: the tag of its attributes.
        repeated: tags of other fields that come several times.
        pairs: reads attributes.
        budget: takes what comes several times, and fields that nobody knows.
        limits: how many attributes there may be.

    Raises:
        BadBodyError: it is cut off.
        Reject: it has too many attributes.
        IndexError: it is cut off.
    """
    texts: dict[int, bytes] = {}
    numbers: dict[int, int] = {}
    several: list[tuple[int, bytes | int]] = []
    found: list[Pair] = []
    known, learn, take = pairs.known.get, pairs.learn, found.append
    place, end = 0, len(message)
    while place < end:
        tag = message[place]
        if tag == attribute or tag & _WIRE == _LENGTH:
            length, start = message[place + 1], place + 2
            if length >= _LEFT:
                length, start = varint(message, place + 1)
            place = start + length
            content = message[start:place]
            if tag == attribute:
                pair = known(content)
                if pair is None:
                    if len(found) >= limits.attributes_each:
                        raise Reject(TOO_MANY_ATTRIBUTES)
                    pair = learn(content, budget)
                take(pair)
            elif tag in repeated:
                several.append((tag, content))
            else:
                texts[tag] = content
        elif tag & _WIRE == _FIXED64 and place + _FIXED64_SIZE <= end:
            number = _UNSIGNED(message, place + 1)[0]
            place += _FIXED64_SIZE
            if tag in repeated:
                several.append((tag, number))
            else:
                numbers[tag] = number
        elif tag & _WIRE == _VARINT:
            numbers[tag], place = varint(message, place + 1)
        else:
            place = _rare(message, place, budget)
    if place != end:
        raise BadBodyError("a field in the body is longer than what it lies in")
    if len(found) > limits.attributes_each:
        raise Reject(TOO_MANY_ATTRIBUTES)
    budget.values(len(found))
    if several:
        budget.item(len(several))
    return texts, numbers, dict(found), several


def _rare(message: bytes, place: int, budget: Budget) -> int:
    """Pass over flags, which every span of today's SDKs has behind everything else, or over the unknown."""
    if message[place : place + 2] == _FLAGS:
        return place + _FLAGS_SIZE
    return skip(message, place, budget)
