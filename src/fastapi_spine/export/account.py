"""What became of everything that was handed to an exporter: emitted = delivered + dropped + queued.

With a spool also of what other processes had emitted and left on disk: emitted + recovered = delivered + dropped + queued.
"""

from __future__ import annotations

import threading
from typing import Final

from fastapi_spine.core.conventions import (
    DROP_ENCODE,
    DROP_EXPIRED,
    DROP_FORK,
    DROP_QUEUE_FULL,
    DROP_REJECTED,
    DROP_SHUTDOWN,
    DROP_TOO_LARGE,
)
from fastapi_spine.core.health import Balance
from fastapi_spine.core.spool_names import DROP_SPOOL_FULL, DROP_SPOOL_UNREADABLE

REASONS: Final = (
    DROP_QUEUE_FULL,
    DROP_REJECTED,
    DROP_TOO_LARGE,
    DROP_EXPIRED,
    DROP_SHUTDOWN,
    DROP_FORK,
    DROP_ENCODE,
    DROP_SPOOL_FULL,
    DROP_SPOOL_UNREADABLE,
)


class Account:
    """Counts the items of one signal. What is not delivered and not dropped is queued: the books cannot disagree.

    Args:
        lock: held while counting; one that the same thread may take twice, because a destructor may log while it
            counts.

    Attributes:
        emitted: how many items were handed over; raised by whoever holds the lock.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self.emitted = 0
        self._refused = 0
        self._recovered = 0
        self._spooled = 0
        self._delivered = 0
        self._dropped = dict.fromkeys(REASONS, 0)

    def deliver(self, count: int) -> None:
        """Take note of items that a receiver has taken."""
        with self._lock:
            self._delivered += count

    def drop(self, reason: str, count: int) -> None:
        """Take note of items that are lost."""
        with self._lock:
            self._dropped[reason] += count

    def refuse(self, reason: str, count: int) -> None:
        """Take note of items that are handed over and lost at once: nobody sees them queued in between."""
        with self._lock:
            self.emitted += count
            self._refused += count
            self._dropped[reason] += count

    def spool(self, count: int) -> None:
        """Take note of items that went to disk: they stay queued."""
        with self._lock:
            self._spooled += count

    def recover(self, count: int) -> None:
        """Take note of items on disk that a process which has ended had emitted: they are queued here from now on."""
        with self._lock:
            self._recovered += count
            self._spooled += count

    def leave(self, count: int) -> None:
        """Take note of items that are on disk no more; what became of them is booked by itself."""
        with self._lock:
            self._spooled -= count

    @property
    def spooled(self) -> int:
        """How many of the queued items are on disk."""
        with self._lock:
            return self._spooled

    @property
    def entered(self) -> int:
        """How many were handed over and not lost at once."""
        with self._lock:
            return self.emitted - self._refused

    @property
    def delivered(self) -> int:
        """How many receivers have taken."""
        with self._lock:
            return self._delivered

    @property
    def queued(self) -> int:
        """How many items are waiting or under way."""
        with self._lock:
            known = self.emitted + self._recovered
            return known - self._delivered - sum(self._dropped.values())

    @property
    def lost(self) -> dict[str, int]:
        """How many were lost, by reason; reasons without losses are left out."""
        with self._lock:
            return {reason: count for reason, count in self._dropped.items() if count}

    def balance(self) -> Balance:
        """Read the account."""
        with self._lock:
            return Balance(self.emitted, self._delivered, self.lost, self.queued, self._recovered)
