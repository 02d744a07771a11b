"""The hand-tight floor: an id, a response header and one JSON line, and nothing else.

No validation, no redaction, no route policy, no bound on the queue, no care for a full pipe: what
nobody should run, and the least that id and line can cost. A thread writes what has gathered every
50 ms in one `os.write`, so that the loop never waits for the pipe and system calls are shared.
"""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar
from time import perf_counter_ns, time
from typing import Any

import msgspec
from benchmarks.application import application
from benchmarks.subject import Subject
from benchmarks.traffic import App, beside, served

PAUSE = 0.05

request_id: ContextVar[str] = ContextVar("request_id")


class Line(msgspec.Struct):
    """One access line."""

    ts: float
    level: str
    logger: str
    msg: str
    request_id: str
    service: str
    method: str
    path: str
    route: str
    status: int
    elapsed_ms: float
    bytes_out: int
    client: str


class Writer:
    """Gathers lines and writes them from a thread."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.put = self.waiting.append
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(PAUSE)
            self.flush()

    def flush(self) -> None:
        """Write what has gathered."""
        count = len(self.waiting)
        if count:
            batch = b"".join(self.waiting[:count])
            del self.waiting[:count]
            while batch:
                batch = batch[os.write(1, batch) :]


class Floor:
    """Gives an id and writes one line a request."""

    def __init__(self, app: App, writer: Writer) -> None:
        self.app = app
        self.put = writer.put
        self.encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter_ns()
        identity = os.urandom(16).hex()
        request_id.set(identity)
        status = size = 0

        async def watch(message: Any) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", identity.encode()))
            else:
                size += len(message["body"])
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            line = Line(
                time(),
                "INFO",
                "access",
                "request completed",
                identity,
                "benchmark",
                scope["method"],
                scope["path"],
                scope["route"].path,
                status,
                (perf_counter_ns() - started) / 1e6,
                size,
                scope["client"][0],
            )
            self.put(self.encode(line) + b"\n")


def build(routes: int) -> Subject:
    """Put the layer around the application."""
    writer = Writer()
    return served(Floor(application(routes), writer), writer.flush)


def beside_bare(routes: int) -> Subject:
    """Put the layer around one of two equal applications; see `stacks.ours.beside_bare`."""
    return beside(build(routes), served(application(routes)))
