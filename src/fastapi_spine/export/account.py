"""What became of everything that was handed to an exporter: emitted = delivered + dropped + queued."""

from __future__ import annotations

import threading
from collections import Counter

from fastapi_spine.core.health import Balance


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
