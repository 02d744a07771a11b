"""A dead man's switch: an address that hears every minute that objectives are evaluated, and wakes people when it does not.

A console that is gone tells nobody that it is gone. So somebody else has to miss it: a check of Healthchecks, Dead Man's
Snitch, Cronitor or the like, as an alert that always fires (`Watchdog`) does it for Prometheus.
"""

from __future__ import annotations

import threading
from typing import Final

from msgspec.structs import replace

from fastapi_spine.console.alert_views import SenderView
from fastapi_spine.console.notify.post import Poster
from fastapi_spine.console.notify.ways import SUCCESS, attempted
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import THREAD_CONSOLE_TELL

EVERY_S: Final = 60.0
_NS: Final = 1e9
_NAME: Final = "heartbeat"
_LAST_WORDS_S: Final = 3.0


class Heartbeat:
    """Posts from a thread of its own; one that fails is not made up for: the next is due soon, and missing one is the point.

    Args:
        poster: knows the address.
        clock: tells time.

    Attributes:
        view: how it went.
    """

    def __init__(self, poster: Poster, clock: Clock) -> None:
        self._post = poster.post
        self._clock = clock
        self._last_s = float("-inf")
        self._due = False
        self._ending = False
        self._bell = threading.Condition()
        self.view = SenderView(_NAME, poster.shown)
        self._thread = threading.Thread(target=self._run, name=THREAD_CONSOLE_TELL, daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """Say that an evaluation went well; returns at once, and posts once a minute."""
        now_s = self._clock.monotonic_ns() / _NS
        if now_s - self._last_s >= EVERY_S:
            self._last_s = now_s
            with self._bell:
                self._due = True
                self._bell.notify()

    def close(self) -> None:
        """End."""
        with self._bell:
            self._ending = True
            self._bell.notify()
        self._thread.join(_LAST_WORDS_S)

    def _run(self) -> None:
        while self._waited():
            answer, error = attempted(lambda: self._post({"status": "alive"}))
            view, moment = self.view, self._clock.wall_ns() // 1000
            if answer is not None and answer.status in SUCCESS:
                self.view = replace(view, sent=view.sent + 1, last_us=moment, last_error="")
            else:
                self.view = replace(view, failed=view.failed + 1, last_us=moment, last_error=error)

    def _waited(self) -> bool:
        with self._bell:
            self._bell.wait_for(lambda: self._due or self._ending)
            self._due = False
            return not self._ending
