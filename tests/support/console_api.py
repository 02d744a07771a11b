"""The API over a store in memory, asked through Starlette's test client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from console_memory import MS, ORDERS, STOCK, Memory, S, span
from starlette.applications import Starlette
from starlette.testclient import TestClient

from fastapi_spine.console.api import Api
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.rows import LogRow
from fastapi_spine.console.views import Health
from fastapi_spine.testing import FrozenClock

NOW = 1_700_000_600 * S
BASE = 1_700_000_000 * S


def filled() -> Memory:
    """Return a store with ten requests, one of them failed, and their lines."""
    store = Memory()
    for place in range(10):
        failed = place == 7
        attributes: dict[str, Any] = {
            "spine.request_id": f"r-{place}",
            "http.request.method": "GET",
            "http.route": "/orders/{order_id}",
            "url.path": f"/orders/{place}",
            "http.response.status_code": 500 if failed else 200,
            "user_id": 40 + place,
        }
        at = place * 1000.0
        store.spans += [
            span(place * 3 + 1, None, at, 100, kind=2, trace=place + 1, name="GET /orders/{order_id}",
                 status=2 if failed else 0, attributes=attributes),
            span(place * 3 + 2, place * 3 + 1, at + 10, 40, kind=3, trace=place + 1,
                 attributes={"http.request.method": "GET", "url.full": "http://stock/free"}),
            span(place * 3 + 3, place * 3 + 2, at + 12, 30, kind=2, trace=place + 1, source=STOCK,
                 attributes={"http.request.method": "GET", "http.route": "/free", "url.path": "/free"}),
        ]  # fmt: skip
        store.lines.append(
            LogRow(
                BASE + place * S + 20 * MS, 17 if failed else 9, "", f"order {place} read", {"place": place},
                (place + 1).to_bytes(16, "big"), b"", "shop", ORDERS,
            )
        )  # fmt: skip
    return store


def health(store: Reader) -> Health:
    """Return how a console with this store is."""
    return Health("1.2.3", 5, [], [], store.health(), [])


def api_over(store: Reader, **given: Any) -> Api:
    """Return the API of a store, ten minutes after its first row."""
    given = {"clock": FrozenClock(NOW), **given}
    return Api(store, health=lambda: health(store), version="1.2.3", **given)


@contextmanager
def client_of(store: Reader, **given: Any) -> Iterator[TestClient]:
    """Ask the API of a store."""
    api = api_over(store, **given)
    try:
        with TestClient(Starlette(routes=api.routes), base_url="http://console") as client:
            yield client
    finally:
        api.end()
