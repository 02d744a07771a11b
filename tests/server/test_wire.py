"""The pass under real servers: what clients see on the wire, and what is written of it."""

from __future__ import annotations

import http.client
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import DEADLINE_S, Server, get, serving, wait_for
from websockets.sync.client import connect

APP = """
import asyncio, logging, multiprocessing
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from fastapi_spine import Spine, request_id

app = FastAPI()
Spine(app, service="wire")

@app.get("/id")
async def current_id():
    return request_id()

@app.post("/unread")
async def unread():
    return {}

@app.post("/size")
async def size(request: Request):
    return len(await request.body())

@app.websocket("/socket")
async def socket(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())

@app.get("/fork")
def fork():
    context = multiprocessing.get_context("fork")
    child = context.Process(target=speak)
    child.start()
    child.join()
    return child.exitcode

def speak():
    for number in range(50):
        logging.getLogger("child").warning("line %d", number)

@app.get("/boom")
async def boom():
    raise ValueError("boom")

@app.get("/slow")
async def slow():
    await asyncio.sleep(0.3)
    return {}

@app.get("/drip")
async def drip():
    async def chunks():
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0.01)
    return StreamingResponse(chunks())
"""
PROTOCOLS = ["h11", "httptools"]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def uvicorn(protocol: str, *more: str) -> list[str]:
    return ["-m", "uvicorn", "app:app", "--port", "{port}", "--http", protocol, *more]


def pipelined(server: Server, request: bytes, times: int, answers: int) -> bytes:
    """Send requests without waiting for answers, then read until that many have come."""
    with server.connect() as connection:
        connection.sendall(request * times)
        received = b""
        while received.count(b"HTTP/1.1 ") < answers or not received.endswith((b'"', b"}", b"0")):
            more = connection.recv(65536)
            if not more:
                break
            received += more
    return received


@pytest.fixture(scope="module", params=PROTOCOLS, name="running")
def _running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One server for each protocol; each test looks for its own lines."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "app.py").write_text(APP)
    with serving(folder, *uvicorn(request.param)) as server:
        yield server


def lines_about(server: Server, path: str) -> list[dict[str, Any]]:
    """The access lines of one path."""
    return [line for line in server.access() if line["path"] == path]


def test_requests_of_one_connection_share_nothing(running: Server) -> None:
    """Four pipelined requests: four ids, four traces, and each endpoint sees its own."""
    request = b"GET /id HTTP/1.1\r\nhost: x\r\n\r\n"
    received = pipelined(running, request, 4, 4)
    wait_for(lambda: len(lines_about(running, "/id")) == 4, "four access lines")
    access = lines_about(running, "/id")
    headers = re.findall(rb"x-request-id: (\S+)", received)
    bodies = re.findall(rb'"([0-9a-f-]{36})"', received)
    assert headers == bodies
    assert sorted(line["request_id"].encode() for line in access) == sorted(headers)
    assert len({line["trace_id"] for line in access}) == 4


