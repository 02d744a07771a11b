"""Everything of one request, assembled."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from console_memory import BOUNDS_NS, MS, ORDERS, STOCK, Memory, S, span

from fastapi_spine.console.assemble import trace_view
from fastapi_spine.console.rows import Attributes, EventRow, LogRow, SpanRow
from fastapi_spine.console.views import (
    EventView,
    LogView,
    RequestRow,
    SpanView,
    Spread,
    TraceView,
)

BASE = 1_700_000_000 * S
BASE_US = BASE // 1000
TRACE = f"{1:032x}"
SERVER: Attributes = {
    "spine.request_id": "r-1",
    "http.request.method": "GET",
    "http.route": "/orders/{order_id}",
    "url.path": "/orders/7",
    "http.response.status_code": 500,
    "client.address": "10.0.0.0/24",
}


def server(
    number: int = 1, *, trace: int = 1, start_ms: float = 0, request_id: str = "r-1"
) -> SpanRow:
    """Make the server span of a request of 100 ms."""
    attributes: Attributes = {**SERVER, "spine.request_id": request_id}
    return span(
        number, None, start_ms, 100, kind=2, trace=trace, status=2, attributes=attributes,
        name="GET /orders/{order_id}",
    )  # fmt: skip


def line(at_ms: float, body: str, span_id: int) -> LogRow:
    """Make a line of the trace."""
    return LogRow(
        BASE + round(at_ms * MS), 13, "warning", body, {}, bytes.fromhex(TRACE),
        span_id.to_bytes(8, "big"), "shop", ORDERS,
    )  # fmt: skip


def view(store: Memory, key: str, most: int = 10_000) -> TraceView:
    """Return the view of a key that is known."""
    found = trace_view(store, key, most=most)
    assert found is not None
    return found


def test_one_request_is_shown_whole() -> None:
    """Request, facts, waterfall, lines, peers: every field."""
    store = Memory()
    failure = EventRow(
        BASE + 90 * MS, "exception", {"exception.type": "KeyError", "exception.message": "'a'"}
    )
    store.spans = [
        span(2, 1, 10, 40, name="render", events=[failure], source=STOCK),
        server(),
    ]
    store.lines = [line(20, "slow", 2)]
    row = RequestRow(
        cursor="",
        request_id="r-1",
        trace_id=TRACE,
        span_id=f"{1:016x}",
        service="orders",
        method="GET",
        route="/orders/{order_id}",
        path="/orders/7",
        status=500,
        start_us=BASE_US,
        duration_us=100_000.0,
        failed=True,
    )
    child = SpanView(
        span_id=f"{2:016x}",
        parent_id=f"{1:016x}",
        service="stock",
        name="render",
        title="render",
        kind=1,
        start_us=10_000.0,
        duration_us=40_000.0,
        self_us=40_000.0,
        critical=True,
        depth=1,
        failed=False,
        status_message="",
        scope="test",
        request_id="",
        attributes={},
        events=[
            EventView(
                90_000.0, "exception", {"exception.type": "KeyError", "exception.message": "'a'"}
            )
        ],
        links=[],
    )
    root = SpanView(
        span_id=f"{1:016x}",
        parent_id="",
        service="orders",
        name="GET /orders/{order_id}",
        title="GET /orders/{order_id}",
        kind=2,
        start_us=0.0,
        duration_us=100_000.0,
        self_us=60_000.0,
        critical=True,
        depth=0,
        failed=True,
        status_message="",
        scope="test",
        request_id="r-1",
        attributes=dict(SERVER),
        events=[],
        links=[],
    )
    half_hour = 1_800_000_000
    bounds = [bound / 1000 for bound in BOUNDS_NS]
    peers = Spread(
        "orders", "GET", "/orders/{order_id}", BASE_US - half_hour, BASE_US + half_hour, 1, 1,
        96_000.0, 124_800.0, 127_360.0, bounds, [0] * 7 + [1] + [0] * 7,
    )  # fmt: skip
    assert view(store, "r-1") == TraceView(
        trace_id=TRACE,
        request=row,
        requests=[row],
        facts={
            "request": "GET /orders/7",
            "status": "500",
            "error": "KeyError: 'a' in render of stock",
            "took": "100 ms",
            "time went to": "GET /orders/{order_id} 60 ms · render 40 ms (stock)",
            "started": "2023-11-14 22:13:20.000 UTC",
            "request id": "r-1",
            "route": "/orders/{order_id}",
            "service": "orders 2.0",
            "instance": "orders-1",
            "client": "10.0.0.0/24",
        },
        start_us=BASE_US,
        duration_us=100_000.0,
        spans=[root, child],
        logs=[
            LogView(
                "1", BASE_US + 20_000, 13, "WARN", "shop", "slow", "orders", "r-1", TRACE,
                f"{2:016x}", {},
            )
        ],
        services=["orders", "stock"],
        errors=1,
        peers=peers,
        slower_than=None,
    )  # fmt: skip


def test_a_key_that_nobody_knows_is_none() -> None:
    """No view."""
    assert trace_view(Memory(), "r-1") is None


def test_the_newest_of_several_traces_is_shown_and_the_others_named() -> None:
    """A client that tried again with the same request id."""
    store = Memory()
    store.spans = [server(), server(2, trace=2, start_ms=500), server(3, trace=3, start_ms=200)]
    found = view(store, "r-1")
    assert (found.trace_id, found.others) == (f"{2:032x}", [f"{3:032x}", f"{1:032x}"])


def test_the_request_that_was_asked_for_is_the_headers() -> None:
    """By its own id the inner one, by the trace's id the outer one, though a clock puts the inner one first."""
    inner = span(
        2, 1, -5, 10, kind=2, source=STOCK,
        attributes={"spine.request_id": "r-2", "http.request.method": "GET", "url.path": "/free"},
    )  # fmt: skip
    store = Memory()
    store.spans = [inner, server()]
    named = {key: view(store, key).facts["request"] for key in ("r-1", "r-2", TRACE)}
    assert named == {"r-1": "GET /orders/7", "r-2": "GET /free", TRACE: "GET /orders/7"}
    assert [row.request_id for row in view(store, TRACE).requests] == ["r-2", "r-1"]
    assert [one.start_us for one in view(store, TRACE).spans] == [5000.0, 0.0]


