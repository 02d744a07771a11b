"""What waits to be sent: a queue for each signal, all of them together bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from fastapi_spine.core.conventions import DROP_FORK, DROP_QUEUE_FULL, DROP_SHUTDOWN
from fastapi_spine.export.account import Account

Item = TypeVar("Item")


class Budget:
    """How many bytes may wait in all queues of a process. Beyond it the fullest queue gives its oldest items.

    One lock for all queues, held for an append or for taking a few items, never while anything is encoded or sent.
    The thread that holds it may take it again: a destructor may log while a line is queued.

    Args:
        bound: bytes, roughly: what items weigh is estimated.
    """

    def __init__(self, bound: int) -> None:
        self.lock = threading.RLock()
        self.bound = bound
        self.used = 0
        self._queues: list[Queue[Any]] = []

    def join(self, queue: Queue[Any]) -> None:
        """Let a queue take part."""
        self._queues.append(queue)

    def make_room(self) -> None:
        """Drop what is oldest where most is waiting, until the rest fits; the caller holds the lock."""
        while self.used > self.bound:
            fullest = max(self._queues, key=_waiting_weight)
            if not fullest.drop_oldest():
                return

    def forget(self) -> None:
        """Begin with nothing: in a child after a fork, where the lock may be held by a thread that is not there."""
        self.lock = threading.RLock()
        self.used = 0
        for queue in self._queues:
            queue.forget()


class Taken(NamedTuple, Generic[Item]):
    """Items that left the queue to be sent; they count as used until `Queue.release`."""

    items: list[Item]
    weight: int


class Queue(Generic[Item]):
    """One signal's items.

    Args:
        budget: shared with the other signals.

    Attributes:
        account: what became of everything that was put.
        weight: bytes waiting, those under way left out.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.account = Account(budget.lock)
        self._items: deque[tuple[Item, int]] = deque()
        self.weight = 0
        self._closed = False
        budget.join(self)

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item, weight: int) -> None:
        """Take an item of so many bytes; never waits for anybody who does more than this.

        After `close` it is counted as lost in the shutdown.
        """
        budget = self._budget
        with budget.lock:
            self.account.emitted += 1
            if self._closed:
                self.account.drop(DROP_SHUTDOWN, 1)
                return
            self._items.append((item, weight))
            self.weight += weight
            budget.used += weight
            if budget.used > budget.bound:
                budget.make_room()

    def put_all(self, items: Sequence[tuple[Item, int]]) -> None:
        """Take items with their weights, all at once; see `put`."""
        budget = self._budget
        with budget.lock:
            self.account.emitted += len(items)
            if self._closed:
                self.account.drop(DROP_SHUTDOWN, len(items))
                return
            weight = sum([weight for _, weight in items])
            self._items.extend(items)
            self.weight += weight
            budget.used += weight
            if budget.used > budget.bound:
                budget.make_room()

    def take(self, most: int, size: int) -> Taken[Item]:
        """Take the oldest items; empty if there are none.

        Args:
            most: how many at most.
            size: bytes after which no more are taken, by weight.
        """
        found: list[Item] = []
        weight = 0
        with self._budget.lock:
            items = self._items
            while items and len(found) < most and weight < size:
                item, its_weight = items.popleft()
                found.append(item)
                weight += its_weight
            self.weight -= weight
        return Taken(found, weight)

    def release(self, weight: int) -> None:
        """Give back the room of items that are sent or lost."""
        with self._budget.lock:
            self._budget.used = max(self._budget.used - weight, 0)

    def deliver(self, count: int) -> None:
        """Take note of items that a receiver has taken; after `close` they are counted as lost already."""
        with self._budget.lock:
            if not self._closed:
                self.account.deliver(count)

    def lose(self, reason: str, count: int) -> None:
        """Take note of items that were under way and are lost; after `close` they are counted already."""
        with self._budget.lock:
            if not self._closed:
                self.account.drop(reason, count)

    def drop_oldest(self) -> bool:
        """Lose the oldest item; False if there is none. The caller holds the lock."""
        if not self._items:
            return False
        _, weight = self._items.popleft()
        self.weight -= weight
        self._budget.used -= weight
        self.account.drop(DROP_QUEUE_FULL, 1)
        return True

    def close(self) -> None:
        """Count everything that waits or is under way, and all that still comes, as lost in the shutdown."""
        with self._budget.lock:
            self._closed = True
            self._items.clear()
            self._budget.used -= self.weight
            self.weight = 0
            self.account.drop(DROP_SHUTDOWN, self.account.queued)

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        left = self.account.queued if not self._closed else 0
        self.account = Account(self._budget.lock)
        self.account.refuse(DROP_FORK, left)
        self._closed = False
        self._items = deque()
        self.weight = 0


def _waiting_weight(queue: Queue[Any]) -> int:
    return queue.weight
