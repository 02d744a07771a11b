"""What the flight recorder holds is given back, however a request leaves and whoever speaks after it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import pytest

from fastapi_spine import Logs, Spine, Wrapped
from fastapi_spine.core.context import current
from fastapi_spine.testing import CapturedLines

log = logging.getLogger("recorded.shop")
SMALL = Logs(recorder=["recorded"], recorder_total="8KiB")
"""Two chunks: what is kept from the pool by two requests is missed by the third."""

App = Callable[[Any, Any, Any], Awaitable[None]]


async def receive() -> Any:
    return {"type": "http.request", "body": b""}


async def send(message: Any) -> None:
    return


async def answer(out: Any) -> None:
    await out({"type": "http.response.start", "status": 200, "headers": []})
    await out({"type": "http.response.body", "body": b"ok"})


def wrapped(app: App, lines: CapturedLines) -> Wrapped:
    around = Spine.wrap(app, logs=SMALL)
    around.turn_to(lines)
    return around


async def fail(app: App, http_scope: Any) -> None:
    """Make the request whose held lines show what is left of the pool."""
    with suppress(ZeroDivisionError):
        await app(http_scope("/fail"), receive, send)


async def broken() -> None:
    log.debug("right before")
    raise ZeroDivisionError


def held(lines: CapturedLines) -> list[str]:
    return [line["msg"] for line in lines.lines if line.get("held")]


def test_a_task_that_outlives_its_request_holds_nothing(http_scope: Any) -> None:
    """Its DEBUG is below the threshold again, and other requests still have the whole memory."""
    gone = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def later() -> None:
        await gone.wait()
        log.debug("afterwards")

    async def application(scope: Any, _receive: Any, out: Any) -> None:
        if scope["path"] == "/fail":
            await broken()
        tasks.append(asyncio.create_task(later()))
        await answer(out)

    async def serve(app: App) -> None:
        for _ in range(3):
            await app(http_scope(), receive, send)
        gone.set()
        await asyncio.gather(*tasks)
        await fail(app, http_scope)

    lines = CapturedLines()
    app = wrapped(application, lines)
    asyncio.run(serve(app))
    app.close()
    assert held(lines) == ["right before"]
    assert not app.health.internal_errors


class Slow:
    """A value that a thread is still putting into words when the request ends."""

    def __init__(self, gone: threading.Event) -> None:
        self.begun = threading.Event()
        self._gone = gone

    def __str__(self) -> str:
        self.begun.set()
        self._gone.wait(10)
        return "slow"


def test_a_thread_that_is_in_the_middle_of_a_line_keeps_no_memory(http_scope: Any) -> None:
    """The request leaves between the beginning and the end of its last DEBUG line."""
    gone = threading.Event()
    threads: list[threading.Thread] = []

    async def application(scope: Any, _receive: Any, out: Any) -> None:
        if scope["path"] == "/fail":
            await broken()
        value = Slow(gone)
        speak = threading.Thread(
            target=copy_context().run, args=(lambda: log.debug("said", extra={"value": value}),)
        )
        threads.append(speak)
        speak.start()
        value.begun.wait(10)
        await answer(out)

    async def serve(app: App) -> None:
        for _ in range(3):
            await app(http_scope(), receive, send)
        gone.set()
        for thread in threads:
            thread.join()
        await fail(app, http_scope)

    lines = CapturedLines()
    app = wrapped(application, lines)
    asyncio.run(serve(app))
    app.close()
    assert held(lines) == ["right before"]
    assert not app.health.internal_errors


def _closed_elsewhere(call: Coroutine[Any, Any, None]) -> None:
    """Begin a call in one context and close it in another, as the collector does with what was abandoned."""
    copy_context().run(call.send, None)
    copy_context().run(call.close)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_request_closed_from_elsewhere_leaves_like_any_other(http_scope: Any, kind: str) -> None:
    """Nothing of it stays open, and it is no fault of ours that its context is another's."""

    async def application(scope: Any, _receive: Any, out: Any) -> None:
        if scope["path"] == "/fail":
            await broken()
        if kind == "http":
            await answer(out)
        log.debug("after the answer")
        await asyncio.Event().wait()

    lines = CapturedLines()
    app = wrapped(application, lines)
    for _ in range(3):
        with asyncio.Runner() as runner:
            runner.get_loop().call_soon(
                _closed_elsewhere, app(http_scope(type=kind), receive, send)
            )
            runner.run(asyncio.sleep(0))
    asyncio.run(fail(app, http_scope))
    app.close()
    assert held(lines) == ["right before"]
    assert current.get() is None
    assert not app.health.internal_errors
