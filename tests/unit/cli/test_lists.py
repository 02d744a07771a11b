"""Requests, lines, routes and failures as tables: whole outputs, on terminals and in pipes."""

# ruff: noqa: RUF001 - the sign that people read as "times" is what is printed

from __future__ import annotations

from msgspec import structs
from views_by_hand import failed_order, failures, line, overview, row

from fastapi_spine.cli.errors import drawn as drawn_errors
from fastapi_spine.cli.line_fits import fits
from fastapi_spine.cli.lines import LogLines, RequestLines
from fastapi_spine.cli.routes import drawn as drawn_routes
from fastapi_spine.cli.terminal import Terminal
from fastapi_spine.console.search import parse

REQUESTS = """\
── 2026-09-21 UTC ──
14:13:20.000 502    100 ms  orders      ZeroDivisionError  POST /orders  0199aa00-0000-7000-8000-00000000000c
14:13:20.000 -     0.00 ms  orders      GET /slow  0199aa00-0000-7000-8000-00000000000c
── 2026-09-22 UTC ──
14:13:20.000 200    1.23 s  orders      GET /orders/7  (/orders/{order_id})  0199aa00-0000-7000-8000-00000000000c"""

NARROW = """\
── 2026-09-21 UTC ──
14:13:20.000 502    100 ms  orders      ZeroDivisionError  POST /orders
             0199aa00-0000-7000-8000-00000000000c"""

LINES = """\
── 2026-09-21 UTC ──
orders     14:13:20.001 INFO  0000000c shop.orders          basket received  articles=5
orders     14:13:20.015┆DEBUG 0000000c shop.orders          one of five
payments   14:13:20.060┆DEBUG 0000000c shop.orders          bill is 4200 cents
payments   14:13:20.084 ERROR 0000000c shop.orders          request failed
               Traceback (most recent call last):
                 File "/srv/shop/payments.py", line 61, in charge
                   each = instalment_cents(bill)
                 File "/srv/shop/payments.py", line 88, in instalment_cents
                   return bill.amount_cents // bill.instalments
               ZeroDivisionError: integer division or modulo by zero
orders     14:13:20.099 WARN  0000000c shop.orders          the order is kept as unpaid"""

ROUTES = """\
service   route                      rate  errors      p50      p95      p99        against before
orders    POST /orders              2.0/s   5.0 %  40.0 ms  40.0 ms  40.0 ms   ▂▅█  errors +5.0 %
orders    GET /orders/{order_id}  6.0/min     0 %   400 ms   400 ms   400 ms   ▂▅█  p95 +300 %
orders    GET /new                  3.0/h     0 %   1.0 ms   1.0 ms   1.0 ms   ▂▅█  new
payments  GET /gone                 0.0/h       -        -        -        -        silent

What changed
  GET /orders/{order_id}: p95 is 400 ms, 100 ms before.  spine requests route:/orders/{order_id}

Counted by their own metrics, exact: payments; the others from the spans that came in. Percentiles are read from buckets."""

NARROW_ROUTES = """\
service   route                      rate  errors      p50      p95
orders    POST /orders              2.0/s   5.0 %  40.0 ms  40.0 ms
orders    GET /orders/{order_id}  6.0/min     0 %   400 ms   400 ms
orders    GET /new                  3.0/h     0 %   1.0 ms   1.0 ms
payments  GET /gone                 0.0/h       -        -        -"""

ERRORS = """\
×1,204  ZeroDivisionError  new  integer division or modulo by zero
        payments  /payments  at shop/payments.py:88 instalment_cents
        first 14:13:20, last 2026-09-21 14:14:20 UTC  ▂▃ █
        spine show 0199aa00-0000-7000-8000-00000000000c

    ×1  TimeoutError  pool exhausted
        orders  /orders
        2026-09-21 14:13:20 UTC  █
        spine show 4bf92f3577b34da6a3ce929d0e0e4736"""

DAY_MS = 86_400_000


