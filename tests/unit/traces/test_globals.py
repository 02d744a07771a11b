"""Whose tracer provider is in force, and that a request has one server span under each of them."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

SUPPORT = str(Path(__file__).parents[2] / "support")

START = """
import asyncio, json, logging, sys
problems = []

class Watch(logging.Handler):
    def emit(self, record):
        problems.append(f"{record.levelname} {record.name}: {record.getMessage()}")

logging.getLogger().addHandler(Watch(logging.WARNING))
from fastapi import Depends, FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from traced import Traced
exporter = InMemorySpanExporter()
theirs = TracerProvider(shutdown_on_exit=False)
theirs.add_span_processor(SimpleSpanProcessor(exporter))
app = FastAPI()
@app.get("/orders/{order_id}")
async def order(order_id: int, secret: str = "") -> dict:
    return {"span": trace.get_current_span().get_span_context().span_id != 0}
traced = Traced(everywhere=True)
async def lifespan():
    waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    async def receive(): return waiting.pop(0)
    async def send(message): pass
    await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
async def ask(path="/orders/1", query=b"secret=hunter2hunter2", headers=()):
    async def receive(): return {"type": "http.request", "body": b"", "more_body": False}
    answers = []
    async def send(message): answers.append(message)
    await app({"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
        "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query,
        "root_path": "", "headers": [(b"host", b"testserver"), *headers], "client": None,
        "server": ("127.0.0.1", 80)}, receive, send)
    return answers
"""

END = """
if ASK_WITH_LIFESPAN:
    asyncio.run(lifespan())
asyncio.run(ask(headers=HEADERS))
ours = [(s.name, s.kind, s.parent_span_id) for s in traced.spans]
others = [(s.name, s.kind.name, f"{s.parent.span_id:016x}" if s.parent else None) for s in exporter.get_finished_spans()]
texts = str([dict(s.attributes) for s in traced.spans]) + str([dict(s.attributes) for s in exporter.get_finished_spans()])
print(json.dumps({"ours": ours, "theirs": others, "problems": problems, "leaked": "hunter2" in texts,
    "faults": dict(traced.health.internal_errors), "request": texts}))
"""


def play(
    script: str, *, lifespan: bool = True, headers: str = "()", clean: bool = True
) -> dict[str, Any]:
    """What one process, with one request, came to.

    What a user's own instrumentation writes into the user's own provider does not pass us: `clean` is for the rest.
    """
    program = f"import sys\nsys.path.insert(0, {SUPPORT!r})\n{START}\nASK_WITH_LIFESPAN = {lifespan}\nHEADERS = {headers}\n{script}\n{END}"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    outcome: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert (outcome["problems"], outcome["faults"]) == ([], {})
    assert not (clean and outcome["leaked"])
    return outcome


def servers(outcome: dict[str, Any]) -> list[str]:
    """The names of all server spans, whoever made them."""
    ours = [name for name, kind, _ in outcome["ours"] if kind == 2]
    return ours + [name for name, kind, _ in outcome["theirs"] if kind == "SERVER"]


SPINE = "traced.around(app)"
CONTRIB = "from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor as I; I.instrument_app(app)"
NATIVE = find_spec("fastapi.telemetry") is not None
OPERATIONS = ["fastapi.dependencies", "fastapi.endpoint", "fastapi.serialization"] if NATIVE else []
"""A FastAPI without telemetry of its own has no operations to report."""


@pytest.mark.parametrize("lifespan", [True, False], ids=["lifespan", "first request"])
@pytest.mark.parametrize(
    "script",
    [SPINE, f"{SPINE}\n{CONTRIB}", f"{CONTRIB}\n{SPINE}"],
    ids=["native", "contrib after", "contrib before"],
)
def test_ours_is_in_force_and_makes_the_one_server_span(script: str, lifespan: bool) -> None:
    """FastAPI's own telemetry and contrib's instrumentor add no server span, no secret, no complaint."""
    outcome = play(script, lifespan=lifespan)
    assert [name for name, _, _ in outcome["ours"]] == [*OPERATIONS, "GET /orders/{order_id}"]
    assert servers(outcome) == ["GET /orders/{order_id}"]


@pytest.mark.parametrize(
    "script",
    [
        f"trace.set_tracer_provider(theirs)\n{SPINE}",
        f"{SPINE}\ntrace.set_tracer_provider(theirs)",
    ],
    ids=["before", "after"],
)
def test_a_provider_of_the_users_stays_and_gets_the_server_span(script: str) -> None:
    """Whoever brings a provider keeps it; the request's one server span is made there, described by us."""
    outcome = play(script)
    assert outcome["ours"] == []
    assert servers(outcome) == ["GET /orders/{order_id}"]
    assert "'http.route': '/orders/{order_id}'" in outcome["request"]


