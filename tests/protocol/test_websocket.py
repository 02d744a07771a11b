"""One exchange a WebSocket connection."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, WebSocket, WebSocketException
from starlette.websockets import WebSocketDisconnect

from fastapi_spine.testing import CountedIds, FrozenClock, capture

CONNECT = {"type": "websocket.connect"}


def text(value: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": value}


def gone(code: int) -> dict[str, Any]:
    return {"type": "websocket.disconnect", "code": code}


def app() -> FastAPI:
    application = FastAPI()

    @application.websocket("/echo/{room}")
    async def echo(socket: WebSocket, room: str) -> None:
        await socket.accept()
        try:
            while True:
                await socket.send_text(await socket.receive_text())
        except WebSocketDisconnect:
            return

    @application.websocket("/careless/{room}")
    async def careless(socket: WebSocket, room: str) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    @application.websocket("/bye/{code}")
    async def bye(socket: WebSocket, code: int) -> None:
        await socket.accept()
        await socket.close(code)

    @application.websocket("/refuse")
    async def refuse(socket: WebSocket) -> None:
        raise WebSocketException(1008)

    @application.websocket("/boom")
    async def boom(socket: WebSocket) -> None:
        await socket.accept()
        raise ValueError("boom")

    @application.websocket("/typed")
    async def typed(socket: WebSocket, n: int) -> None:
        await socket.accept()

    return application


def test_a_conversation_is_one_line(drive: Any) -> None:
    """Messages and bytes both ways, who closed and how; the accepting answer carries the id."""
    application = app()
    events = [CONNECT, text("héllo"), text("you"), gone(1000)]
    with capture(application, clock=FrozenClock(), id_source=CountedIds(), service="chat") as lines:
        answer = drive.websocket(application, "/echo/7", events)
    assert answer.request_id == "00000000-0000-7000-8000-000000000001"
    assert lines.lines == [
        {
            "ts": "2026-01-02T03:04:05.000000Z",
            "level": "INFO",
            "logger": "spine.access",
            "msg": "request completed",
            "request_id": "00000000-0000-7000-8000-000000000001",
            "trace_id": f"{1:032x}",
            "span_id": f"{1:016x}",
            "service": "chat",
            "type": "websocket",
            "path": "/echo/7",
            "route": "/echo/{room}",
            "status": 101,
            "elapsed_ms": 0.0,
            "bytes_in": 9,
            "bytes_out": 9,
            "messages_in": 2,
            "messages_out": 2,
            "close_code": 1000,
            "client": "203.0.113.0/24",
            "outcome": "completed",
        }
    ]


@pytest.mark.parametrize(
    ("path", "events", "expected"),
    [
        ("/echo/1", [CONNECT, gone(1001)], ("INFO", 101, 1001, "completed")),
        ("/echo/1", [CONNECT, gone(1006)], ("INFO", 101, 1006, "disconnected")),
        ("/echo/1", [CONNECT, gone(1012)], ("INFO", 101, 1012, "interrupted")),
        ("/careless/1", [CONNECT, text("a"), gone(1000)], ("INFO", 101, 1000, "completed")),
        ("/careless/1", [CONNECT, gone(1006)], ("INFO", 101, 1006, "disconnected")),
        ("/careless/1", [CONNECT, gone(1012)], ("INFO", 101, 1012, "interrupted")),
        ("/bye/4000", [CONNECT], ("INFO", 101, 4000, "completed")),
        ("/bye/1011", [CONNECT], ("ERROR", 101, 1011, "completed")),
        ("/refuse", [CONNECT], ("INFO", 403, None, "completed")),
        ("/boom", [CONNECT], ("ERROR", 101, None, "failed_after_start")),
        ("/nowhere", [CONNECT], ("INFO", 403, None, "completed")),
    ],
)
def test_the_table_of_socket_endings(
    drive: Any, path: str, events: list[dict[str, Any]], expected: tuple[Any, ...]
) -> None:
    """Level, status, close code and outcome of every way a connection can end."""
    application = app()
    with capture(application) as lines:
        drive.websocket(application, path, events)
    (line,) = lines.access
    assert (line["level"], line["status"], line["close_code"], line["outcome"]) == expected
    assert not lines.spine.health.internal_errors


def test_an_inbound_id_is_kept_on_a_socket(drive: Any) -> None:
    """The same id rules as for requests."""
    application = app()
    with capture(application) as lines:
        answer = drive.websocket(
            application, "/bye/1000", [CONNECT], headers=[(b"x-request-id", b"req-1")]
        )
    assert (answer.request_id, lines.access[0]["request_id"]) == ("req-1", "req-1")
