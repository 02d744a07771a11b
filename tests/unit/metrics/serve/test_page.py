"""Who sees the page, and in which form."""

from __future__ import annotations

import asyncio
import gzip
import logging
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from fastapi_spine import Metrics, Spine
from fastapi_spine.testing import capture

TOKEN = "a-long-enough-token"
OPENMETRICS = {"accept": "application/openmetrics-text"}


@pytest.fixture(name="shop")
def _shop(asked: Any) -> Iterator[Any]:
    app = FastAPI()
    spine = Spine(app, metrics=Metrics(token=TOKEN, allow=["10.0.0.0/8", "fd00::/8"]))
    yield asked(app)
    spine.close()


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {"host": "[::1]:8000"}, 200),
        ("127.0.0.9", {"host": "localhost:8000"}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("127.0.0.1", {"host": "shop.example"}, 404),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.7"}, 404),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 404),
        ("127.0.0.1", {"forwarded": "for=203.0.113.7"}, 404),
        ("127.0.0.1", {"via": "1.1 proxy"}, 404),
        ("127.0.0.1", {"x-real-ip": "203.0.113.7"}, 404),
        ("203.0.113.7", {}, 404),
        ("10.1.2.3", {"host": "shop.example"}, 200),
        ("fd00::7", {}, 200),
        ("10.1.2.3", {"via": "1.1 proxy"}, 404),
        ("192.168.0.1", {}, 404),
        ("not an address", {}, 404),
        ("203.0.113.7", {"authorization": f"Bearer {TOKEN}"}, 200),
        ("203.0.113.7", {"authorization": f"bearer {TOKEN}", "via": "1.1 proxy"}, 200),
        ("203.0.113.7", {"authorization": f"Bearer {TOKEN}x"}, 404),
        ("203.0.113.7", {"authorization": f"Basic {TOKEN}"}, 404),
        ("203.0.113.7", {"authorization": "Bearer "}, 404),
    ],
)
def test_who_may_read(shop: Any, client: str, headers: dict[str, str], status: int) -> None:
    """A direct peer on this machine or of a listed network, or who knows the token; others get the application's 404."""
    answer = shop.get("/metrics", client=(client, 1), headers=headers)
    assert answer.status_code == status
    if status == 404:
        assert answer.json() == {"detail": "Not Found"}


def test_old_http_means_a_proxy(shop: Any, drive: Any) -> None:
    """HTTP/1.0 is what nginx speaks to an upstream unless told otherwise."""
    host = [(b"host", b"127.0.0.1")]
    status = {
        version: drive(
            shop.app, "/metrics", client=("127.0.0.1", 1), headers=host, http_version=version
        ).status
        for version in ("1.0", "1.1")
    }
    assert status == {"1.0": 404, "1.1": 200}


def test_an_application_behind_a_prefix_has_its_page_there(shop: Any, drive: Any) -> None:
    """With a server's root path the page is found with and without it."""
    local = {"client": ("127.0.0.1", 1), "headers": [(b"host", b"127.0.0.1")]}
    assert drive(shop.app, "/api/metrics", root_path="/api", **local).status == 200
    assert drive(shop.app, "/metrics", root_path="/api", **local).status == 200
    assert drive(shop.app, "/other/metrics", root_path="/api", **local).status == 404


