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


class BodyTooLargeError(Exception):
    """Ends an endpoint that reads a body beyond the limit; never leaves the guard."""


def declared_too_large(length: bytes | None, limit: int) -> Answer | None:
    """Judge a body by what its header says; None if it may come."""
    if length is None or not length.isdigit() or int(length[:20]) <= limit:
        return None
    return _body_answer(limit, REFUSED_BODY_DECLARED)


def _body_answer(limit: int, reason: str) -> Answer:
    detail = f"The body is larger than {limit} bytes."
    return Answer(_TOO_LARGE, detail, Refusal(GUARD_BODY, reason), (_CLOSE,))


class Watch:
    """Runs the application on one request, with an eye on its body and on the clock.

    Args:
        exchange: the request.
        scope: of the connection.
        receive: the way in.
        send: the way out.
        limit: largest body, bytes; None where the server sees to it, because the length was declared.
    """

    __slots__ = (
        "_exchange", "_limit", "_read", "_receive", "_refused", "_scope", "_send", "_started", "_timeout",
    )  # fmt: skip

    def __init__(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send, limit: int | None
    ) -> None:
        self._exchange = exchange
        self._scope = scope
        self._receive = receive
        self._send = send
        self._limit = limit
        self._read = 0
        self._started = False
        self._refused = False
        self._timeout: asyncio.Timeout | None = None

    async def run(self, app: App, deadline: float | None) -> None:
        """Run it.

        Args:
            app: the application.
            deadline: seconds until the answer must have begun; None for any time.
        """
        receive = self._receive if self._limit is None else self._limited
        if deadline is None:
            await self._run(app, receive)
            return
        try:
            async with asyncio.timeout(deadline) as self._timeout:
                await self._run(app, receive)
        except TimeoutError:
            if self._started or self._timeout is None or not self._timeout.expired():
                raise
            await self._refuse_late(deadline)

    async def _run(self, app: App, receive: Receive) -> None:
        try:
            await app(self._scope, receive, self._sent)
        except BodyTooLargeError:
            if self._started and not self._refused:
                raise
            await self._refuse_body()

    async def _limited(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and self._limit is not None:
            self._read += len(message.get("body") or b"")
            if self._read > self._limit:
                await self._refuse_body()
                raise BodyTooLargeError
        return message

    async def _sent(self, message: Message) -> None:
        if self._refused:
            return  # the application's own words about the error that ended its reading
        if not self._started:
            self._started = True
            if self._timeout is not None and not self._timeout.expired():
                self._timeout.reschedule(None)
        await self._send(message)

    async def _refuse_body(self) -> None:
        if not self._started and self._limit is not None:
            self._started = self._refused = True
            answer = _body_answer(self._limit, REFUSED_BODY_SENT)
            await refuse(answer, self._exchange, self._scope, self._send)

    async def _refuse_late(self, deadline: float) -> None:
        self._started = self._refused = True
        detail = f"The answer did not begin within {deadline:g} s."
        answer = Answer(_UNAVAILABLE, detail, Refusal(GUARD_DEADLINE, REFUSED_LATE))
        await refuse(answer, self._exchange, self._scope, self._send)
