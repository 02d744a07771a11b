"""Long forms: what only shows after many requests."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from fastapi_spine import Logs, Spine, bind
from fastapi_spine.core.exchange import Exchange

REQUESTS = 200_000
PATHS = ("/items/{n}", "/boom", "/stream", "/bound/{n}", "/nowhere/{n}", "/items/x")
log = logging.getLogger("soaked")


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{n}")
    async def item(n: int) -> int:
        log.debug("held %d", n)
        return n

    @app.get("/bound/{n}")
    async def bound(n: int) -> int:
        bind(number=n)
        log.info("bound")
        return n

    @app.get("/boom")
    async def boom() -> None:
        raise ValueError("boom")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> Any:
            yield b"a"
            yield b"b"

        return StreamingResponse(chunks())

    return app


def resident_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


async def receive() -> Any:
    return {"type": "http.request", "body": b""}


async def send(message: Any) -> None:
    if message["type"] == "http.response.body" and message.get("body") == b"b":
        raise ConnectionResetError


async def ask(app: FastAPI, scope: dict[str, Any]) -> None:
    try:
        await app(scope, receive, send)
    except (ValueError, OSError):
        return
    except Exception as error:
        if type(error).__name__ != "ClientDisconnect":  # Starlette's word for a client that left
            raise


def without_pytests_handlers() -> None:
    """Take away the handlers that keep every record."""
    for handler in list(logging.getLogger().handlers):
        if type(handler).__module__ == "_pytest.logging":
            logging.getLogger().removeHandler(handler)


@pytest.mark.soak
def test_memory_does_not_grow_with_requests(
    http_scope: Callable[..., dict[str, Any]], record_property: Callable[[str, object], None]
) -> None:
    """200,000 requests of all kinds: less than 1 MiB more over the last half, nothing left open."""
    record_property("requests", REQUESTS)
    without_pytests_handlers()
    app = application()
    spine = Spine(app, logs=Logs(output=lambda _lines: None, recorder=["soaked"]))
    sizes: list[int] = []

    async def run() -> None:
        for number in range(REQUESTS):
            await ask(app, http_scope(PATHS[number % len(PATHS)].format(n=number)))
            await asyncio.sleep(0)  # as under a server: abandoned generators are closed by the loop
            if number % 500 == 0:
                spine.flush()  # so that what grows is no queue
            if number % (REQUESTS // 20) == 0:
                gc.collect()
                sizes.append(resident_kib())

    asyncio.run(run())
    assert spine.flush()
    gc.collect()
    spine.close()
    growth = sizes[-1] - sizes[len(sizes) // 2]
    record_property("KiB grown in the last half", growth)
    assert growth < 1024
    assert sum(isinstance(one, Exchange) for one in gc.get_objects()) <= 32
    assert not spine.health.internal_errors
