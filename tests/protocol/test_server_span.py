"""One server span a request, whatever the request does: what it says, whose child it is, how it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from opentelemetry import baggage, trace
from opentelemetry import context as otel
from traced import Traced, whole

from fastapi_spine.core.context import bind, outgoing_headers
from fastapi_spine.core.conventions import SCOPE_MARKER
from fastapi_spine.core.exchange import Refusal
from fastapi_spine.core.telemetry import STATUS_UNSET, SpanData
from fastapi_spine.testing.clock import FROZEN_WALL_NS

NATIVE = find_spec("fastapi.telemetry") is not None
"""A FastAPI without telemetry of its own has no operations to report."""
CALLER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-%s"


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


@pytest.fixture(name="traced")
def _traced() -> Traced:
    return Traced(operations=False)


@pytest.fixture(name="app")
def _app(traced: Traced) -> Any:
    return traced.around(make(traced))


def test_a_request_is_one_server_span(traced: Traced, app: Any, drive: Any) -> None:
    """Name, kind, times, and the attributes of the stable HTTP conventions."""
    agent = (b"user-agent", b"curl/8.5")
    drive(app, "/orders/42", headers=[(b"host", b"api.shop.example:8443"), agent])
    assert [whole(span) for span in traced.spans] == [
        {
            "name": "GET /orders/{order_id}",
            "kind": 2,
            "start_ns": FROZEN_WALL_NS,
            "end_ns": FROZEN_WALL_NS + 250_000_000,
            "attributes": {
                "url.path": "/orders/42",
                "url.scheme": "http",
                "spine.request_id": "00000000-0000-7000-8000-000000000001",
                "http.request.method": "GET",
                "network.protocol.version": "1.1",
                "http.route": "/orders/{order_id}",
                "http.response.status_code": 200,
                "client.address": "203.0.113.77",
                "user_agent.original": "curl/8.5",
                "server.address": "api.shop.example",
                "server.port": 8443,
            },
            "events": [],
            "links": [],
            "status": (0, ""),
            "scope": ("fastapi-spine", "1.0"),
            "dropped": (0, 0, 0),
        }
    ]


@pytest.mark.parametrize(
    ("path", "name", "status", "error_type"),
    [
        ("/missing", "GET /missing", 0, None),
        ("/nowhere", "GET", 0, None),
        ("/refused", "GET /refused", 2, "fastapi.exceptions.HTTPException"),
        ("/broken", "GET /broken", 2, "ValueError"),
    ],
)
def test_only_the_services_own_failures_are_errors(
    path: str, name: str, status: int, error_type: str | None, traced: Traced, app: Any, drive: Any
) -> None:
    """4xx leave the status unset; 5xx are errors with their type."""
    drive(app, path)
    (span,) = traced.spans
    told = (span.name, span.status, span.attributes.get("error.type"))
    assert told == (name, status, error_type)


def test_an_exception_is_told_without_its_secrets(traced: Traced, app: Any, drive: Any) -> None:
    """The event has type, message and stack; passwords are gone from all of them."""
    drive(app, "/broken")
    (event,) = traced.spans[0].events
    assert event.name == "exception"
    assert event.attributes["exception.type"] == "ValueError"
    assert event.attributes["exception.message"] == "password=[REDACTED:password]"
    assert "in broken" in str(event.attributes["exception.stacktrace"])
    assert "hunter2" not in str(event.attributes)


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
    sent = (b"traceparent", CALLER % b"01")
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
                await _serve(app, "/missing")
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
        await _serve(app, "/baggage", send)
        assert baggage.get_all() == {"tenant": "of another"}
        otel.detach(token)

    asyncio.run(one_connection())
    assert sent[-1] == b"{}"


async def _serve(app: Any, path: str, send: Callable[..., Any] | None = None) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ignore(_message: Any) -> None: ...

    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "scheme": "http", "root_path": "", "http_version": "1.1", "client": None, "server": None,
    }  # fmt: skip
    await app(scope, receive, send or ignore)


def test_sensitive_path_parameters_are_named_not_shown(
    traced: Traced, app: Any, drive: Any
) -> None:
    """The token in a path is replaced by its parameter's name; the query is not on the span at all."""
    drive(app, "/reset/abcdef0123456789", query_string=b"token=xyz")
    (span,) = traced.spans
    assert span.attributes["url.path"] == "/reset/{token}"
    assert "xyz" not in str(span.attributes)


def test_a_background_task_is_not_the_users_wait(traced: Traced, app: Any, drive: Any) -> None:
    """The server span ends with the response; spans of the task come later, in the same trace."""
    drive(app, "/later")
    server, task = traced.spans
    assert (server.end_ns - server.start_ns, task.trace_id) == (0, server.trace_id)
    assert task.start_ns - server.start_ns == 3_000_000_000


