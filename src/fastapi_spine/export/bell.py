"""Wakes one sleeping thread."""

from __future__ import annotations

import contextlib
import threading


class Bell:
    """Rung once or many times, it wakes one waiter once.

    A bare lock, because ringing must be possible anywhere: `threading.Event` takes a lock of its own inside `set`,
    and a destructor that logs in the middle of it would wait for itself (getsentry/sentry-python#803).
    """

    __slots__ = ("_silent",)

    def __init__(self) -> None:
        self._silent = threading.Lock()
        self._silent.acquire()

    def ring(self) -> None:
        """Wake the waiter, or whoever waits next."""
        with contextlib.suppress(RuntimeError):  # it was rung already
            self._silent.release()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a ring, at most so many seconds; say whether there was one."""
        if seconds is None:
            return self._silent.acquire()
        return self._silent.acquire(timeout=max(seconds, 0.0))
