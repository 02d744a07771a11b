"""Telemetry of a shop as rows: ten a request, which are a server span, four spans below it and five log lines."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from fastapi_spine.console.rows import Attributes, Batch, LogRow, Source, SpanRow

ROWS_A_REQUEST = 10
SPANS_A_REQUEST = 5
RARE = "kraken"
"""A word that one line in 100,000 has."""
_RARE_EVERY = 20_000
_USERS = 50_000
_ROUTES = tuple(f"/{thing}/{{{thing}_id}}/{part}" for thing in ("orders", "stock", "carts", "users", "bills") for part in ("", "items", "events", "notes"))  # fmt: skip
_SOURCES = tuple(
    Source(name, f"{name}-1", "1.0", {"service.name": name, "service.instance.id": f"{name}-1"})
    for name in ("orders", "inventory", "payments")
)
_MS = 1_000_000


def request_id(number: int) -> str:
    """Return the id of a request by its number."""
    return f"0199aa00-0000-7000-8000-{number:012x}"


def trace_id(number: int) -> bytes:
    """Return the trace id of a request by its number; neighbours are far apart, as random ids are."""
    return ((number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128) or 1).to_bytes(16, "big")


def batches(count: int, start_ns: int, step_ns: int, first: int = 0) -> Iterator[Batch]:
    """Yield requests in batches of 100, as a busy service sends them.

    Args:
        count: how many requests.
        start_ns: when the first one begins.
        step_ns: how long after one the next begins.
        first: the first one's number.
    """
    rng = Random(first + 1)
    for begin in range(first, first + count, 100):
        batch = Batch([], [], [])
        for number in range(begin, min(begin + 100, first + count)):
            _add(batch, rng, number, start_ns + (number - first) * step_ns)
        yield batch


def _add(batch: Batch, rng: Random, number: int, at: int) -> None:
    trace, ours = trace_id(number), (number * 8 + 1).to_bytes(8, "big")
    which = rng.randrange(len(_ROUTES))
    route, method, source = _ROUTES[which], "GET" if which % 4 else "POST", _SOURCES[which % 3]
    took = round(rng.lognormvariate(2.5, 1) * _MS)
    status = rng.choices((200, 404, 500), (95, 4, 1))[0]
    user = rng.randrange(_USERS)
    attributes: Attributes = {
        "spine.request_id": request_id(number), "http.request.method": method, "http.route": route,
        "url.path": f"/orders/{number}", "url.scheme": "https", "server.address": "shop.example",
        "http.response.status_code": status, "user_id": user, "network.protocol.version": "1.1",
    }  # fmt: skip
    batch.spans.append(
        SpanRow(trace, ours, b"", f"{method} {route}", 2, at, at + took, 2 if status == 500 else 0, "", attributes,  # noqa: PLR2004 - failures are spans with status error
                [], [], "fastapi-spine", source)
    )  # fmt: skip
    for child in range(SPANS_A_REQUEST - 1):
        below: Attributes = {"db.system.name": "postgresql", "db.query.text": f"SELECT * FROM table_{child} WHERE id = $1",  # noqa: S608 - a value that nobody runs
                             "server.address": "db", "db.response.returned_rows": rng.randrange(40)}  # fmt: skip
        batch.spans.append(
            SpanRow(trace, (number * 8 + 2 + child).to_bytes(8, "big"), ours, f"SELECT table_{child}", 3,
                    at + child * took // 5, at + (child + 1) * took // 5, 0, "", below, [], [], "sqlalchemy", source)
        )  # fmt: skip
    for line in range(ROWS_A_REQUEST - SPANS_A_REQUEST):
        rare = f" the {RARE} woke" if line == 0 and number % _RARE_EVERY == _RARE_EVERY // 2 else ""
        fields: Attributes = {"request_id": request_id(number), "user_id": user, "attempt": line}
        batch.logs.append(
            LogRow(at + line * took // 5, 9 if line else 17 if status == 500 else 9, "INFO",  # noqa: PLR2004 - likewise
                   f"step {line} of order {number} took {took // _MS} ms in shelf {rng.randrange(900)}{rare}", fields,
                   trace, ours, f"shop.part{line}", source)
        )  # fmt: skip
