"""Whose child a request's server span is, and which spans are below it."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from opentelemetry import baggage, trace
from opentelemetry import context as otel
from span_shop import make, serve
from traced import Traced

NATIVE = find_spec("fastapi.telemetry") is not None
"""A FastAPI without telemetry of its own has no operations to report."""
CALLER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(name="traced")
def _traced() -> Traced:
    return Traced(operations=False)


@pytest.fixture(name="app")
def _app(traced: Traced) -> Any:
    return traced.around(make(traced))


def test_users_find_the_requests_span_as_the_current_one(
    traced: Traced, app: Any, drive: Any
) -> None:
    """What they set is on it, redacted; they cannot end it; their spans are below it, and so are outgoing calls."""
    answer = drive(app, "/user")
    child, server = traced.spans
    assert server.attributes["cart.size"] == 3
    assert server.attributes["api_key"] == "[REDACTED:api_key]"
    assert [event.name for event in server.events] == ["thought"]
    assert (child.parent_span_id, child.trace_id) == (server.span_id, server.trace_id)
    assert child.span_id.encode() in answer.body


def test_the_parent_is_the_callers_span(traced: Traced, app: Any, drive: Any) -> None:
    """A valid traceparent is continued, with its state; a repeated one begins a new trace."""
    sent = (b"traceparent", CALLER)
    drive(app, "/missing", headers=[sent, (b"tracestate", b"a=1")])
    drive(app, "/missing", headers=[sent, sent])
    first, second = traced.spans
    assert (first.trace_id, first.parent_span_id, first.tracestate, first.flags) == (
        "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "a=1", 1,
    )  # fmt: skip
    assert (second.parent_span_id, second.flags) == (None, 3)


def test_what_ran_before_on_the_connection_is_no_parent(
    traced: Traced, app: Any, drive: Any
) -> None:
    """A span left current in the server's context does not become the request's parent, and is there again after."""
    left = traced.tracer().start_span("left over")

    async def one_connection() -> None:
        with trace.use_span(left):
            for _ in range(3):
                await serve(app, "/missing")
            assert trace.get_current_span() is left

    asyncio.run(one_connection())
    assert [span.parent_span_id for span in traced.spans] == [None, None, None]
    assert len({span.trace_id for span in traced.spans}) == 3


def test_baggage_left_on_the_connection_is_not_the_requests(app: Any) -> None:
    """A request sees what it sent itself, and nothing that an earlier one left behind."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body"))

    async def one_connection() -> None:
        token = otel.attach(baggage.set_baggage("tenant", "of another"))
        await serve(app, "/baggage", send)
        assert baggage.get_all() == {"tenant": "of another"}
        otel.detach(token)

    asyncio.run(one_connection())
    assert sent[-1] == b"{}"


def test_a_background_task_is_not_the_users_wait(traced: Traced, app: Any, drive: Any) -> None:
    """The server span ends with the response; spans of the task come later, in the same trace."""
    drive(app, "/later")
    server, task = traced.spans
    assert (server.end_ns - server.start_ns, task.trace_id) == (0, server.trace_id)
    assert task.start_ns - server.start_ns == 3_000_000_000


def test_baggage_comes_in_with_the_request(app: Any, drive: Any) -> None:
    """Members of several headers are combined; malformed ones are left out."""
    headers = [(b"baggage", b"tenant=acme;p=1, bad member"), (b"baggage", b"plan=gold%20plus")]
    answer = drive(app, "/baggage", headers=headers)
    assert answer.body == b'{"tenant":"acme","plan":"gold plus"}'


def test_an_abandoned_stream_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    """A client that leaves a stream with open spans in it causes no log line, and each span ends once."""
    traced = Traced(operations=True)
    app = FastAPI()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            with traced.tracer().start_as_current_span("streaming"):
                while True:
                    yield b"chunk"

        return StreamingResponse(chunks())

    traced.around(app)

    async def leave_after_one() -> None:
        sent = 0

        async def send(message: Any) -> None:
            nonlocal sent
            sent += message["type"] == "http.response.body"
            if sent > 1:
                raise ConnectionResetError

        with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever the framework makes of it
            await serve(app, "/stream", send)
        gc.collect()
        await asyncio.sleep(0)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(leave_after_one())
    gc.collect()
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []
    names = [span.name for span in traced.spans]
    assert (names.count("streaming"), names.count("GET /stream")) == (1, 1)


@pytest.mark.skipif(not NATIVE, reason="platform: this FastAPI has no telemetry of its own")
def test_operations_are_spans_below_the_request(drive: Any) -> None:
    """Dependencies, endpoint, serialization and background tasks, as FastAPI reports them; one server span."""
    traced = Traced()
    app = FastAPI()

    def notify() -> None: ...

    @app.get("/sync")
    def sync(tasks: BackgroundTasks) -> dict[str, int]:
        tasks.add_task(notify)
        traced.tracer().start_span("query").end()
        return {}

    traced.around(app)
    drive(app, "/sync")
    by_id = {span.span_id: span.name for span in traced.spans}
    assert [(span.name, span.kind, by_id.get(span.parent_span_id or "")) for span in traced.spans] == [
        ("fastapi.dependencies", 1, "GET /sync"),
        ("query", 1, "fastapi.endpoint"),
        ("fastapi.endpoint", 1, "GET /sync"),
        ("fastapi.serialization", 1, "GET /sync"),
        ("GET /sync", 2, None),
        ("fastapi.background_task", 1, "GET /sync"),
    ]  # fmt: skip


@pytest.mark.skipif(not NATIVE, reason="platform: this FastAPI has no telemetry of its own")
def test_mounted_applications_are_part_of_the_one_request(drive: Any) -> None:
    """A FastAPI below a FastAPI adds its operations and no server span; its route carries the mount."""
    traced = Traced()
    below = FastAPI()

    @below.get("/items/{item}")
    async def item(item: int) -> int:
        return item

    app = FastAPI()
    app.mount("/v1", below)
    assert drive(traced.around(app), "/v1/items/3").body == b"3"
    assert [(one.name, one.kind) for one in traced.spans] == [
        ("fastapi.dependencies", 1),
        ("fastapi.endpoint", 1),
        ("fastapi.serialization", 1),
        ("GET /v1/items/{item}", 2),
    ]
