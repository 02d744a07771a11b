"""Start and end of the application, overheard from the lifespan protocol."""

from __future__ import annotations

from typing import Protocol

from fastapi_spine.core.asgi import Message, Receive, Send
from fastapi_spine.core.health import Health


class Watched(Protocol):
    """What wants to know of start and end."""

    health: Health
    stopping: bool

    def check(self) -> None:
        """The application's own start-up code has run.

        Raises:
            SettingsError: it must not serve like this.
        """

    def started(self) -> None:
        """The application is ready."""

    def stopped(self) -> None:
        """The application has shut down, or could not start."""


class LifespanWire:
    """Passes lifespan messages on untouched and tells of three of them.

    The flush at the end happens before the server hears that shutdown is complete: uvicorn may
    end the process by a signal right after, and then no exit hook runs.
    """

    __slots__ = ("_receive", "_send", "_watched")

    def __init__(self, watched: Watched, receive: Receive, send: Send) -> None:
        self._watched = watched
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        """Hand the server's next message to the application."""
        message = await self._receive()
        if isinstance(message, dict) and message.get("type") == "lifespan.shutdown":
            self._watched.stopping = True
        return message

    async def send(self, message: Message) -> None:
        """Hand the application's message to the server."""
        kind = message.get("type") if isinstance(message, dict) else None
        guarded = self._watched.health.guarded
        if kind == "lifespan.startup.complete":
            self._watched.check()  # raised here, the error ends the application's own lifespan in order
            guarded("lifespan", self._watched.started)
        elif kind in {
            "lifespan.startup.failed",
            "lifespan.shutdown.complete",
            "lifespan.shutdown.failed",
        }:
            guarded("lifespan", self._watched.stopped)
        await self._send(message)
