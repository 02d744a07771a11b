"""Where identifiers come from: request ids (UUIDv7), trace ids and span ids (W3C Trace Context)."""

from __future__ import annotations

import os
import random
import re
from typing import Protocol

from fastapi_spine.core.fork import in_child

_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""RFC 9562 section 4.1: the two high bits of the 17th hex digit are 10."""
_AT_ONCE = 16
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


def is_request_id(text: str) -> bool:
    """Tell whether a text may be a request id: 1 to 128 characters that no header, line or page could misread."""
    return _REQUEST_ID.fullmatch(text) is not None


class IdSource(Protocol):
    """What makes identifiers."""

    def fresh(self, wall_ns: int) -> tuple[str, str, str]:
        """Return a new request id, trace id (32 hex digits) and span id (16), neither all zero.

        Args:
            wall_ns: now, nanoseconds since the epoch; ids that tell their time tell this one.
        """

    def request_id(self, wall_ns: int) -> str:
        """Return a new request id."""

    def span_id(self) -> str:
        """Return a new span id (16 hex digits, not all zero)."""


class RandomIds:
    """Random identifiers, cheap enough for every request.

    Request ids are UUIDv7 (RFC 9562 section 5.7): sorted by time, so a store's index stays compact.
    The generator is seeded from the operating system and again in every forked child, so that workers
    never repeat each other. It is not cryptographic: an id is a name, not a secret.
    """

    __slots__ = ("__weakref__", "_bits", "_drawn", "_prefix", "_random")

    def __init__(self) -> None:
        self._random = random.Random(os.urandom(32))
        self._bits = self._random.getrandbits
        self._prefix = (-1, "")
        self._drawn: list[tuple[str, str, str]] = []
        in_child(self, RandomIds.reseed)

    def reseed(self) -> None:
        """Draw a new seed from the operating system."""
        self._random.seed(os.urandom(32))
        self._drawn.clear()

    def fresh(self, wall_ns: int) -> tuple[str, str, str]:
        """Return a new request id, trace id and span id, drawn together."""
        try:
            tail, trace_id, span_id = self._drawn.pop()
        except IndexError:
            tail, trace_id, span_id = self._draw()
        millisecond = wall_ns // 1_000_000
        known, prefix = self._prefix
        if millisecond != known:
            stamp = f"{millisecond:012x}"
            prefix = f"{stamp[:8]}-{stamp[8:12]}-7"
            self._prefix = (millisecond, prefix)
        return prefix + tail, trace_id, span_id

    def _draw(self) -> tuple[str, str, str]:
        """Draw the random parts of several ids, because by the second one the code is warm, and return one of them."""
        bits, drawn = self._bits, []
        for _ in range(_AT_ONCE):
            text = bits(272).to_bytes(34, "big").hex()
            trace_id, span_id = text[:32], text[32:48]
            if trace_id != _NO_TRACE and span_id != _NO_SPAN:
                tail = f"{text[48:51]}-{_VARIANT[text[51]]}{text[52:55]}-{text[55:67]}"
                drawn.append((tail, trace_id, span_id))
        one = drawn.pop()
        self._drawn += drawn
        return one

    def request_id(self, wall_ns: int) -> str:
        """Return a new UUIDv7 in its usual text form, 36 characters."""
        return self.fresh(wall_ns)[0]

    def span_id(self) -> str:
        """Return a new span id."""
        bits = self._bits
        return f"{bits(64) or 1:016x}"
