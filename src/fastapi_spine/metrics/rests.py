"""Rests of threads that read, add up or write many numbers: the event loop beside them comes first.

A thread of Python gives way to another after 5 ms, so every request that comes meanwhile waits that long, and again each
time it needs the interpreter. A thread that rests by itself gives way at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

REST_S: Final = 0.00002
POINTS: Final = 64
"""Series between two rests: some tenths of a millisecond of work."""

T = TypeVar("T")


def rest() -> None:
    """Let whoever waits for the interpreter have it."""
    time.sleep(REST_S)


def with_rests(points: Iterable[T], every: int = POINTS) -> Iterator[T]:
    """Pass series on, with a rest after so many."""
    for number, point in enumerate(points, 1):
        yield point
        if not number % every:
            rest()
