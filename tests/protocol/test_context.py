"""One id, everywhere a request's code runs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from fastapi_spine import bind, outgoing_headers, request_id
from fastapi_spine.core.context import current
from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.testing import CountedIds, capture

log = logging.getLogger("shop")
ID = "00000000-0000-7000-8000-000000000001"


def test_every_place_of_a_request_knows_its_id(drive: Any) -> None:
    """Dependencies in threads, endpoints, handlers, generators, background tasks, child tasks."""
    app = FastAPI()
    seen: dict[str, str | None] = {}

    def note(place: str) -> None:
        seen[place] = request_id()

    def sync_dependency() -> Iterator[None]:
        note("sync dependency")
        yield
        note("its clean-up")

    async def async_dependency() -> None:
        note("async dependency")

    @app.exception_handler(ValueError)
    async def handler(request: Request, error: Exception) -> JSONResponse:
        note("exception handler")
        return JSONResponse({}, 418)

    @app.get("/sync", dependencies=[Depends(sync_dependency), Depends(async_dependency)])
    def sync(request: Request, tasks: BackgroundTasks) -> None:
        note("sync endpoint")
        seen["request.state"] = request.state.request_id
        tasks.add_task(note, "background task")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            note("stream")
            yield b"x"

        await asyncio.create_task(asyncio.to_thread(note, "thread of a task"))
        return StreamingResponse(chunks())

    @app.get("/boom")
    async def boom() -> None:
        raise ValueError

    for path in ("/sync", "/stream", "/boom"):
        with capture(app, id_source=CountedIds()):
            assert drive(app, path).request_id == ID
    assert seen == dict.fromkeys(
        ["sync dependency", "async dependency", "sync endpoint", "request.state",
         "background task", "its clean-up", "thread of a task", "stream", "exception handler"],
        ID,
    )  # fmt: skip
    assert request_id() is None


def test_bound_fields_are_on_every_further_line(drive: Any) -> None:
    """What a dependency in a worker thread binds reaches the endpoint's lines and the access line."""
    app = FastAPI()

    def user() -> None:
        bind(user_id=42, status="gold", level="x")

    @app.get("/")
    async def index() -> None:
        log.info("before")

    @app.get("/bound", dependencies=[Depends(user)])
    async def bound() -> None:
        log.info("after")

    with capture(app) as lines:
        drive(app, "/")
        drive(app, "/bound")
    plain, _, line, access = lines.lines
    assert "user_id" not in plain
    assert (line["user_id"], line["status"], line["extra.level"]) == (42, "gold", "x")
    assert (access["user_id"], access["status"]) == (42, 200)
    assert (access["extra.status"], access["extra.level"]) == ("gold", "x")


def test_bind_outside_a_request_does_nothing() -> None:
    """Shared code may call it anywhere."""
    bind(user_id=1)
    assert request_id() is None


def test_a_context_left_over_is_not_taken_over(drive: Any) -> None:
    """Servers run a request in the context of the one before it (uvicorn): it still sees its own id."""
    app = FastAPI()
    seen: list[str | None] = []

    @app.get("/")
    async def index() -> None:
        seen.append(request_id())
        log.info("inside")

    def with_a_leftover() -> Any:
        identity = Identity("left-over", "f" * 32, "e" * 16)
        current.set(Exchange("http", {}, identity, 1, 1))
        return drive(app)

    with capture(app, id_source=CountedIds()) as lines:
        answer = contextvars.copy_context().run(with_a_leftover)
    assert (answer.request_id, seen) == (ID, [ID])
    assert [line["request_id"] for line in lines.lines] == [ID, ID]
    assert "left-over" not in lines.text
    assert {line["trace_id"] for line in lines.lines} == {f"{1:032x}"}


def test_the_request_is_carried_on_to_other_services(drive: Any) -> None:
    """Same request id, same trace, this request's span as the parent, the caller's vendor entries."""
    app = FastAPI()
    sent: dict[str, str] = {}

    @app.get("/")
    async def index() -> None:
        sent.update(outgoing_headers())

    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = [
        (b"x-request-id", b"req-1"),
        (b"traceparent", f"00-{trace}-b7ad6b7169203331-01".encode()),
        (b"tracestate", b"a=1"),
    ]
    with capture(app, id_source=CountedIds()):
        drive(app, headers=headers)
    assert sent == {
        "x-request-id": "req-1",
        "traceparent": f"00-{trace}-{1:016x}-01",
        "tracestate": "a=1",
    }
    assert outgoing_headers() == {}
