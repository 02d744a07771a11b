"""Log lines as rows: what the layer writes in each schema, what others write, and what is no JSON at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from fastapi_spine import Logs, Spine
from fastapi_spine.console.otlp.lines import Line, LineReader

NOW_NS = 1_800_000_000_000_000_000
AT = "2026-01-31T12:00:00.250000Z"
AT_NS = 1_769_860_800_250_000_000
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"

ACCESS: dict[str, Any] = {
    "ts": AT, "level": "ERROR", "logger": "spine.access", "msg": "request failed", "request_id": "r-1",
    "trace_id": TRACE, "span_id": SPAN, "service": "shop", "method": "GET", "path": "/orders/5",
    "route": "/orders/{order_id}", "status": 500, "elapsed_ms": 20.5, "outcome": "failed",
    "exc": {"type": "shop.PoolError", "message": "exhausted", "stack": "Traceback …"},
}  # fmt: skip


def read(line: Any, service: str = "app") -> Line:
    """Read one line that came at NOW_NS."""
    text = line if isinstance(line, bytes) else json.dumps(line).encode()
    return LineReader(service).read(text, NOW_NS)


def test_a_line_of_ours_is_a_row() -> None:
    """Every key has its place; the application's own fields stay, with their kinds."""
    log, span = read(
        {"ts": AT, "level": "WARNING", "logger": "shop.orders", "msg": "slow", "request_id": "r-1", "held": True,
         "trace_id": TRACE, "span_id": SPAN, "service": "shop", "user_id": 42, "items": [1, {"a": 0.5}]}
    )  # fmt: skip
    assert span is None
    assert log[:8] == (
        AT_NS, 13, "WARNING", "slow",
        {"request_id": "r-1", "held": True, "user_id": 42, "items": [1, {"a": 0.5}]},
        bytes.fromhex(TRACE), bytes.fromhex(SPAN), "shop.orders",
    )  # fmt: skip
    assert (log.source.service, log.source.attributes) == ("shop", {"service.name": "shop"})


def test_an_access_line_is_also_the_span_of_its_request() -> None:
    """So that logs alone give requests, routes, rates and durations."""
    log, span = read(ACCESS)
    assert span is not None
    assert span[:12] == (
        bytes.fromhex(TRACE), bytes.fromhex(SPAN), b"", "GET /orders/{order_id}", 2,
        AT_NS - 20_500_000, AT_NS, 2, "",
        {
            "http.request.method": "GET", "http.route": "/orders/{order_id}", "url.path": "/orders/5",
            "http.response.status_code": 500, "spine.request_id": "r-1", "spine.outcome": "failed",
            "error.type": "shop.PoolError",
        },
        [(AT_NS, "exception", {
            "exception.type": "shop.PoolError", "exception.message": "exhausted",
            "exception.stacktrace": "Traceback …",
        })],
        [],
    )  # fmt: skip
    assert span.source is log.source
    assert log.attributes["exception.stacktrace"] == "Traceback …"
    assert log.attributes["status"] == 500


def test_a_request_without_a_route_or_a_status_is_one_all_the_same() -> None:
    """404s have no route; a request that got no answer has no status."""
    span = read(
        {**ACCESS, "route": "__unmatched__", "status": None, "outcome": "disconnected"}
    ).span
    assert span is not None
    assert "http.route" not in span.attributes
    assert "http.response.status_code" not in span.attributes
    assert (span.attributes["spine.outcome"], span.status) == ("disconnected", 0)


def test_a_request_without_ids_of_a_trace_gets_some_from_its_own_id() -> None:
    """The same ones each time, and on its line; without any id there is no request."""
    line = {key: value for key, value in ACCESS.items() if key not in ("trace_id", "span_id")}
    one, two = read(line), read(line)
    assert one.span is not None
    assert two.span is not None
    assert (one.span.trace_id, one.span.span_id) == (two.span.trace_id, two.span.span_id)
    assert (one.log.trace_id, len(one.span.trace_id)) == (one.span.trace_id, 16)
    assert read({**line, "request_id": ""}).span is None


