"""Where identifiers come from: request ids (UUIDv7), trace ids and span ids (W3C Trace Context)."""

from __future__ import annotations

import os
import random
import weakref
from typing import Protocol

from fastapi_spine.core.clock import Clock

_UUID7_VERSION = 0x7 << 76
_UUID_VARIANT = 0x2 << 62


class IdSource(Protocol):
    """What makes identifiers."""

    def request_id(self) -> str:
        """Return a new request id."""

    def trace_and_span(self) -> tuple[str, str]:
        """Return a new trace id (32 hex digits) and a new span id (16), neither all zero."""

    def span_id(self) -> str:
        """Return a new span id (16 hex digits, not all zero)."""


class RandomIds:
    """Random identifiers, cheap enough for every request.

    Request ids are UUIDv7 (RFC 9562 section 5.7): sorted by time, so a store's index stays compact.
    The generator is seeded from the operating system and again in every forked child, so that workers
    never repeat each other. It is not cryptographic: an id is a name, not a secret.
    """

    __slots__ = ("__weakref__", "_bits", "_random", "_wall_ns")

    def __init__(self, clock: Clock) -> None:
        self._random = random.Random(os.urandom(32))
        self._bits = self._random.getrandbits
        self._wall_ns = clock.wall_ns
        _reseed_after_fork(self)

    def reseed(self) -> None:
        """Draw a new seed from the operating system."""
        self._random.seed(os.urandom(32))

    def request_id(self) -> str:
        """Return a new UUIDv7 in its usual text form, 36 characters."""
        bits = self._bits(74)
        number = (
            (self._wall_ns() // 1_000_000) << 80
            | _UUID7_VERSION
            | (bits >> 62) << 64
            | _UUID_VARIANT
            | (bits & 0x3FFF_FFFF_FFFF_FFFF)
        )
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def trace_and_span(self) -> tuple[str, str]:
        """Return a new trace id and span id, drawn together."""
        text = f"{self._bits(192):048x}"
        trace_id, span_id = text[:32], text[32:]
        if trace_id == "0" * 32 or span_id == "0" * 16:
            return self.trace_and_span()
        return trace_id, span_id

    def span_id(self) -> str:
        """Return a new span id."""
        return f"{self._bits(64) or 1:016x}"


def _reseed_after_fork(ids: RandomIds) -> None:
    alive = weakref.ref(ids)

    def reseed() -> None:
        source = alive()
        if source is not None:
            source.reseed()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=reseed)
