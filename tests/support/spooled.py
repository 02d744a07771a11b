"""Processes that share a spool, played one after the other in one: each with books of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.health import Balance, Health
from fastapi_spine.export.queue import Budget, Queue
from fastapi_spine.export.request import Chunk
from fastapi_spine.export.spool.places import Entry
from fastapi_spine.export.spool.spool import Spool
from fastapi_spine.export.spool.terms import SpoolTerms

SIGNALS = ("traces", "logs")
RESOURCE = b"\x0a\x00"
MIB = 1 << 20
DAY_S = 86400.0
START_NS = 1_764_464_400_000_000_000


class WallClock:
    """Wall time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        """Tell it."""
        return self.now_ns

    def pass_s(self, seconds: float) -> None:
        """Have time pass."""
        self.now_ns += int(seconds * 1e9)


def terms(
    folder: Path, bound: int = MIB, age_s: float = DAY_S, service: str = "shop"
) -> SpoolTerms:
    """Ask for a spool."""
    return SpoolTerms(folder, service, bound, age_s)


class Process:
    """One process's spool and books, without threads.

    Attributes:
        off: what was told of a spool that cannot keep anything.
        found: what was told of earlier processes, by signal.
        health: where faults are counted.
    """

    def __init__(
        self,
        asked: SpoolTerms,
        clock: WallClock,
        room: int = 1 << 30,
        signals: Sequence[str] = SIGNALS,
    ) -> None:
        self.off: list[str] = []
        self.found: list[Mapping[str, int]] = []
        self.health = Health(SystemClock())
        budget = Budget(room)
        self.queues = {signal: Queue(budget) for signal in signals}
        self.spool = Spool(
            asked,
            wall_ns=clock,
            health=self.health,
            off=self.off.append,
            found=self.found.append,
        )
        for signal, queue in self.queues.items():
            self.spool.join(signal, queue, lambda: None)
        self.spool.begin()
        self.spool.look()

    def put(self, signal: str, *chunks: Chunk) -> bool:
        """Emit items and have them kept on disk; those that cannot be are booked as lost."""
        queue = self.queues[signal]
        queue.put_all(chunks)
        taken = queue.take(1 << 30, 1 << 30)
        kept = self.spool.put(signal, RESOURCE, taken.chunks)
        if not kept:
            queue.lose("expired", sum(count for _, _, count in taken.chunks))
        queue.release(taken.weight)
        return kept

    def take(self, signal: str) -> tuple[Entry, list[Chunk]] | None:
        """Take the oldest batch."""
        taken = self.spool.take(signal)
        return None if taken is None else (taken[0], taken[1].chunks)

    def deliver(self, signal: str, entry: Entry) -> None:
        """Have a batch be taken by its receiver."""
        account = self.queues[signal].account
        account.deliver(entry.items)
        account.leave(entry.items)
        self.spool.done(entry)

    def balance(self, signal: str) -> Balance:
        """Read the books."""
        return self.queues[signal].account.balance()

    def kill(self) -> None:
        """End as SIGKILL does: the system lets go of the lock, and nothing else happens."""
        place = self.spool.shelf.place
        if place is not None:
            os.close(place.lock)
        self.spool.shelf.place = None


def chunk(count: int, size: int = 100, fill: int = 0) -> Chunk:
    """Make a chunk of so many items and bytes, which gzip cannot make smaller."""
    noise = (bytes([fill]) + os.urandom(size))[:size]
    return ("scope", "1"), noise, count


def files(folder: Path) -> list[str]:
    """Every plain file below a folder, by name; folders may be removed meanwhile."""
    return sorted(name for _, _, names in os.walk(folder) for name in names)
