"""A whole console in a thread: real ports, real HTTP, a store in memory."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from console_store import MemoryStore

from fastapi_spine.console.api import Api
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.server.options import Options, options_of
from fastapi_spine.console.server.parts import Furnish, Parts
from fastapi_spine.console.server.program import Program, Ready
from fastapi_spine.console.views import Health
from fastapi_spine.core.clock import Clock
from fastapi_spine.settings.console import Console


class File(NamedTuple):
    """A page's file."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    cache_control: str = "no-cache"
    etag: str = '"1"'


class Files:
    """One page and one script."""

    def find(self, path: str) -> File | None:
        """Return it."""
        known = {
            "/": File(b"<!doctype html><title>Console</title>"),
            "/static/app.js": File(b"export {}", "text/javascript"),
        }
        return known.get(path)


class Answer(NamedTuple):
    """An answer, whole."""

    status: int
    headers: dict[str, str]
    body: bytes


class Running:
    """A running console.

    Attributes:
        store: what it keeps.
        said: its own lines.
        ready: where it is.
        program: itself.
    """

    def __init__(self, program: Program, store: MemoryStore, said: list[str], ready: Ready) -> None:
        self.program = program
        self.store = store
        self.said = said
        self.ready = ready
        self.otlp = int(ready.otlp.rpartition(":")[2])
        self.web = int(ready.web.rpartition(":")[2])

    def ask(
        self,
        port: int,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Make one request, with exactly these headers beside Host and Content-Length."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            given = {key.lower() for key in headers or {}}
            connection.putrequest(
                method, path, skip_host="host" in given, skip_accept_encoding=True
            )
            for key, value in (headers or {}).items():
                connection.putheader(key, value.encode("latin-1"))
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            found = connection.getresponse()
            return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read())
        finally:
            connection.close()

    def send(
        self, signal: str, body: bytes, kind: str = "application/x-protobuf", **headers: str
    ) -> Answer:
        """Send telemetry."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(self.otlp, "POST", f"/v1/{signal}", body, {"content-type": kind, **more})

    def login(self) -> str:
        """Log in by the printed address; return the cookie."""
        answer = self.ask(self.web, "GET", self.ready.login.partition(str(self.web))[2])
        assert answer.status == 303
        return answer.headers["set-cookie"].partition(";")[0]


def furnished(store: MemoryStore) -> Furnish:
    """Make parts around a store in memory."""

    def furnish(
        _options: Options, clock: Clock, version: str, health: Callable[[Reader], Health]
    ) -> Parts:
        reader: Any = store
        api = Api(reader, clock=clock, health=lambda: health(reader), version=version)
        return Parts(store, reader, api.routes, Files(), api.end)

    return furnish


@contextmanager
def console(folder: Path, store: MemoryStore | None = None, **settings: Any) -> Iterator[Running]:
    """Run a console on free ports until the block ends."""
    store = store or MemoryStore()
    said: list[str] = []
    ready: list[Ready] = []
    up = threading.Event()
    given = Console(**{"web_port": 0, "otlp_port": 0, **settings})
    program = Program(options_of(given, folder), furnished(store), said.append, "0.0")

    def tell(where: Ready) -> None:
        ready.append(where)
        up.set()

    thread = threading.Thread(target=program.run, args=(tell,), daemon=True)
    thread.start()
    assert up.wait(30)
    try:
        yield Running(program, store, said, ready[0])
    finally:
        store.gate.set()
        program.end()
        thread.join(30)
        assert not thread.is_alive()
