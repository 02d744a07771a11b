"""Tells people by every way: each has a thread and a queue of its own, so that a slow one holds nobody up.

Retried as the exporter does it: 429, 502, 503 and 504 and whatever did not get through are tried again, with pauses that
double, or as `Retry-After` says; any other refusal is final. What cannot be delivered within an hour is given up, counted
and shown.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from fastapi_spine.console.alert_views import Alert, SenderView, Trial
from fastapi_spine.console.notify.due import Due
from fastapi_spine.console.notify.heartbeat import Heartbeat
from fastapi_spine.console.notify.payloads import Group
from fastapi_spine.console.notify.ways import SUCCESS, Way, attempted, trial
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import THREAD_CONSOLE_TELL
from fastapi_spine.core.conventions import HEADER_RETRY_AFTER
from fastapi_spine.export.verdict import RETRYABLE, retry_after

_NS: Final = 1e9
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_GIVEN_UP_S: Final = 3600.0
_MOST_WAITING: Final = 500
_LAST_WORDS_S: Final = 3.0


class _Desk:
    """One way with its queue."""

    def __init__(self, way: Way, told: Sequence[Alert], clock: Clock) -> None:
        self.way = way
        self.due = Due(told, acks=way.acks)
        self.view = SenderView(way.name, way.shown)
        self._clock = clock
        self._waiting: deque[tuple[Any, float]] = deque()
        self._bell = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=THREAD_CONSOLE_TELL, daemon=True)
        self._thread.start()

    def put(self, message: Any) -> None:
        """Queue a message; of too many the oldest is given up."""
        with self._bell:
            if len(self._waiting) >= _MOST_WAITING:
                self._waiting.popleft()
                self.view = replace(
                    self.view, failed=self.view.failed + 1, last_error="too many wait"
                )
            self._waiting.append((message, self._now()))
            self._bell.notify()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def close(self) -> None:
        """Send what waits, for a moment."""
        with self._bell:
            self._ending = True
            self._bell.notify()
        self._thread.join(_LAST_WORDS_S)

    def _now(self) -> float:
        return self._clock.monotonic_ns() / _NS

    def _run(self) -> None:
        pause = _FIRST_PAUSE_S
        while (first := self._next()) is not None:
            message, since = first
            wait = self._attempt(message, since, pause)
            if wait is None:
                self._done(message)
                pause = _FIRST_PAUSE_S
            elif self._rest(wait):
                return
            else:
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _next(self) -> tuple[Any, float] | None:
        """Wait for a message; None at the end."""
        with self._bell:
            self._bell.wait_for(lambda: self._waiting or self._ending)
            return self._waiting[0] if self._waiting else None

    def _done(self, message: Any) -> None:
        with self._bell:
            if self._waiting and self._waiting[0][0] is message:
                self._waiting.popleft()

    def _rest(self, seconds: float) -> bool:
        """Wait before the next attempt; returns whether it is the end."""
        with self._bell:
            return self._bell.wait_for(lambda: self._ending, seconds)

    def _attempt(self, message: Any, since: float, pause: float) -> float | None:
        """Try once; return how long to wait before the next time, None when it is over with this one."""
        answer, error = attempted(partial(self.way.send, message))
        moment = self._clock.wall_ns() // 1000
        if answer is not None and answer.status in SUCCESS:
            self.view = replace(self.view, sent=self.view.sent + 1, last_us=moment, last_error="")
            return None
        self.view = replace(self.view, last_us=moment, last_error=error)
        final = answer is not None and answer.status not in RETRYABLE
        if final or self._now() - since > _GIVEN_UP_S:
            self.view = replace(self.view, failed=self.view.failed + 1)
            return None
        told = "" if answer is None else answer.headers.get(HEADER_RETRY_AFTER.decode(), "")
        asked = retry_after(told, self._clock.wall_ns() / _NS) if told else None
        return pause if asked is None else asked


class Tellers:
    """Every way.

    Args:
        ways: that are set up.
        told: alerts that fire already: an earlier process told of them.
        clock: tells time.
        heartbeat: is told of every evaluation, if there is one.
    """

    def __init__(
        self,
        ways: Sequence[Way],
        told: Sequence[Alert],
        clock: Clock,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self._clock = clock
        self._heartbeat = heartbeat
        self._ways = list(ways)
        self._desks = [_Desk(way, told, clock) for way in ways]

    def tell(self, alerts: list[Alert]) -> None:
        """Queue what each way has to be told now; each evaluation that went well comes here."""
        if self._heartbeat is not None:
            self._heartbeat.beat()
        now_s = self._clock.monotonic_ns() / _NS
        now_us = self._clock.wall_ns() // 1000
        for desk in self._desks:
            for group in desk.due.groups(alerts, now_s):
                for message in desk.way.messages(group, now_us):
                    desk.put(message)

    def senders(self) -> list[SenderView]:
        """Return how each way is."""
        views = [replace(desk.view, waiting=desk.waiting) for desk in self._desks]
        return views if self._heartbeat is None else [*views, self._heartbeat.view]

    def trial(self) -> list[Trial]:
        """Send a trial by every way, once, and wait for the answers."""
        return [_tried(way, self._clock.wall_ns() // 1000) for way in self._ways]

    def close(self) -> None:
        """Send what waits, for a moment."""
        for desk in self._desks:
            desk.close()
        if self._heartbeat is not None:
            self._heartbeat.close()


def _tried(way: Way, now_us: int) -> Trial:
    alert = Alert(
        f"trial-{now_us}", "trial", "spine", "This is a trial: nothing is wrong", "fast", "page", "firing", now_us,
        14.4, now_us,
    )  # fmt: skip
    answers = []
    for message in way.messages(trial([alert]), now_us + 60_000_000):
        answer, told = attempted(partial(way.send, message))
        answers.append((answer is not None and answer.status in SUCCESS, told))
    if way.name != "apprise":  # whoever keeps a state is told that it is over
        over = replace(alert, state="resolved", resolved_us=now_us)
        for message in way.messages(Group("spine", (), (over,)), now_us):
            attempted(partial(way.send, message))
    good = all(one for one, _ in answers)
    return Trial(way.name, way.shown, good, "; ".join(told for _, told in answers))
