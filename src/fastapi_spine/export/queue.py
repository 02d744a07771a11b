"""What waits to be sent: a queue for each signal, all of them together bounded in bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import DROP_FORK, DROP_QUEUE_FULL, DROP_SHUTDOWN
from fastapi_spine.export.account import Account
from fastapi_spine.export.request import Chunk

WEIGHT: Final = 200
"""Bytes that a chunk takes in memory beside its own: its tuple, its group's, what Python adds to bytes, its place in the
queue. An item in it takes none."""
_CHUNK_BYTES: Final = 64 * 1024
_PART: Final = 64
"""The bytes of several items in a chunk are at most this part of the bound: a small queue that is full does not lose most
of what it holds with its oldest chunk."""


_SHARE: Final = 4
"""One of so many parts of the room, for each of three signals and what is under way."""


class Budget:
    """How many bytes may wait in all queues of a process. Beyond it the fullest queue gives its oldest chunks.

    One lock for all queues, held for an append or for taking a few chunks, never while anything is encoded or sent.
    The thread that holds it may take it again: a destructor may log while a line is queued.

    Args:
        bound: bytes, roughly: what chunks weigh is estimated.
    """

    def __init__(self, bound: int) -> None:
        self.lock = threading.RLock()
        self.bound = bound
        self.used = 0
        self._queues: list[Queue] = []

    def join(self, queue: Queue) -> None:
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


class Taken(NamedTuple):
    """Chunks that left the queue to be sent; they count as used until `Queue.release` is given their weight."""

    chunks: list[Chunk]
    weight: int


class Queue:
    """One signal's items, in chunks; its length is how many items wait.

    Args:
        budget: shared with the other signals.

    Attributes:
        account: what became of everything that was put.
        weight: bytes waiting, those under way left out.
        chunk_bytes: how many a chunk of several items should have at most.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.account = Account(budget.lock)
        self._chunks: deque[Chunk] = deque()
        self._count = 0
        self.weight = 0
        self.chunk_bytes = min(_CHUNK_BYTES, budget.bound // _PART)
        self._closed = False
        self._under_way_from: int | None = None
        budget.join(self)

    def __len__(self) -> int:
        return self._count

    @property
    def crowded(self) -> bool:
        """Whether this queue has more than its share of the room: soon the oldest would have to be dropped."""
        return self.weight * _SHARE > self._budget.bound

    @property
    def settled(self) -> int:
        """How many of the items that entered (`Account.entered`), the oldest first, neither wait nor are under way.

        Not what the books say is delivered or lost: that may be newer ones, dropped while older ones are under way.
        """
        with self._budget.lock:
            if self._under_way_from is not None:
                return self._under_way_from
            return self.account.entered - self._count

    def put_all(self, chunks: Sequence[Chunk]) -> None:
        """Take items; never waits for anybody who does more than this.

        After `close` they are counted as lost in the shutdown.
        """
        count = weight = 0
        for _, data, items in chunks:
            count += items
            weight += len(data) + WEIGHT
        budget = self._budget
        with budget.lock:
            if self._closed:
                self.account.refuse(DROP_SHUTDOWN, count)
                return
            self.account.emitted += count
            self._chunks.extend(chunks)
            self._count += count
            self.weight += weight
            budget.used += weight
            if budget.used > budget.bound:
                budget.make_room()

    def take(self, most: int, size: int) -> Taken:
        """Take the oldest chunks, as many as fit, or a single one that does not; none if nothing waits.

        Args:
            most: how many items.
            size: how many bytes, by weight.
        """
        with self._budget.lock:
            settled = self.settled
            taken = self.take_beside(most, size)
            if taken.chunks:
                self._under_way_from = settled
        return taken

    def take_beside(self, most: int, size: int) -> Taken:
        """Take chunks beside those that another thread has under way; their room is given back by `refund`.

        Args:
            most: how many items.
            size: how many bytes, by weight.
        """
        found: list[Chunk] = []
        count = weight = 0
        with self._budget.lock:
            chunks = self._chunks
            while chunks:
                # Not only looked at: a destructor that logs meanwhile may have the oldest dropped.
                chunk = chunks.popleft()
                its_count, its_weight = chunk[2], len(chunk[1]) + WEIGHT
                if found and (count + its_count > most or weight + its_weight > size):
                    chunks.appendleft(chunk)
                    break
                found.append(chunk)
                count += its_count
                weight += its_weight
            self._count -= count
            self.weight -= weight
        return Taken(found, weight)

    def refund(self, weight: int) -> None:
        """Give back the room of items that `take_beside` took and that are elsewhere now."""
        with self._budget.lock:
            self._budget.used = max(self._budget.used - weight, 0)

    def put_back(self, taken: Taken) -> None:
        """Have chunks that `take_beside` took wait again, before all others."""
        with self._budget.lock:
            self._chunks.extendleft(reversed(taken.chunks))
            self._count += sum(items for _, _, items in taken.chunks)
            self.weight += taken.weight

    def release(self, weight: int) -> None:
        """Give back the room of items that are sent or lost: of those that were taken last."""
        with self._budget.lock:
            self._under_way_from = None
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

    def aside(self, batch: Sequence[Chunk]) -> bool:  # noqa: ARG002 - there is nowhere to put it
        """Say that items which can be tried no more cannot be kept."""
        return False

    def drop_oldest(self) -> bool:
        """Lose the oldest chunk; False if there is none. The caller holds the lock."""
        if not self._chunks:
            return False
        _, data, items = self._chunks.popleft()
        weight = len(data) + WEIGHT
        self._count -= items
        self.weight -= weight
        self._budget.used -= weight
        self.account.drop(DROP_QUEUE_FULL, items)
        return True

    def close(self) -> None:
        """Count everything that waits or is under way, and all that still comes, as lost in the shutdown.

        What is on disk stays queued: another process sends it.
        """
        with self._budget.lock:
            self._closed = True
            self._chunks.clear()
            self._budget.used -= self.weight
            self._count = self.weight = 0
            self.account.drop(DROP_SHUTDOWN, self.account.queued - self.account.spooled)

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        left = self.account.queued if not self._closed else 0
        self.account = Account(self._budget.lock)
        self.account.refuse(DROP_FORK, left)
        self._closed = False
        self._under_way_from = None
        self._chunks = deque()
        self._count = self.weight = 0


def _waiting_weight(queue: Queue) -> int:
    return queue.weight
