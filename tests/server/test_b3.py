"""Two services that share no code, one of which speaks B3 and nothing else; the other is ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from collector import collector
from servers import get, serving

APP = """
import httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from fastapi_spine import Spine

async def order(request):
    async with httpx.AsyncClient() as client:
        await client.get(f"http://127.0.0.1:{request.query_params['port']}/stock")
    return JSONResponse({})

app = Starlette(routes=[Route("/orders", order)])
Spine(app, service="shop")
"""
UVICORN = ("-m", "uvicorn", "app:app", "--port", "{port}")
TRACE = "48485a3953bb6124"
CALLER = "a2fb4a1d1a96d312"


@contextmanager
def zipkin_like() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Run a service that remembers the headers of its calls."""
    heard: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1], heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("encoding", ["b3", "b3multi"])
def test_a_trace_goes_through_us_and_on(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a caller of 64-bit ids to a service called: one trace, our spans in between, no other trace header."""
    (tmp_path / "app.py").write_text(APP)
    monkeypatch.setenv("OTEL_PROPAGATORS", encoding)
    single = {"b3": f"{TRACE}-{CALLER}-1"}
    multi = {"X-B3-TraceId": TRACE, "X-B3-SpanId": CALLER, "X-B3-Sampled": "1"}
    with collector() as receiver, zipkin_like() as (port, heard):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with serving(tmp_path, *UVICORN) as server:
            sent = single if encoding == "b3" else multi
            assert get(server.port, f"/orders?port={port}", **sent, traceparent="00-x") == 200
            server.end()
            (line,) = server.access()
        spans = [span for call in receiver.calls for span in call.spans]
    mine = [span for span in spans if span.trace_id.hex() == f"{TRACE:0>32}"]
    (ours,) = [span for span in mine if span.kind == 2]
    (call,) = [span for span in mine if span.kind == 3]
    assert ours.parent_span_id.hex() == CALLER
    assert call.parent_span_id == ours.span_id
    assert line["trace_id"] == f"{TRACE:0>32}"
    ids = (f"{TRACE:0>32}", call.span_id.hex(), "1")
    names = ("x-b3-traceid", "x-b3-spanid", "x-b3-sampled")
    expected = {"b3": "-".join(ids)} if encoding == "b3" else dict(zip(names, ids, strict=True))
    (headers,) = heard
    trace_headers = ("b3", *names, "x-b3-flags", "traceparent", "tracestate", "baggage")
    assert {name: headers[name] for name in trace_headers if name in headers} == expected
    assert headers["x-request-id"] == line["request_id"]


FASTAPI = """
from fastapi import FastAPI
from fastapi_spine import outgoing_headers

app = FastAPI()

@app.get("/onwards")
async def onwards() -> dict[str, str]:
    return outgoing_headers()
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_spine_run_needs_no_package_whatever_imports_opentelemetry_first(
    workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastAPI itself does, before any line of the application: it is served all the same, and speaks B3."""
    (tmp_path / "app.py").write_text(FASTAPI)
    monkeypatch.setenv("OTEL_PROPAGATORS", "b3")
    run = ("-m", "fastapi_spine", "run", "app:app", "--port", "{port}", "--workers", workers)
    with serving(tmp_path, *run) as server:
        request = Request(
            f"http://127.0.0.1:{server.port}/onwards", headers={"b3": f"{TRACE}-{CALLER}-1"}
        )
        with urlopen(request, timeout=20) as answer:  # noqa: S310 - our own server
            going = json.load(answer)
    trace_id, _, state = going["b3"].split("-")
    assert (trace_id, state, "traceparent" in going) == (f"{TRACE:0>32}", "1", False)
