"""Time: an endpoint whose answer has not begun when it should have is cancelled, and the gate answers for it.

One timer for all requests of an event loop, not one for each: all of them have the same time, so whoever came first is
due first, and the timer goes to where the first of those still there is due. A request costs an entry in a dictionary.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.conventions import GUARD_DEADLINE, REFUSED_LATE, SCOPE_MARKER
from fastapi_spine.core.exchange import Exchange, Refusal
from fastapi_spine.core.health import Health
from fastapi_spine.guard.reply import Answer, refuse

_UNAVAILABLE: Final = 503

_Task = asyncio.Task[Any]


class Watch:
    """The requests of one event loop, in the order they came.

    Args:
        loop: theirs.

    Attributes:
        now: the loop's clock.
        waiting: those whose time is not over, with when that will be, and the task to cancel then.
        timed: whether the timer runs.
    """

    __slots__ = ("_late", "_loop", "now", "timed", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # The usual loop's clock is this function with a frame around it.
        usual = getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time
        self.now: Callable[[], float] = monotonic if usual else loop.time
        self.waiting: dict[Exchange, tuple[float, _Task]] = {}
        self.timed = False
        self._late: dict[Exchange, _Task] = {}

    def look_at(self, due: float) -> None:
        """Start the timer."""
        self.timed = True
        self._loop.call_at(due, self._look)

    def was_late(self, exchange: Exchange) -> bool:
        """Forget a request that was cancelled here.

        Returns:
            Whether it was, and by nobody else.
        """
        task = self._late.pop(exchange, None)
        return task is not None and task.uncancel() <= 0

    def _look(self) -> None:
        """Cancel what is overdue, and look again when the next one is due; with nobody there the timer rests."""
        self.timed = False
        now = self.now()
        overdue = []
        for exchange, (due, task) in self.waiting.items():
            if due > now:
                self.look_at(due)
                break
            overdue.append((exchange, task))
        for exchange, task in overdue:
            del self.waiting[exchange]
            if exchange.status is None:
                self._late[exchange] = task
                task.cancel()


class Deadlines:
    """Gives every request of an application the same time.

    Args:
        app: the application.
        seconds: how long until an answer must have begun.
        health: takes faults of ours; a request that cannot be watched runs unwatched.
    """

    __slots__ = ("_answer", "_app", "_health", "_seconds", "_watches")

    def __init__(self, app: App, seconds: float, health: Health) -> None:
        self._app = app
        self._seconds = seconds
        self._health = health
        self._watches: dict[asyncio.AbstractEventLoop, Watch] = {}  # mostly one; in tests more
        detail = f"The answer did not begin within {seconds:g} s."
        self._answer = Answer(_UNAVAILABLE, detail, Refusal(GUARD_DEADLINE, REFUSED_LATE))

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application run, and answer for it if it is late."""
        exchange: Exchange = scope[SCOPE_MARKER]
        watch = None
        try:
            watch = self._begin(exchange)
        except Exception as error:  # noqa: BLE001 - a fault of ours, and no reason to serve nobody
            self._health.fault("guard", error)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if watch is None or not watch.was_late(exchange):
                raise  # somebody else's cancellation, or his as well
            if exchange.status is None:
                await refuse(self._answer, exchange, scope, send)
        finally:
            if watch is not None and watch.waiting.pop(exchange, None) is None:
                watch.was_late(exchange)

    def _begin(self, exchange: Exchange) -> Watch | None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            return None
        watch = self._watches.get(loop)
        if watch is None:
            watch = self._meet(loop)
        due = watch.now() + self._seconds
        watch.waiting[exchange] = due, task
        if not watch.timed:
            watch.look_at(due)
        return watch

    def _meet(self, loop: asyncio.AbstractEventLoop) -> Watch:
        for known in tuple(self._watches):
            if known.is_closed():
                self._watches.pop(known, None)
        watch = self._watches[loop] = Watch(loop)
        return watch
