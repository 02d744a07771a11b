"""What the process does, seen from outside: a blocked event loop is named, a resting one is not."""

from __future__ import annotations

import http.client
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from servers import Server, free_port, get, serving, wait_for

APP = """
import asyncio, time
from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware
from fastapi_spine import Metrics, Spine

app = FastAPI()
Spine(app, service="shop", metrics=Metrics(port={own_port}, host="127.0.0.1"))

def compute():
    time.sleep(0.6)

@app.get("/blocks/{{name}}")
async def blocks(name: str):
    compute()

async def passed_on(request, call_next):
    return await call_next(request)

behind = FastAPI()
behind.add_middleware(BaseHTTPMiddleware, dispatch=passed_on)
app.mount("/behind", behind)

@behind.get("/blocks/{{name}}")
async def blocks_too(name: str):
    compute()

@app.get("/waits")
async def waits():
    await asyncio.sleep(0.6)

@app.get("/computes")
async def computes():
    sum(range(50_000_000))  # one C call that keeps the interpreter to itself
"""
COUNTER = "python_event_loop_blocked_total"


class Watched(NamedTuple):
    """An application whose event loop is watched, and the port of its page."""

    server: Server
    folder: Path
    own_port: int

    def blocked(self) -> dict[str, str]:
        """How often the loop stood still, by route."""
        rows = [row for row in page(self.own_port).splitlines() if row.startswith(COUNTER)]
        return dict(row.removeprefix(COUNTER).rsplit(" ", 1) for row in rows)

    def told(self) -> list[dict[str, Any]]:
        """The warnings so far."""
        return [line for line in self.server.lines() if line["logger"] == "spine.runtime"]


@pytest.fixture(scope="module", name="watched")
def _watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One server for all tests: each looks at what it has added."""
    folder = tmp_path_factory.mktemp("watched")
    port = free_port()
    (folder / "app.py").write_text(APP.format(own_port=port))
    with serving(folder, "-m", "uvicorn", "app:app", "--port", "{port}") as server:
        wait_for(lambda: _status(port, "/metrics", {}) == 200, "the port to be open")
        yield Watched(server, folder, port)


def page(port: int) -> str:
    """Read the page of the metrics' own port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_a_blocked_loop_is_named_with_route_and_stack(watched: Watched) -> None:
    """One warning, with the request's own id, the route, and the line that sleeps; a second call only counts."""
    port = watched.server.port
    get(port, "/blocks/x", **{"x-request-id": "first-1"})
    get(port, "/blocks/y", **{"x-request-id": "second-1"})
    get(port, "/waits")
    route = '{path="/blocks/{name}"}'
    wait_for(lambda: watched.blocked().get(route) == "2", "both to be counted")
    wait_for(watched.told, "the warning")
    get(port, "/waits")
    (told,) = watched.told()
    assert (told["request_id"], told["route"], told["level"]) == (
        "first-1",
        "/blocks/{name}",
        "WARNING",
    )
    assert told["request_ids"] == ["first-1"]
    assert 250 <= told["blocked_ms"] <= 600
    assert told["stack"].splitlines()[-2:] == [
        f'  File "{watched.folder / "app.py"}", line 11, in compute',
        "    time.sleep(0.6)",
    ]
    assert '{path="/waits"}' not in watched.blocked()


def test_a_request_behind_a_middleware_with_a_task_of_its_own_is_named_too(
    watched: Watched,
) -> None:
    """`BaseHTTPMiddleware` runs what is behind it in another task, whose stack does not reach to the pass."""
    get(watched.server.port, "/behind/blocks/x", **{"x-request-id": "behind-1"})
    wait_for(lambda: any(one["route"] != "/blocks/{name}" for one in watched.told()), "the warning")
    told = watched.told()[-1]
    assert (told["request_id"], told["route"]) == ("behind-1", "/behind/blocks/{name}")
    assert "uvicorn" not in told["stack"]
    assert watched.blocked()['{path="/behind/blocks/{name}"}'] == "1"


def test_a_stopped_process_is_not_a_blocked_loop(watched: Watched) -> None:
    """SIGSTOP and SIGCONT a second later: nobody is accused."""
    get(watched.server.port, "/waits")  # what other tests caused has been written meanwhile
    before, told = watched.blocked(), watched.told()
    watched.server.process.send_signal(signal.SIGSTOP)
    wait_for(_after(1.0), "a second to pass")
    watched.server.process.send_signal(signal.SIGCONT)
    get(watched.server.port, "/waits")
    assert (watched.blocked(), watched.told()) == (before, told)


def test_a_call_that_keeps_the_interpreter_is_counted_too(watched: Watched) -> None:
    """No thread runs meanwhile; it is counted afterwards, when the route may already be over."""
    before = watched.blocked()
    get(watched.server.port, "/computes")
    wait_for(lambda: watched.blocked() != before, "it to be counted")


def _after(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def test_the_own_port_is_waited_for_given_back_and_wants_its_token(tmp_path: Path) -> None:
    """A stranger on the port is a WARNING, a sibling is not; whoever has it answers, and only who knows the token."""
    stranger = socket.create_server(("127.0.0.1", 0))
    port = stranger.getsockname()[1]
    app = (
        "from fastapi import FastAPI\nfrom fastapi_spine import Metrics, Spine\napp = FastAPI()\n"
        f'Spine(app, metrics=Metrics(port={port}, host="127.0.0.1", token="a-long-enough-token"))\n'
    )
    (tmp_path / "app.py").write_text(app)
    workers = ("-m", "uvicorn", "app:app", "--port", "{port}", "--workers", "2")
    bearer = {"authorization": "Bearer a-long-enough-token"}
    with stranger, serving(tmp_path, *workers) as server:
        wait_for(lambda: len(_of_metrics(server)) == 2, "both workers to tell of the stranger")
        stranger.close()
        wait_for(lambda: _status(port, "/metrics", bearer) == 200, "the port to be open")
        told = f"metrics port {port} cannot be opened (Address already in use); trying again every second"
        assert _of_metrics(server) == [("WARNING", told)] * 2
        assert _status(port, "/metrics", {}) == 401
        assert _status(port, "/metrics", {"authorization": "Bearer wrong"}) == 401
        assert _status(port, "/other", bearer) == 404
    with pytest.raises(OSError, match="refused"):
        get(port, "/metrics")


def test_the_own_port_of_several_workers_is_nothing_to_warn_of(tmp_path: Path) -> None:
    """One has it, the other says who does."""
    port = free_port()
    app = (
        "from fastapi import FastAPI\nfrom fastapi_spine import Metrics, Spine\napp = FastAPI()\n"
        f'Spine(app, metrics=Metrics(port={port}, host="127.0.0.1"))\n'
    )
    (tmp_path / "app.py").write_text(app)
    workers = ("-m", "uvicorn", "app:app", "--port", "{port}", "--workers", "2")
    with serving(tmp_path, *workers) as server:
        wait_for(lambda: _of_metrics(server), "the other worker to find the port taken")
        assert _of_metrics(server) == [("INFO", f"metrics port {port} is served by another worker")]


def _of_metrics(server: Server) -> list[tuple[str, str]]:
    return [
        (line["level"], line["msg"]) for line in server.lines() if line["logger"] == "spine.metrics"
    ]


def _status(port: int, path: str, headers: dict[str, str]) -> int:
    try:
        return get(port, path, **headers)
    except OSError:
        return 0
