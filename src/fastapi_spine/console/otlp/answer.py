"""What senders are answered: `Export…ServiceResponse` and `google.rpc.Status`, in the encoding they sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from fastapi_spine.console.otlp.decode import Signal
from fastapi_spine.console.otlp.reasons import explain

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_REJECTED: Final[Mapping[Signal, str]] = {
    "traces": "rejectedSpans",
    "logs": "rejectedLogRecords",
    "metrics": "rejectedDataPoints",
}
_LEFT: Final = 0x80
_SEVEN: Final = 0x7F
_CODES: Final[Mapping[int, int]] = {
    400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 411: 3, 413: 8, 415: 3, 429: 8, 503: 14,
}  # fmt: skip
"""HTTP's status → google.rpc.Code. OTLP gives it no meaning; people who read a sender's log do."""


def taken(signal: Signal, rejected: Mapping[str, int], *, json: bool) -> bytes:
    """Answer a body that was taken, wholly or with the number of items that were not."""
    count = sum(rejected.values())
    if not count:
        return b"{}" if json else b""
    message = explain(rejected)
    if json:
        told = {_REJECTED[signal]: str(count), "errorMessage": message}
        return msgspec.json.encode({"partialSuccess": told})
    return _blob(1, b"\x08" + _varint(count) + _blob(2, message.encode()))


def refused(status: int, message: str, *, json: bool) -> bytes:
    """Answer a body that was not taken."""
    code = _CODES.get(status, 2)
    if json:
        return msgspec.json.encode({"code": code, "message": message})
    return b"\x08" + _varint(code) + _blob(2, message.encode("utf-8", "backslashreplace"))


def word(status: int, message: str, json: bool) -> tuple[str, bytes]:
    """Word a refusal: its content type and its body."""
    return JSON if json else PROTOBUF, refused(status, message, json=json)


def _blob(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > _SEVEN:
        out.append(number & _SEVEN | _LEFT)
        number >>= 7
    out.append(number)
    return bytes(out)
