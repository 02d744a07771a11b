"""Bodies as they come: decompressed a piece at a time, so that a bomb costs no more than the limit."""

from __future__ import annotations

import zlib
from typing import Final

from fastapi_spine.console.otlp.faults import BadBodyError, BodyError, TooLargeError

_GZIP: Final = zlib.MAX_WBITS | 16
_RAW: Final = -zlib.MAX_WBITS
_PIECE_IN: Final = 64 << 10
_PIECE_OUT: Final = 1 << 20
_MOST_MEMBERS: Final = 1000
"""A member costs time even if it is empty; senders that flush now and then make a few."""
_ZLIB_METHOD: Final = 8


class UnknownEncodingError(BodyError):
    """The content encoding is none that is taken."""

    status = 415


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a content encoding.

    Args:
        body: as it came.
        encoding: `gzip`, `deflate`, `identity` or nothing.
        limit: bytes of all members together.

    Returns:
        What was sent.

    Raises:
        BadBodyError: it is damaged, or cut off.
        TooLargeError: there is more than the limit.
        UnknownEncodingError: another encoding.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        if len(body) > limit:
            raise too_large(limit)
        return body
    if name in ("gzip", "x-gzip"):
        return _members(body, limit)
    if name == "deflate":
        # RFC 9110 says zlib's format; some senders leave out its two bytes.
        zlibbed = (
            len(body) > 1 and body[0] & 15 == _ZLIB_METHOD and not int.from_bytes(body[:2]) % 31
        )
        made, place = _one(body, 0, zlib.MAX_WBITS if zlibbed else _RAW, limit)
        if place != len(body):
            raise BadBodyError("something follows the end of the compressed body")
        return made
    raise UnknownEncodingError(
        "the content encoding is not known here; send gzip, deflate or no encoding"
    )


def too_large(limit: int) -> TooLargeError:
    """Word the refusal of a body that is too long."""
    return TooLargeError(f"the body is larger than {limit >> 20} MiB; send smaller batches")


def _members(body: bytes, limit: int) -> bytes:
    """Decompress every member of a gzip file (RFC 1952 section 2.2), with one limit for all."""
    made: list[bytes] = []
    size = place = 0
    while place < len(body) or not made:
        one, place = _one(body, place, _GZIP, limit - size)
        size += len(one)
        made.append(one)
        if len(made) > _MOST_MEMBERS:
            raise TooLargeError(
                f"the compressed body has more than {_MOST_MEMBERS} members; send smaller batches"
            )
    return made[0] if len(made) == 1 else b"".join(made)


def _one(body: bytes, place: int, form: int, limit: int) -> tuple[bytes, int]:
    """Decompress one stream; return what it held and where it ends.

    The input goes in by pieces as well: zlib copies what lies behind a stream's end.
    """
    stream = zlib.decompressobj(form)
    made: list[bytes] = []
    size = 0
    try:
        while not stream.eof and place < len(body):
            piece = body[place : place + _PIECE_IN]
            place += len(piece)
            part = b""
            # A full piece of output may leave more behind although all input went in.
            while piece or len(part) == _PIECE_OUT:
                part = stream.decompress(piece, _PIECE_OUT)
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                made.append(part)
                piece = stream.unconsumed_tail
    except zlib.error:
        raise BadBodyError("the body cannot be decompressed: it is damaged") from None
    if not stream.eof:
        raise BadBodyError("the body cannot be decompressed: its end is missing")
    return b"".join(made), place - len(stream.unused_data)
