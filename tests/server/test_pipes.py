"""Servers whose output nobody reads, or everybody at once."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import DEADLINE_S, free_port, get, wait_for

APP = """
import logging
from fastapi import FastAPI
from fastapi_spine import Logs, Metrics, Spine

log = logging.getLogger("shop")
app = FastAPI()
Spine(app, logs=Logs(queue="64KiB"), metrics=Metrics(runtime=False))  # a machine that stands still is told of: one line more

@app.get("/talk")
async def talk(size: int = 1000):
    log.info("x" * size)
    return {}
"""


@contextmanager
def piped(folder: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A uvicorn whose stdout is a pipe that only the test reads."""
    (folder / "app.py").write_text(APP)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), *options]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(lambda: _answers(port), "the server to come up")
            yield port, process
        finally:
            process.kill()


def _answers(port: int) -> bool:
    try:
        return get(port, "/up") == 404
    except OSError:
        return False


def ask(port: int, times: int, path: str = "/talk") -> None:
    """Make requests one after the other on one connection; every one is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    for _ in range(times):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"{}")
    connection.close()


def test_a_pipe_that_is_never_read_stops_nobody(tmp_path: Path) -> None:
    """600 requests of 1 kB lines fill a pipe of 64 KiB nine times; every one is answered, the rest is counted."""
    with piped(tmp_path) as (port, process):
        ask(port, 600)
        assert process.stdout is not None
        lines, reading = _read_in_background(process)
        wait_for(lambda: any(b"log lines were dropped" in line for line in lines), "the count")
        ask(port, 1)
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)
        reading.join(DEADLINE_S)
        parsed = [json.loads(line) for line in lines]
    talked = sum(line["logger"] == "shop" for line in parsed)
    asked = sum(line.get("path") == "/talk" for line in parsed)
    dropped = sum(line["dropped"]["queue_full"] for line in parsed if "dropped" in line)
    assert talked + asked + dropped == 2 * 601
    assert asked > talked, "access lines are kept longest"


def test_a_reader_that_goes_away_stops_nobody(tmp_path: Path) -> None:
    """A broken pipe is no reason to fail a request."""
    with piped(tmp_path) as (port, process):
        assert process.stdout is not None
        process.stdout.close()
        ask(port, 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("size", [100, 20_000])
def test_workers_on_one_pipe_tear_no_line(tmp_path: Path, size: int) -> None:
    """Four workers, one pipe, lines far longer than a pipe writes at once: each arrives whole."""
    with piped(tmp_path, "--workers", "4") as (port, process):
        lines, reading = _read_in_background(process)
        clients = [
            threading.Thread(target=ask, args=(port, 25, f"/talk?size={size}")) for _ in range(8)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join(DEADLINE_S)
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)
        reading.join(DEADLINE_S)
    parsed = [json.loads(line) for line in lines if line.startswith(b"{")]
    torn = [line for line in lines if not line.startswith(b"{") and not line.startswith(b"INFO")]
    assert torn == []
    lengths = Counter(len(line["msg"]) for line in parsed if line["logger"] == "shop")
    assert len(lengths) == 1, "each line is whole"
    assert min(lengths) >= min(size, 16_000), "redaction reads, and keeps, 16 KiB of a text"
    dropped = sum(line["dropped"]["queue_full"] for line in parsed if "dropped" in line)
    access = sum(line.get("path") == "/talk" for line in parsed)
    assert sum(lengths.values()) + access + dropped == 400


def _read_in_background(
    process: subprocess.Popen[bytes],
) -> tuple[list[bytes], threading.Thread]:
    lines: list[bytes] = []

    def read() -> None:
        assert process.stdout is not None
        for line in iter(process.stdout.readline, b""):
            lines.append(line)  # noqa: PERF402 - the test looks while it grows

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    return lines, reading