def test_a_trace_without_a_request_is_shown() -> None:
    """A job, or lines alone."""
    store = Memory()
    store.spans = [span(1, None, 0, 50, name="nightly"), span(2, 1, 10, 20, name="step")]
    found = view(store, TRACE)
    assert (found.request, found.facts, found.peers, found.slower_than) == (None, {}, None, None)
    assert [(one.name, one.critical) for one in found.spans] == [("nightly", True), ("step", True)]
    store.spans = []
    store.lines = [line(5, "alone", 9), line(7, "together", 9)]
    alone = Memory()
    alone.spans, alone.lines = [], store.lines
    alone.traces_of = lambda key: [key]  # type: ignore[method-assign]  # a store that knows lines' traces
    found = view(alone, TRACE)
    assert (found.start_us, found.duration_us, len(found.logs)) == (BASE_US + 5_000, 2_000.0, 2)


def test_the_cause_stands_beside_the_error() -> None:
    """The request's own exception, and the deepest other one below it; neighbours have nothing to do with it."""

    def raised(kind: str) -> list[EventRow]:
        return [EventRow(BASE, "exception", {"exception.type": kind})]

    store = Memory()
    store.spans = [
        server()._replace(events=raised("HTTPException")),
        span(2, 1, 1, 9, name="call", events=raised("HTTPException")),
        span(3, 2, 2, 5, name="charge", events=raised("ZeroDivisionError"), source=STOCK),
        span(4, None, 200, 5, name="other", events=raised("KeyError")),
    ]
    facts = view(store, "r-1").facts
    assert (facts["error"], facts["cause"]) == (
        "HTTPException",
        "ZeroDivisionError in charge of stock",
    )


