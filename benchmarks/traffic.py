"""Requests without a network: the scope a server behind a proxy would make, driven in one loop.

What a server itself costs is left out on purpose: it is the same for every stack, and its noise
would hide what is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine, MutableMapping
from dataclasses import replace
from typing import Any, TypeVar

from benchmarks.subject import Subject, nothing

HEADERS = (
    (b"host", b"api.shop.example"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"application/json, text/plain, */*"),
    (b"accept-language", b"de-DE,de;q=0.8,en-US;q=0.5,en;q=0.3"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"referer", b"https://shop.example/catalogue"),
    (b"cookie", b"theme=dark; basket=4f1c2a90"),
    (b"x-forwarded-for", b"203.0.113.77"),
    (b"x-forwarded-proto", b"https"),
    (b"connection", b"keep-alive"),
)
"""Neither an id nor a trace context: every stack has to make its own."""

_numbers = itertools.count()
_BREATH = 50
"""Requests between two turns of the loop: a server's loop turns all the time, and ours warns of one that does not."""

Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Any]
T = TypeVar("T")


def http_scope(item_id: int) -> dict[str, Any]:
    """Make the scope of one request."""
    path = f"/items/{item_id}"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("10.0.0.5", 8000),
        "client": ("203.0.113.77", 52144),
        "scheme": "https",
        "method": "GET",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(HEADERS),
        "state": {},
    }


async def receive() -> dict[str, Any]:
    """Give the request's whole, empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Message) -> None:
    """Take a message as a server with an empty socket does: at once."""


async def drive(app: App, count: int) -> None:
    """Serve that many requests, one after the other, each for a path that nobody has seen before."""
    for number in itertools.islice(_numbers, count):
        await app(http_scope(number), receive, send)
        if number % _BREATH == 0:
            await asyncio.sleep(0)


async def ask(app: App, item_id: int) -> str:
    """Serve one request and return its status and body as text."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(http_scope(item_id), receive, keep)
    body = b"".join(message.get("body", b"") for message in messages)
    return json.dumps([messages[0]["status"], body.decode()])


class Served:
    """An application in an event loop of its own, its lifespan begun."""

    def __init__(self, app: App) -> None:
        """Take the application through its start-up, as a server does."""
        self._app = app
        self._ending = asyncio.Event()
        self._runner = asyncio.Runner()
        self._lifespan = self._runner.run(self._start_up())

    async def _start_up(self) -> asyncio.Task[None]:
        started = asyncio.Event()

        async def receive_event() -> dict[str, Any]:
            if not started.is_set():
                return {"type": "lifespan.startup"}
            await self._ending.wait()
            return {"type": "lifespan.shutdown"}

        async def send_event(message: Message) -> None:
            if message["type"].endswith("failed"):
                raise RuntimeError(message["message"])
            started.set()

        async def lifespan() -> None:
            scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
            await self._app(scope, receive_event, send_event)

        task = asyncio.create_task(lifespan())
        await started.wait()
        return task

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the loop."""
        return self._runner.run(work)

    def close(self) -> None:
        """Take the application through its shut-down."""
        self._ending.set()
        self._runner.run(_end_of(self._lifespan))
        self._runner.close()


async def _end_of(task: asyncio.Task[None]) -> None:
    await task


def served(app: App, flush: Callable[[], object] = nothing) -> Subject:
    """Make an application measurable.

    Args:
        app: any ASGI callable.
        flush: returns when all its lines are written; nothing to do if each is written at once.
    """
    server = Served(app)
    return Subject(
        repeat=lambda count: server.run(drive(app, count)),
        flush=flush,
        answer=lambda: server.run(ask(app, 7)),
        close=server.close,
    )


def beside(ours: Subject, bare: Subject) -> Subject:
    """Join an application with a layer and one without, in one process, to measure the difference."""

    def close() -> None:
        bare.close()
        ours.close()

    return replace(ours, without=bare.repeat, close=close)
