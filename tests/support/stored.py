"""Rows as receivers make them, and a store in a folder: what tests of the store and of benchmarks begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from fastapi_spine.console.filter import Window
from fastapi_spine.console.rows import (
    Attributes,
    Batch,
    EventRow,
    LinkRow,
    LogRow,
    PointRow,
    Source,
    SpanRow,
)
from fastapi_spine.console.store import Keep, StoreReader, StoreWriter
from fastapi_spine.testing import FrozenClock
from fastapi_spine.testing.clock import FROZEN_WALL_NS

NOW = FROZEN_WALL_NS
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
ALWAYS = Window(0, (1 << 63) - 1)
ORDERS = Source(
    "orders", "orders-1", "1.0", {"service.name": "orders", "service.instance.id": "orders-1"}
)
INVENTORY = Source("inventory", "inventory-1", "2.0", {"service.name": "inventory"})


def trace_id(number: int) -> bytes:
    """Return a trace id."""
    return number.to_bytes(16, "big")


def span_id(number: int) -> bytes:
    """Return a span id."""
    return number.to_bytes(8, "big")


def server(
    number: int,
    *,
    at: int = NOW,
    ms: float = 5.0,
    route: str = "/orders/{order_id}",
    method: str = "GET",
    status: int = 200,
    source: Source = ORDERS,
    parent: bytes = b"",
    events: list[EventRow] | None = None,
    links: list[LinkRow] | None = None,
    trace: int = 0,
    **more: Any,
) -> SpanRow:
    """Return the server span of a request whose id is `r-<number>`."""
    attributes: Attributes = {
        "spine.request_id": f"r-{number}",
        "http.request.method": method,
        "http.route": route,
        "url.path": f"/orders/{number}",
        "http.response.status_code": status,
    }
    attributes.update(more)
    return SpanRow(
        trace_id(trace or number), span_id(number), parent, f"{method} {route}", 2, at, at + round(ms * 1_000_000),
        2 if status >= 500 else 0, "", attributes, events or [], links or [], "fastapi-spine", source,
    )  # fmt: skip


def child(
    number: int,
    *,
    of: int,
    at: int = NOW,
    ms: float = 1.0,
    name: str = "SELECT orders",
    status: int = 0,
) -> SpanRow:
    """Return a span below the server span of request `of`."""
    return SpanRow(
        trace_id(of), span_id(number), span_id(of), name, 3, at, at + round(ms * 1_000_000), status, "",
        {"db.query.text": "SELECT 1"}, [], [], "sqlalchemy", ORDERS,
    )  # fmt: skip


def line(
    number: int,
    body: str,
    *,
    at: int = NOW,
    severity: int = 9,
    source: Source = ORDERS,
    logger: str = "shop.orders",
    traced: bool = True,
    **more: Any,
) -> LogRow:
    """Return a line of request `number`."""
    attributes: Attributes = {"spine.request_id": f"r-{number}"}
    attributes.update(more)
    return LogRow(
        at, severity, "INFO", body, attributes, trace_id(number) if traced else b"", span_id(number) if traced else b"",
        logger, source,
    )  # fmt: skip


def raised(
    kind: str = "ValueError", message: str = "no such order", file: str = "shop/orders.py"
) -> dict[str, Any]:
    """Return the attributes of an exception."""
    stack = (
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.11/asyncio/runners.py", line 190, in run\n'
        f'  File "/srv/app/{file}", line 12, in load\n    raise {kind}\n{kind}: {message}'
    )
    return {
        "exception.type": kind,
        "exception.message": message,
        "exception.stacktrace": stack,
    }


def histogram(
    buckets: tuple[int, ...],
    *,
    at: int = NOW,
    start: int = NOW - MINUTE,
    delta: bool = False,
    bounds: tuple[float, ...] = (0.1, 1.0),
    unit: str = "s",
    name: str = "http.server.request.duration",
    source: Source = ORDERS,
    **labels: Any,
) -> PointRow:
    """Return a point of the durations of requests."""
    attributes: Attributes = {
        "http.request.method": "GET",
        "http.route": "/orders/{order_id}",
        "http.response.status_code": 200,
    }
    attributes.update(labels)
    return PointRow(
        name, unit, "histogram", delta, False, attributes, start, at, 1.0, sum(buckets), bounds, buckets, source
    )  # fmt: skip


def total(
    name: str, value: float, *, at: int = NOW, delta: bool = False, **labels: str
) -> PointRow:
    """Return a point of a counter."""
    return PointRow(name, "", "sum", delta, True, dict(labels), 0, at, value, 0, (), (), ORDERS)


class Store(NamedTuple):
    """A store that a test writes and reads."""

    path: Path
    writer: StoreWriter
    reader: StoreReader
    clock: FrozenClock

    def put(self, *rows: SpanRow | LogRow | PointRow) -> None:
        """Take rows as one batch, and commit."""
        self.writer.add(batch(*rows))
        self.writer.commit()

    def roll(self) -> None:
        """Begin a new slice, as an hour later, or a hundred megabytes, would."""
        self.clock.advance(3_600)
        self.writer.tidy()


def batch(*rows: SpanRow | LogRow | PointRow) -> Batch:
    """Return rows as one batch."""
    return Batch(
        [row for row in rows if isinstance(row, SpanRow)],
        [row for row in rows if isinstance(row, LogRow)],
        [row for row in rows if isinstance(row, PointRow)],
    )


@contextmanager
def store(path: Path, keep: Keep | None = None) -> Iterator[Store]:
    """Open a store with a clock that stands still."""
    clock = FrozenClock()
    writer = StoreWriter(path, keep, clock)
    reader = StoreReader(path, keep, patience_s=30)
    try:
        yield Store(path, writer, reader, clock)
    finally:
        reader.close()
        writer.close()
