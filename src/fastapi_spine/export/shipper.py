"""One signal's way out: a thread that takes what waits and sends it in batches.

Handing something over is one append. The thread starts with the first item, in whichever process that is, sends what
is there when a batch is full or a second after the first item came, and sleeps without waking up while nothing waits.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final, Generic, Protocol, TypeVar

from fastapi_spine.core.conventions import DROP_ENCODE, THREAD_EXPORT
from fastapi_spine.core.health import Health
from fastapi_spine.export.bell import Bell
from fastapi_spine.export.delivery import Batch, Delivery
from fastapi_spine.export.queue import Queue
from fastapi_spine.export.request import Encoded

BATCH_ITEMS: Final = 512
BATCH_BYTES: Final = 1024 * 1024
AGE_S: Final = 1.0
_BREATH: Final = 32
"""Items between two rests of encoding: about half a millisecond, after which a request may have its turn."""
_REST_S: Final = 0.0001
_STEP: Final = "export"

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)


class Form(Protocol[Item_contra]):
    """How one signal looks on the wire."""

    def encode(self, item: Item_contra) -> Encoded:
        """Return an item's bytes."""

    def request(self, batch: Iterable[Encoded]) -> bytes:
        """Return a request that holds several."""


class Shipper(Generic[Item]):
    """Ships items of one signal to one receiver.

    Args:
        queue: where they wait.
        form: makes bytes of them.
        delivery: sends batches.
        health: catches and counts faults.
        tick: called whenever the thread is awake: a chance to say something.
        collect: makes items by itself (metrics), with their weights; None if they are put.
        every_s: how often, seconds.
    """

    def __init__(
        self,
        queue: Queue[Item],
        form: Form[Item],
        delivery: Delivery,
        *,
        health: Health,
        tick: Callable[[], None],
        collect: Callable[[], list[tuple[Item, int]]] | None = None,
        every_s: float = 0.0,
    ) -> None:
        self.queue = queue
        self._form = form
        self._delivery = delivery
        self._health = health
        self._tick = tick
        self._collect = collect
        self._every_s = every_s
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._work = Bell()
        self._settled = threading.Condition()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._attentive = True
        """Whether the thread sleeps, or is not there yet: whoever puts something has to wake it."""
        self._full = False
        self._hurried = False
        self._closing = False
        self._collected = True
        self._due = monotonic() + self._every_s

    def put(self, item: Item, weight: int) -> None:
        """Take an item of so many bytes; never blocks, never raises for a full queue."""
        self.queue.put(item, weight)
        if self._attentive:
            self.start()
            self._work.ring()
        elif len(self.queue) >= BATCH_ITEMS and not self._full:
            self._full = True
            self._work.ring()

    def start(self) -> None:
        """Have the thread run; where there can be none any more, `wait` does its work."""
        if self._thread is not None or self._closing or sys.is_finalizing():
            return
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=THREAD_EXPORT, daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError:  # the interpreter is ending (3.12+), or there are no more threads
            return
        finally:
            self._starting.release()

    def hurry(self) -> None:
        """Begin to ship what is queued, and numbers as they are now, without waiting for it."""
        if self._closing:
            return
        self._hurried = True
        self._collected = self._collect is None
        self.start()
        self._work.ring()
        self._delivery.nudge()

    def wait(self, timeout: float) -> bool:
        """Wait until what `hurry` began is done, at most so many seconds; say whether nothing was left."""
        if self._thread is threading.current_thread():
            return False  # a destructor that flushes, run by this thread: it cannot wait for itself
        deadline = monotonic() + timeout
        if self._thread is None and not self._is_done():
            self._ship_here(deadline)
        with self._settled:
            return self._settled.wait_for(self._is_done, max(deadline - monotonic(), 0.0))

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

    def _ship_here(self, deadline: float) -> None:
        """Send in the calling thread, for want of another one; the deadline is kept."""
        self._delivery.end_by(deadline)
        try:
            self._round()
        finally:
            self._delivery.end_by(None)

    def _is_done(self) -> bool:
        return self._closing or (self._collected and not self.queue.account.queued)

    def _run(self) -> None:
        pid = os.getpid()
        try:
            while not self._closing and os.getpid() == pid:
                self._sleep()
                self._round()
        finally:
            if self._thread is threading.current_thread():
                self._thread = None
                self._attentive = True

    def _sleep(self) -> None:
        """Wait for the first item, then for some more to go with it."""
        self._attentive = True
        if not (len(self.queue) or self._hurried or self._closing):
            until_due = None if self._collect is None else self._due - monotonic()
            self._work.wait(until_due)
        self._attentive = False
        if self._collect is None and not (self._hurried or self._closing):
            self._gather()

    def _gather(self) -> None:
        until = monotonic() + AGE_S
        while len(self.queue) < BATCH_ITEMS and not (self._hurried or self._closing):
            left = until - monotonic()
            if left <= 0:
                return
            self._work.wait(left)

    def _round(self) -> None:
        """Send what there is: all of it if somebody waits, else whole batches and one more."""
        hurried, self._full = self._hurried, False
        self._health.guarded(_STEP, self._collect_if_due)
        more = True
        while more and not self._closing:
            batch = self._health.guarded(_STEP, self._take)
            if batch:
                self._health.guarded(_STEP, self._deliver, batch)
            enough = hurried or self._collect is not None or len(self.queue) >= BATCH_ITEMS
            more = bool(batch) and enough
            self._health.guarded(_STEP, self._tick)
            with self._settled:
                self._settled.notify_all()
        if hurried and not len(self.queue):
            self._hurried = False

    def _collect_if_due(self) -> None:
        collect = self._collect
        if collect is None or (self._collected and monotonic() < self._due):
            return
        self._due = monotonic() + self._every_s
        try:
            for item, weight in collect():
                self.queue.put(item, weight)
        finally:
            self._collected = True

    def _take(self) -> Batch | None:
        """Take a batch from the queue and encode it, with rests; None if nothing waits."""
        encoded: list[Encoded] = []
        size = weight = 0
        while len(encoded) < BATCH_ITEMS and size < BATCH_BYTES:
            taken = self.queue.take(min(_BREATH, BATCH_ITEMS - len(encoded)))
            if not taken.items:
                break
            weight += taken.weight
            batch = [one for one in map(self._encoded, taken.items) if one is not None]
            encoded += batch
            size += sum(len(data) for _, data in batch)
            time.sleep(_REST_S)
        return Batch(encoded, weight) if weight else None

    def _encoded(self, item: Item) -> Encoded | None:
        """Encode an item; one that cannot be written loses itself only."""
        try:
            return self._form.encode(item)
        except Exception as error:  # noqa: BLE001 - whatever an attribute's own code raises
            self._health.fault("export_encode", error)
            self.queue.lose(DROP_ENCODE, 1)
            return None

    def _deliver(self, batch: Batch) -> None:
        try:
            if batch.items:
                self._delivery.send(batch.items, self._form.request)
        finally:
            self.queue.release(batch.weight)
