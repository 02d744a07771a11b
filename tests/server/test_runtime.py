"""What the process does, seen from outside: a blocked event loop is named, a resting one is not."""

from __future__ import annotations

import http.client
import signal
from pathlib import Path
from typing import Any

import pytest
from servers import free_port, get, serving, wait_for

APP = """
import asyncio, re, time
from fastapi import FastAPI
from fastapi_spine import Metrics, Spine

app = FastAPI()
Spine(app, service="shop", metrics=Metrics(port={own_port}, host="127.0.0.1"))

def compute():
    time.sleep(0.6)

@app.get("/blocks/{{name}}")
async def blocks(name: str):
    compute()

@app.get("/waits")
async def waits():
    await asyncio.sleep(0.6)

@app.get("/computes")
async def computes():
    re.match(r"(a|aa)+$", "a" * 36 + "b")  # one C call that keeps the interpreter to itself
"""


@pytest.fixture(name="own_port")
def _own_port(tmp_path: Path) -> int:
    port = free_port()
    (tmp_path / "app.py").write_text(APP.format(own_port=port))
    return port


def page(port: int) -> str:
    """Read the page of the metrics' own port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_blocked_loop_is_named_with_route_and_stack(tmp_path: Path, own_port: int) -> None:
    """One warning, with the request's own id, the route, and the line that sleeps; a second call only counts."""
    command = ("-m", "uvicorn", "app:app", "--port", "{port}")
    with serving(tmp_path, *command) as server:
        get(server.port, "/blocks/x", **{"x-request-id": "first-1"})
        get(server.port, "/blocks/y", **{"x-request-id": "second-1"})
        get(server.port, "/waits")
        wait_for(
            lambda: 'python_event_loop_blocked_total{path="/blocks/{name}"} 2' in page(own_port),
            "both to be counted",
        )
        wait_for(lambda: _told(server.lines()), "the warning")
        server.end()
        told = _told(server.lines())
    assert [(one["request_id"], one["route"], one["level"]) for one in told] == [
        ("first-1", "/blocks/{name}", "WARNING")
    ]
    assert told[0]["request_ids"] == ["first-1"]
    assert 250 <= told[0]["blocked_ms"] <= 600
    assert told[0]["stack"].splitlines()[-2:] == [
        f'  File "{tmp_path / "app.py"}", line 10, in compute',
        "    time.sleep(0.6)",
    ]


def test_a_call_that_keeps_the_interpreter_is_counted_too(tmp_path: Path, own_port: int) -> None:
    """No thread runs meanwhile; it is counted afterwards, when the route may already be over."""
    with serving(tmp_path, "-m", "uvicorn", "app:app", "--port", "{port}") as server:
        get(server.port, "/computes")
        wait_for(
            lambda: "python_event_loop_blocked_total{path=" in page(own_port),
            "it to be counted",
        )


def test_a_stopped_process_is_not_a_blocked_loop(tmp_path: Path, own_port: int) -> None:
    """SIGSTOP and SIGCONT a second later: nobody is accused."""
    with serving(tmp_path, "-m", "uvicorn", "app:app", "--port", "{port}") as server:
        before = page(own_port)
        server.process.send_signal(signal.SIGSTOP)
        wait_for(_after(1.0), "a second to pass")
        server.process.send_signal(signal.SIGCONT)
        get(server.port, "/waits")
        after = page(own_port)
        assert _told(server.lines()) == []
    assert "python_event_loop_blocked_total{" not in before + after


def _after(seconds: float) -> object:
    import time  # noqa: PLC0415 - the process under test stands still meanwhile; nothing else could be polled

    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def _told(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["logger"] == "spine.runtime"]


def test_the_own_port_is_given_back_and_wants_its_token(tmp_path: Path) -> None:
    """Several workers, one port: whoever has it answers for all; with a token only who knows it."""
    port = free_port()
    app = (
        "from fastapi import FastAPI\nfrom fastapi_spine import Metrics, Spine\napp = FastAPI()\n"
        f'Spine(app, metrics=Metrics(port={port}, host="127.0.0.1", token="a-long-enough-token"))\n'
    )
    (tmp_path / "app.py").write_text(app)
    workers = ("-m", "uvicorn", "app:app", "--port", "{port}", "--workers", "2")
    bearer = {"authorization": "Bearer a-long-enough-token"}
    with serving(tmp_path, *workers):
        wait_for(lambda: _status(port, "/metrics", bearer) == 200, "the port to be open")
        assert _status(port, "/metrics", {}) == 401
        assert _status(port, "/metrics", {"authorization": "Bearer wrong"}) == 401
        assert _status(port, "/other", bearer) == 404
    with pytest.raises(OSError, match="refused"):
        get(port, "/metrics")


def _status(port: int, path: str, headers: dict[str, str]) -> int:
    try:
        return get(port, path, **headers)
    except OSError:
        return 0
