"""A few of the console's views, written by hand: a failed order, lists, numbers; and telemetry that means harm."""

from __future__ import annotations

from typing import Any

from fastapi_spine.console.views import (
    Change,
    ErrorGroup,
    EventView,
    LogView,
    Numbers,
    Overview,
    RequestRow,
    RouteNumbers,
    SpanView,
    Spread,
    TraceView,
)

START_US = 1_790_000_000_000_000
"""2026-09-21 14:13:20 UTC."""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
REQUEST = "0199aa00-0000-7000-8000-00000000000c"
STACK = """Traceback (most recent call last):
  File "/srv/shop/payments.py", line 61, in charge
    each = instalment_cents(bill)
  File "/srv/shop/payments.py", line 88, in instalment_cents
    return bill.amount_cents // bill.instalments
ZeroDivisionError: integer division or modulo by zero
"""
HOSTILE = "a\x1b]0;owned\x07\x1b[2J\r\nb\u202e\x9b31m\t" + "x" * 5_000 + "終\u0301"


def span(
    number: int, parent: int, title: str, at_ms: float, took_ms: float, **more: Any
) -> SpanView:
    """A span whose id is its number."""
    fixed: dict[str, Any] = {
        "span_id": f"{number:016x}",
        "parent_id": f"{parent:016x}" if parent else "",
        "service": "orders",
        "name": title,
        "title": title,
        "kind": 1,
        "start_us": at_ms * 1000,
        "duration_us": took_ms * 1000,
        "self_us": 0.0,
        "critical": False,
        "depth": 0,
        "failed": False,
        "status_message": "",
        "scope": "fastapi-spine",
        "request_id": "",
        "attributes": {},
        "events": [],
        "links": [],
    }
    return SpanView(**{**fixed, **more})


def line(number: int, at_ms: float, level: str, message: str, **more: Any) -> LogView:
    """A log line of a span."""
    fixed: dict[str, Any] = {
        "cursor": "",
        "at_us": START_US + round(at_ms * 1000),
        "severity": {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}[level],
        "level": level,
        "logger": "shop.orders",
        "message": message,
        "service": "orders",
        "request_id": REQUEST,
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        "attributes": {},
    }
    return LogView(**{**fixed, **more})


def row(at_ms: float, **more: Any) -> RequestRow:
    """A request in a list."""
    fixed: dict[str, Any] = {
        "cursor": "",
        "request_id": REQUEST,
        "trace_id": TRACE,
        "span_id": f"{1:016x}",
        "service": "orders",
        "method": "POST",
        "route": "/orders",
        "path": "/orders",
        "status": 502,
        "start_us": START_US + round(at_ms * 1000),
        "duration_us": 100_000.0,
        "failed": True,
    }
    return RequestRow(**{**fixed, **more})


def failed_order() -> TraceView:
    """An order over two services that failed in the second, with a query for each of its items."""
    exception = {
        "exception.type": "ZeroDivisionError",
        "exception.message": "integer division or modulo by zero",
        "exception.stacktrace": STACK,
    }
    spans = [
        span(1, 0, "POST /orders", 0, 100, critical=True, failed=True, kind=2, request_id=REQUEST),
        span(2, 1, "auth: decode_jwt", 2, 3, critical=True, depth=1),
        *(span(10 + n, 1, "db: SELECT stock", 10 + 4 * n, 3, depth=1) for n in range(5)),
        span(3, 1, "http: POST /payments", 40, 50, critical=True, depth=1, failed=True),
        span(
            4, 3, "POST /payments", 45, 40,
            service="payments", critical=True, depth=2, failed=True, kind=2,
            events=[EventView(80_000.0, "exception", exception)],
        ),
    ]  # fmt: skip
    logs = [
        line(1, 1, "INFO", "basket received", attributes={"articles": 5}),
        line(11, 15, "DEBUG", "one of five", held=True),
        line(4, 60, "DEBUG", "bill is 4200 cents", service="payments", held=True),
        line(4, 84, "ERROR", "request failed", service="payments", stack=STACK),
        line(1, 99, "WARN", "the order is kept as unpaid"),
    ]
    facts = {
        "request": "POST /orders",
        "status": "502",
        "error": "ZeroDivisionError: integer division or modulo by zero",
        "took": "100 ms",
        "time went to": "POST /payments 40 %",
        "request id": REQUEST,
        "route": "/orders",
        "client": "127.0.0.0/24",
    }
    peers = Spread(
        "orders", "POST", "/orders", 0, 0, 40, 1, 20_000.0, 90_000.0, 99_000.0,
        [10_000.0, 50_000.0, 100_000.0], [10, 25, 5, 0],
    )  # fmt: skip
    return TraceView(
        TRACE, row(0, error="ZeroDivisionError"), [row(0)], facts, START_US, 100_000.0, spans, logs,
        ["orders", "payments"], 3, peers=peers, slower_than=0.97,
    )  # fmt: skip


