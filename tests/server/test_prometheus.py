"""A real Prometheus scrapes the page, and its answers are those of the load that was sent."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from programs import need
from prometheus import ask, prometheus, value
from servers import Server, free_port, get, serving, wait_for

APP = """
import time
from fastapi import FastAPI, HTTPException
from fastapi_spine import Metrics, Spine, policy

app = FastAPI()
Spine(app, service="shop", metrics=Metrics(blocked="off"))

@app.get("/orders/{order_id}")
@policy(buckets=[0.001, 0.02, 0.2, 1])
async def order(order_id: int):
    if order_id % 10 == 0:
        raise HTTPException(503)
    if order_id % 10 > 5:
        time.sleep(0.05)
    return order_id
"""


class Scraped(NamedTuple):
    """A shop, and the port of the Prometheus that scrapes it."""

    shop: Server
    port: int


@pytest.fixture(scope="module", name="shop")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app.py").write_text(APP)
    with serving(folder, "-m", "uvicorn", "app:app", "--port", "{port}") as server:
        yield server


@pytest.fixture(scope="module", name="scraped")
def _scraped(shop: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    with prometheus(tmp_path_factory.mktemp("prometheus"), shop.port) as port:
        yield Scraped(shop, port)


def test_promql_gives_the_known_answers(scraped: Scraped) -> None:
    """A hundred requests, ten of them failed and forty slow: rate, error ratio and p95 of the route come out so."""
    shop, port = scraped
    route = 'path="/orders/{order_id}"'
    total = f"sum(http_requests_total{{{route}}})"
    for number in (10, 1):  # a counter must be seen before it can be seen to rise
        get(shop.port, f"/orders/{number}")
    wait_for(lambda: value(port, total) == 2, "the first scrape")
    for number in range(100):
        get(shop.port, f"/orders/{number}")
    wait_for(lambda: value(port, total) == 102, "all requests to be scraped")
    failed = f'sum(http_requests_total{{{route},status=~"5.."}})'
    assert value(port, failed) == 11
    assert value(port, f"{failed} / {total}") == pytest.approx(11 / 102)
    rates = "sum(rate(http_requests_total{%s}[1h])) / sum(rate(http_requests_total{%s}[1h]))"
    ratio = value(port, rates % (f'{route},status="503"', route))
    assert ratio == pytest.approx(0.1, abs=0.02)  # Prometheus extrapolates each series by itself
    buckets = f"sum by (le) (http_request_duration_seconds_bucket{{{route}}})"
    assert 0.02 < value(port, f"histogram_quantile(0.95, {buckets})") <= 0.2
    assert value(port, 'up{job="shop"}') == 1


def test_exemplars_come_back_from_its_api(scraped: Scraped) -> None:
    """The trace of a request that the caller began is found at the bucket that counted it, and at the counter."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    get(scraped.shop.port, "/orders/1", traceparent=f"00-{trace}-b7ad6b7169203331-01")
    for metric in ("http_request_duration_seconds_bucket", "http_requests_total"):
        query = {"query": metric, "start": "0", "end": "9999999999"}
        wait_for(lambda query=query: trace in _traces(scraped.port, query), "the exemplar")


def _traces(port: int, query: dict[str, str]) -> set[str]:
    found = ask(port, "query_exemplars", **query)
    return {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}


def test_promtool_finds_nothing_to_complain_about(shop: Server) -> None:
    """Names, units, help and types are as Prometheus' own linter wants them."""
    get(shop.port, "/orders/1")
    get(shop.port, "/orders/x")
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=20)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read()
    connection.close()
    done = subprocess.run(
        [need("promtool"), "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{ listen 127.0.0.1:{plain}; location / {{ proxy_pass http://127.0.0.1:{port}; }} }}
    server {{
        listen 127.0.0.1:{usual};
        location / {{
            proxy_pass http://127.0.0.1:{port};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
    server {{
        listen 127.0.0.1:{named};
        location / {{
            proxy_pass http://127.0.0.1:{port};
            proxy_http_version 1.1;
            proxy_set_header Host shop.example;
        }}
    }}
    server {{
        listen 127.0.0.1:{modern};
        location / {{ proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; }}
    }}
}}
"""


def test_strangers_behind_nginx_do_not_see_the_page(shop: Server, tmp_path: Path) -> None:
    """Whatever of four common configurations stands in front: the application's own 404."""
    ports = {name: free_port() for name in ("plain", "usual", "named", "modern")}
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, port=shop.port, **ports))
    process = subprocess.Popen(
        [need("nginx"), "-c", str(config), "-e", str(tmp_path / "nginx.log")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: _passes(ports["usual"]), "nginx to be ready")
        seen = {name: get(port, "/metrics") for name, port in ports.items()}
    finally:
        process.terminate()
        process.wait(20)
    assert seen == dict.fromkeys(ports, 404)
    assert get(shop.port, "/metrics") == 200


def _passes(port: int) -> bool:
    try:
        return get(port, "/orders/1") == 200
    except OSError:
        return False
