"""One signal's way out: a queue bounded in bytes, and a thread that ships it in batches.

Handing something over is one append. The thread starts with the first item, in whichever process that is, and sends
what is there once a second or when a batch is full. While a receiver is away its batch waits, newer items queue
behind it, and beyond the bound the oldest give way, because the newest are worth most when somebody looks.
"""

from __future__ import annotations

import gzip
import os
import random  # noqa: TID251 - when to try again, not an id
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, Generic, NamedTuple, TypeVar

from fastapi_spine.core.conventions import (
    DROP_ENCODE,
    DROP_EXPIRED,
    DROP_FORK,
    DROP_QUEUE_FULL,
    DROP_REJECTED,
    DROP_SHUTDOWN,
    DROP_TOO_LARGE,
    THREAD_EXPORT,
)
from fastapi_spine.core.health import Health
from fastapi_spine.export.account import Account
from fastapi_spine.export.attempt import Line, Unreached
from fastapi_spine.export.endpoint import Endpoint
from fastapi_spine.export.verdict import Verdict, judge

BATCH_ITEMS: Final = 512
BATCH_BYTES: Final = 4 * 1024 * 1024
AGE_S: Final = 1.0
_EXPIRES_S: Final = 300.0
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_BREATH: Final = 32
"""Items between two rests of encoding: about half a millisecond, after which a request may have its turn."""
_REST_S: Final = 0.0001

Item = TypeVar("Item")


class Encoded(NamedTuple):
    """An item as bytes, with what it is grouped by."""

    group: tuple[str, str]
    data: bytes


