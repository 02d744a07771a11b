"""Requests that a page of another origin makes: for stacks that have something to say to it."""

from __future__ import annotations

from typing import Any

ORIGIN = "https://shop.example"


def visited(app: Any) -> Any:
    """Have every request of an application come from a page of `ORIGIN`."""
    origin = (b"origin", ORIGIN.encode())

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["headers"].append(origin)
        await app(scope, receive, send)

    return asked
