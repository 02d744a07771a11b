"""Two listeners, one server: each port has its own door."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi_spine.core.asgi import App, Receive, Scope, Send


class Switch:
    """The ASGI application of the whole program.

    Args:
        by_port: what answers on each port. The port is that of the listening socket, never of a header.
    """

    def __init__(self, by_port: Mapping[int, App]) -> None:
        self._by_port = by_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on; other kinds of scopes are nobody's here."""
        if scope["type"] == "http":
            await self._by_port[scope["server"][1]](scope, receive, send)
