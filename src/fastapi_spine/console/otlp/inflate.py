"""Bodies as they come: decompressed a piece at a time, so that a bomb costs no more than the limit."""

from __future__ import annotations

import zlib
from typing import Final

from fastapi_spine.console.otlp.faults import BadBodyError, BodyError, TooLargeError

_GZIP: Final = zlib.MAX_WBITS | 16
_RAW: Final = -zlib.MAX_WBITS
_PIECE: Final = 1 << 20
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
        made, rest = _one(body, zlib.MAX_WBITS if zlibbed else _RAW, limit)
        if rest:
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
    size, rest = 0, body
    while rest or not made:
        one, rest = _one(rest, _GZIP, limit - size)
        size += len(one)
        made.append(one)
        if len(made) > limit // _PIECE * 64:  # empty members cost time, not bytes
            raise TooLargeError("the compressed body has too many members")
    return made[0] if len(made) == 1 else b"".join(made)


def _one(body: bytes, form: int, limit: int) -> tuple[bytes, bytes]:
    """Decompress one stream; return what it held and what follows it."""
    stream = zlib.decompressobj(form)
    made: list[bytes] = []
    size = 0
    try:
        piece = stream.decompress(body, _PIECE)
        while piece or stream.unconsumed_tail:
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            made.append(piece)
            piece = stream.decompress(stream.unconsumed_tail, _PIECE)
    except zlib.error:
        raise BadBodyError("the body cannot be decompressed: it is damaged") from None
    if not stream.eof:
        raise BadBodyError("the body cannot be decompressed: its end is missing")
    return (made[0] if len(made) == 1 else b"".join(made)), stream.unused_data
