"""A snapshot as bytes: a header that tells ours from anything else, then MessagePack."""

from __future__ import annotations

import struct
from typing import Final
from zlib import crc32

import msgspec

from fastapi_spine.metrics.family import Snapshot

_HEADER: Final = struct.Struct(">8sHIQ")
_MAGIC: Final = b"spinenum"
_VERSION: Final = 1
LONGEST: Final = 64 * 1024 * 1024


class Unreadable(Exception):  # noqa: N818 - it says what the bytes are
    """These bytes are no snapshot of ours; the message says why."""


class Leaf(msgspec.Struct):
    """What stands in one file.

    Attributes:
        instance: the worker whose numbers they are; empty for the sum of those that have ended.
        snapshot: the numbers.
        folded: instances whose numbers are in the sum and whose files may still be there.
    """

    instance: str
    snapshot: Snapshot
    folded: list[str] = []


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Leaf).decode


def pack(leaf: Leaf) -> bytes:
    """Write a leaf as bytes."""
    body = _encode(leaf)
    return _HEADER.pack(_MAGIC, _VERSION, crc32(body), len(body)) + body


def unpack(data: bytes) -> Leaf:
    """Read what `pack` wrote.

    Raises:
        Unreadable: it is cut short, damaged, of another version, or something else.
    """
    if len(data) < _HEADER.size:
        raise Unreadable("cut short")
    magic, version, checksum, length = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise Unreadable("not ours")
    if version != _VERSION:
        raise Unreadable(f"version {version}")
    body = data[_HEADER.size :]
    if len(body) != length or crc32(body) != checksum:
        raise Unreadable("damaged")
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("damaged") from error
