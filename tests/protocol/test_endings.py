"""The table of endings: what a line says of a request, whatever became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware

from fastapi_spine.install.given import Given
from fastapi_spine.install.layer import Spine
from fastapi_spine.testing import CapturedLines, CountedIds, FrozenClock, capture

CLOCK = FrozenClock()
DISCONNECT = {"type": "http.disconnect"}
REQUEST = {"type": "http.request", "body": b"", "more_body": False}


def shop() -> FastAPI:  # noqa: C901 - one small endpoint an ending
    app = FastAPI()

    @app.get("/ok")
    async def ok() -> dict[str, bool]:
        CLOCK.advance(0.25)
        return {"ok": True}

    @app.get("/boom")
    async def boom() -> None:
        raise ValueError("boom")

    @app.get("/handled")
    async def handled() -> None:
        raise HTTPException(503, "later")

    @app.get("/answered")
    async def answered() -> JSONResponse:
        return JSONResponse({}, 500)

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            CLOCK.advance(0.1)
            yield b"one"
            CLOCK.advance(0.9)
            yield b"two"

        return StreamingResponse(chunks())

    @app.get("/broken-stream")
    async def broken_stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            raise KeyError("mid")

        return StreamingResponse(chunks())

    @app.get("/late")
    async def late(tasks: BackgroundTasks) -> dict[str, bool]:
        def fail() -> None:
            CLOCK.advance(3)
            raise LookupError("receipt")

        tasks.add_task(fail)
        return {"ok": True}

    @app.get("/wait")
    async def wait(request: Request) -> dict[str, bool]:
        while not await request.is_disconnected():  # noqa: ASYNC110 - as applications poll
            await asyncio.sleep(0)
        return {"ok": True}

    @app.get("/cancelled")
    async def cancelled() -> None:
        raise asyncio.CancelledError

    @app.get("/stopped")
    async def stopped() -> None:
        raise asyncio.CancelledError("Task cancelled, timeout graceful shutdown exceeded")

    @app.get("/items/{number}")
    async def item(number: int, q: int = 0) -> dict[str, int]:
        return {"number": number, "q": q}

    @app.post("/login")
    async def login(body: dict[str, Any]) -> dict[str, Any]:
        return {}

    return app


def lines_for(drive: Any, path: str, **changes: Any) -> tuple[CapturedLines, Any]:
    application = shop()
    with capture(application, clock=CLOCK, id_source=CountedIds()) as lines:
        answer = drive(application, path, **changes)
    assert not lines.spine.health.internal_errors
    return lines, answer


def test_a_request_that_goes_well_is_one_whole_line(drive: Any) -> None:
    """The access line, compared whole."""
    application = shop()
    with capture(application, clock=FrozenClock(), id_source=CountedIds(), service="shop") as lines:
        drive(application, "/items/7", query_string=b"q=1")
    assert lines.lines == [
        {
            "ts": "2026-01-02T03:04:05.000000Z",
            "level": "INFO",
            "logger": "spine.access",
            "msg": "request completed",
            "request_id": "00000000-0000-7000-8000-000000000001",
            "trace_id": f"{1:032x}",
            "span_id": f"{1:016x}",
            "service": "shop",
            "method": "GET",
            "path": "/items/7",
            "route": "/items/{number}",
            "status": 200,
            "elapsed_ms": 0.0,
            "bytes_in": 0,
            "bytes_out": 18,
            "client": "203.0.113.0/24",
            "outcome": "completed",
        }
    ]


@pytest.mark.parametrize(
    ("path", "changes", "expected"),
    [
        ("/ok", {}, ("INFO", 200, "completed", None)),
        ("/nowhere", {}, ("INFO", 404, "completed", None)),
        ("/ok", {"method": "POST"}, ("INFO", 405, "completed", None)),
        ("/teapot", {}, ("INFO", 418, "completed", None)),
        ("/items/x", {}, ("INFO", 422, "completed", None)),
        ("/stream", {}, ("INFO", 200, "completed", None)),
        ("/boom", {}, ("ERROR", 500, "failed", "ValueError")),
        ("/handled", {}, ("ERROR", 503, "completed", "fastapi.exceptions.HTTPException")),
        ("/answered", {}, ("ERROR", 500, "completed", None)),
        ("/broken-stream", {}, ("ERROR", 200, "failed_after_start", "KeyError")),
        ("/late", {}, ("INFO", 200, "completed", None)),
        ("/wait", {"events": [REQUEST, DISCONNECT]}, ("INFO", 200, "disconnected", None)),
        ("/stream", {"fail_sends": True}, ("INFO", None, "disconnected", None)),
        ("/cancelled", {}, ("INFO", None, "cancelled", None)),
        ("/stopped", {}, ("INFO", None, "interrupted", None)),
    ],
)
def test_the_table_of_endings(
    drive: Any, path: str, changes: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """Level, status on the wire, outcome and exception of every way a request can end."""
    lines, _ = lines_for(drive, path, **changes)
    (line,) = lines.access
    failed = expected[0] == "ERROR"
    assert line["msg"] == ("request failed" if failed else "request completed")
    error = line.get("exc", {}).get("type")
    assert (line["level"], line["status"], line["outcome"], error) == expected


def test_an_unhandled_500_carries_the_id(drive: Any) -> None:
    """The moment a request id is for."""
    lines, answer = lines_for(drive, "/boom")
    assert answer.status == 500
    assert answer.request_id == lines.access[0]["request_id"]
    assert isinstance(answer.raised, ValueError)
    assert "raise ValueError" in lines.access[0]["exc"]["stack"]


def test_a_custom_500_page_carries_the_id_and_is_run_once(drive: Any) -> None:
    """The application's own handler for Exception sees the id and is called once."""
    application = shop()
    calls: list[str] = []

    @application.exception_handler(Exception)
    async def page(request: Request, error: Exception) -> JSONResponse:
        calls.append(request.state.request_id)
        return JSONResponse({"sorry": True}, 500)

    with capture(application, id_source=CountedIds()) as lines:
        answer = drive(application, "/boom")
    assert calls == [answer.request_id]
    assert answer.body == b'{"sorry":true}'
    assert lines.access[0]["exc"]["type"] == "ValueError"


