"""What became of everything that was handed to an exporter: emitted = delivered + dropped + queued."""

from __future__ import annotations

import threading
from collections import Counter
from typing import NamedTuple


class Balance(NamedTuple):
    """An account at one moment.

    Attributes:
        emitted: how many items were handed over.
        delivered: how many a receiver has taken.
        dropped: how many were lost, by reason.
        queued: how many are waiting or under way.
    """

    emitted: int
    delivered: int
    dropped: dict[str, int]
    queued: int


class Account:
    """Counts the items of one signal. What is not delivered and not dropped is queued: the books cannot disagree."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._emitted = 0
        self._delivered = 0
        self._dropped: Counter[str] = Counter()

    def emit(self, count: int) -> None:
        """Take note of items handed over."""
        with self._lock:
            self._emitted += count

    def deliver(self, count: int) -> None:
        """Take note of items that a receiver has taken."""
        with self._lock:
            self._delivered += count

    def drop(self, reason: str, count: int) -> None:
        """Take note of items that are lost."""
        if count:
            with self._lock:
                self._dropped[reason] += count

    def balance(self) -> Balance:
        """Read the account."""
        with self._lock:
            queued = self._emitted - self._delivered - self._dropped.total()
            return Balance(self._emitted, self._delivered, dict(self._dropped), queued)