def test_requests_have_their_id_whole_and_last() -> None:
    """When, how it ended, how long, who, what, why it failed, and the id to copy; nothing is cut in a pipe."""
    rows = [
        row(0, error="ZeroDivisionError"),
        row(0, status=None, failed=False, method="GET", route="/slow", path="", duration_us=0.0),
        row(DAY_MS, status=200, failed=False, method="GET", path="/orders/7", route="/orders/{order_id}", duration_us=1_234_567.0),
    ]  # fmt: skip
    lines = RequestLines(Terminal())
    assert "\n".join(text for one in rows for text in lines.lines(one)) == REQUESTS


def test_a_narrow_terminal_gives_the_id_a_row_of_its_own() -> None:
    """It is never cut: it is what one copies."""
    lines = RequestLines(Terminal(width=90))
    assert "\n".join(lines.lines(row(0, error="ZeroDivisionError"))) == NARROW


def test_a_request_without_an_id_is_found_by_its_trace() -> None:
    """The trace id stands there instead."""
    [*_, last] = RequestLines(Terminal()).lines(row(0, request_id=""))
    assert last.endswith("  4bf92f3577b34da6a3ce929d0e0e4736")


def test_log_lines_look_as_the_log_itself() -> None:
    """The service before each, held-back ones marked, the stack below its line."""
    lines = LogLines(Terminal(width=104))
    assert "\n".join(text for one in failed_order().logs for text in lines.lines(one)) == LINES


def test_an_access_line_that_came_over_otlp_looks_as_it_did_at_home() -> None:
    """OpenTelemetry's names are our keys again; a user's own fields stay."""
    told = {
        "http.request.method": "POST", "url.path": "/orders/7/pay", "http.route": "/orders/{order_id}/pay",
        "http.response.status_code": 201, "spine.elapsed_ms": 12.5, "http.request.body.size": 57,
        "spine.outcome": "completed", "spine.request_id": "0000000c", "user_id": 42,
    }  # fmt: skip
    one = line(1, 0, "INFO", "request completed", logger="spine.access", attributes=told)
    [*_, text] = LogLines(Terminal()).lines(one)
    assert text == (
        "orders     14:13:20.000 INFO  0000000c spine.access         "
        "POST /orders/7/pay → 201  12.5 ms  (/orders/{order_id}/pay)  57 B in  user_id=42"
    )


def test_a_line_cannot_overwrite_its_own_head() -> None:
    """An attribute that is called as the time or the level of a line changes neither."""
    [*_, text] = LogLines(Terminal()).lines(
        line(1, 0, "INFO", "hm", attributes={"ts": "never", "level": "ERROR", "msg": "no"})
    )
    assert text == "orders     14:13:20.000 INFO  0000000c shop.orders          hm"


def test_routes_are_compared_with_the_window_before() -> None:
    """Rate, errors, percentiles, a sparkline, what is different, what changed, where the numbers come from."""
    view = overview()
    assert "\n".join(drawn_routes(view, view.routes, Terminal())) == ROUTES


def test_requests_that_met_no_route_are_a_row_that_says_so() -> None:
    """A method alone would be taken for a mistake; what counts the rest together has neither."""
    view = overview()
    rows = [
        structs.replace(view.routes[0], method=method, route=route)
        for method, route in (("GET", ""), ("WS", "/ws/{room}"), ("", "orders.Stock/Get"), ("", ""))
    ]
    found = list(drawn_routes(structs.replace(view, changes=[]), rows, Terminal()))
    assert [one[9:25].rstrip() for one in found[1:5]] == [
        "GET (no route)",
        "WS /ws/{room}",
        "orders.Stock/Get",
        "",
    ]


def test_lines_of_websockets_are_found_by_their_method() -> None:
    """In a file of JSON lines, as in the console."""
    wanted = parse("method:ws")
    assert fits({"type": "websocket", "path": "/ws/7"}, wanted)
    assert not fits({"method": "GET", "path": "/x"}, wanted)


def test_a_narrow_terminal_leaves_columns_out() -> None:
    """The route stays readable."""
    view = overview()
    rows = list(drawn_routes(view, view.routes, Terminal(width=70)))
    assert "\n".join(rows[:5]) == NARROW_ROUTES


def test_failures_come_once_with_how_often_and_an_example() -> None:
    """Type, message, place, first and last, a sparkline, and the command that shows the newest."""
    assert "\n".join(drawn_errors(failures(), Terminal(width=104))) == ERRORS
