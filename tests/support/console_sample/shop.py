"""The traces of a small shop: one that is slow, one that failed, one with a query for each row, one that is huge."""

from __future__ import annotations

from typing import Any

from console_sample.traces import Call

STACK = """Traceback (most recent call last):
  File "shop/payments.py", line 61, in take_payment
    share = split(bill.amount_cents, bill.instalments)
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "shop/payments.py", line 88, in split
    return cents // parts
           ~~~~~~^^~~~~~~
ZeroDivisionError: integer division or modulo by zero"""


def served(
    method: str, route: str, path: str, status: int, request_id: str, **more: Any
) -> dict[str, Any]:
    """What a server span says of itself."""
    attributes = {
        "http.request.method": method,
        "http.route": route,
        "url.path": path,
        "http.response.status_code": status,
        "network.protocol.version": "1.1",
        "spine.request_id": request_id,
        **more,
    }
    return {"kind": 2, "attributes": attributes, "request_id": request_id}


def query(table: str, at: float, took: float, verb: str = "SELECT", text: str = "") -> Call:
    """A database call."""
    statement = text or f"{verb} {table}.id, {table}.state FROM {table} WHERE {table}.id = ?"
    attributes = {
        "db.system.name": "sqlite",
        "db.query.text": statement,
        "server.address": "127.0.0.1",
    }
    return Call(
        f"db: {verb} {table}", at, took, kind=3, attributes=attributes,
        scope="opentelemetry.instrumentation.sqlalchemy",
    )  # fmt: skip


def asked(
    method: str,
    service: str,
    path: str,
    at: float,
    took: float,
    below: Call,
    *,
    failed: bool = False,
) -> Call:
    """A call to another service, and what that did."""
    attributes = {
        "http.request.method": method,
        "url.full": f"http://{service}:8000{path}",
        "http.response.status_code": below.attributes.get("http.response.status_code", 200),
    }
    return Call(
        f"http: {method} {path}", at, took, [below], kind=3, attributes=attributes, failed=failed,
        scope="opentelemetry.instrumentation.httpx",
    )  # fmt: skip


def place_order(request_id: str, *, fails: bool) -> Call:
    """`POST /orders`: slow because payments waits for its bank, or failed because it divides by zero."""
    status, took = (502, 148.2) if fails else (201, 1_243.6)
    bank = Call("bank: authorise", 61, took - 210, service="payments", lines=[(3, "INFO", "bank asked, attempt 1"), (took - 290, "WARN", "bank is slow, waited 940 ms")]) if not fails else Call("split amount", 22, 0.4, service="payments", failed=True)  # fmt: skip
    payments = Call(
        "POST /payments", 1.2, took - 112 if not fails else 34.1, service="payments", failed=fails,
        message="ZeroDivisionError" if fails else "", held=True,
        calls=[query("accounts", 4, 6.2), bank, query("payments", took - 140 if not fails else 30, 9.1, "INSERT")],
        lines=[(2, "INFO", "payment asked for"), (5, "DEBUG", "bill: order_id=1871 amount_cents=5200 instalments=0"), (33 if fails else took - 120, "ERROR" if fails else "INFO", "request failed" if fails else "request completed")],
        stack=STACK if fails else "",
        events=[(22.6, "exception", {"exception.type": "ZeroDivisionError", "exception.message": "integer division or modulo by zero", "exception.stacktrace": STACK})] if fails else [],
        **served("POST", "/payments", "/payments", 500 if fails else 201, f"{request_id}-p", **({"error.type": "ZeroDivisionError"} if fails else {})),
    )  # fmt: skip
    inventory = Call(
        "POST /reservations", 1.1, 28.4, service="inventory",
        calls=[query("stock", 3, 4.4), query("stock", 9, 3.9, "UPDATE"), query("reservations", 15, 6.1, "INSERT")],
        lines=[(2, "INFO", "3 articles reserved"), (27, "INFO", "request completed")],
        **served("POST", "/reservations", "/reservations", 201, f"{request_id}-i"),
    )  # fmt: skip
    return Call(
        "POST /orders", 0, took, service="orders", failed=fails, message="", held=True,
        calls=[
            Call("auth: decode_jwt", 1.4, 0.7),
            Call("dependencies", 0.9, 2.6, [query("customers", 0.4, 1.1)]),
            Call("endpoint: place_order", 4.1, took - 6.8, [
                asked("POST", "inventory", "/reservations", 1.2, 31.2, inventory),
                query("orders", 34, 5.5, "INSERT", "INSERT INTO orders (email, total_cents, state) VALUES (?, ?, ?)"),
                query("order_items", 41, 4.9, "INSERT"),
                asked("POST", "payments", "/payments", 48, payments.took + 4, payments, failed=fails),
                query("orders", took - 16, 5.1, "UPDATE", "UPDATE orders SET state=? WHERE orders.id = ?"),
            ], lines=[
                (0.6, "INFO", "basket received"), (40, "DEBUG", "order 1871 kept, 5200 cents"),
                (46, "DEBUG", "asking payments: {'order_id': 1871, 'amount_cents': 5200, 'instalments': 0}"),
                (took - 10, "DEBUG" if fails else "INFO", "payments answered 500: internal error" if fails else "order paid, receipt at /orders/1871/receipt?token=***"),
            ], held=True),
            Call("render response", took - 2.4, 1.1),
        ],
        lines=[(took - 0.3, "ERROR" if fails else "WARN", "request failed" if fails else "request completed, slow")],
        **served("POST", "/orders", "/orders", status, request_id, **({"error.type": "502"} if fails else {})),
    )  # fmt: skip


def many_queries(request_id: str, number: int = 40) -> Call:
    """`GET /orders/{order_id}` that asks the database once for each item."""
    calls = [query("orders", 1.1, 1.9), query("order_items", 3.6, 2.2)]
    at = 6.4
    for item in range(number):
        took = 3.1 + (item * 7 % 5) * 0.4
        calls.append(query("articles", at, took))
        at += took + 0.7
    endpoint = Call(
        "endpoint: show_order", 2.2, at + 2, calls,
        lines=[(0.4, "INFO", "order 1871 asked for"), (at, "INFO", f"{number} articles looked up")],
    )  # fmt: skip
    return Call(
        "GET /orders/{order_id}", 0, at + 7, [Call("dependencies", 0.5, 1.4), endpoint, Call("render response", at + 4.6, 1.2)],
        service="orders",
        **served("GET", "/orders/{order_id}", "/orders/1871", 200, request_id),
    )  # fmt: skip


def huge(request_id: str, number: int = 10_000) -> Call:
    """A batch job's request: so many spans, half of them different."""
    calls: list[Call] = []
    for chunk in range(number // 10):
        below = [Call(f"step {step} of chunk {chunk}", step * 0.4, 0.35) for step in range(9)]
        calls.append(
            Call(
                f"chunk {chunk}",
                chunk * 5.0,
                4.6,
                below,
                lines=[(1, "INFO", f"chunk {chunk} begun")],
            )
        )
    return Call(
        "POST /imports", 0, number / 10 * 5.0 + 20, calls, service="inventory",
        **served("POST", "/imports", "/imports", 200, request_id),
    )  # fmt: skip