@pytest.mark.parametrize("schema", ["default", "ecs", "gcp", "datadog"])
def test_every_schema_of_the_layer_says_the_same(schema: Any) -> None:
    """What a request wrote is one request and its lines, whatever the keys are called."""
    written: list[bytes] = []

    def order(request: Request) -> PlainTextResponse:
        if "fail" in request.url.path:
            raise ValueError("exhausted")
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route("/orders/{order_id}", order)])
    spine = Spine(
        app, service="shop", metrics=False, traces=False,
        logs=Logs(schema=schema, format="json", output=written.append),
    )  # fmt: skip
    with TestClient(app, raise_server_exceptions=False) as client:
        client.get("/orders/5")
        client.get("/orders/fail")
    spine.close()
    found = LineReader("app").batch(b"".join(written).splitlines(), NOW_NS)
    told = [
        (one.name, one.attributes["url.path"], one.attributes["http.response.status_code"], one.status,
         one.attributes.get("error.type"), one.source.service)
        for one in found.spans
    ]  # fmt: skip
    assert told == [
        ("GET /orders/{order_id}", "/orders/5", 200, 0, None, "shop"),
        ("GET /orders/{order_id}", "/orders/fail", 500, 2, "ValueError", "shop"),
    ]
    access = [log for log in found.logs if log.logger == "spine.access"]
    assert [log.body for log in access] == ["request completed", "request failed"]
    assert [log.severity for log in access] == [9, 17]
    for log, span in zip(access, found.spans, strict=True):
        assert (log.trace_id, log.span_id) == (span.trace_id, span.span_id)
        assert log.attributes["request_id"] == span.attributes["spine.request_id"]
        assert 0 < span.end_ns - span.start_ns < 10**11
        assert span.end_ns == log.at_ns


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"event": "hi", "level": "info", "timestamp": AT}, (AT_NS, 9, "INFO", "hi", "")),
        ({"message": "hi", "levelname": "ERROR", "asctime": AT, "name": "a"}, (AT_NS, 17, "ERROR", "hi", "a")),
        ({"level": 30, "time": AT_NS // 1_000_000, "msg": "hi"}, (AT_NS, 13, "30", "hi", "")),
        ({"ts": AT_NS / 1e9, "msg": "hi"}, (AT_NS, 9, "INFO", "hi", "")),
        ({"ts": AT_NS // 1000, "msg": "hi"}, (AT_NS, 9, "INFO", "hi", "")),
        ({"ts": AT_NS, "msg": {"a": 1}}, (AT_NS, 9, "INFO", '{"a":1}', "")),
        ({"ts": "yesterday", "msg": "hi", "level": "loud"}, (NOW_NS, 0, "LOUD", "hi", "")),
        ({"ts": True, "msg": None, "level": None}, (NOW_NS, 9, "INFO", "", "")),
        ({}, (NOW_NS, 9, "INFO", "", "")),
    ],
)  # fmt: skip
def test_lines_of_other_loggers_are_read_as_far_as_they_go(line: Any, told: Any) -> None:
    """structlog, python-json-logger, pino; times in any usual form."""
    log = read(line).log
    assert (log.at_ns, log.severity, log.level, log.body, log.logger) == told


@pytest.mark.parametrize(
    "line",
    [b"Traceback (most recent call last):", b"{broken", b"[1]", b"12", b"\xff\xfe", b'{"a":' + b"[" * 100_000,
     b"{" * 20_000, b'{"a":"\xff"}'],
)  # fmt: skip
def test_what_is_no_json_is_a_line_as_it_stands(line: bytes) -> None:
    """INFO, of the service that the stream was said to be."""
    log, span = read(line, "worker")
    assert log[:4] == (
        NOW_NS,
        9,
        "INFO",
        line.decode("utf-8", "replace")[:32768]
        + ("" if len(line) <= 32768 else f"…[TRUNCATED:{len(line) - 32768}]"),
    )
    assert (log.source.service, span) == ("worker", None)


def test_empty_lines_are_none() -> None:
    """Nor is the rest behind the last line's end."""
    batch = LineReader("app").batch([b"", b"  ", b"x\r"], NOW_NS)
    assert [log.body for log in batch.logs] == ["x"]


def test_a_line_is_kept_within_limits() -> None:
    """Long texts and names are cut, deep values end, many fields are some."""
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    many = {f"k{n}": n for n in range(500)}
    log = read({"msg": "m" * 40_000, "deep": deep, "huge": 2**70, "k" * 300: 1, **many}).log
    assert log.body == "m" * 32_768 + "…[TRUNCATED:7232]"
    assert "TRUNCATED:depth" in str(log.attributes["deep"])
    assert log.attributes["huge"] == str(2**70)
    assert "k" * 256 + "…[TRUNCATED:44]" in log.attributes
    assert len(log.attributes) == 128
