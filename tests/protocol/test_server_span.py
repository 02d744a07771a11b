"""One server span a request, whatever the request does: what it says, how it ends, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from span_shop import make
from traced import Traced, whole

from fastapi_spine.core.context import bind
from fastapi_spine.core.conventions import SCOPE_MARKER
from fastapi_spine.core.exchange import Refusal
from fastapi_spine.core.telemetry import STATUS_UNSET, SpanData
from fastapi_spine.testing.clock import FROZEN_WALL_NS

CALLER = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-%s"


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


def test_sensitive_path_parameters_are_named_not_shown(
    traced: Traced, app: Any, drive: Any
) -> None:
    """The token in a path is replaced by its parameter's name; the query is not on the span at all."""
    drive(app, "/reset/abcdef0123456789", query_string=b"token=xyz")
    (span,) = traced.spans
    assert span.attributes["url.path"] == "/reset/{token}"
    assert "xyz" not in str(span.attributes)


def test_a_websocket_is_one_server_span(traced: Traced, app: Any, drive: Any) -> None:
    """Named by its route, with its close code."""
    drive.websocket(app, "/ws/7", [{"type": "websocket.connect"}])
    (span,) = traced.spans
    assert (span.name, span.kind, span.status) == ("WS /ws/{room}", 2, 0)
    assert span.attributes["websocket.close_code"] == 1001
    assert span.attributes["network.protocol.name"] == "websocket"


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