def numbers(count: int, errors: int, p95_ms: float | None) -> Numbers:
    """Numbers of one window of an hour."""
    p95 = None if p95_ms is None else p95_ms * 1000
    return Numbers(count, errors, count / 3600, p95, p95, p95)


def route(name: str, now: Numbers, before: Numbers, **more: Any) -> RouteNumbers:
    """One route's numbers."""
    fixed: dict[str, Any] = {
        "service": "orders",
        "method": "GET",
        "route": name,
        "basis": "spans",
        "now": now,
        "before": before,
        "counts": [0, 1, 4, 8],
        "failures": [0, 0, 0, 0],
        "p95_us": [None, 1.0, 1.0, 1.0],
    }
    return RouteNumbers(**{**fixed, **more})


def overview() -> Overview:
    """A route that became slow, one that fails, one that is new, one that went silent."""
    nothing = Numbers(0, 0, 0.0, None, None, None)
    routes = [
        route("/orders", numbers(7200, 360, 40), numbers(7000, 0, 41), method="POST"),
        route("/orders/{order_id}", numbers(360, 0, 400), numbers(300, 0, 100)),
        route("/new", numbers(3, 0, 1), nothing),
        route("/gone", nothing, numbers(50, 0, 1), service="payments", basis="metrics", counts=[0, 0, 0, 0]),
    ]  # fmt: skip
    changes = [
        Change(
            "slower", "orders", "/orders/{order_id}",
            "GET /orders/{order_id}: p95 is 400 ms, 100 ms before.", "route:/orders/{order_id}", START_US,
        )
    ]  # fmt: skip
    return Overview(0, 0, 0, [], routes, changes)


def failures() -> list[ErrorGroup]:
    """A new failure that came often, and an old one that came once."""
    return [
        ErrorGroup(
            "0" * 16, "ZeroDivisionError", "integer division or modulo by zero",
            "shop/payments.py:88 instalment_cents", "payments", "/payments", 1204,
            START_US, START_US + 60_000_000, True, [1, 2, 0, 8], REQUEST, TRACE,
        ),
        ErrorGroup(
            "1" * 16, "TimeoutError", "pool exhausted", "", "orders", "/orders", 1,
            START_US, START_US, False, [0, 1, 0, 0], "", TRACE,
        ),
    ]  # fmt: skip


def hostile_trace() -> TraceView:
    """A trace each text of which tries to take the terminal over."""
    spans = [
        span(1, 0, HOSTILE, 0, 10, service=HOSTILE, failed=True, status_message=HOSTILE,
             events=[EventView(1.0, HOSTILE, {HOSTILE: HOSTILE}),
                     EventView(2.0, "exception", {"exception.type": HOSTILE, "exception.message": HOSTILE, "exception.stacktrace": HOSTILE})]),
        span(2, 1, "ok", -5, 10**9, depth=1),
        span(3, 77, HOSTILE, 3, -1, depth=1),
    ]  # fmt: skip
    hostile_row = row(
        0, request_id=HOSTILE, service=HOSTILE, method=HOSTILE, path=HOSTILE, route="/" + HOSTILE,
        error=HOSTILE, outcome=HOSTILE, status=None,
    )  # fmt: skip
    logs = [
        line(1, 1, "INFO", HOSTILE, logger=HOSTILE, stack=HOSTILE, request_id=HOSTILE, service=HOSTILE, attributes={HOSTILE: HOSTILE, "list": [HOSTILE]}),
    ]  # fmt: skip
    return TraceView(
        HOSTILE, hostile_row, [hostile_row], {HOSTILE: HOSTILE, "error": HOSTILE}, -(10**18), 1.0, spans, logs,
        [HOSTILE], 1, others=[HOSTILE],
    )  # fmt: skip
