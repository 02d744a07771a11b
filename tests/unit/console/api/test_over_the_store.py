"""The API over the store that people use, beside a store in memory that is too simple to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from console_api import NOW, client_of, filled
from console_memory import Memory
from starlette.testclient import TestClient
from stored import Store, batch

from fastapi_spine.console.store import StoreReader, StoreWriter
from fastapi_spine.testing import FrozenClock

SEARCHES = (
    "",
    "service:orders",
    "service:orders,stock",
    "-service:stock",
    "service:st*",
    "route:/orders/{order_id}",
    "route:/orders* status:200",
    "method:get path:/orders/3",
    "method:POST",
    "status:5xx",
    "status>=500",
    "status:200,5xx",
    "-status:2xx",
    "status:200..299",
    "failed:yes",
    "failed:no service:orders",
    "slower:50ms",
    "faster:50ms",
    "duration:20ms..40ms",
    "user_id:47",
    "user_id:47,48",
    "user_id:*",
    "-user_id:*",
    "user_id>=45",
    "user_id>45 user_id<48",
    "user_id:4*",
    "place:3",
    "place<2",
    "id:r-4",
    "trace:00000000000000000000000000000003",
    "order",
    '"order 7 read"',
    "ORDER -7",
    "ord",
    "-order",
    "level:error",
    "-level:error service:orders",
    "logger:shop",
    "logger:sh*",
    "error:*",
    'nothing:"like this"',
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store in files with the same rows as the one in memory."""
    path, rows, clock = tmp_path_factory.mktemp("console") / "store", filled(), FrozenClock(NOW)
    writer = StoreWriter(path, clock=clock)
    reader = StoreReader(path, patience_s=30, clock=clock)
    for span in rows.spans:
        writer.add(batch(span))
    for line in rows.lines:
        writer.add(batch(line))
    writer.commit()
    writer.tidy()
    yield Store(path, writer, reader, clock)
    reader.close()
    writer.close()


@pytest.fixture(scope="module")
def asked(real: Store) -> Iterator[TestClient]:
    """The API over the store in files."""
    with client_of(real.reader) as client:
        yield client


@pytest.fixture(scope="module")
def expected() -> Iterator[TestClient]:
    """The API over the store in memory."""
    with client_of(filled()) as client:
        yield client


def plain(found: Any) -> Any:
    """Return an answer without its cursors: they are each store's own."""
    if isinstance(found, dict):
        left_out = {"cursor", "older", "newer"}
        return {key: plain(value) for key, value in found.items() if key not in left_out}
    return [plain(one) for one in found] if isinstance(found, list) else found


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("path", ["/api/v1/requests", "/api/v1/logs"])
def test_both_stores_find_the_same(
    asked: TestClient, expected: TestClient, path: str, search: str
) -> None:
    """Every kind of condition, for requests and for lines, whole rows compared."""
    found, wanted = (one.get(path, params={"q": search}) for one in (asked, expected))
    assert (found.status_code, plain(found.json())) == (200, plain(wanted.json()))


@pytest.mark.parametrize("key", ["r-7", f"{8:032x}"])
def test_both_stores_show_the_same_request(
    asked: TestClient, expected: TestClient, key: str
) -> None:
    """Waterfall, lines and facts; durations of peers are in buckets of each store's own."""
    found, wanted = (plain(one.get(f"/api/v1/traces/{key}").json()) for one in (asked, expected))
    for one in (found, wanted):
        peers = one.pop("peers")
        assert (peers["count"], peers["errors"], sum(peers["counts"])) == (10, 1, 10)
        assert 0 <= one.pop("slower_than") <= 0.9
        one["facts"].pop("among its route")
    assert found == wanted


def test_pages_of_the_store_lead_back_to_the_first_row(asked: TestClient) -> None:
    """Following `older` shows each row once; `newer` of any page leads forward again."""
    seen: list[str] = []
    older, first = "", ""
    while True:
        params = {"q": "service:orders", "limit": "3", "older": older}
        page = asked.get("/api/v1/requests", params=params).json()
        seen += [row["request_id"] for row in page["requests"]]
        first = first or page["newer"]
        older = page["older"]
        if not older:
            break
    assert seen == [f"r-{number}" for number in range(9, -1, -1)]
    after = asked.get("/api/v1/requests", params={"newer": first}).json()
    assert after["requests"] == []
    assert after["newer"]


@pytest.mark.parametrize("name", ["older", "newer"])
@pytest.mark.parametrize("path", ["/api/v1/requests", "/api/v1/logs"])
@pytest.mark.parametrize(
    "cursor", ["abc", "r", "rt1-zz", "rt1--1", "lt1-1-1", "9" * 400, "é", "%00"]
)
def test_any_cursor_is_taken_or_refused(
    asked: TestClient, path: str, name: str, cursor: str
) -> None:
    """Cursors come from outside: 200 or 400, never a fault."""
    response = asked.get(path, params={name: cursor})
    assert response.status_code in {200, 400}
    if cursor == "abc":
        assert response.json()["type"] == "/api#cursor"


def test_the_overview_counts_the_same(asked: TestClient, expected: TestClient) -> None:
    """Requests and failures a route; durations are in buckets of each store's own."""
    for one in (asked, expected):
        found = one.get("/api/v1/overview", params={"since": "1h"}).json()
        rows = {(row["service"], row["route"]): (row["now"]["count"], row["now"]["errors"], sum(row["counts"])) for row in found["routes"]}  # fmt: skip
        assert rows == {
            ("orders", "/orders/{order_id}"): (10, 1, 10),
            ("stock", "/free"): (10, 0, 10),
        }


def test_a_tail_of_the_store_begins_where_its_page_ended(real: Store, asked: TestClient) -> None:
    """What comes later is found after the page's `newer`, the newest first, and nothing twice."""
    newer = asked.get("/api/v1/requests", params={"q": "service:late"}).json()["newer"]
    rows = Memory()
    rows.spans = [
        span._replace(trace_id=(900 + place).to_bytes(16, "big"), attributes=span.attributes | {"spine.request_id": f"late-{place}"})
        for place, span in enumerate(filled().spans[:9])
        if span.kind == 2
    ]  # fmt: skip
    for span in rows.spans:
        real.put(span)
    page = asked.get("/api/v1/requests", params={"newer": newer}).json()
    ids = [row["request_id"] for row in page["requests"]]
    assert ids == [f"late-{place}" for place in (8, 6, 5, 3, 2, 0)]
    again = asked.get("/api/v1/requests", params={"newer": page["newer"]}).json()
    assert again["requests"] == []
