"""A snapshot as bytes: a header that tells ours from anything else, then MessagePack."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final
from zlib import crc32

import msgspec
from msgspec.structs import replace

from fastapi_spine.metrics.family import Family, Snapshot
from fastapi_spine.metrics.rests import POINTS, rest

_HEADER: Final = struct.Struct(">8sHIQ")
_MAGIC: Final = b"spinenum"
_VERSION: Final = 2
_LARGE: Final = 4_096
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


class _Packed(msgspec.Struct, array_like=True):
    """A leaf whose families are written piece by piece, so that no other thread waits for the whole."""

    instance: str
    pid: str
    started_at: float
    folded: list[str]
    pieces: list[bytes]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Packed).decode
_decode_family: Final = msgspec.msgpack.Decoder(Family).decode


def pack(leaf: Leaf) -> bytes:
    """Write a leaf as bytes, with rests."""
    snapshot = leaf.snapshot
    pieces = [_encode(piece) for family in snapshot.families for piece in _pieces(family)]
    body = _encode(_Packed(leaf.instance, snapshot.pid, snapshot.started_at, leaf.folded, pieces))
    return _HEADER.pack(_MAGIC, _VERSION, crc32(body), len(body)) + body


def _pieces(family: Family) -> Iterator[Family]:
    """Cut a family into some of a few series each."""
    points = family.points
    yield replace(family, points=points[:POINTS]) if len(points) > POINTS else family
    for start in range(POINTS, len(points), POINTS):
        rest()
        yield replace(family, points=points[start : start + POINTS])


def unpack(data: bytes) -> Leaf:
    """Read what `pack` wrote, with rests.

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
        packed = _decode(body)
        families = [_decode_family(piece) for piece in _resting(packed.pieces)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("damaged") from error
    snapshot = Snapshot(packed.pid, packed.started_at, _joined(families))
    return Leaf(packed.instance, snapshot, packed.folded)


def _resting(pieces: list[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        if len(piece) > _LARGE:
            rest()


def _joined(pieces: list[Family]) -> list[Family]:
    """Put the pieces of families together again."""
    joined: dict[tuple[str, tuple[str, ...]], Family] = {}
    for piece in pieces:
        whole = joined.setdefault((piece.name, piece.labels), piece)
        if whole is not piece:
            whole.points.extend(piece.points)
    return list(joined.values())
