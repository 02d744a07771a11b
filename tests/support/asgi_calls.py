"""Calling an ASGI application without a server, with exactly the headers that are given."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi_spine.core.asgi import App


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


async def calling(
    app: App, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> Reply:
    """Make one request."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 4319),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    return Reply(
        start["status"],
        {k.decode().lower(): v.decode("latin-1") for k, v in start["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


def call(
    app: App, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> Reply:
    """Make one request, and wait for it."""
    return asyncio.run(calling(app, method, target, headers, body))
