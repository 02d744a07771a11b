"""Spans of real servers, counted by a receiver that shares no code with them."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from collector import Call, collector
from servers import get, serving, wait_for

APP = """
import logging
import httpx
from fastapi import Depends, FastAPI
from fastapi_spine import Spine, span

app = FastAPI()
Spine(app, service="shop")

@span("auth: decode_jwt")
def shopper():
    return "ada"

@app.get("/orders/{order_id}")
async def order(order_id: int, port: int, who: str = Depends(shopper)):
    async with httpx.AsyncClient() as client:
        await client.get(f"http://127.0.0.1:{port}/stock/tray?token=hunter2hunter2")
    return order_id

@app.get("/stock/{sku}")
async def stock(sku: str):
    return 1

@app.get("/boom")
async def boom():
    raise ValueError("password=hunter2hunter2")
"""

UVICORN = ("-m", "uvicorn", "app:app", "--port", "{port}")
PRELOAD = (
    *("-m", "gunicorn", "app:app", "-k", "uvicorn_worker.UvicornWorker", "-w", "3", "--preload"),
    *("-b", "127.0.0.1:{port}", "--graceful-timeout", "5"),
)


@pytest.fixture(autouse=True)
def _app(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)


def test_one_request_is_one_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two server spans, the call between them, operations and a named dependency: one trace, one id, no secret."""
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with serving(tmp_path, *UVICORN) as server:
            get(server.port, f"/orders/7?port={server.port}", **{"x-request-id": "mine-1"})
            get(server.port, "/boom")
            server.end()
            lines = server.access()
        spans = [span for call in receiver.calls for span in call.spans]
    servers = {
        span.name: span for span in spans if span.kind == 2 and not span.name.endswith("/up")
    }
    by_id = {span.span_id: span for span in spans}
    trace = servers["GET /orders/{order_id}"].trace_id
    mine = Counter(span.name for span in spans if span.trace_id == trace)
    assert mine == {
        "GET /orders/{order_id}": 1,
        "GET /stock/{sku}": 1,
        "GET": 1,
        "auth: decode_jwt": 1,
        "fastapi.dependencies": 2,
        "fastapi.endpoint": 2,
        "fastapi.serialization": 2,
    }
    call = by_id[servers["GET /stock/{sku}"].parent_span_id]
    assert (call.name, call.kind) == ("GET", 3)
    assert by_id[call.parent_span_id].name == "fastapi.endpoint"
    ids = {(line["route"], line["request_id"], line["trace_id"]) for line in lines}
    assert ("/stock/{sku}", "mine-1", trace.hex()) in ids
    assert servers["GET /boom"].status.code == 2
    assert b"hunter2" not in b"".join(call.request.SerializeToString() for call in receiver.calls)


def test_who_knows_the_token_has_one_request_kept_with_all_it_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sampled here; the token's own request is, and so is what it calls, which never sees the token."""
    token = "look-at-this-one-0001"
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("SPINE_TRACES_SAMPLE", "0")
        monkeypatch.setenv("SPINE_TRACES_KEEP_TOKEN", token)
        with serving(tmp_path, *UVICORN) as server:
            path = f"/orders/7?port={server.port}"
            get(server.port, path, **{"x-spine-keep": token})
            get(server.port, path, **{"x-spine-keep": token[1:]})
            get(server.port, path)
            server.end()
            written = server.text()
        spans = [span for call in receiver.calls for span in call.spans]
        sent = b"".join(call.raw for call in receiver.calls)
    reasons = {
        span.name: [one.value.string_value for one in span.attributes if one.key == "spine.kept"]
        for span in spans
        if span.kind == 2
    }
    assert reasons == {"GET /orders/{order_id}": ["forced"], "GET /stock/{sku}": []}
    assert len({span.trace_id for span in spans}) == 1
    assert token[1:] not in written
    assert token[1:].encode() not in sent


def test_what_was_answered_is_exported_when_the_server_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow receiver and a SIGTERM right after the last answer: every server span arrives, once."""

    def slow(call: Call) -> None:
        threading.Event().wait(0.1)
        call.answer()

    with collector(slow) as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with serving(tmp_path, *UVICORN) as server:
            for number in range(200):
                get(server.port, f"/stock/{number}")
            server.end()
        names = Counter(span.name for call in receiver.calls for span in call.spans)
    assert names["GET /stock/{sku}"] == 200


def test_workers_of_a_preloaded_application_each_send_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forked after the layer was set up: all spans arrive once, each worker as an instance of its own."""
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with serving(tmp_path, *PRELOAD) as server:
            ask = partial(get, server.port, "/stock/x")
            with ThreadPoolExecutor(9) as clients:
                assert list(clients.map(lambda _: ask(), range(90))) == [200] * 90
            wait_for(lambda: _stocks(receiver.calls) == 90, "every span to arrive")
        instances = {
            resource["service.instance.id"]
            for call in receiver.calls
            for resource in call.resources
            if call.spans
        }
    assert _stocks(receiver.calls) == 90
    assert 1 <= len(instances) <= 3


def _stocks(calls: list[Call]) -> int:
    spans = (span for call in list(calls) for span in call.spans)
    return sum(span.name == "GET /stock/{sku}" for span in spans)


def test_without_a_receiver_nothing_is_made_and_one_line_says_so(tmp_path: Path) -> None:
    """No provider, no thread, no span; logs carry the trace id all the same."""
    with serving(tmp_path, *UVICORN) as server:
        get(
            server.port,
            "/stock/x",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        server.end()
        told = [line for line in server.lines() if line["logger"] == "spine.export"]
        (access,) = server.access()
    assert [(line["level"], line["msg"], line["reason"]) for line in told] == [
        ("INFO", "telemetry is not exported", "OTEL_EXPORTER_OTLP_ENDPOINT is not set")
    ]
    assert access["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_grpc_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One WARNING that names the HTTP port."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    with serving(tmp_path, *UVICORN) as server:
        server.end()
        told = [line for line in server.lines() if line["logger"] == "spine.export"]
    assert [(line["level"], "port 4318" in line["reason"]) for line in told] == [("WARNING", True)]
