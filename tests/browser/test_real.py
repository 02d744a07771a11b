"""The pages in front of a real console: what a service sends over the wire is what a browser shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_sample.hostile import PAYLOADS
from otlp_bodies import logs, traces
from otlp_expected import pairs
from pages import Open
from playwright.sync_api import Page, expect
from real_console import RealConsole, real_console
from woken import woken_console

from fastapi_spine.core.clock import SystemClock

TRACE = bytes(range(1, 17))
LISTS = {
    "/health": ".health-top",
    "/errors": ".errors tbody tr",
    "/requests?live=off": ".list-row",
    "/logs?live=off": ".list-row",
}
STRANGERS = "img:not(.brand img), script:not([src]), iframe, base, object"
STACK = 'Traceback (most recent call last):\n  File "/app/shop/orders.py", line 7, in pay\n'


@pytest.fixture
def console(tmp_path: Path) -> Iterator[RealConsole]:
    """A console without anything in it."""
    with real_console(tmp_path / "console") as running:
        yield running


def exception(request: Any, kind: str, message: str) -> None:
    """Let the first span have failed so."""
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.status.code, span.status.message = 2, message
    event = span.events.add(name="exception", time_unix_nano=span.start_time_unix_nano + 1_000_000)
    event.attributes.extend(
        pairs({"exception.type": kind, "exception.message": message, "exception.stacktrace": f"{STACK}{kind}: {message}"})
    )  # fmt: skip


def a_failed_request(console: RealConsole) -> None:
    """One request of two services with a log line, as their exporters send it."""
    now = SystemClock().wall_ns() - 2_000_000_000
    attributes = {
        "http.request.method": "POST", "http.route": "/orders", "url.path": "/orders",
        "http.response.status_code": 500, "spine.request_id": "order-7", "error.type": "TimeoutError",
    }  # fmt: skip
    root = traces(
        {"trace_id": TRACE, "span_id": b"aaaaaaaa", "name": "POST /orders", "start": now, "end": now + 90_000_000,
         "attributes": attributes},
        {"trace_id": TRACE, "span_id": b"bbbbbbbb", "parent_id": b"aaaaaaaa", "name": "SELECT stock", "kind": 3,
         "start": now + 5_000_000, "end": now + 85_000_000, "attributes": {"db.system.name": "postgresql"}},
        **{"service.name": "orders"},
    )  # fmt: skip
    exception(root, "TimeoutError", "pool exhausted")
    console.send("traces", root)
    said = logs(
        "waiting for a connection", at=now + 20_000_000, trace_id=TRACE, span_id=b"aaaaaaaa"
    )
    console.send("logs", said)


def test_what_was_sent_is_found_by_its_id(open_page: Open, console: RealConsole) -> None:
    """The printed link lets a browser in, the pasted id opens the request, its line stands at its time."""
    a_failed_request(console)
    page = open_page(console.login, origin=console.web)
    expect(page.locator(".routes").last).to_contain_text("/orders")
    page.get_by_label("Request id or trace id").fill("order-7")
    page.keyboard.press("Enter")
    fall = page.get_by_role("treegrid", name="Waterfall")
    expect(fall.get_by_role("row", name="POST /orders")).to_contain_text("90.0 ms")
    expect(fall.get_by_role("row", name="waiting for a connection")).to_contain_text("+20.0 ms")
    expect(page.get_by_label("What went wrong")).to_contain_text("TimeoutError: pool exhausted")


def test_the_live_tail_brings_what_is_sent(open_page: Open, console: RealConsole) -> None:
    """A page that is open when a request arrives shows it by itself."""
    page = open_page(console.login, origin=console.web)
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_text("This page is listening")).to_be_visible()
    a_failed_request(console)
    expect(page.locator(".list-row")).to_contain_text("/orders")


def poisoned(console: RealConsole, trace: bytes, start: int) -> None:
    """A request of which every text is a payload: names, values, keys, ids, the stack, the line."""
    payload = itertools.cycle(PAYLOADS[start:] + PAYLOADS[:start])
    now = SystemClock().wall_ns() - 2_000_000_000
    named = ("http.request.method", "http.route", "url.path", "url.full", "spine.request_id", "error.type",
             "user_agent.original", "client.address", "db.query.text")  # fmt: skip
    attributes = {key: next(payload) for key in named}
    attributes |= {next(payload): next(payload) for _ in range(3)}
    spans = traces(
        {"trace_id": trace, "span_id": b"aaaaaaaa", "name": next(payload), "start": now, "end": now + 50_000_000,
         "attributes": attributes | {"http.response.status_code": 500}},
        *({"trace_id": trace, "span_id": bytes([65 + number]) * 8, "parent_id": b"aaaaaaaa", "name": next(payload),
           "kind": 3, "start": now, "end": now + 9_000_000, "attributes": attributes} for number in range(2)),
        **{"service.name": next(payload), "service.version": next(payload), "service.instance.id": next(payload)},
    )  # fmt: skip
    spans.resource_spans[0].scope_spans[0].scope.name = next(payload)
    exception(spans, next(payload), next(payload))
    console.send("traces", spans)
    said = logs(
        *(next(payload) for _ in range(2)), at=now + 1_000_000, level=next(payload), severity=17, trace_id=trace,
        span_id=b"aaaaaaaa", attributes={next(payload): next(payload), "exception.stacktrace": next(payload)},
    )  # fmt: skip
    said.resource_logs[0].scope_logs[0].scope.name = next(payload)
    console.send("logs", said)


def test_markup_sent_by_services_never_runs(open_page: Open, console: RealConsole) -> None:
    """Through receiver, store, search and API into every page: text, and nothing else (`open_page` looks)."""
    found = [bytes([number + 1]) * 16 for number in range(4)]
    for number, trace in enumerate(found):
        poisoned(console, trace, number * 4)
    page = open_page(console.login, origin=console.web)
    expect(page.locator(".routes tbody tr").last).to_be_visible()
    for path, row in LISTS.items():
        page.goto(f"{console.web}{path}")
        expect(page.locator(row).first).to_be_visible()
    page.locator(".list-row").first.click()
    expect(page.get_by_role("link", name="Open its request")).to_be_visible()
    for trace in found:
        page.goto(f"{console.web}/requests/{trace.hex()}")
        open_rows(page)
        assert page.locator(STRANGERS).count() == 0


def open_rows(page: Page) -> None:
    """Open whatever a request's page can open."""
    page.get_by_role("button", name=re.compile("^Stack")).click()
    for row in (".fall-span", ".fall-line", ".fall-span:has-text('9.00 ms')"):
        page.locator(row).first.click()
        expect(page.get_by_label("Details")).to_be_visible()
    page.get_by_role("button", name="JSON").click()
    expect(page.locator(".json pre")).to_contain_text("alert(")