def test_a_query_in_a_loop_is_named() -> None:
    """How often, how long, and not because of few calls."""
    store = Memory()
    store.spans = [server(), *(span(n, 1, n, 0.5, name="SELECT item") for n in range(2, 43))]
    assert view(store, "r-1").facts["repeated"] == "SELECT item, 41 times, 20.5 ms in all"
    store.spans = store.spans[:5]
    assert "repeated" not in view(store, "r-1").facts


def test_a_request_is_placed_among_its_route() -> None:
    """A slow one is slower than most, and says so."""
    store = Memory()
    store.spans = [server(n, trace=n, request_id=f"r-{n}") for n in range(2, 101)]
    slow = server()
    store.spans.append(slow._replace(end_ns=slow.start_ns + 900 * MS))
    facts = view(store, "r-1").facts
    assert facts["among its route"] == "slower than 99 % of 100 in the hour around it"


def test_among_few_others_it_has_no_place() -> None:
    """Slower than all of five others says something; slower than all of four does not."""
    told = {}
    for others in (4, 5):
        store = Memory()
        store.spans = [server(n, trace=n, request_id=f"r-{n}") for n in range(2, 2 + others)]
        slow = server()
        store.spans.append(slow._replace(end_ns=slow.start_ns + 900 * MS))
        found = view(store, "r-1")
        told[others] = (found.slower_than, found.facts.get("among its route"))
    assert told == {
        4: (None, None),
        5: (5 / 6, "slower than 83 % of 6 in the hour around it"),
    }


def test_a_large_trace_is_cut() -> None:
    """It says how many spans were left out."""
    store = Memory()
    store.spans = [server(), *(span(n, 1, n / 1000, 1) for n in range(2, 5002))]
    found = view(store, "r-1", most=1000)
    assert (len(found.spans), found.cut, found.spans[0].request_id) == (1000, 4001, "r-1")


def test_hostile_rows_are_shown_as_data() -> None:
    """Markup, control characters, times beyond every calendar."""
    store = Memory()
    evil = "<script>alert(1)</script>\x1b[31m\n"
    far = span(
        1, None, 0, 1, kind=2, name=evil, attributes={"http.request.method": evil, "url.path": evil}
    )
    store.spans = [far._replace(start_ns=2**63 - 2, end_ns=2**63 - 1)]
    found = view(store, TRACE)
    assert found.spans[0].name == evil
    assert found.facts["request"].startswith("<script>alert(1)</script>")
    store.spans = [far._replace(start_ns=0, end_ns=0)]
    assert view(store, TRACE).facts["started"] == "1970-01-01 00:00:00.000 UTC"


@pytest.mark.soak
def test_ten_thousand_spans_are_assembled_at_once(
    record_property: Callable[[str, object], None],
) -> None:
    """A trace of 10,000 spans, and of 50,000 cut to 10,000, each with its time."""
    clock = time.process_time
    for number in (10_000, 50_000):
        store = Memory()
        store.spans = [
            server(),
            *(span(n, max(n // 3, 1), n / 100, 5, name="query", attributes={"db.system": "x", "db.statement": "SELECT a FROM item"}) for n in range(2, number + 1)),
        ]  # fmt: skip
        found = store.trace(TRACE, 10_000)
        assert found is not None
        store.spread = lambda *_: None  # type: ignore[method-assign]  # likewise
        store.trace = lambda _key, _limit, found=found: found  # type: ignore[method-assign,misc]  # the assembly alone is timed
        begin = clock()
        assert len(view(store, "r-1").spans) == 10_000
        record_property(f"seconds for {number} spans", round(clock() - begin, 3))