def test_the_page_carries_the_request_id_and_is_not_kept(shop: Any) -> None:
    """Like every answer; and no cache keeps numbers."""
    answer = shop.get("/metrics", headers={"x-request-id": "scrape-1"})
    assert answer.headers["x-request-id"] == "scrape-1"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_head_and_gzip(shop: Any) -> None:
    """HEAD has the headers without the page; gzip is the same page."""
    head = shop.send("HEAD", "/metrics", headers={"accept-encoding": "identity"})
    assert head.content == b""
    assert int(head.headers["content-length"]) > 100
    zipped = shop.get("/metrics?name[]=spine_workers", headers={"accept-encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.text.endswith("spine_workers 1\n")
    assert len(gzip.compress(zipped.content)) > 0
    assert shop.send("POST", "/metrics").status_code == 404


def test_names_choose_what_is_shown(shop: Any) -> None:
    """By metric or sample, several at once; OpenMetrics still ends as it must."""
    shop.get("/nope")
    query = "/metrics?name[]=http_requests_total&name[]=spine_workers"
    text = shop.get(query, headers=OPENMETRICS).text
    names = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names == {"http_requests", "spine_workers"}
    assert text.endswith("\n# EOF\n")


def test_metrics_of_the_application_appear(shop: Any) -> None:
    """Whatever stands in the client's default registry, in both forms; a spoilt collector loses only itself."""

    class Spoilt(Collector):
        def collect(self) -> Any:
            raise RuntimeError

    class Own(Collector):
        def collect(self) -> Any:
            yield GaugeMetricFamily("queue_length", "Jobs.", value=3)

        def describe(self) -> Any:
            return []

    class Quiet(Spoilt):
        def describe(self) -> Any:
            return []

    made: list[Any] = [
        Counter("sold", "Sold.", ["sku"]),
        Gauge("shelves", "Shelves."),
        Histogram("weight", "Weight.", buckets=[1, 2]),
        Info("shop", "Shop."),
        Counter("http_requests", "The application's own of our name."),
    ]
    for one in (Own(), Quiet()):
        REGISTRY.register(one)
        made.append(one)
    try:
        made[0].labels('a"b\\c').inc(2)
        made[2].observe(1.5)
        made[3].info({"city": "Graz"})
        wanted = [
            "sold_total",
            "shelves",
            "weight_bucket",
            "weight_sum",
            "queue_length",
            "shop_info",
        ]
        numbers = shop.numbers(*wanted)
        openmetrics = shop.get("/metrics", headers=OPENMETRICS).text
        plain = shop.get("/metrics").text
    finally:
        for one in made:
            REGISTRY.unregister(one)
    assert numbers == {
        'sold_total{sku="a"b\\c"}': 2,
        "shelves": 0,
        'weight_bucket{le="1.0"}': 0,
        'weight_bucket{le="2.0"}': 1,
        'weight_bucket{le="+Inf"}': 1,
        "weight_sum": 1.5,
        "queue_length": 3,
        'shop_info{city="Graz"}': 1,
    }
    assert openmetrics.count("# EOF") == 1
    assert plain.count("# TYPE http_requests_total") <= 1
    assert 'spine_internal_errors_total{step="users_metric"}' in plain


def test_readers_at_the_same_time_share_one_page(asked: Any) -> None:
    """While one page is being made, those who want the same wait for it."""
    app = FastAPI()
    calls = []
    began, go = threading.Event(), threading.Event()

    class Slow(Collector):
        def describe(self) -> Any:
            return []

        def collect(self) -> Any:
            calls.append(1)
            began.set()
            go.wait(10)
            yield GaugeMetricFamily("slow", "Slow.", value=1)

    spine = Spine(app)
    slow = Slow()
    REGISTRY.register(slow)

    async def scenario() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            readers = [asyncio.create_task(client.get("/metrics")) for _ in range(8)]
            await asyncio.to_thread(began.wait, 10)
            free = await client.get("/nope")  # the loop goes on meanwhile
            assert free.status_code == 404
            await asyncio.sleep(0.05)
            go.set()
            return await asyncio.gather(*readers)

    try:
        pages = asyncio.run(scenario())
    finally:
        REGISTRY.unregister(slow)
        spine.close()
    assert {page.status_code for page in pages} == {200}
    assert len({page.text for page in pages}) == 1
    assert len(calls) == 1
    assert isinstance(REGISTRY, CollectorRegistry)


def test_the_token_is_masked_wherever_it_is_written() -> None:
    """It is a secret known by heart, also when it was given as a keyword."""
    with capture(FastAPI(), metrics=Metrics(token=TOKEN)) as lines:
        logging.getLogger("shop").warning("somebody knows %s", TOKEN)
    assert lines.lines[0]["msg"] == "somebody knows [REDACTED:known]"