def test_an_alert_is_taken_silenced_and_tried_on_a_real_console(
    open_page: Open, tmp_path: Path
) -> None:
    """The page's buttons change what the console keeps: the note, the silence, and a trial that arrives."""
    with woken_console(tmp_path / "console") as (_, console, hook):
        page = open_page(f"{console.login}&next=/alerts", origin=console.web)
        card = page.get_by_role("article", name="firing: GET /orders/{order_id}")
        expect(card).to_contain_text("It speaks for")
        card.get_by_role("button", name="Acknowledge").click()
        card.get_by_label("Note").fill("looking at it")
        page.keyboard.press("Enter")
        expect(card).to_contain_text("by web: looking at it")
        card.get_by_role("button", name="Silence").click()
        card.get_by_label("Note").fill("deploy")
        page.keyboard.press("Enter")
        expect(card).to_contain_text("Silenced until")
        page.get_by_role("button", name="End it").click()
        expect(card).not_to_contain_text("Silenced")
        hook.bodies.clear()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("✓ arrived")).to_be_visible()
        page.get_by_role("button", name="What would have fired").click()
        expect(page.locator(".replay .past")).to_contain_text("GET /orders/{order_id}")
        page.close()
    assert [body["status"] for body in hook.bodies] == ["firing", "resolved"]
