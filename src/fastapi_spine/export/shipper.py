"""One signal's way out: a thread that takes what waits and sends it in batches.

What is handed over are bytes already: here that is one append. The thread starts with the first item, in whichever
process that is, sends what is there when a batch is full or a second after the first item came, and sleeps without
waking up while nothing waits.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import monotonic
from typing import Final, Protocol

from fastapi_spine.core.conventions import DROP_ENCODE, THREAD_EXPORT
from fastapi_spine.core.health import Health
from fastapi_spine.export.bell import Bell
from fastapi_spine.export.delivery import Delivery
from fastapi_spine.export.queue import Queue, Taken
from fastapi_spine.export.request import Chunk

BATCH_ITEMS: Final = 512
BATCH_BYTES: Final = 1024 * 1024
AGE_S: Final = 1.0
STEP: Final = "export"
_ENCODE: Final = "export_encode"


class Form(Protocol):
    """How one signal looks on the wire."""

    def request(self, batch: Iterable[Chunk]) -> bytes:
        """Return a request that holds the items of several chunks."""


class Shipper:
    """Ships items of one signal, which are bytes already, to one receiver.

    Args:
        queue: where they wait.
        form: makes bytes of them.
        delivery: sends batches.
        health: catches and counts faults.
        tick: called whenever the thread is awake: a chance to say something.
        collect: makes items by itself (metrics); None if they are put.
        every_s: how often, seconds.

    Attributes:
        queue: where they wait.
        attentive: whether the thread sleeps, or is not there yet: whoever has something has to wake it.
        fetch: called by the thread before it sends: others may put what they have been gathering.
    """

    def __init__(
        self,
        queue: Queue,
        form: Form,
        delivery: Delivery,
        *,
        health: Health,
        tick: Callable[[], None],
        collect: Callable[[], list[Chunk]] | None = None,
        every_s: float = 0.0,
    ) -> None:
        self.queue = queue
        self._form = form
        self._delivery = delivery
        self._health = health
        self._tick = tick
        self._collect = collect
        self._every_s = every_s
        self.fetch: Callable[[], None] | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._work = Bell()
        self._settled = threading.Condition()
        self._starting = threading.Lock()
        # One that the same thread may take twice: a destructor may flush in the middle of a round.
        self._rounds = threading.RLock()
        self._in_round = False
        self._thread: threading.Thread | None = None
        self.attentive = True
        self._full = False
        self._hurried = False
        self._closing = False
        self._collected = True
        self._due = monotonic() + self._every_s

    def put_all(self, chunks: Sequence[Chunk]) -> None:
        """Take items; never blocks, never raises for a full queue."""
        self.queue.put_all(chunks)
        self._attend()

    def lose(self, error: Exception) -> None:
        """Book an item that cannot be written, and count the fault."""
        self.queue.account.refuse(DROP_ENCODE, 1)
        self._health.fault(_ENCODE, error)

    def expect(self) -> None:
        """Wake the thread, because `fetch` will bring something; it is called within `AGE_S`. See `attentive`."""
        self.start()
        self._work.ring()

    def _attend(self) -> None:
        if self.attentive:
            self.start()
            self._work.ring()
        elif not self._full and self._has_batch():
            self._full = True
            self._work.ring()

    def _has_batch(self) -> bool:
        return len(self.queue) >= BATCH_ITEMS or self.queue.weight >= BATCH_BYTES

    def start(self) -> None:
        """Have the thread run; where there can be none any more, `wait` does its work."""
        if self._thread is not None or self._closing or sys.is_finalizing():
            return
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                # There before it runs: whoever waits must not begin to send beside it.
                self._thread = threading.Thread(target=self._run, name=THREAD_EXPORT, daemon=True)
                self._thread.start()
        except RuntimeError:  # the interpreter is ending (3.12+), or there are no more threads
            self._thread = None
        finally:
            self._starting.release()

    def hurry(self) -> int:
        """Begin to ship what is queued, and numbers as they are now, without waiting for it; return what to `wait` for."""
        goal = self.queue.account.entered
        if self._closing:
            return goal
        self._hurried = True
        self._collected = self._collect is None
        self.start()
        self._work.ring()
        self._delivery.nudge()
        return goal

    def wait(self, goal: int, timeout: float) -> bool:
        """Wait until what `hurry` began is done, at most so many seconds; say whether nothing of it was left.

        Args:
            goal: what `hurry` returned; nobody waits for items that came later.
            timeout: seconds.
        """
        if self._thread is threading.current_thread():
            return False  # a destructor that flushes, run by this thread: it cannot wait for itself
        deadline = monotonic() + timeout
        done = partial(self._is_done, goal)
        if self._has_no_thread() and not done() and not self._ship_here(deadline):
            return done()
        with self._settled:
            return self._settled.wait_for(done, max(deadline - monotonic(), 0.0))

    def close(self) -> None:
        """Ship nothing any more; what is left, and all that still comes, is counted as lost."""
        self._closing = True
        self.queue.close()
        self._delivery.close()
        self._work.ring()

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork, when the queue has forgotten too."""
        self._delivery.forget()
        self._begin_anew()

    def _has_no_thread(self) -> bool:
        # In this order: a thread that is being started is there when the lock is free again.
        return not self._starting.locked() and self._thread is None

    def _ship_here(self, deadline: float) -> bool:
        """Send in the calling thread, for want of another one; the deadline is kept.

        Returns:
            Whether it could: not while another thread does, nor in the middle of it, called by a destructor.
        """
        if not self._rounds.acquire(timeout=max(deadline - monotonic(), 0.0)):
            return False
        try:
            if self._in_round:
                return False
            self._round(deadline)
        finally:
            self._rounds.release()
        return True

    def _is_done(self, goal: int) -> bool:
        if self._closing or self._collect is None:
            return self._closing or self.queue.settled >= goal
        # Of numbers only those count that were collected since; few come, so none may be left.
        return self._collected and not self.queue.account.queued

    def _run(self) -> None:
        pid = os.getpid()
        try:
            while not self._closing and os.getpid() == pid:
                self._sleep()
                with self._rounds:
                    self._round()
        finally:
            if self._thread is threading.current_thread():
                self._thread = None
                self.attentive = True

    def _sleep(self) -> None:
        """Wait for the first item, then for some more to go with it.

        What came while nobody had to wake this thread is fetched after it has become attentive, so nothing is left lying.
        """
        self.attentive = True
        if self.fetch is not None:
            self._health.guarded(STEP, self.fetch)
        if not (len(self.queue) or self._hurried or self._closing):
            self._work.wait(self._until_due())
        self.attentive = False
        if self._collect is None and not (self._hurried or self._closing):
            self._gather()

    def _until_due(self) -> float | None:
        """Return how long there is nothing to do, seconds; None: until somebody rings."""
        return None if self._collect is None else self._due - monotonic()

    def _gather_s(self) -> float:
        """Return how long the first item waits for others to go with it, seconds."""
        return AGE_S

    def _gather(self) -> None:
        until = monotonic() + self._gather_s()
        while not (self._has_batch() or self._hurried or self._closing):
            left = until - monotonic()
            if left <= 0:
                return
            self._work.wait(left)

    def _round(self, until: float | None = None) -> None:
        """Send what there is, perhaps with a deadline. The caller holds the lock: one thread at a time uses the line."""
        self._in_round = True
        self._delivery.end_by(until)
        try:
            self._send_waiting()
        finally:
            self._delivery.end_by(None)
            self._in_round = False

    def _send_waiting(self) -> None:
        """Send all of it if somebody waits, else whole batches and one more."""
        hurried, self._full = self._hurried, False
        self._health.guarded(STEP, self._collect_if_due)
        if self.fetch is not None:
            self._health.guarded(STEP, self.fetch)
        more = True
        while more and not self._closing:
            batch = self._health.guarded(STEP, self._take)
            if batch:
                self._health.guarded(STEP, self._deliver, batch)
            enough = hurried or self._collect is not None or self._has_batch()
            more = bool(batch) and enough
            self._sent()
        if hurried and not len(self.queue):
            self._hurried = False

    def _sent(self) -> None:
        """Say what is to be said after a batch, and have those look who wait for it."""
        self._health.guarded(STEP, self._tick)
        with self._settled:
            self._settled.notify_all()

    def _collect_if_due(self) -> None:
        collect = self._collect
        if collect is None or (self._collected and monotonic() < self._due):
            return
        self._due = monotonic() + self._every_s
        try:
            self.queue.put_all(collect())
        finally:
            self._collected = True

    def _take(self) -> Taken | None:
        """Take a batch from the queue; None if nothing waits."""
        taken = self.queue.take(BATCH_ITEMS, BATCH_BYTES)
        return taken if taken.chunks else None

    def _deliver(self, batch: Taken) -> None:
        try:
            self._send(batch.chunks)
        finally:
            self.queue.release(batch.weight)

    def _send(self, batch: Sequence[Chunk]) -> None:
        self._delivery.send(batch, self._form.request)
