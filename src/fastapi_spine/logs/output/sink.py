"""Where finished log lines go: a bounded queue in front of one thread that writes.

Nothing on the request path ever waits for standard output: `put` appends to a deque and adds an
int. The thread starts with the first line in a process, sleeps without waking up while there is
nothing to do, and gathers a moment when there is, so that a busy process pays for a few dozen
wake-ups a second and not for one a line.

`put` may be called anywhere, from a destructor run by the garbage collector in the middle of
another `put` too (getsentry/sentry-python#803, #814): it takes no lock that could be held there.
It counts with `+=` on plain ints, which is exact with the GIL, because no switch to another thread
happens inside; without the GIL two adds at the same instant may count as one.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final, Protocol

from fastapi_spine.core.conventions import DROP_SHUTDOWN
from fastapi_spine.logs.output.attempt import attempt
from fastapi_spine.logs.output.delivery import LINE_OVERHEAD, Delivery
from fastapi_spine.logs.output.descriptor import Descriptor, Stream
from fastapi_spine.logs.output.late import LateLine
from fastapi_spine.logs.output.tally import Tally
from fastapi_spine.logs.output.writer import Writer, exiting

CAPACITY: Final = 8 * 1024 * 1024
DIRECT_WAIT: Final = 0.1
CHILD_WAIT: Final = 5.0
LATE_BATCH: Final = 32


class Sink(Protocol):
    """What the pipeline hands its finished lines to."""

    def put(self, line: bytes, keep: bool = False) -> None:
        """Take one line; never waits, never raises.

        Args:
            line: UTF-8 bytes with exactly one newline, at the end.
            keep: An ERROR or access line: dropped last. By position, because a keyword costs something a request.
        """

    def flush(self, timeout: float) -> bool:
        """Wait until all lines taken so far are written or counted as dropped.

        Args:
            timeout: Longest time to wait, in seconds; kept whatever the other side does.

        Returns:
            Whether it got there in time.
        """


class LateSink(Sink, Protocol):
    """A sink that also takes what makes a line, to be asked when the line is written."""

    def put_late(self, make: Callable[[], bytes], cost: int, keep: bool = False) -> bool:
        """Take a line that is still to be made; never waits, never raises what `make` raises.

        Args:
            make: returns the line; called soon, by the thread that queues lines or by the writer; by both, should they
                come at once.
            cost: Bytes that it is taken for until then, with all that it holds on to.
            keep: See `put`.

        Returns:
            Whether there was room: otherwise the line is counted as dropped, and never made.
        """


class MemorySink:
    """Keeps lines in a list, for tests."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def put(self, line: bytes, keep: bool = False) -> None:  # noqa: ARG002  the port's shape
        """Keep the line."""
        self.lines.append(line)

    def flush(self, timeout: float) -> bool:  # noqa: ARG002  the port's shape
        """Say that everything is written; it is."""
        return True


def _keep_to_oneself(_error: BaseException) -> None:
    """Tell nobody: it is counted."""


