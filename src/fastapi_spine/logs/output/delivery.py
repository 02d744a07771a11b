"""From the queue to the descriptor, one batch at a time, with every line accounted for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from fastapi_spine.core.conventions import (
    DROP_DISK_FULL,
    DROP_NOT_MADE,
    DROP_QUEUE_FULL,
    DROP_SHUTDOWN,
)
from fastapi_spine.logs.output.attempt import attempt
from fastapi_spine.logs.output.descriptor import Descriptor, reason_of
from fastapi_spine.logs.output.late import LateLine
from fastapi_spine.logs.output.tally import Tally

BATCH: Final = 64 * 1024
LINE_OVERHEAD: Final = 48  # a bytes object's header and its place in the deque


class Delivery:
    """Moves lines from `queue` to the descriptor; one thread at a time, the holder of `turn`.

    Attributes:
        queue: Lines, and between them the flags of those who wait in `flush`.
        turn: Held by whoever calls `step` or `discard`.
        added: Cost of all lines that were queued, in bytes (with `LINE_OVERHEAD`).
        done: Cost of all lines that left, written or dropped.
        written: Lines that were written, without our own reports of drops.
        healthy: Whether the last write worked.
        full_reason: Why a line is dropped that finds the queue full.
    """

    __slots__ = (
        "_batch",
        "_batch_cost",
        "_drift",
        "_more",
        "_on_fault",
        "_out",
        "_reached",
        "_tally",
        "added",
        "done",
        "full_reason",
        "healthy",
        "queue",
        "turn",
        "written",
    )

    def __init__(
        self, out: Descriptor, tally: Tally, on_fault: Callable[[BaseException], None]
    ) -> None:
        """Start with an empty queue."""
        self._on_fault = on_fault
        self._out = out
        self._tally = tally
        self.queue: deque[bytes | LateLine | threading.Event] = deque()
        self.turn = threading.Lock()
        self.added = self.done = self.written = 0
        self.healthy = True
        self.full_reason = DROP_QUEUE_FULL
        self._batch: deque[bytes] = deque()  # taken from the queue, not yet out
        self._batch_cost = 0
        self._more = False  # the batch was full: there is more where it came from
        self._reached: list[threading.Event] = []  # everything before these is in the batch
        self._drift = 0

    @property
    def idle(self) -> bool:
        """Whether no line is waiting to be written."""
        return not self.queue and not self._batch

    @property
    def stuck(self) -> bool:
        """Whether lines wait because the last write failed, so that hurrying would not help."""
        return not self.healthy and bool(self._batch)

    @property
    def report_due(self) -> bool:
        """Whether the log should say what was dropped, and can."""
        return self.healthy and self._tally.unsaid()

    def step(self, wait: float, *, last: bool = False) -> bool:
        """Send one batch.

        Args:
            wait: Longest time to wait for room, in seconds.
            last: The process may end: say at once what was dropped.

        Returns:
            Whether to go on at once: not when only little was queued (gather first), when there
            was no room, or when the disk is full.
        """
        if not self._batch and not self._fill(last=last):
            return False
        count = len(self._batch)
        error = attempt(partial(self._out.send, self._batch, wait))
        self._settle(count - len(self._batch))
        self.healthy = not isinstance(error, Exception)
        if not isinstance(error, Exception):
            self._full_because(DROP_QUEUE_FULL)
            return not self._batch and (self._more or bool(self._reached) or last)
        reason = reason_of(error)
        if reason == DROP_DISK_FULL:  # these lines can wait; those that find no place are counted
            self._full_because(DROP_DISK_FULL)
            return False
        self._drop_batch(reason)
        return True

    def discard(self) -> None:
        """Count everything that is left as lost in the shutdown, and let those in `flush` go."""
        self.full_reason = DROP_SHUTDOWN
        self._drop_batch(DROP_SHUTDOWN)
        while self._fill(last=False):
            self._drop_batch(DROP_SHUTDOWN)

    def forgive_drift(self) -> None:
        """Without the GIL adds can get lost: an error that outlasts a rest is taken out."""
        drift = self.added - self.done
        if drift and drift == self._drift:
            self.added -= drift
        self._drift = drift

    def _fill(self, *, last: bool) -> bool:
        """Have a batch: our own report, or lines up to the next flag; False if nothing is left."""
        if self._take_report(now=last):
            return True
        self._let_go()
        self._take_lines()
        while (
            not self._batch and self._reached
        ):  # a flag with no line before it; there may be some behind
            if not self._take_report(now=True):
                self._let_go()
                self._take_lines()
        return bool(self._batch)

    def _take_lines(self) -> None:
        queue, batch = self.queue, self._batch
        size = 0
        while size < BATCH and queue:
            item = queue.popleft()
            if isinstance(item, threading.Event):
                self._reached.append(item)
                break
            if isinstance(item, LateLine):
                line = self._checked(item.line(), item.taken_for)
                if line is None:
                    continue
                item = line
            batch.append(item)
            size += len(item)
        self._more = size >= BATCH
        self._batch_cost = size + LINE_OVERHEAD * len(batch)

    def _checked(self, line: object, taken_for: int) -> bytes | None:
        """Correct what a late line was taken for; one that cannot be made is counted."""
        if isinstance(line, bytes):
            self.done += taken_for - len(line)
            return line
        self.done += taken_for + LINE_OVERHEAD
        self._tally.lost[DROP_NOT_MADE] += 1
        if isinstance(line, Exception):
            self._on_fault(line)
        return None

    def _take_report(self, *, now: bool) -> bool:
        if not self.healthy or self.full_reason == DROP_SHUTDOWN:
            return False
        line = attempt(partial(self._tally.word, now=now or bool(self._reached)))
        if not isinstance(line, bytes):
            return False
        self._batch.append(line)
        return True

    def _let_go(self) -> None:
        for flag in self._reached:
            flag.set()
        self._reached.clear()

    def _settle(self, sent: int) -> None:
        if not sent:
            return
        if self._tally.saying:
            self._tally.settle(out=True)
            return
        cost = sum(map(len, self._batch)) + LINE_OVERHEAD * len(self._batch)
        self.done += self._batch_cost - cost
        self._batch_cost = cost
        self.written += sent

    def _drop_batch(self, reason: str) -> None:
        if self._tally.saying:
            self._tally.settle(out=False)
        else:
            self._tally.lost[reason] += len(self._batch)
            self.done += self._batch_cost
        self._batch_cost = 0
        self._batch.clear()
        self._out.give_up()

    def _full_because(self, reason: str) -> None:
        if self.full_reason != DROP_SHUTDOWN:
            self.full_reason = reason
