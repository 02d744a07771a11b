"""An application whose routes end in every way, for tests of the server span."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import BackgroundTasks, FastAPI, HTTPException, WebSocket
from opentelemetry import baggage, trace
from traced import Traced

from fastapi_spine.core.context import outgoing_headers


def add_failures(app: FastAPI) -> None:
    """Routes that answer with an error."""

    @app.get("/missing")
    async def missing() -> None:
        raise HTTPException(404)

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("password=hunter2")

    @app.get("/refused")
    async def refused() -> None:
        raise HTTPException(503)


def make(traced: Traced) -> FastAPI:
    """An application whose routes end in every way."""
    app = FastAPI()

    @app.get("/orders/{order_id}")
    async def order(order_id: int) -> dict[str, int]:
        traced.clock.advance(0.25)
        return {"id": order_id}

    add_failures(app)

    @app.get("/user")
    async def user() -> dict[str, str]:
        span = trace.get_current_span()
        span.set_attribute("cart.size", 3)
        span.set_attribute("api_key", "s3cr3t-value-of-mine")
        span.add_event("thought")
        span.end()
        with traced.tracer().start_as_current_span("child"):
            return outgoing_headers()

    @app.get("/reset/{token}")
    async def reset(token: str) -> None: ...

    @app.get("/baggage")
    async def bag() -> dict[str, object]:
        return dict(baggage.get_all())

    @app.get("/later")
    async def later(tasks: BackgroundTasks) -> None:
        tasks.add_task(work)

    async def work() -> None:
        traced.clock.advance(3)
        traced.tracer().start_span("in background").end()

    @app.websocket("/ws/{room}")
    async def socket(websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        await websocket.close(1001)

    return app


async def serve(app: Any, path: str, send: Callable[..., Any] | None = None) -> None:
    """Serve one GET in the context of whoever calls."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ignore(_message: Any) -> None: ...

    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "scheme": "http", "root_path": "", "http_version": "1.1", "client": None, "server": None,
    }  # fmt: skip
    await app(scope, receive, send or ignore)