class DescriptorSink:
    """Writes lines to a file descriptor from a thread of its own; bounded, counting, fork-safe.

    At any quiet moment: lines put = `written` + sum of `dropped` + lines still queued.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        write: Callable[[bytes], object] | None = None,
        capacity: int = CAPACITY,
        on_drop: Callable[[str, int], None] | None = None,
        report: Callable[[dict[str, int]], bytes] | None = None,
        on_fault: Callable[[BaseException], None] = _keep_to_oneself,
    ) -> None:
        """Remember where to write; nothing is opened or started before the first line.

        Args:
            stream: A descriptor number, or a function asked before each batch, so that a
                redirected stdout is followed. It may return None: there is no descriptor.
            write: Takes the bytes when there is none (`sys.stdout` under pytest), in the thread.
            capacity: Memory for queued lines, in bytes, each counted with `LINE_OVERHEAD`.
                Lines without `keep` may fill three quarters of it.
            on_drop: Told the reason and the number of lines dropped; from the thread, or from
                `flush` when there is no thread, up to a second after the fact.
            report: Makes the line that says in the log itself what was dropped since the last
                such line ({reason: number of lines}), as soon as writing works again.
            on_fault: Told what a late line's maker raised; the line counts as `not_made`.
        """
        self._on_fault = on_fault
        self._out = Descriptor(stream, write)
        self._tally = Tally(on_drop, report)
        self._capacity = capacity
        self._ordinary = capacity * 3 // 4
        self._closed = self._direct = self._fork_hook = False
        self._start_empty()

    def _start_empty(self) -> None:
        self._delivery = Delivery(self._out, self._tally, self._on_fault)
        self._writer = Writer(self._delivery, self._tally, always=self._direct)
        self._stuck_at: int | None = None
        self._late: list[LateLine] = []
        if self._closed:
            self._delivery.full_reason = DROP_SHUTDOWN

    def put(self, line: bytes, keep: bool = False) -> None:
        """Queue one line, or count it as dropped; see `Sink.put`."""
        delivery = self._delivery
        cost = len(line) + LINE_OVERHEAD
        room = self._capacity if keep else self._ordinary
        if delivery.added - delivery.done + cost > room:
            self._tally.lost[delivery.full_reason] += 1
        else:
            delivery.queue.append(line)
            delivery.added += cost
        if self._writer.attentive:
            self._attend()

    def put_late(self, make: Callable[[], bytes], cost: int, keep: bool = False) -> bool:
        """Queue what makes a line; see `LateSink.put_late`.

        Lines are made some at a time, because by then the code is warm: measured in an application, a line made
        by itself costs 10 us, one of 32 costs 5. In the writer's thread it would cost 14: all that it
        reads lies in the other core's cache. That thread only makes what nobody has made in time,
        so at most `LATE_BATCH` lines hold on to anything but their bytes.
        """
        delivery = self._delivery
        cost += LINE_OVERHEAD
        room = self._capacity if keep else self._ordinary
        if delivery.added - delivery.done + cost > room:
            self._tally.lost[delivery.full_reason] += 1
            return False
        late = LateLine(make, cost - LINE_OVERHEAD)
        delivery.queue.append(late)
        delivery.added += cost
        self._late.append(late)
        if len(self._late) >= LATE_BATCH:
            self.make_waiting()
        if self._writer.attentive:
            self._attend()
        return True

    def make_waiting(self) -> None:
        """Make the lines that wait; those the writer has made meanwhile cost nothing."""
        late, self._late = self._late, []
        for line in late:
            line.line()

    def _attend(self) -> None:
        """Get the thread going; in direct mode also give it a moment to write."""
        self._writer.attentive = self._direct
        if self._direct:
            self._flush_briefly()
        elif self._have_writer():
            self._writer.wake()
        elif not self._closed:
            self._writer.attentive = True
            if exiting():
                self._drain_here(monotonic() + DIRECT_WAIT)

    def _flush_briefly(self) -> None:
        if self._stuck_at == self._delivery.done:
            self._writer.wake()
        else:
            self._stuck_at = None if self.flush(DIRECT_WAIT) else self._delivery.done

    @property
    def dropped(self) -> dict[str, int]:
        """Lines dropped so far in this process, by reason; reasons without drops are left out."""
        return self._tally.totals

    @property
    def queued_bytes(self) -> int:
        """Memory held by lines not yet written, in bytes."""
        return self._delivery.added - self._delivery.done

    @property
    def written(self) -> int:
        """Lines written so far in this process, without our own reports of drops."""
        return self._delivery.written

    def direct(self, on: bool) -> None:
        """Follow each put with a short flush, because the process may now end without a word.

        For the time after lifespan shutdown, when a server may raise its signal again (uvicorn
        does) and `atexit` never runs. A put then waits up to `DIRECT_WAIT` seconds, and not at
        all once that was in vain and nothing moved since.
        """
        self._direct = self._writer.always = on
        self._stuck_at = None
        self._writer.attentive = True

    def flush(self, timeout: float) -> bool:
        """Wait until everything queued is written or counted as dropped; see `Sink.flush`."""
        if self._writer.is_me:
            return False  # a destructor that logs, run in the writing thread: it cannot wait
        delivery = self._delivery
        if delivery.idle and delivery.added <= delivery.done and not delivery.report_due:
            return True
        deadline = monotonic() + timeout
        if not self._have_writer():
            return self._drain_here(deadline)
        mark = self._mark()
        self._writer.wake(hurry=True)
        return mark.wait(max(0.0, deadline - monotonic()))

    def close(self, timeout: float) -> bool:
        """Flush, then end the thread; what is left and what still comes counts as `shutdown`.

        A batch that is stuck half way is counted by the thread, up to half a second later.

        Returns:
            Whether everything was written or counted before the deadline (seconds).
        """
        in_time = self.flush(timeout)
        self._closed = True
        self._capacity = self._ordinary = -1
        self.direct(on=False)
        self._delivery.full_reason = DROP_SHUTDOWN
        self._writer.end()
        if self._delivery.turn.acquire(blocking=False):
            self._delivery.discard()
            self._delivery.turn.release()
        return in_time

    def start_anew(self) -> None:
        """Begin as a new process does: for a forked child, which has no thread and no lines yet.

        The parent's thread writes the parent's lines. Nothing is logged here.
        """
        self._out.forget_inherited()
        self._tally.start_empty()
        self._start_empty()
        _flush_before_multiprocessing_ends(self)

    def _mark(self) -> threading.Event:
        """Put a flag behind the last line; flushes with no line between them share one."""
        queue = self._delivery.queue
        with contextlib.suppress(IndexError):
            last = queue[-1]
            if isinstance(last, threading.Event):
                return last
        mark = threading.Event()
        queue.append(mark)
        return mark

    def _have_writer(self) -> bool:
        if not self._fork_hook and hasattr(os, "register_at_fork"):
            self._fork_hook = True
            os.register_at_fork(after_in_child=partial(_renew, weakref.ref(self)))
        return self._writer.ensure()

    def _drain_here(self, deadline: float) -> bool:
        """Write in the calling thread, for want of another one; the deadline is kept."""
        turn = self._delivery.turn
        if not turn.acquire(timeout=max(0.0, deadline - monotonic())):
            return False
        try:
            more = True
            while more:
                now = monotonic()
                more = self._delivery.step(max(0.0, deadline - now), last=True) and now < deadline
        finally:
            turn.release()
        attempt(self._tally.tell)
        return self._delivery.idle


def _flush_before_multiprocessing_ends(sink: DescriptorSink) -> None:
    """Have a child of `multiprocessing` write its lines before it ends.

    Such a child leaves by `os._exit` after running its own finalizers, so `atexit` never comes. It clears the
    finalizers it inherited before it begins, and runs the functions registered for after the fork then:
    only there can a finalizer of its own be made. A child of plain `os.fork` never gets here.
    """
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(sink, _add_finalizer)


def _add_finalizer(sink: DescriptorSink) -> None:
    sys.modules["multiprocessing.util"].Finalize(sink, sink.flush, (CHILD_WAIT,), exitpriority=0)


def _renew(sink: weakref.ref[DescriptorSink]) -> None:
    alive = sink()
    if alive is not None:
        alive.start_anew()
