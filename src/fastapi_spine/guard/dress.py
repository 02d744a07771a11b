"""What every answer to a page of one origin wears: the words of CORS and the security headers, put together once."""

from __future__ import annotations

from typing import Final, NamedTuple

from fastapi_spine.core.conventions import (
    HEADER_RATE_LIMIT,
    HEADER_RATE_LIMIT_POLICY,
    HEADER_VARY,
)
from fastapi_spine.guard.cors import Cors
from fastapi_spine.guard.headers import SecurityHeaders

_REMEMBERED: Final = 1_024
_LONGEST: Final = 256
"""Bytes of an origin; longer ones are nobody's, and would make the memory of them large."""
_RATES: Final = (HEADER_RATE_LIMIT, HEADER_RATE_LIMIT_POLICY)

Pairs = list[tuple[bytes, bytes]]


class Dress(NamedTuple):
    """Headers of an answer, shared between requests.

    Attributes:
        pairs: the headers.
        names: those that give way if the application says them itself; `Vary` adds up instead.
    """

    pairs: Pairs
    names: frozenset[bytes]


class Wardrobe:
    """Gives each answer what it wears.

    Args:
        cors: says who may read; None if nobody asks.
        headers: gives security headers; None if they are off.
    """

    __slots__ = ("_cors", "_headers", "_known")

    def __init__(self, cors: Cors | None, headers: SecurityHeaders | None) -> None:
        self._cors = cors
        self._headers = headers
        self._known: dict[tuple[bytes | None, str], tuple[Dress, Dress]] = {}

    def of(self, origin: bytes | None, scheme: str, path: str) -> Dress:
        """Return what an answer wears; it is shared and must not be changed."""
        try:
            usual, docs = self._known[origin, scheme]
        except KeyError:
            usual, docs = self._meet(origin, scheme)
        return docs if self._headers is not None and path in self._headers.docs else usual

    def of_preflight(self, scheme: str) -> Dress:
        """Return what an answer wears that is CORS's own."""
        pairs = [] if self._headers is None else self._headers.of(scheme, docs=False)
        return Dress(pairs, frozenset(dict(pairs)))

    def _meet(self, origin: bytes | None, scheme: str) -> tuple[Dress, Dress]:
        made = self._make(origin, scheme, docs=False), self._make(origin, scheme, docs=True)
        if origin is None or len(origin) <= _LONGEST:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[origin, scheme] = made
        return made

    def _make(self, origin: bytes | None, scheme: str, *, docs: bool) -> Dress:
        pairs: Pairs = []
        if self._cors is not None:
            pairs += self._cors.of(origin)
        if self._headers is not None:
            pairs += self._headers.of(scheme, docs=docs)
        return Dress(pairs, frozenset((*dict(pairs), *_RATES)) - {HEADER_VARY})
