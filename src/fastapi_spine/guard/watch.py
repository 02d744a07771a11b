"""Sizes and time: a body that grows too large while it comes, an answer that does not begin in time."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi_spine.core.asgi import App, Message, Receive, Scope, Send
from fastapi_spine.core.conventions import (
    GUARD_BODY,
    GUARD_DEADLINE,
    REFUSED_BODY_DECLARED,
    REFUSED_BODY_SENT,
    REFUSED_LATE,
)
from fastapi_spine.core.exchange import Exchange, Refusal
from fastapi_spine.guard.reply import Answer, refuse

_TOO_LARGE: Final = 413
_UNAVAILABLE: Final = 503
_CLOSE: Final = (b"connection", b"close")
"""What comes of a refused body would be read as the next request."""
_LENGTH: Final = b"content-length"
_CHUNKED: Final = b"transfer-encoding"


class BodyTooLargeError(Exception):
    """Ends an endpoint that reads a body beyond the limit; never leaves the guard."""


def declared_too_large(headers: dict[bytes, bytes], limit: int) -> Answer | None:
    """Judge a body by what its header says; None if it may come."""
    length = headers.get(_LENGTH)
    if length is None or not length.isdigit() or int(length[:20]) <= limit:
        return None
    return _body_answer(limit, REFUSED_BODY_DECLARED)


def may_grow(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Tell whether a body of unknown length may come; a declared one the server cuts off itself."""
    if _LENGTH in headers:
        return False
    return _CHUNKED in headers or not str(scope.get("http_version", "")).startswith("1")


def _body_answer(limit: int, reason: str) -> Answer:
    detail = f"The body is larger than {limit} bytes."
    return Answer(_TOO_LARGE, detail, Refusal(GUARD_BODY, reason), (_CLOSE,))


class GrowingBody:
    """Counts a body of unknown length while the application reads it.

    Args:
        exchange: the request.
        limit: largest body, bytes.
        app: the application.
    """

    __slots__ = ("_app", "_exchange", "_limit", "_read", "_receive", "_refused", "_send")

    def __init__(self, exchange: Exchange, limit: int, app: App) -> None:
        self._exchange = exchange
        self._limit = limit
        self._app = app
        self._read = 0
        self._refused = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        self._receive = receive
        self._send = send
        try:
            await self._app(scope, self.receive, self.send)
        except BodyTooLargeError:
            if not self._refused:
                raise

    async def receive(self) -> Message:
        """Hand on the server's next message, unless the body has become too large: then answer, and end the reader.

        Raises:
            BodyTooLargeError: to end whoever reads.
        """
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body") or b"")
            if self._read > self._limit:
                await self._refuse()
                raise BodyTooLargeError
        return message

    async def send(self, message: Message) -> None:
        """Hand on the application's message, unless the refusal is out: then it speaks of the error we raised."""
        if not self._refused:
            await self._send(message)

    async def _refuse(self) -> None:
        if self._exchange.status is None and not self._refused:
            self._refused = True
            answer = _body_answer(self._limit, REFUSED_BODY_SENT)
            await refuse(answer, self._exchange, self._exchange.scope, self._send)


class Deadline:
    """Ends an endpoint whose answer has not begun in time, and answers for it.

    What `asyncio.timeout` does, with less around it: that costs 6 µs a request, this 2.

    Args:
        exchange: the request; its status tells whether the answer has begun.
        seconds: how long that may take.
        app: the application.
    """

    __slots__ = ("_app", "_exchange", "_expired", "_seconds", "_task")

    def __init__(self, exchange: Exchange, seconds: float, app: App) -> None:
        self._app = app
        self._exchange = exchange
        self._seconds = seconds
        self._expired = False
        self._task: asyncio.Task[None] | None = None

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        self._task = asyncio.current_task()
        timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self._expired or self._task is None or self._task.uncancel() > 0:
                raise  # somebody else's cancellation, or his as well
            await self._refuse(scope, send)
        finally:
            timer.cancel()

    def _expire(self) -> None:
        if self._exchange.status is None and self._task is not None:
            self._expired = True
            self._task.cancel()

    async def _refuse(self, scope: Scope, send: Send) -> None:
        if self._exchange.status is None:
            detail = f"The answer did not begin within {self._seconds:g} s."
            answer = Answer(_UNAVAILABLE, detail, Refusal(GUARD_DEADLINE, REFUSED_LATE))
            await refuse(answer, self._exchange, scope, send)