def test_a_failed_background_task_is_an_error_record_of_its_own(drive: Any) -> None:
    """The request went well and took no time; the task's failure carries the same id."""
    lines, answer = lines_for(drive, "/late")
    access, failure = lines.lines
    assert (access["status"], access["elapsed_ms"]) == (200, 0.0)
    assert failure["logger"] == "spine.application"
    assert failure["msg"] == "background task failed"
    assert failure["level"] == "ERROR"
    assert failure["exc"]["type"] == "LookupError"
    assert failure["request_id"] == access["request_id"] == answer.request_id


def test_time_is_that_of_the_response(drive: Any) -> None:
    """elapsed_ms ends with the last byte; a stream also tells when its first one went out."""
    lines, _ = lines_for(drive, "/stream")
    (line,) = lines.access
    assert line["ttfb_ms"] == 0.0
    assert line["elapsed_ms"] == 1000.0
    assert line["bytes_out"] == 6


def test_a_clock_that_steps_does_not_bend_durations(drive: Any) -> None:
    """Durations are monotonic; the wall clock is read once a request."""
    application = FastAPI()
    clock = FrozenClock()

    @application.get("/")
    async def index() -> None:
        clock.advance(0.002)
        clock.step_wall(-3600)

    with capture(application, clock=clock) as lines:
        drive(application)
    (line,) = lines.access
    assert line["elapsed_ms"] == 2.0
    assert line["ts"] == "2026-01-02T03:04:05.002000Z"


def test_bytes_are_counted_as_the_application_reads_them(drive: Any) -> None:
    """An unread upload is not counted, because nobody asked for it."""
    body = b'{"password": "hunter2!"}'
    application = shop()
    with capture(application) as lines:
        drive(application, "/login", method="POST", body=body,
              headers=[(b"content-type", b"application/json")])  # fmt: skip
        drive(application, "/ok", body=b"x" * 1000)
    assert [line["bytes_in"] for line in lines.access] == [len(body), 0]
    assert "hunter2" not in lines.text


def test_a_422_says_which_field_and_why_but_no_value(drive: Any) -> None:
    """Place and kind of each failed field."""
    lines, _ = lines_for(drive, "/items/hunter2", query_string=b"q=swordfish")
    (line,) = lines.access
    assert line["level"] == "INFO"
    assert line["errors"] == [
        {"loc": "path.number", "type": "int_parsing"},
        {"loc": "query.q", "type": "int_parsing"},
    ]
    assert "swordfish" not in lines.text


def test_a_422_is_read_from_the_body_behind_a_base_http_middleware(drive: Any) -> None:
    """Such a middleware runs the application in a task of its own, where its exceptions stay."""
    application = shop()

    async def through(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    application.add_middleware(BaseHTTPMiddleware, dispatch=through)
    with capture(application) as lines:
        drive(application, "/items/x")
    assert lines.access[0]["errors"] == [{"loc": "path.number", "type": "int_parsing"}]


def test_a_422_with_the_applications_own_page_still_says_why(drive: Any) -> None:
    """Custom handlers may answer what they like."""
    from fastapi.exceptions import RequestValidationError  # noqa: PLC0415 - only here

    application = shop()

    @application.exception_handler(RequestValidationError)
    async def page(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"bad": "request"}, 400)

    with capture(application) as lines:
        drive(application, "/items/x")
    (line,) = lines.access
    assert line["status"] == 400
    assert line["errors"] == [{"loc": "path.number", "type": "int_parsing"}]


def test_an_application_that_answers_nothing_is_a_failure(drive: Any) -> None:
    """The server will make up a 500; the line says that nothing went on the wire."""

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    for app, status in ((silent, None), (half, 200)):
        written: list[bytes] = []
        wrapped = Spine.wrap(app)
        undo = wrapped.turn_to(_Into(written))
        drive(wrapped)
        undo()
        wrapped.close()
        (line,) = written
        assert b'"msg":"request failed"' in line
        assert b'"outcome":"incomplete"' in line
        assert (b'"status":200' in line) is (status == 200)


class _Into:
    def __init__(self, written: list[bytes]) -> None:
        self._written = written

    def put(self, line: bytes, keep: bool = False) -> None:
        self._written.append(line)

    def flush(self, timeout: float) -> bool:
        return True


def test_requests_open_at_shutdown_are_interrupted(http_scope: Any) -> None:
    """A request that the server gives up on still has its line, once."""
    application = FastAPI()
    inside = asyncio.Event()

    @application.get("/")
    async def index() -> None:
        inside.set()
        await asyncio.Event().wait()

    lines = CapturedLines()
    spine = Spine(application, given=Given(sink=lines))

    async def serve() -> None:
        task = asyncio.create_task(application(http_scope("/"), _never, _anything))
        await inside.wait()
        await application({"type": "lifespan"}, _shutdown(), _anything)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(serve())
    spine.close()
    assert [(line["outcome"], line["status"]) for line in lines.access] == [("interrupted", None)]


async def _never() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def _anything(message: Any) -> None:
    return


def _shutdown() -> Any:
    events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    return receive
