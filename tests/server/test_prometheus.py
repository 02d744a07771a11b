"""A real Prometheus scrapes the page, and its answers are those of the load that was sent."""

from __future__ import annotations

import http.client
import json
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
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


def need(program: str) -> str:
    """Return where a program is; without it the test is skipped, which fails where results are trusted."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is not installed (see .ci/run)"
        if os.environ.get("CI") == "true":  # noqa: TID251 - where results are trusted
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[int]:
    """Start Prometheus on a free port, scraping one target several times a second; yields its port."""
    program = need("prometheus")
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        "scrape_configs:\n"
        "  - job_name: shop\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n"
    )
    port = free_port()
    command = [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(lambda: _ready(port), "Prometheus to be ready")
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _ready(port: int) -> bool:
    try:
        return get(port, "/-/ready") == 200
    except OSError:
        return False


def ask(port: int, path: str, **query: str) -> Any:
    """Ask Prometheus' API and return its data."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", f"/api/v1/{path}?{urlencode(query)}")
        return json.loads(connection.getresponse().read())["data"]
    finally:
        connection.close()


def value(port: int, query: str) -> float:
    """Return the one number that a query gives, NaN for none."""
    found = ask(port, "query", query=query)["result"]
    return float(found[0]["value"][1]) if found else math.nan


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "app.py").write_text(APP)
    with serving(tmp_path, "-m", "uvicorn", "app:app", "--port", "{port}") as server:
        yield server


def test_promql_gives_the_known_answers(shop: Server, tmp_path: Path) -> None:
    """A hundred requests, ten of them failed and forty slow: totals, error ratio and p95 come out so."""
    with prometheus(tmp_path, shop.port) as port:
        total = 'sum(http_requests_total{path="/orders/{order_id}"})'
        get(shop.port, "/orders/1")  # a counter must be seen before it can be seen to rise
        wait_for(lambda: value(port, total) == 1, "the first scrape")
        for number in range(100):
            get(shop.port, f"/orders/{number}")
        wait_for(lambda: value(port, total) == 101, "all requests to be scraped")
        failed = 'sum(http_requests_total{path="/orders/{order_id}",status=~"5.."})'
        assert value(port, failed) == 10
        assert value(port, f"{failed} / {total}") == pytest.approx(10 / 101)
        rate = 'sum(increase(http_requests_total{path="/orders/{order_id}",status="200"}[1h]))'
        assert value(port, rate) > 0
        buckets = 'sum by (le) (http_request_duration_seconds_bucket{path="/orders/{order_id}"})'
        assert 0.02 < value(port, f"histogram_quantile(0.95, {buckets})") <= 0.2
        assert value(port, 'up{job="shop"}') == 1


def test_exemplars_come_back_from_its_api(shop: Server, tmp_path: Path) -> None:
    """The trace of a request that the caller began is found at the bucket that counted it."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    with prometheus(tmp_path, shop.port) as port:
        get(shop.port, "/orders/1", traceparent=f"00-{trace}-b7ad6b7169203331-01")
        query = {"query": "http_request_duration_seconds_bucket", "start": "0", "end": "9999999999"}

        def traces() -> set[str]:
            found = ask(port, "query_exemplars", **query)
            return {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}

        wait_for(lambda: trace in traces(), "the exemplar")


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