def test_an_unhandled_500_carries_its_id_on_the_wire(running: Server) -> None:
    """The caller's own id comes back on the worst answer, and opens exactly one error line."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=DEADLINE_S)
    connection.request("GET", "/boom", headers={"x-request-id": "req-42"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (500, b"Internal Server Error")
    assert answer.headers.get_all("x-request-id") == ["req-42"]
    connection.close()
    wait_for(lambda: lines_about(running, "/boom"), "the access line")
    get(
        running.port, "/unread"
    )  # whatever else was said of the failure stands before this one's line
    wait_for(lambda: lines_about(running, "/unread"), "a later access line")
    errors = [line for line in running.lines() if line["level"] == "ERROR"]
    assert [(line["logger"], line["request_id"]) for line in errors] == [("spine.access", "req-42")]


def test_the_layer_never_says_continue(running: Server) -> None:
    """Only an application that reads the body asks for it."""
    head = b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n"
    with running.connect() as connection:
        connection.sendall(head % b"/unread")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    with running.connect() as connection:
        connection.sendall(head % b"/size")
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")


def test_a_client_that_leaves_mid_stream_is_disconnected(running: Server) -> None:
    """No error, no stack: INFO, with the status that went out."""
    with running.connect() as connection:
        connection.sendall(b"GET /drip HTTP/1.1\r\nhost: x\r\n\r\n")
        connection.recv(5000)
    wait_for(lambda: lines_about(running, "/drip"), "the access line")
    (line,) = lines_about(running, "/drip")
    said = [one for one in running.lines() if one.get("request_id") == line["request_id"]]
    assert (line["level"], line["status"], line["outcome"]) == ("INFO", 200, "disconnected")
    assert said == [line]
    assert "Traceback" not in (running.folder / "stderr").read_text()


GUNICORN = [
    "-m", "gunicorn", "app:app", "-b", "127.0.0.1:{port}", "-w", "2",
    "-k", "uvicorn_worker.UvicornWorker",
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (uvicorn("httptools"), signal.SIGTERM),
        (uvicorn("httptools"), signal.SIGINT),
        (uvicorn("h11", "--workers", "2"), signal.SIGTERM),
        (uvicorn("h11", "--workers", "2"), signal.SIGINT),
        (GUNICORN, signal.SIGTERM),
    ],
    ids=["uvicorn-term", "uvicorn-int", "workers-term", "workers-int", "gunicorn-term"],
)
def test_every_answered_request_has_exactly_one_line_after_the_end(
    folder: Path, command: list[str], how: signal.Signals
) -> None:
    """The server is told to end under load; ids on answers and ids on lines are the same, each once."""
    answered: list[str] = []
    with serving(folder, *command) as server:
        clients = [
            threading.Thread(target=ask_until_refused, args=(server.port, answered, f"c{number}"))
            for number in range(4)
        ]
        for client in clients:
            client.start()
        wait_for(lambda: len(answered) > 100, "some traffic")
        server.end(how)
        for client in clients:
            client.join(DEADLINE_S)
        lines = [line["request_id"] for line in server.access()]
    assert len(lines) == len(set(lines))
    assert set(answered) <= set(lines)
    assert len(set(lines) - set(answered)) <= len(clients), "at most the requests in flight"


def ask_until_refused(port: int, answered: list[str], name: str) -> None:
    """Make requests one after the other; note the ids of those that were answered."""
    number = 0
    while True:
        number += 1
        identity = f"{name}-{number}"
        path = "/slow" if number % 20 == 0 else "/id"
        try:
            get(port, path, **{"x-request-id": identity})
        except (OSError, http.client.HTTPException):
            return
        answered.append(identity)


def test_a_socket_is_one_line_without_address_or_query(folder: Path) -> None:
    """Uvicorn's own lines of it, which tell both, are not written."""
    with serving(folder, *uvicorn("httptools")) as server:
        with connect(f"ws://127.0.0.1:{server.port}/socket?token=swordfish-1") as client:
            client.send("hello")
            assert client.recv() == "hello"
        wait_for(server.access, "the access line")
        server.end()
        lines = server.lines()
    spoken = [line for line in lines if "ocket" in str(line) or "onnection" in line["msg"]]
    assert [(line["logger"], line.get("outcome", line["msg"])) for line in spoken] == [
        ("spine.access", "completed")
    ]
    assert "swordfish" not in str(lines)


def test_children_of_multiprocessing_write_their_lines(running: Server) -> None:
    """They leave without running exit hooks; their lines come all the same."""
    assert get(running.port, "/fork") == 200
    wait_for(lambda: len(_of_child(running)) == 50, "the child's lines")
    assert _of_child(running) == [f"line {number}" for number in range(50)]


def _of_child(server: Server) -> list[str]:
    return [line["msg"] for line in server.lines() if line["logger"] == "child"]
