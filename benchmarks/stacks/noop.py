"""A pure ASGI layer that does nothing: the price of being there."""

from __future__ import annotations

from typing import Any

from benchmarks.application import application
from benchmarks.subject import Subject
from benchmarks.traffic import App, served


class Nothing:
    """Passes everything through."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        await self.app(scope, receive, send)


def build(routes: int) -> Subject:
    """Put the layer around the application."""
    return served(Nothing(application(routes)))
