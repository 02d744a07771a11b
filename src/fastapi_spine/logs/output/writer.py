"""The one thread that writes log lines: when it starts, sleeps, gathers and ends."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Final

from fastapi_spine.core.conventions import THREAD_LOG_WRITER
from fastapi_spine.logs.output.attempt import attempt
from fastapi_spine.logs.output.delivery import Delivery
from fastapi_spine.logs.output.tally import REPORT_EVERY, Tally

# Tried on a whole process, asyncio feeding 300-byte lines to a pipe, us of CPU a line above no
# sink, at 5,000 and 20,000 lines/s. A wake-up a line: 9.1 and 3.7 (Event), 8.0 and 3.3
# (SimpleQueue). A flag and 30 ms of gathering: 0 to 3 and 0.2 to 1.4, whatever wakes the thread
# (Lock, Event, SimpleQueue, pipe: no difference above the noise). A bare Lock has no inner lock
# that a destructor could find held.
GATHER: Final = 0.03
STALL: Final = 0.5
BACKOFF: Final = (0.05, 1.0)


class Writer:
    """Runs `Delivery.step` in a daemon thread, from the first line of a process on.

    Attributes:
        attentive: Whoever queues a line has to call `wake`, because the thread sleeps (or is not
            there yet). While it is at work this is False, and queueing costs no system call.
        always: Stay attentive (see `DescriptorSink.direct`).
    """

    __slots__ = (
        "_delivery",
        "_ended",
        "_hurry",
        "_pause",
        "_signal",
        "_starting",
        "_tally",
        "_thread",
        "always",
        "attentive",
    )

    def __init__(self, delivery: Delivery, tally: Tally, *, always: bool) -> None:
        """Start nothing yet."""
        self._delivery = delivery
        self._tally = tally
        self.always = always
        self.attentive = True
        self._ended = False
        self._hurry = False  # somebody waits: no gathering
        self._pause = BACKOFF[0]
        self._signal = threading.Lock()  # released: there is something to see to
        self._signal.acquire()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_me(self) -> bool:
        """Whether the caller is this thread (a destructor that logs, run while it writes)."""
        return self._thread is not None and self._thread.ident == threading.get_ident()

    def ensure(self) -> bool:
        """Have the thread run; False if this process cannot have one (any more)."""
        if self._ended or sys.is_finalizing():
            return False  # when finalizing, a thread that was alive is frozen
        if self._thread is not None and self._thread.is_alive():
            return True
        if not self._starting.acquire(blocking=False):
            return True  # somebody else is at it
        try:
            self._thread = threading.Thread(target=self._run, name=THREAD_LOG_WRITER, daemon=True)
            self._thread.start()
        except RuntimeError:  # interpreter shutdown (3.12+), or out of threads
            return False
        finally:
            self._starting.release()
        return True

    def wake(self, *, hurry: bool = False) -> None:
        """Make the thread look at the queue, at once if somebody waits for it."""
        if hurry:
            self._hurry = True
        with contextlib.suppress(RuntimeError):  # it was told already
            self._signal.release()

    def end(self) -> None:
        """Let the thread finish its step and go, for good; nobody waits for it."""
        self._ended = True
        self.wake()

    def _run(self) -> None:
        try:
            while not self._ended:
                self._rest()
                self._work()
        finally:
            self.attentive = True  # should this thread die, the next line starts another
        with self._delivery.turn:
            self._delivery.discard()

    def _rest(self) -> None:
        """Wait to be woken; without any wake-up of our own while nothing happens."""
        self.attentive = True
        if self._delivery.idle and not self._ended:
            self._delivery.forgive_drift()
            self._signal.acquire(timeout=REPORT_EVERY if self._delivery.report_due else -1)
        self.attentive = self.always

    def _work(self) -> None:
        """Write until a round brought next to nothing, gathering before each."""
        lines = 2
        while lines > 1 and not self._ended:
            if not self._hurry:
                self._signal.acquire(timeout=GATHER)
            self._hurry = False
            lines = self._round()
        if self._delivery.stuck:
            self._signal.acquire(timeout=self._pause)
            self._pause = min(2 * self._pause, BACKOFF[1])
        else:
            self._pause = BACKOFF[0]

    def _round(self) -> int:
        """Write what there is and return how many lines that were."""
        before = self._delivery.written
        more = True
        while more and not self._ended:
            with self._delivery.turn:
                more = self._delivery.step(STALL)
        attempt(self._tally.tell)
        return self._delivery.written - before


def exiting() -> bool:
    """Whether the interpreter is on its way out, where a thread may not live to write a line."""
    return sys.is_finalizing() or not threading.main_thread().is_alive()
