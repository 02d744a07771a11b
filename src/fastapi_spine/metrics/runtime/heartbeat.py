"""The pulse of one event loop: a timer that measures how late it runs."""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 0.1
"""Ten beats a second cost the loop about 0.1 ms of each second."""
_SECOND: Final = 1e-9


class Heartbeat:
    """Beats on one loop until it is stopped or the loop is closed.

    Args:
        loop: the running loop.
        thread: the identifier of its thread.
        monotonic_ns: reads the clock.
        observe: takes how much later than asked a beat came, in seconds.

    Attributes:
        due: when the next beat is due, monotonic nanoseconds.
        paused: whether nobody ran the loop, so that the next beat's delay says nothing.
        latest: the beat that came latest since somebody looked: when it was due, and how late, nanoseconds.
    """

    __slots__ = (
        "_handle",
        "_monotonic_ns",
        "_observe",
        "due",
        "latest",
        "loop",
        "paused",
        "thread",
    )

    def __init__(
        self,
        loop: AbstractEventLoop,
        thread: int,
        monotonic_ns: Callable[[], int],
        observe: Callable[[float], object],
    ) -> None:
        self.loop = loop
        self.thread = thread
        self._monotonic_ns = monotonic_ns
        self._observe = observe
        self._handle: TimerHandle | None = None
        self.due = 0
        self.paused = False
        self.latest = (0, 0)
        self._plan()

    def stop(self) -> None:
        """Stop beating; may be called on the loop's own thread only, or when the loop is closed."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()

    def _plan(self) -> None:
        self.due = self._monotonic_ns() + int(EVERY_S / _SECOND)
        self._handle = self.loop.call_later(EVERY_S, self._beat)

    def _beat(self) -> None:
        if not self.paused:
            late = max(self._monotonic_ns() - self.due, 0)
            self._observe(late * _SECOND)
            if late > self.latest[1]:
                self.latest = (self.due, late)
        self.paused = False
        if self._handle is not None:
            self._plan()
