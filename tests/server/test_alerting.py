"""A service, a console beside it, and a real Prometheus and Alertmanager with what `spine kit prometheus` wrote."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus import prometheus
from real_console import real_console
from receivers import Receiver, alertmanager, receiver
from servers import Server, get, serving, wait_for
from spine_command import run

SHOP = """
from fastapi import FastAPI, HTTPException
from fastapi_spine import Objective, Spine, policy

app = FastAPI()


@app.get("/orders/{order_id}")
@policy(objective=Objective(availability=0.99))
async def order(order_id: int) -> dict[str, int]:
    if order_id == 0:
        raise HTTPException(503, "the shelf is empty")
    return {"order": order_id}


Spine(app, service="shop")
"""
LABELS = {
    "alertname": "SpineObjectiveBurn",
    "objective": "shop-get-orders-order-id-availability",
    "service": "shop",
    "severity": "page",
    "tier": "fast",
}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def test_prometheus_and_the_console_page_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests fail: both page with the same labels, once; the slower tiers fire in Prometheus and are inhibited."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "1000")
    with (
        receiver() as of_console,
        receiver() as of_prometheus,
        real_console(
            folder / "data",
            alert_table="drill",
            webhook=of_console.url,
            alert_networks=["127.0.0.0/8"],
        ) as console,
    ):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{console.otlp}")
        rules, routes = kit(folder, of_prometheus.url)
        with (
            serving(folder, "-m", "uvicorn", "shop:app", "--port", "{port}") as shop,
            alertmanager(folder, routes) as pager,
            prometheus(folder, shop.port, rules=rules, alertmanager=pager),
        ):
            ask(shop, good=60, bad=0)
            wait_for(
                lambda: asked(shop, of_prometheus) and inhibited(pager) == {"medium", "slow"},
                "a page by Alertmanager, and two slower tiers that are inhibited",
            )
            wait_for(lambda: asked(shop, of_console), "a page by the console")

    assert pages(of_prometheus) == [LABELS]
    assert pages(of_console) == [LABELS]
    (message,) = of_prometheus.bodies
    assert (message["receiver"], message["status"]) == ("spine-pages", "firing")
    assert message["alerts"][0]["annotations"]["runbook_url"] == (
        "https://wiki.example/run/shop-get-orders-order-id-availability"
    )


def kit(folder: Path, webhook: str) -> tuple[Path, str]:
    """Have rules and routes written as a user would, and return them without their waits."""
    ran = run(
        *("kit", "prometheus", "shop:app", "--alert-table", "drill", "--webhook", webhook),
        *("--runbooks", "https://wiki.example/run"), folder=folder,
    )  # fmt: skip
    assert (ran[0], ran[2]) == (0, "")
    rules = folder / "spine-rules.yml"
    text = rules.read_text()
    for wait in ("for: 5s", "for: 30s", "for: 1m"):
        assert wait in text
        text = text.replace(wait, "for: 1s")
    rules.write_text(text.replace("interval: 5s", "interval: 1s"))
    routes = (folder / "spine-alertmanager.yml").read_text()
    assert "group_wait: 10s" in routes
    return rules, routes.replace("group_wait: 10s", "group_wait: 2s")


def ask(shop: Server, *, good: int, bad: int) -> None:
    """Make requests, those that succeed first."""
    for order in [1] * good + [0] * bad:
        assert get(shop.port, f"/orders/{order}") == (200 if order else 503)


def asked(shop: Server, told: Receiver) -> bool:
    """Let some requests fail, and say whether somebody has been told by now."""
    ask(shop, good=1, bad=4)
    return bool(told.bodies)


def pages(told: Receiver) -> list[Any]:
    """Return the labels of every alert that somebody was told of."""
    return [alert["labels"] for body in told.bodies for alert in body["alerts"]]


def inhibited(pager: int) -> set[str]:
    """Return which tiers Alertmanager keeps quiet."""
    line = http.client.HTTPConnection("127.0.0.1", pager, timeout=5)
    try:
        line.request("GET", "/api/v2/alerts")
        found = json.loads(line.getresponse().read())
    finally:
        line.close()
    return {one["labels"]["tier"] for one in found if one["status"]["inhibitedBy"]}
