"""A console as `spine console` runs it, store on disk and all, in a thread of the test's process."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from fastapi_spine.console.server.furnish import furnish
from fastapi_spine.console.server.options import options_of
from fastapi_spine.console.server.program import Program, Ready
from fastapi_spine.settings.console import Console

DEADLINE_S = 30


class Body(Protocol):
    """A request of protobuf."""

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """Write it."""


class RealConsole(NamedTuple):
    """Where it is.

    Attributes:
        web: origin of its pages.
        login: path that opens it once.
        otlp: host and port of its receiver.
    """

    web: str
    login: str
    otlp: str

    def send(self, signal: str, body: Body) -> None:
        """Send telemetry; it is stored when this returns."""
        connection = http.client.HTTPConnection(self.otlp, timeout=DEADLINE_S)
        try:
            kind = {"content-type": "application/x-protobuf"}
            connection.request("POST", f"/v1/{signal}", body.SerializeToString(), kind)
            assert connection.getresponse().status == http.client.OK
        finally:
            connection.close()


@contextmanager
def real_console(folder: Path, **settings: Any) -> Iterator[RealConsole]:
    """Run one on free ports until the block ends; `settings` are the console's."""
    ready: list[Ready] = []
    up = threading.Event()

    def tell(where: Ready) -> None:
        ready.append(where)
        up.set()

    options = options_of(Console(web_port=0, otlp_port=0, **settings), folder)
    program = Program(options, furnish, lambda _line: None, "0.0")
    thread = threading.Thread(target=program.run, args=(tell,), name="console", daemon=True)
    thread.start()
    assert up.wait(DEADLINE_S)
    try:
        where = ready[0]
        yield RealConsole(
            where.web, where.login.removeprefix(where.web), urlsplit(where.otlp).netloc
        )
    finally:
        program.end()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()
