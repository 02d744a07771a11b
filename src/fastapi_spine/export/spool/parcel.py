"""A batch as the bytes of a file: one gzip member, which says by itself whether it is whole (RFC 1952).

In it one line of JSON and behind it the bytes that stand in an OTLP request: the resource, then each chunk. So a batch
that was too large for a receiver can be halved after a restart, too. Nothing in it says where it goes: no address, no
header, no key.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from fastapi_spine.export.request import Chunk

MOST_BYTES: Final = 64 * 1024 * 1024
"""As long may a file be, packed and unpacked."""
_MOST_HEAD: Final = 1024 * 1024
"""And its line of JSON: a batch has some hundred chunks at most, and what is read of them takes many times as much memory."""
_VERSION: Final = 1
_LEVEL: Final = 1
_GZIP: Final = 31  # a window of 32 KiB, and gzip's header and checksum: zlib's manual, inflateInit2
_LINE_END: Final = b"\n"


class Unreadable(ValueError):  # noqa: N818 - it says what a file is
    """A file that was not written by this version, or not to its end, or was changed since."""


class Parcel(NamedTuple):
    """A batch that was kept.

    Attributes:
        resource: who the process was, as a request has it.
        chunks: the items.
    """

    resource: bytes
    chunks: list[Chunk]


def pack(resource: bytes, chunks: Sequence[Chunk]) -> bytes:
    """Write a batch as the bytes of a file.

    Raises:
        ValueError: it is longer than `MOST_BYTES`, or its names are too long.
    """
    head = {
        "version": _VERSION,
        "resource": len(resource),
        "chunks": [[list(group), len(data), count] for group, data, count in chunks],
    }
    line = json.dumps(head).encode("ascii")
    body = b"".join([line, _LINE_END, resource, *(one[1] for one in chunks)])
    if len(body) > MOST_BYTES or len(line) > _MOST_HEAD:
        raise ValueError("a batch is longer than a file may be")
    return gzip.compress(body, _LEVEL, mtime=0)


def unpack(data: bytes, count: int) -> Parcel:
    """Read a file.

    Args:
        data: its bytes.
        count: how many items its name says it has.

    Raises:
        Unreadable: it is not what `pack` wrote, or has another number of items.
    """
    line, _, rest = _inflated(data).partition(_LINE_END)
    if len(line) > _MOST_HEAD:
        raise Unreadable("its head is too long")
    try:
        return _parcel(json.loads(line), memoryview(rest), count)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unreadable(f"its head cannot be read: {type(error).__name__}") from None


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        body = inflater.decompress(data, MOST_BYTES)
    except zlib.error:
        raise Unreadable("it is damaged") from None
    if not inflater.eof or inflater.unused_data:
        raise Unreadable("it has no end where one should be")
    return body


def _parcel(head: Any, rest: memoryview, count: int) -> Parcel:
    if head["version"] != _VERSION:
        raise Unreadable("it was written by another version")
    place = _length(head["resource"])
    resource = bytes(rest[:place])
    chunks = list(_chunks(head["chunks"], rest[place:]))
    length = place + sum(len(data) for _, data, _ in chunks)
    if length != len(rest) or sum(items for _, _, items in chunks) != count:
        raise Unreadable("it holds more or less than it says")
    return Parcel(resource, chunks)


def _chunks(heads: Any, rest: memoryview) -> Iterator[Chunk]:
    place = 0
    for group, length, items in heads:
        end = place + _length(length)
        yield tuple(map(_text, group)), bytes(rest[place:end]), _length(items)
        place = end


def _length(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise Unreadable("a length is none")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable("a name is none")
    return value
