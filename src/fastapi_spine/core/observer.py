"""The port between the request pass and the rooms that render what it saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

from fastapi_spine.core.asgi import Receive, Scope, Send
from fastapi_spine.core.exchange import Exchange

Tell: TypeAlias = Callable[[Exchange, int, list[tuple[bytes, bytes]]], None]
"""Adds to the headers of an answer that is about to begin: is given the request, its status, and the headers, which grow."""


class Observer(Protocol):
    """Hears of every exchange. It may not touch the application; what it raises is caught and counted."""

    name: str
    """Names the observer in health counters and reports."""

    def finish(self, exchange: Exchange) -> None:
        """Take a finished exchange. Called exactly once for each.

        It runs in the request's own task, or in the lifespan's if the request is still open when the application has shut down.
        A response that went well is finished when its last byte was sent, so that nobody waits for background
        tasks; anything else when the application has ended, because only then is the reason known.
        """

    def failed_after(self, exchange: Exchange, error: BaseException, background: bool) -> None:
        """Take an error that came after `finish`: a background task has failed, or clean-up code."""

    def leave(self, exchange: Exchange) -> None:
        """Let go of what `exchange.held` keeps; called once the application has ended, if it is not None."""


class Page(Protocol):
    """A page of ours on the application, such as `/metrics`: an ASGI callable that answers some requests."""

    path: str
    """How the path of a request ends that may be for this page."""

    def admits(self, scope: Scope) -> bool:
        """Say whether the page answers this request; whoever may not see it gets the application's answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""


@runtime_checkable
class Beginner(Protocol):
    """An observer that also wants the beginning, before the application sees the request.

    It runs in the request's own context, so a context variable that it sets is seen by the application. If it
    puts something on `exchange.span`, that is asked to `leave` once the application has ended.

    Attributes:
        idle: True if it has nothing to do in this process; asked once the application has started, and taken at
            its word from then on.
    """

    name: str

    @property
    def idle(self) -> bool:
        """See the class."""

    def begin(self, exchange: Exchange) -> None:
        """Take an exchange that has just begun."""


class LifespanListener(Protocol):
    """Hears of the application's start and end."""

    def starting(self) -> None:
        """The server is about to start the application; also before the first request without lifespan."""

    def started(self) -> None:
        """The application's own start-up code has run."""

    def stopped(self) -> None:
        """The application has shut down; the process may end by signal at any moment now."""
