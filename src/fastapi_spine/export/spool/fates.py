"""The books of one batch on its way, where it may be kept on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from fastapi_spine.export.account import Account
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.request import Chunk

Keep = Callable[[Sequence[Chunk]], bool]
"""Puts a batch, or a part of one, on disk and books that; says whether it could."""


class Fresh:
    """Books of a batch that comes from memory.

    Args:
        queue: where it comes from.
        keep: puts it on disk.

    Attributes:
        booked: whether it is known what became of some of its items.
        was_kept: whether some went to disk, because the receiver did not take them.
    """

    def __init__(self, queue: Queue, keep: Keep) -> None:
        self._queue = queue
        self._keep = keep
        self._lock = threading.Lock()
        self._taken_over = False
        self.booked = False
        self.was_kept = False

    def deliver(self, count: int) -> None:
        """Take note of items that the receiver has taken."""
        with self._lock:
            self.booked = True
            if not self._taken_over:
                self._queue.deliver(count)

    def lose(self, reason: str, count: int) -> None:
        """Take note of items that are lost."""
        with self._lock:
            self.booked = True
            if not self._taken_over:
                self._queue.lose(reason, count)

    def aside(self, batch: Sequence[Chunk]) -> bool:
        """Keep items on disk; False if that cannot be."""
        with self._lock:
            if not self._taken_over and not self._keep(batch):
                return False
            self.booked = self.was_kept = True
            return True

    def take_over(self, batch: Sequence[Chunk]) -> None:
        """Keep the whole batch, if nothing is known of it yet, for a thread that may never come back.

        What that thread finds out later is not booked; if the receiver has taken it, it gets it a second time.
        """
        with self._lock:
            if not (self.booked or self._taken_over):
                self._taken_over = self._keep(batch)


class Kept:
    """Books of a batch that comes from disk.

    Args:
        account: of its signal.
        count: how many items it has.
        keep: puts a part of it on disk by itself.

    Attributes:
        left: how many of its items have to stay in its file.
        booked: whether it is known what became of some of its items.
        was_kept: whether some stay on disk, because the receiver did not take them.
    """

    def __init__(self, account: Account, count: int, keep: Keep) -> None:
        self._account = account
        self._count = count
        self._keep = keep
        self.left = count
        self.booked = False
        self.was_kept = False

    def deliver(self, count: int) -> None:
        """Take note of items that the receiver has taken."""
        self._account.deliver(count)
        self._settle(count)

    def lose(self, reason: str, count: int) -> None:
        """Take note of items that are lost."""
        self._account.drop(reason, count)
        self._settle(count)

    def aside(self, batch: Sequence[Chunk]) -> bool:
        """Leave the whole batch where it is; a part of it, of which the rest is booked, gets a file of its own."""
        count = sum(items for _, _, items in batch)
        self.was_kept = True
        if count == self._count:
            return True
        if not self._keep(batch):
            return False
        self._settle(count)
        return True

    def _settle(self, count: int) -> None:
        self._account.leave(count)
        self.left -= count
        self.booked = True
