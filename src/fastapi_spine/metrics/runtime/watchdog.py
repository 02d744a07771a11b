"""Names what holds up an event loop while it is being held up.

A thread looks at the loop's pulse some times within the limit. When a beat is overdue for longer than the limit, the
loop's thread is in the middle of what holds it up, and its stack says what that is. A process that was stopped, or
that the machine gave no time, is late in all its threads at once: then the watchdog itself is late, and says nothing
unless the process used the time to compute (a C function that keeps the interpreter to itself).
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import copy_context
from traceback import StackSummary
from types import FrameType
from typing import Final

from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import (
    KEY_BLOCKED_MS,
    KEY_REQUEST_IDS,
    KEY_ROUTE,
    KEY_STACK,
    LOGGER_RUNTIME,
    MSG_LOOP_BLOCKED,
    ROUTE_UNMATCHED,
    SCOPE_MARKER,
    THREAD_WATCHDOG,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.metrics.runtime.heartbeat import Heartbeat

_SECOND_NS: Final = 1_000_000_000
_LOOKS: Final = 2
"""How often the pulse is looked at within the limit; each look wakes a thread, about 50 µs."""
_SHORTEST_LOOK_S: Final = 0.02
_BUSY_SHARE: Final = 4
"""A process that used a fourth of the time was computing, on a machine that others use too."""
_REPORT_EVERY_NS: Final = 60 * _SECOND_NS
_DEEPEST: Final = 30
_SHOWN_IDS: Final = 10
_MOST_ROUTES: Final = 1000
_SERVING_MODULE: Final = "fastapi_spine.request.spine"
_SERVING_LOCAL: Final = "exchange"
_ASGI_SCOPE: Final = "scope"


class Watchdog:
    """Watches the pulse of one loop.

    Args:
        limit_s: how long a loop may stand still, in seconds.
        monotonic_ns: reads the clock.
        open_exchanges: returns the requests that are open now.
        count: hears the route that held up the loop, each time.
        health: counts what fails here.
    """

    def __init__(
        self,
        limit_s: float,
        *,
        monotonic_ns: Callable[[], int],
        open_exchanges: Callable[[], Iterable[Exchange]],
        count: Callable[[str], None],
        health: Health,
    ) -> None:
        self._limit = int(limit_s * _SECOND_NS)
        self._look_s = max(limit_s / _LOOKS, _SHORTEST_LOOK_S)
        self._monotonic_ns = monotonic_ns
        self._open = open_exchanges
        self._count = count
        self._health = health
        self._stop = threading.Event()
        self._told: dict[str, int] = {}

    def watch(self, heartbeat: Heartbeat) -> None:
        """Begin to watch, from a thread of our own."""
        self._stop = threading.Event()
        threading.Thread(
            target=self._run, args=(heartbeat, self._stop), name=THREAD_WATCHDOG, daemon=True
        ).start()

    def stop(self) -> None:
        """Stop watching; the thread ends with its next look."""
        self._stop.set()

    def _run(self, heartbeat: Heartbeat, stop: threading.Event) -> None:
        looked, used, told = self._monotonic_ns(), time.process_time_ns(), 0
        woken = looked
        pid = os.getpid()
        while not stop.wait(self._look_s) and not heartbeat.loop.is_closed() and pid == os.getpid():
            now, busy = self._monotonic_ns(), time.process_time_ns()
            late = now - looked - int(self._look_s * _SECOND_NS)
            slept = late > self._limit // 2 and busy - used < (now - looked) // _BUSY_SHARE
            if slept or not heartbeat.loop.is_running():
                woken = now  # nobody had time or wanted any: the loop's delay counts from here
                heartbeat.paused = True
                heartbeat.latest = (0, 0)
            looked, used = now, busy
            due = heartbeat.due
            stood = now - max(due, woken)
            if stood > self._limit and due != told:
                told = due
                self._health.guarded("watchdog", self._tell, heartbeat.thread, stood, now)
            (missed, late), heartbeat.latest = heartbeat.latest, (0, 0)
            if late > self._limit and missed != told:  # this thread had no turn meanwhile
                told = missed
                self._count(ROUTE_UNMATCHED)

    def _tell(self, thread: int, stood: int, now: int) -> None:
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - the documented way, underscore and all
        if frame is None:
            return
        frames = _outwards(frame)
        exchange, frames = _within_request(frames)
        route = exchange.route_so_far() if exchange is not None else ROUTE_UNMATCHED
        self._count(route)
        last = self._told.get(route)
        if (last is not None and now - last < _REPORT_EVERY_NS) or len(self._told) > _MOST_ROUTES:
            return
        self._told[route] = now
        extra: dict[str, object] = {
            KEY_ROUTE: route if exchange is not None else None,
            KEY_BLOCKED_MS: stood // 1_000_000,
            KEY_REQUEST_IDS: [one.request_id for one in self._open() if not one.finished][
                :_SHOWN_IDS
            ],
            KEY_STACK: _written(frames),
        }
        copy_context().run(_warn, exchange, extra)


def _warn(exchange: Exchange | None, extra: dict[str, object]) -> None:
    """Write the warning as a line of the request that holds up the loop, if it is known."""
    current.set(exchange)
    logging.getLogger(LOGGER_RUNTIME).warning(MSG_LOOP_BLOCKED, extra=extra)


def _outwards(frame: FrameType) -> list[FrameType]:
    """List the frames of a stack, the innermost first."""
    frames = []
    outer: FrameType | None = frame
    while outer is not None:
        frames.append(outer)
        outer = outer.f_back
    return frames


def _within_request(frames: list[FrameType]) -> tuple[Exchange | None, list[FrameType]]:
    """Find the request that runs in a stack, by the frame of the pass that serves it.

    Awaits stand as frames below each other while their coroutine runs. Middleware that runs what is behind it in a
    task of its own (`BaseHTTPMiddleware`) cuts that off: there the outermost frame with a scope of ours says whose
    it is. Another task that the application started by itself has no such frame, and no request.

    Returns:
        The request and the frames inside it; None and all frames if there is none.
    """
    for place, frame in enumerate(frames):
        if frame.f_globals.get("__name__") == _SERVING_MODULE:
            found = frame.f_locals.get(_SERVING_LOCAL)
            if isinstance(found, Exchange):
                return found, frames[:place]
    for place in range(len(frames) - 1, -1, -1):
        found = _in_scope(frames[place])
        if found is not None:
            return found, frames[: place + 1]
    return None, frames


def _in_scope(frame: FrameType) -> Exchange | None:
    """Return the open request whose ASGI scope a frame holds; other locals are not looked at."""
    code = frame.f_code
    if _ASGI_SCOPE not in code.co_varnames and _ASGI_SCOPE not in code.co_freevars:
        return None
    scope = frame.f_locals.get(_ASGI_SCOPE)
    found = scope.get(SCOPE_MARKER) if isinstance(scope, dict) else None
    return found if isinstance(found, Exchange) and not found.finished else None


def _written(frames: list[FrameType]) -> str:
    """Write a stack as Python writes one, the innermost call last; source lines, no values."""
    walked = ((frame, frame.f_lineno) for frame in reversed(frames[:_DEEPEST]))
    return "".join(StackSummary.extract(walked).format()).rstrip("\n")
