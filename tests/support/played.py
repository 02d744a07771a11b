"""One process with one request, and the spans that came of it: for what can be set only once a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SUPPORT = str(Path(__file__).parent)

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
