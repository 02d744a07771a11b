"""A small shop behind a guard, what its refusals say, and which security headers an answer has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import FastAPI, Request, WebSocket

from fastapi_spine import Guard
from fastapi_spine.testing import CountedIds, FrozenClock, capture

MADE = "00000000-0000-7000-8000-000000000001"


def shop(**options: Any) -> FastAPI:
    """Return an application of a few routes."""
    app = FastAPI(**options)

    @app.get("/orders")
    async def orders() -> dict[str, int]:
        return {"orders": 1}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    @app.get("/never")
    async def never() -> None:
        await asyncio.Event().wait()

    @app.post("/upload")
    async def upload(request: Request) -> int:
        return len(await request.body())

    @app.get("/healthz")
    async def healthz() -> int:
        return 1

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive()

    return app


def refused(drive: Any, guard: Guard, path: str = "/orders", **request: Any) -> Any:
    """Send one request; return status, problem, and what the access line says of the guard."""
    app = shop()
    with capture(app, clock=FrozenClock(), id_source=CountedIds(), guard=guard) as lines:
        answer = drive(app, path, **request)
    (line,) = lines.access
    told = (line["level"], line.get("guard"), line.get("reason"))
    return answer.status, json.loads(answer.body), told


def problem(status: int, title: str, detail: str) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": MADE,
    }


def security(answer: Any) -> dict[str, str]:
    """Return the security headers of an answer."""
    (start,) = (one for one in answer.sent if one["type"] == "http.response.start")
    ours = (
        "x-content",
        "x-frame",
        "referrer",
        "permissions",
        "cross-origin",
        "content-sec",
        "strict",
    )
    pairs = ((name.decode(), value.decode()) for name, value in start["headers"])
    return {name: value for name, value in pairs if name.startswith(ours)}
