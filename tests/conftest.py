"""What many tests drive applications with: scripted ASGI, no client and no server in between."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is. The rest of the profile stays: CI has one of its own.
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")

FIGURE = "figure"
"""The property of a test that holds a line for the summary."""

Message = dict[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Exchanged:
    """What passed between a scripted server and an application."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.receives = 0
        self.raised: BaseException | None = None

    @property
    def status(self) -> int | None:
        """The status that went on the wire."""
        for message in self.sent:
            if message["type"].endswith("response.start"):
                return int(message["status"])
        return None

    def headers(self, name: bytes) -> list[bytes]:
        """All values of a response header."""
        for message in self.sent:
            if message["type"] in {"http.response.start", "websocket.accept"}:
                return [value for key, value in message["headers"] if key.lower() == name]
        return []

    @property
    def request_id(self) -> str:
        """The one request id that the answer carries."""
        (value,) = self.headers(b"x-request-id")
        return value.decode()

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(message.get("body", b"") for message in self.sent)


def http_scope(path: str = "/", **changes: Any) -> dict[str, Any]:
    """Return a scope as a server makes it; a value of ... removes the key."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver")],
        "client": ("203.0.113.77", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    scope.update(changes)
    return {key: value for key, value in scope.items() if value is not ...}


def websocket_scope(path: str = "/ws", **changes: Any) -> dict[str, Any]:
    """Return a WebSocket scope as a server makes it."""
    scope = http_scope(path, type="websocket", scheme="ws", subprotocols=[])
    del scope["method"]
    scope.update(changes)
    return scope


async def run(
    app: App, scope: dict[str, Any], events: Iterable[Message], *, fail_sends: bool
) -> Exchanged:
    """Serve one connection from a list of events; after them the client is silent."""
    exchanged = Exchanged()
    waiting = list(events)

    async def receive() -> Message:
        exchanged.receives += 1
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if fail_sends:
            raise ConnectionResetError
        exchanged.sent.append(copy.copy(message))

    try:
        await asyncio.wait_for(app(scope, receive, send), timeout=10)
    except BaseException as error:  # noqa: BLE001 - the test looks at whatever came out
        exchanged.raised = error
    return exchanged


class Drive:
    """Serves single connections to an application."""

    def __call__(
        self,
        app: App,
        path: str = "/",
        *,
        body: bytes = b"",
        events: Iterable[Message] | None = None,
        fail_sends: bool = False,
        **changes: Any,
    ) -> Exchanged:
        """Send one HTTP request."""
        if events is None:
            events = [{"type": "http.request", "body": body, "more_body": False}]
        return asyncio.run(run(app, http_scope(path, **changes), events, fail_sends=fail_sends))

    def websocket(
        self, app: App, path: str, events: Iterable[Message], **changes: Any
    ) -> Exchanged:
        """Open one WebSocket connection."""
        return asyncio.run(run(app, websocket_scope(path, **changes), events, fail_sends=False))

    def scope(self, app: App, scope: dict[str, Any], events: Iterable[Message] = ()) -> Exchanged:
        """Serve a connection of any type."""
        return asyncio.run(run(app, scope, events, fail_sends=False))


@pytest.fixture(name="drive")
def _drive() -> Drive:
    return Drive()


@pytest.fixture(name="http_scope")
def _http_scope() -> Callable[..., dict[str, Any]]:
    return http_scope


@pytest.fixture(autouse=True)
def _sizes(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """A soak test's numeric parameters, and what its mark says, are its sizes; they stand in its results."""
    marker = request.node.get_closest_marker("soak")
    if marker is None:
        return
    for name, value in marker.kwargs.items():
        record_property(name, value)
    callspec = getattr(request.node, "callspec", None)
    for name, value in (callspec.params if callspec is not None else {}).items():
        if isinstance(value, int):
            record_property(name, value)


@pytest.fixture
def report_figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a line in the summary: a figure to read, not a reason to fail on a busy machine."""
    return partial(record_property, FIGURE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests reported, in whichever process they ran."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == FIGURE and report.when == "call":
                terminalreporter.write_line(str(line))