class Shipper(Generic[Item]):
    """Ships items of one signal to one receiver.

    Args:
        endpoint: the receiver.
        encode: makes one item's bytes.
        request: makes a request of several.
        weigh: tells how many bytes an item takes in memory, roughly and at once.
        bound: how many bytes may wait.
        health: catches and counts faults.
        say: told of trouble: a sentence, now and then.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        encode: Callable[[Item], Encoded],
        request: Callable[[Sequence[Encoded]], bytes],
        weigh: Callable[[Item], int],
        bound: int,
        health: Health,
        say: Callable[[str], None],
    ) -> None:
        self.account = Account()
        self._endpoint = endpoint
        self._encode = encode
        self._request = request
        self._weigh = weigh
        self._bound = bound
        self._line = Line(endpoint)
        self._health = health
        self._say = say
        self._begin_anew()

    def put(self, items: Sequence[Item]) -> None:
        """Take items; never blocks, never raises for a full queue."""
        if self._closing:
            self.account.emit(len(items))
            self.account.drop(DROP_SHUTDOWN, len(items))
            return
        self.account.emit(len(items))
        for item in items:
            weight = self._weigh(item)
            self._queue.append((item, weight))
            self._weight += weight
        while self._weight > self._bound:
            self._drop_oldest()
        if self._thread is None:
            self._start()
        if len(self._queue) >= BATCH_ITEMS:
            self._full.set()

    def flush(self, timeout: float) -> bool:
        """Ship what is queued now; says whether nothing was left after so many seconds."""
        deadline = monotonic() + timeout
        self._hurry = True
        self._full.set()
        while self.account.balance().queued and monotonic() < deadline:
            self._idle.wait(0.02)
        self._hurry = False
        return not self.account.balance().queued

    def close(self, timeout: float) -> None:
        """Ship what is queued, at most so many seconds; the rest is lost and counted."""
        if self._thread is not None and self._thread.is_alive():
            self.flush(timeout)
        self._closing = True
        self._full.set()
        self._line.close()  # ends an attempt that is under way
        left = self.account.balance().queued
        self._queue.clear()
        self._lost = True
        self.account.drop(DROP_SHUTDOWN, left)

    def forget(self) -> None:
        """Leave to the parent what is the parent's: in a child after a fork."""
        left = self.account.balance().queued
        self.account = Account()
        self.account.emit(left)
        self.account.drop(DROP_FORK, left)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._queue: deque[tuple[Item, int]] = deque()
        self._weight = 0
        self._full = threading.Event()
        self._idle = threading.Event()
        self._hurry = False
        self._closing = False
        self._lost = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._line = Line(self._endpoint)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=THREAD_EXPORT, daemon=True)
                self._thread = thread
                thread.start()

    def _drop_oldest(self) -> None:
        try:
            _, weight = self._queue.popleft()
        except IndexError:
            self._weight = 0
            return
        self._weight -= weight
        self.account.drop(DROP_QUEUE_FULL, 1)

    def _run(self) -> None:
        pid = os.getpid()
        while not self._closing and os.getpid() == pid:
            if not self._hurry:
                self._full.wait(AGE_S)
            self._full.clear()
            while self._queue and not self._closing:
                batch = self._health.guarded("export", self._take) or []
                if batch:
                    self._health.guarded("export", self._deliver, batch, monotonic() + _EXPIRES_S)
                if len(self._queue) < BATCH_ITEMS and not self._hurry:
                    break
            self._idle.set()
            self._idle.clear()
            if self._hurry and not self._queue:
                self._full.wait(0.01)

    def _take(self) -> list[Encoded]:
        """Take a batch from the queue and encode it, with rests."""
        batch: list[Encoded] = []
        size = 0
        while self._queue and len(batch) < BATCH_ITEMS and size < BATCH_BYTES:
            try:
                item, weight = self._queue.popleft()
            except IndexError:
                break
            self._weight -= weight
            try:
                one = self._encode(item)
            except Exception as error:  # noqa: BLE001 - one item that cannot be written loses itself only
                self._health.fault("export_encode", error)
                self.account.drop(DROP_ENCODE, 1)
                continue
            batch.append(one)
            size += len(one.data)
            if len(batch) % _BREATH == 0:
                time.sleep(_REST_S)
        return batch

    def _deliver(self, batch: list[Encoded], expires: float) -> None:
        """Send a batch until it is taken, refused, or too old."""
        body = self._request(batch)
        zipped = self._endpoint.gzip
        data = gzip.compress(body, 1, mtime=0) if zipped else body
        wait = _FIRST_WAIT_S
        while not self._lost:
            verdict = self._attempt(data, len(batch), zipped=zipped)
            if verdict.kind != "retry":
                self._settle(verdict, batch, expires)
                return
            pause = wait * _jitter() if verdict.wait_s is None else verdict.wait_s
            wait = min(wait * 2, _LONGEST_WAIT_S)
            if monotonic() + pause > expires:
                self.account.drop(DROP_EXPIRED, len(batch))
                return
            self._rest(pause)

    def _rest(self, seconds: float) -> None:
        """Wait, unless the process is closing."""
        until = monotonic() + seconds
        while not self._closing and monotonic() < until:
            self._full.wait(min(until - monotonic(), 0.2))
            if self._full.is_set() and not self._closing:
                time.sleep(min(max(until - monotonic(), 0.0), 0.05))

    def _attempt(self, data: bytes, count: int, *, zipped: bool) -> Verdict:
        deadline = monotonic() + self._endpoint.timeout_s
        try:
            answer = self._line.post(data, zipped=zipped, deadline=deadline)
        except Unreached as error:
            self._say(f"{self._endpoint}: {error}")
            return Verdict("retry")
        verdict = judge(answer, count, time.time())  # noqa: TID251 - only for a Retry-After that is a date
        if verdict.message:
            self._say(f"{self._endpoint}: {verdict.message}")
        return verdict

    def _settle(self, verdict: Verdict, batch: list[Encoded], expires: float) -> None:
        if self._lost:
            return
        if verdict.kind == "taken":
            self.account.deliver(len(batch) - verdict.rejected)
            self.account.drop(DROP_REJECTED, verdict.rejected)
        elif verdict.kind == "refused":
            self.account.drop(DROP_REJECTED, len(batch))
        elif len(batch) == 1:
            self.account.drop(DROP_TOO_LARGE, 1)
        else:
            middle = len(batch) // 2
            self._deliver(batch[:middle], expires)
            self._deliver(batch[middle:], expires)


def _jitter() -> float:
    """Return a factor that keeps many processes from coming back at the same moment."""
    return random.uniform(0.5, 1.5)  # noqa: S311
