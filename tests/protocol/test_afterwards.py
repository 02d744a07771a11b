"""A request that has ended leaves nothing behind for the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse

from fastapi_spine.testing import capture


class Cargo:
    """What an endpoint holds while it works."""


class Collision(Exception):  # noqa: N818 - an application's own
    """An error with a page of its own."""


def shop(cargo: list[weakref.ref[Cargo]]) -> FastAPI:
    app = FastAPI()

    @app.exception_handler(Collision)
    async def page(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"sorry": 1}, 500)

    @app.get("/{ending}")
    async def index(ending: str) -> None:
        held = Cargo()
        cargo.append(weakref.ref(held))
        raise {"escapes": ValueError, "handled": Collision}.get(ending, HTTPException(503))

    @app.websocket("/escapes")
    async def live(socket: WebSocket) -> None:
        held = Cargo()
        cargo.append(weakref.ref(held))
        await socket.accept()
        raise ValueError

    return app


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("http", "/escapes"),
        ("http", "/handled"),
        ("http", "/answered"),
        ("websocket", "/escapes"),
    ],
)
def test_what_a_failed_endpoint_held_is_free_when_its_request_has_ended(
    http_scope: Any, monkeypatch: pytest.MonkeyPatch, kind: str, path: str
) -> None:
    """As without the layer: files and connections do not wait for the collector."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own keep every exception

    async def receive() -> Any:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        return

    async def serve(app: FastAPI) -> list[bool]:
        scope = http_scope(path, type=kind, subprotocols=[])
        with suppress(ValueError):
            await app(scope, receive, send)
        del scope
        return [ref() is None for ref in cargo]

    cargo: list[weakref.ref[Cargo]] = []
    app = shop(cargo)
    bare = asyncio.run(serve(app))
    cargo.clear()
    app = shop(cargo)
    with capture(app) as lines:
        assert asyncio.run(serve(app)) == bare == [True]
    (line,) = lines.access
    assert (line["level"], "exc" in line) == ("ERROR", True)
