"""One record at a time in each thread, so that a record about a record cannot recurse.

Writing a record runs the caller's code: a `__repr__` may log, a destructor may log, a signal handler may log. Such a
record waits until the one under way is written, then has its turn; nobody waits for another thread and no lock is held
(open-telemetry/opentelemetry-python#4954, getsentry/sentry-python#803: a lock here froze whole services).
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any, Final

MOST_WAITING: Final = 64
"""Records that one record may bring about. A `__repr__` that logs itself would bring one about for ever."""


class _Turn:
    """What one thread is doing."""

    __slots__ = ("busy", "waiting")

    def __init__(self) -> None:
        self.busy = False
        self.waiting: list[tuple[Callable[[Any], None], Any]] = []


class _Turns(threading.local):
    """One turn a thread. An object in one attribute: reading a thread's local is what costs."""

    def __init__(self) -> None:
        self.turn = _Turn()


def _nobody_counts(_given_up: int) -> None:
    """Count nothing."""


class Gate:
    """Lets one record of a thread through at a time.

    Attributes:
        dropped: records given up because one record brought about more than `MOST_WAITING` others.
        on_drop: told how many were given up.
    """

    __slots__ = ("_turns", "dropped", "on_drop")

    def __init__(self) -> None:
        self._turns = _Turns()
        self.dropped = 0
        self.on_drop: Callable[[int], None] = _nobody_counts

    def through(self, action: Callable[[Any], None], subject: Any) -> None:
        """Run `action(subject)`, now or, if this thread is inside another action, right after that one.

        Args:
            action: takes the subject; what it raises reaches the caller unless it had to wait.
            subject: a log record or an event; one that has to wait is copied, so that what happens to it meanwhile
                does not show.
        """
        turn = self._turns.turn
        if turn.busy:
            turn.waiting.append((action, copy.copy(subject)))
            return
        turn.busy = True
        try:
            action(subject)
        finally:
            if turn.waiting:
                self._let_the_rest_through(turn)
            else:
                turn.busy = False

    def _let_the_rest_through(self, turn: _Turn) -> None:
        done = 0
        try:
            while turn.waiting and done < MOST_WAITING:
                action, subject = turn.waiting.pop(0)
                action(subject)
                done += 1
        finally:
            given_up = len(turn.waiting)
            turn.waiting.clear()
            turn.busy = False
            if given_up:
                self.dropped += given_up
                self.on_drop(given_up)
