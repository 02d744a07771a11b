"""What rows say, whoever sent them."""

from __future__ import annotations

import pytest

from fastapi_spine.console.facts import level_word, log_view, request, request_row
from fastapi_spine.console.rows import Attributes, EventRow, LogRow, Source, SpanRow
from fastapi_spine.console.views import LogView, RequestRow

SOURCE = Source("orders", "1", "2.0", {})
TRACE = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
SPAN = bytes.fromhex("b7ad6b7169203331")


def server(
    attributes: Attributes, *, status: int = 0, events: tuple[EventRow, ...] = ()
) -> SpanRow:
    """Make a server span of one second."""
    return SpanRow(
        TRACE, SPAN, b"", "GET /x", 2, 1_000_000_000, 2_000_000_000, status, "", attributes,
        list(events), [], "", SOURCE,
    )  # fmt: skip


def test_a_request_of_ours_is_read_whole() -> None:
    """Every fact stands in its column."""
    attributes: Attributes = {
        "spine.request_id": "r-1",
        "http.request.method": "GET",
        "http.route": "/orders/{order_id}",
        "url.path": "/orders/7",
        "http.response.status_code": 500,
        "error.type": "500",
    }
    failure = EventRow(2_000_000_000, "exception", {"exception.type": "KeyError"})
    assert request_row(server(attributes, status=2, events=(failure,)), "c") == RequestRow(
        cursor="c",
        request_id="r-1",
        trace_id=TRACE.hex(),
        span_id=SPAN.hex(),
        service="orders",
        method="GET",
        route="/orders/{order_id}",
        path="/orders/7",
        status=500,
        start_us=1_000_000,
        duration_us=1_000_000.0,
        failed=True,
        outcome="",
        error="KeyError",
        entry=True,
    )


@pytest.mark.parametrize("route", ["/ws/{room}", ""])
def test_a_websocket_is_a_request_whose_method_is_ws(route: str) -> None:
    """As the log has it; one that met no route has none, and not its span's name."""
    attributes: Attributes = {"network.protocol.name": "websocket", "url.path": "/ws/7"}
    facts = request(server(attributes | ({"http.route": route} if route else {})))
    assert (facts.method, facts.route, facts.path) == ("WS", route, "/ws/7")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {"http.method": "GET", "http.target": "/a?b=c", "http.status_code": 404},
            ("GET", "", "/a", 404),
        ),
        ({"http.method": "GET", "http.url": "https://h/a?b"}, ("GET", "", "/a", None)),
        ({"http.method": "GET", "http.url": "https://[/a"}, ("GET", "", "", None)),
        ({"http.request.method": "GET", "http.response.status_code": "204"}, ("GET", "", "", 204)),
        ({"http.response.status_code": True}, ("", "GET /x", "", None)),
        ({"http.response.status_code": 10**30}, ("", "GET /x", "", None)),
        ({"http.response.status_code": "²³⁴", "url.path": 3}, ("", "GET /x", "", None)),
        ({"rpc.system": "grpc"}, ("", "GET /x", "", None)),
    ],
)
def test_other_senders_are_understood(
    attributes: Attributes, expected: tuple[str, str, str, int | None]
) -> None:
    """Older names, text for numbers, nonsense, and servers that speak no HTTP."""
    facts = request(server(attributes))
    assert (facts.method, facts.route, facts.path, facts.status) == expected


def test_a_status_given_as_the_error_is_no_error_type() -> None:
    """`error.type` of "500" says nothing that the status does not; a word does."""
    assert request(server({"error.type": "500"})).error == ""
    assert request(server({"error.type": "timeout"})).error == "timeout"


def test_a_line_is_shown_with_its_exception() -> None:
    """Level by severity, request id, whether it was held, the stack."""
    row = LogRow(
        5_000, 17, "error", "boom",
        {"request_id": "r-1", "held": True, "exception.stacktrace": "Traceback"}, TRACE, SPAN, "app", SOURCE,
    )  # fmt: skip
    assert log_view(row, "c") == LogView(
        "c", 5, 17, "ERROR", "app", "boom", "orders", "r-1", TRACE.hex(), SPAN.hex(),
        row.attributes, held=True, stack="Traceback",
    )  # fmt: skip
    exported = row._replace(attributes={"spine.held": True})
    assert log_view(exported).held
    bare = row._replace(attributes={"exception.type": "KeyError", "exception.message": "'a'"})
    assert log_view(bare).stack == "KeyError: 'a'"


def test_a_level_without_a_severity_is_the_senders_word() -> None:
    """As it was sent; with one, the six names of OpenTelemetry."""
    assert level_word(0, "notice") == "notice"
    assert [level_word(number, "x") for number in (1, 5, 9, 12, 13, 17, 24)] == [
        "TRACE", "DEBUG", "INFO", "INFO", "WARN", "ERROR", "FATAL",
    ]  # fmt: skip
