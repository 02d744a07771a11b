"""A small shop's telemetry as rows, kept in a real store: an order that failed, a list with a query a row, good ones."""

from __future__ import annotations

from pathlib import Path

from fastapi_spine.console.rows import Attributes, Batch, EventRow, LogRow, Source, SpanRow
from fastapi_spine.console.store import StoreWriter
from fastapi_spine.testing import FrozenClock

MS = 1_000_000
START_NS = 1_790_000_000_000 * MS
"""2026-09-21 14:13:20 UTC."""
WITHIN = ("--since", "2026-09-21T14:00:00Z", "--until", "2026-09-21T15:00:00Z")
FAILED = "0199aa00-0000-7000-8000-00000000000f"
LISTED = "0199aa00-0000-7000-8000-000000000115"
FAILED_TRACE = f"{0xABC:032x}"
HOSTILE = "a\x1b[2J\x07\r\nb\u202e\x9b31m"
STACK = """Traceback (most recent call last):
  File "/srv/shop/payments.py", line 88, in instalment_cents
    return bill.amount_cents // bill.instalments
ZeroDivisionError: integer division or modulo by zero
"""
_ORDERS = Source("orders", "o-1", "1.4.2", {"service.name": "orders"})
_PAYMENTS = Source("payments", "p-1", "1.0.0", {"service.name": "payments"})


class Telling:
    """Makes the rows of one trace; `at` and `took` in milliseconds, spans numbered as they come."""

    def __init__(self, trace: int, start_ns: int) -> None:
        self.trace = trace.to_bytes(16, "big")
        self.start_ns = start_ns
        self.spans: list[SpanRow] = []
        self.logs: list[LogRow] = []

    def span(
        self,
        parent: int,
        name: str,
        at: float,
        took: float,
        attributes: Attributes | None = None,
        *,
        kind: int = 1,
        failed: bool = False,
        events: list[EventRow] | None = None,
        source: Source = _ORDERS,
    ) -> int:
        """Add a span; return its number."""
        number = len(self.spans) + 1
        begin = self.start_ns + round(at * MS)
        self.spans.append(
            SpanRow(
                self.trace, self._id(number), self._id(parent) if parent else b"", name, kind, begin,
                begin + round(took * MS), 2 if failed else 0, "", attributes or {}, events or [], [],
                "fastapi-spine", source,
            )
        )  # fmt: skip
        return number

    def request(
        self, parent: int, request_id: str, method: str, route: str, status: int,
        at: float, took: float, *, source: Source = _ORDERS, path: str = "", error: str = "",
        events: list[EventRow] | None = None,
    ) -> int:  # fmt: skip
        """Add a server span."""
        attributes: Attributes = {
            "http.request.method": method,
            "http.route": route,
            "url.path": path or route,
            "http.response.status_code": status,
            "spine.request_id": request_id,
        }
        if error:
            attributes["error.type"] = error
        return self.span(
            parent, f"{method} {route}", at, took, attributes,
            kind=2, failed=status >= 500, events=events, source=source,
        )  # fmt: skip

    def line(
        self, span: int, at: float, level: str, message: str, attributes: Attributes | None = None,
        *, source: Source = _ORDERS, logger: str = "shop.orders",
    ) -> None:  # fmt: skip
        """Add a log line of a span."""
        severity = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}[level]
        self.logs.append(
            LogRow(
                self.start_ns + round(at * MS), severity, level, message, attributes or {},
                self.trace, self._id(span), logger, source,
            )
        )  # fmt: skip

    def _id(self, number: int) -> bytes:
        return self.trace[-4:] + number.to_bytes(4, "big")


def fill(folder: Path) -> None:
    """Keep the shop's telemetry in a new data folder."""
    clock = FrozenClock(START_NS + 60_000 * MS)
    writer = StoreWriter(folder, clock=clock)
    told = [failed_order(), a_list(), *(good_order(number) for number in range(30)), hostile()]
    writer.add(
        Batch([span for one in told for span in one.spans], [line for one in told for line in one.logs], [])
    )  # fmt: skip
    writer.commit()
    writer.close()


def failed_order() -> Telling:
    """An order over two services, whose payment divides by zero."""
    told = Telling(0xABC, START_NS)
    exception: Attributes = {
        "exception.type": "ZeroDivisionError",
        "exception.message": "integer division or modulo by zero",
        "exception.stacktrace": STACK,
    }
    order = told.request(0, FAILED, "POST", "/orders", 502, 0, 100)
    told.span(order, "auth: decode_jwt", 2, 3)
    call = told.span(
        order, "POST", 40, 50, {"http.request.method": "POST", "url.full": "http://payments/payments"},
        kind=3, failed=True,
    )  # fmt: skip
    payment = told.request(
        call, FAILED, "POST", "/payments", 500, 45, 40, source=_PAYMENTS, error="ZeroDivisionError",
        events=[EventRow(START_NS + 80 * MS, "exception", exception)],
    )  # fmt: skip
    told.line(order, 1, "INFO", "basket received", {"articles": 5})
    told.line(payment, 60, "DEBUG", "bill is 4200 cents", {"spine.held": True}, source=_PAYMENTS)
    told.line(order, 99, "WARN", "the order is kept as unpaid", {"user_id": 42})
    return told


def a_list() -> Telling:
    """A list of orders that asks the database once for each."""
    told = Telling(2, START_NS + 1_000 * MS)
    listed = told.request(0, LISTED, "GET", "/orders", 200, 0, 90)
    for place in range(12):
        query: Attributes = {
            "db.system.name": "sqlite",
            "db.query.text": "SELECT id FROM items WHERE id = ?",
        }
        told.span(listed, "SELECT", 5 + 7 * place, 5, query, kind=3)
    return told


def good_order(number: int) -> Telling:
    """An order that went well."""
    told = Telling(100 + number, START_NS + 2_000 * MS + number * 1_000 * MS)
    request_id = f"0199aa00-0000-7000-8000-{number:012d}"
    order = told.request(
        0, request_id, "GET", "/orders/{order_id}", 200, 0, 10 + number, path=f"/orders/{number}"
    )
    told.line(order, 5, "INFO", f"order {number} shown", {"user_id": number})
    return told


def hostile() -> Telling:
    """A request each text of which means harm."""
    told = Telling(999, START_NS + 40_000 * MS)
    source = Source(HOSTILE, HOSTILE, HOSTILE, {})
    request = told.request(
        0, HOSTILE, HOSTILE, HOSTILE, 500, 0, 1, source=source, path=HOSTILE, error=HOSTILE,
        events=[EventRow(START_NS, "exception", {"exception.type": HOSTILE, "exception.message": HOSTILE, "exception.stacktrace": HOSTILE})],
    )  # fmt: skip
    told.line(request, 0, "ERROR", HOSTILE, {HOSTILE: HOSTILE}, source=source, logger=HOSTILE)
    return told