def test_contrib_in_the_users_provider_makes_no_second_server_span() -> None:
    """It finds ours running and makes an internal span below it."""
    outcome = play(f"{SPINE}\ntrace.set_tracer_provider(theirs)\n{CONTRIB}", clean=False)
    assert servers(outcome) == ["GET /orders/{order_id}"]


def test_a_provider_set_while_the_application_starts_stays() -> None:
    """We decide after the application's own start-up code has run."""
    script = """
from contextlib import asynccontextmanager
@asynccontextmanager
async def starts(app):
    trace.set_tracer_provider(theirs)
    yield
app.router.lifespan_context = starts
traced.around(app)
"""
    assert servers(play(script)) == ["GET /orders/{order_id}"]


def test_the_users_provider_continues_the_callers_trace() -> None:
    """The parent of the span over there is the caller's, from the request's own headers."""
    headers = '((b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"),)'
    outcome = play(f"trace.set_tracer_provider(theirs)\n{SPINE}", headers=headers)
    assert outcome["theirs"][-1] == ["GET /orders/{order_id}", "SERVER", "b" * 16]


def test_logfire_keeps_its_provider() -> None:
    """Logfire's provider and instrumentation, before and after ours: one server span, no error line."""
    pytest.importorskip("logfire", reason="Logfire is not installed")
    configure = (
        "import logfire\nlogfire.configure(send_to_logfire=False, console=False,"
        " additional_span_processors=[SimpleSpanProcessor(exporter)])\nlogfire.instrument_fastapi(app)"
    )
    for script in (f"{configure}\n{SPINE}", f"{SPINE}\n{configure}"):
        outcome = play(script, clean=False)
        assert servers(outcome) == ["GET /orders/{order_id}"]


@pytest.mark.skipif(not NATIVE, reason="platform: this FastAPI has no telemetry of its own")
def test_without_understanding_fastapi_there_is_still_one_server_span() -> None:
    """A FastAPI whose private names have changed starts its server span, and is given ours."""
    script = f"{SPINE}\nimport fastapi.telemetry._api as api\napi._RequestTelemetry.__dataclass_fields__ = {{}}"
    outcome = play(script)
    assert servers(outcome) == ["GET /orders/{order_id}"]


def test_a_real_client_takes_trace_and_request_id_to_a_private_address() -> None:
    """httpx, instrumented by the switch, calls a server on loopback: it is told both, by the client span's id."""
    script = """
import threading, httpx
from http.server import BaseHTTPRequestHandler, HTTPServer
heard = []
class Other(BaseHTTPRequestHandler):
    def do_GET(self):
        heard.append((self.headers["traceparent"], self.headers["x-request-id"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args): pass
server = HTTPServer(("127.0.0.1", 0), Other)
threading.Thread(target=server.serve_forever, daemon=True).start()
@app.get("/call")
async def call() -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{server.server_port}/stock?token=hunter2hunter2")).status_code
traced = Traced(everywhere=True, instrument=True)
traced.around(app)
real = ask
async def ask(headers):
    answers = await real("/call", headers=headers)
    client = next(s for s in traced.spans if s.kind == 3)
    ids = dict(answers[0]["headers"])
    assert heard == [(f"00-{client.trace_id}-{client.span_id}-03", ids[b"x-request-id"].decode())], heard
"""
    outcome = play(script)
    assert [name for name, kind, _ in outcome["ours"] if kind in {2, 3}] == ["GET", "GET /call"]
