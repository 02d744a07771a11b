"""How many requests share one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple

from fastapi_spine.core.conventions import SCOPE_MARKER
from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.core.health import Health
from fastapi_spine.guard.deadlines import Deadlines
from fastapi_spine.testing import FrozenClock

SECONDS = 0.05
_A = TypeVarTuple("_A")


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that counts the timers it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.timers = 0

    def call_at(
        self,
        when: float,
        callback: Callable[[*_A], object],
        *args: *_A,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Start a timer."""
        self.timers += 1
        return super().call_at(when, callback, *args, context=context)


def exchange() -> Exchange:
    """Make a request."""
    made = Exchange("http", {"type": "http", "method": "GET"}, Identity("id", "0", "0"), 0, 0)
    made.scope[SCOPE_MARKER] = made
    return made


class Served:
    """Requests to one application that lets them wait for as long as they say.

    Attributes:
        answers: of each request its status, by its name.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        self.answers: dict[str, list[int]] = {}
        self._deadlines = Deadlines(app, SECONDS, Health(FrozenClock()))

    async def ask(self, name: str, **scope: Any) -> None:
        """Make one request."""
        statuses = self.answers[name] = []
        made = exchange()
        made.scope.update(scope)

        async def send(message: Any) -> None:
            if "status" in message:
                made.status = message["status"]
                statuses.append(message["status"])

        await self._deadlines.run(made.scope, receive, send)


async def receive() -> Any:
    """Give nothing."""


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """Answer at once, or never."""
    if scope.get("never"):
        await asyncio.Event().wait()
    await send({"type": "http.response.start", "status": 200})


def test_each_is_ended_at_its_own_time() -> None:
    """Whoever came first goes first; the one that answered in time is left alone."""
    served = Served(answering)
    ended: list[str] = []

    async def asked(name: str, **scope: Any) -> float:
        began = asyncio.get_running_loop().time()
        await served.ask(name, **scope)
        ended.append(name)
        return asyncio.get_running_loop().time() - began

    async def second() -> float:
        await asyncio.sleep(SECONDS / 2)
        return await asked("c", never=True)

    async def all_of_them() -> tuple[float, float, float]:
        return await asyncio.gather(asked("a", never=True), asked("b"), second())

    took = asyncio.run(all_of_them())
    assert served.answers == {"a": [503], "b": [200], "c": [503]}
    assert ended == ["b", "a", "c"]
    assert min(took[0], took[2]) >= SECONDS * 0.99


def test_a_hundred_requests_start_one_timer() -> None:
    """It is started by the first and goes on while somebody is there."""
    served = Served(answering)
    loop = CountingLoop()

    async def many() -> None:
        for number in range(100):
            await served.ask(str(number))

    loop.run_until_complete(many())
    loop.close()
    assert loop.timers == 1
    assert list(served.answers.values()) == [[200]] * 100


def test_an_answer_that_has_begun_is_let_go_on() -> None:
    """A stream may take as long as it likes."""

    async def streaming(scope: Any, receive: Any, send: Any) -> None:
        await answering(scope, receive, send)
        await asyncio.sleep(2 * SECONDS)
        await send({"type": "http.response.body"})

    served = Served(streaming)
    loop = CountingLoop()
    loop.run_until_complete(served.ask("stream"))
    loop.close()
    assert served.answers == {"stream": [200]}


def test_an_endpoint_that_answers_after_all_leaves_its_task_as_it_was() -> None:
    """It has caught the cancellation; whoever asks the task later shall not find one that is pending."""

    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await answering(scope, receive, send)

    served = Served(stubborn)
    loop = CountingLoop()

    async def asked() -> int:
        await served.ask("late")
        task = asyncio.current_task()
        return task.cancelling() if task is not None else -1

    assert loop.run_until_complete(asked()) == 0
    loop.close()
    assert served.answers == {"late": [200]}


def test_every_loop_has_its_own_watch_and_closed_ones_are_forgotten() -> None:
    """Test clients run an application in one loop after the other."""
    served = Served(answering)
    for name in ("one", "two", "three"):
        loop = CountingLoop()
        loop.run_until_complete(served.ask(name, never=True))
        loop.close()
    assert served.answers == {"one": [503], "two": [503], "three": [503]}
    assert len(served._deadlines._watches) == 1  # noqa: SLF001 - there is no other way to see it
