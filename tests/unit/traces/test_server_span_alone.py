"""A request's span between threads, and what it holds on to."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import pytest
from fastapi import FastAPI
from traced import Traced

from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.traces.manual import span
from fastapi_spine.traces.server_span import ServerSpan

THREADS, SPANS = 16, 200


@pytest.fixture
def _hasty() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("asked", ["home", "data"])
def test_threads_that_ask_at_once_get_the_same(asked: str) -> None:
    """Otherwise what one of them ends would be lost."""
    maker = Traced(operations=False).room.observer
    spans = [
        ServerSpan(Identity(f"r-{number}", "a" * 32, f"{number:016x}"), "GET", 1, 0, maker)
        for number in range(1, SPANS)
    ]
    together = Barrier(THREADS, timeout=10)

    def ask() -> list[int]:
        found = []
        for one in spans:
            together.wait()
            found.append(getattr(one, asked))
        return list(map(id, found))

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [done.result() for done in [pool.submit(ask) for _ in range(THREADS)]]
    kept = [id(getattr(one, asked)) for one in spans]
    assert answers == [kept] * THREADS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="platform: no fork")
def test_a_child_makes_what_a_thread_of_its_parent_was_making() -> None:
    """A lock that was held at the fork is held by nobody in the child."""
    maker = Traced(operations=False).room.observer
    waiting = ServerSpan(Identity("r", "a" * 32, "b" * 16), "GET", 1, 0, maker)
    held, go = Barrier(2, timeout=10), Barrier(2, timeout=10)

    def hold() -> None:
        with maker.making:
            held.wait()
            go.wait()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait()
        child = os.fork()
        if not child:
            os._exit(0 if maker.making.acquire(blocking=False) and waiting.home.open else 1)
        _, status = os.waitpid(child, 0)
        go.wait()
        holding.result()
    assert os.waitstatus_to_exitcode(status) == 0


def exchanges() -> int:
    """Count the requests that are still in memory."""
    return sum(type(one) is Exchange for one in gc.get_objects())


@pytest.mark.parametrize("ratio", [0.0, 1.0])
@pytest.mark.parametrize("path", ["/nowhere", "/broken"])
def test_a_request_is_gone_when_it_has_ended(http_scope: Any, ratio: float, path: str) -> None:
    """Sampled or not, well or not: without waiting for the garbage collector."""
    traced = Traced(operations=False, ratio=ratio)
    app = FastAPI()

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        return

    async def ask(count: int) -> None:
        for _ in range(count):
            with suppress(LookupError):
                await app(http_scope(path), receive, send)

    traced.around(app)
    asyncio.run(ask(1))
    gc.collect()
    gc.disable()
    try:
        before = exchanges()
        asyncio.run(ask(20))
        assert exchanges() == before
    finally:
        gc.enable()
    if path == "/broken":
        assert {one.attributes["error.type"] for one in traced.spans} == {"LookupError"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="platform: no fork")
def test_a_child_of_a_request_sends_its_own_spans_and_no_others(drive: Any) -> None:
    """At once, because nobody ends the request there; what waited at the fork is the parent's."""
    traced = Traced(operations=False)
    app = FastAPI()
    told: dict[str, str] = {}

    @app.get("/")
    async def work() -> None:
        with span("before"):
            pass
        reading, writing = os.pipe()
        if not os.fork():
            with span("in the child"):
                pass
            os.write(writing, ",".join(one.name for one in traced.spans).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as heard:
            told["child"] = heard.read()

    drive(traced.around(app))
    os.wait()
    assert told["child"] == "in the child"
    assert [one.name for one in traced.spans] == ["before", "GET /"]