def test_a_websocket_is_one_server_span(traced: Traced, app: Any, drive: Any) -> None:
    """Named by its route, with its close code."""
    drive.websocket(app, "/ws/7", [{"type": "websocket.connect"}])
    (span,) = traced.spans
    assert (span.name, span.kind, span.status) == ("WS /ws/{room}", 2, 0)
    assert span.attributes["websocket.close_code"] == 1001
    assert span.attributes["network.protocol.name"] == "websocket"


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
            await _serve(app, "/stream", send)
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


def test_a_handled_request_leaves_the_scope_as_it_was(drive: Any) -> None:
    """Nothing of the layer stays in the server's scope but the request id in its state."""
    traced = Traced()
    app = traced.around(make(traced))
    seen: list[Any] = []
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/missing", "raw_path": b"/missing", "query_string": b"",
        "headers": [], "scheme": "http", "root_path": "", "http_version": "1.1", "state": {},
    }  # fmt: skip
    drive.scope(app, scope, [{"type": "http.request"}])
    seen.extend(key for key in scope if "telemetry" in key or "spine" in key)
    assert seen == []


@pytest.mark.parametrize(
    ("path", "flags", "kept", "reason"),
    [
        ("/orders/1", b"01", True, None),
        ("/missing", b"00", False, None),
        ("/broken", b"00", True, "error"),
        ("/slow", b"00", True, "slow"),
        ("/forced", b"00", True, "forced"),
    ],
)
def test_the_end_of_a_request_only_adds_to_what_is_kept(
    path: str, flags: bytes, kept: bool, reason: str | None, drive: Any
) -> None:
    """What upstream did not sample is kept if it failed, was slow or was asked for, with its children."""
    traced = Traced(operations=False, slow_ns=500_000_000)
    app = make(traced)

    @app.get("/slow")
    async def slow() -> None:
        traced.clock.advance(1)

    @app.get("/forced")
    async def forced() -> None:
        bind(keep=True)

    @app.middleware("http")
    async def child(request: Any, call_next: Any) -> Any:
        with traced.tracer().start_as_current_span("child"):
            return await call_next(request)

    traced.around(app)
    drive(app, path, headers=[(b"traceparent", CALLER % flags)])
    assert [span.name for span in traced.spans][:1] == (["child"] if kept else [])
    assert len(traced.spans) == (2 if kept else 0)
    if kept:
        assert traced.spans[1].attributes.get("spine.kept") == reason
        assert traced.spans[1].flags == int(flags, 16)
    assert sum(traced.room.outbox.left_out.values()) == (0 if kept else 2)


def test_ten_thousand_queries_are_cut_with_a_count(drive: Any) -> None:
    """An N+1 of 10,000 spans passes on 1,000, says how many are missing, and holds no more."""
    traced = Traced(operations=False)
    app = FastAPI()

    @app.get("/n-plus-one")
    async def many() -> None:
        tracer = traced.tracer()
        for _ in range(10_000):
            tracer.start_span("SELECT").end()

    traced.around(app)
    drive(app, "/n-plus-one")
    assert len(traced.spans) == 1_001
    assert traced.spans[-1].attributes["spine.spans_dropped"] == 9_000
    assert traced.room.outbox.left_out == {"span_limit": 9_000}
    assert traced.room.outbox.waiting == 0


def test_a_failing_exporter_costs_spans_and_nothing_else(drive: Any) -> None:
    """The response is whole when the way out raises; the fault is counted."""

    class Full(Traced):
        def _take(self, spans: list[SpanData]) -> None:
            raise OSError("full")

    broken = Full(operations=False)
    app = broken.around(make(broken))
    assert drive(app, "/orders/1").body == b'{"id":1}'
    assert broken.health.internal_errors == {"traces": 1}


@pytest.mark.parametrize("status", [429, 503])
def test_a_guards_refusal_is_a_short_span_and_no_error(
    drive: Any, traced: Traced, status: int
) -> None:
    """It says which guard and why; the service did what it was told to do."""
    app = FastAPI()

    @app.get("/")
    async def index(request: Request) -> Response:
        request.scope[SCOPE_MARKER].refusal = Refusal("rate", "over_limit")
        return Response(status_code=status)

    drive(traced.around(app), "/")
    span = traced.spans[-1]
    assert (span.attributes["spine.guard"], span.attributes["spine.guard.reason"]) == (
        "rate",
        "over_limit",
    )
    assert (span.status, span.attributes.get("error.type")) == (STATUS_UNSET, None)
