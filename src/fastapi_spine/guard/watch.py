"""Sizes: a body that is too large by its own word, or grows too large while it comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi_spine.core.asgi import App, Message, Receive, Scope, Send
from fastapi_spine.core.conventions import (
    GUARD_BODY,
    REFUSED_BODY_DECLARED,
    REFUSED_BODY_SENT,
)
from fastapi_spine.core.exchange import Exchange, Refusal
from fastapi_spine.guard.reply import Answer, refuse

_TOO_LARGE: Final = 413
_CLOSE: Final = (b"connection", b"close")
"""What comes of a refused body would be read as the next request."""
_LENGTH: Final = b"content-length"
_CHUNKED: Final = b"transfer-encoding"


class BodyTooLargeError(Exception):
    """Ends an endpoint that reads a body beyond the limit; never leaves the guard."""


def declared_too_large(headers: Mapping[bytes, bytes], limit: int) -> Answer | None:
    """Judge a body by what its header says; None if it may come."""
    length = headers.get(_LENGTH)
    if length is None or not length.isdigit() or int(length[:20]) <= limit:
        return None
    return _body_answer(limit, REFUSED_BODY_DECLARED)


def may_grow(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a body of unknown length may come; a declared one the server cuts off itself.

    Whoever sends a length and chunks has sent chunks (RFC 9112 section 6.3): his length is no word to rely on.
    """
    if _CHUNKED in headers:
        return True
    return _LENGTH not in headers and not str(scope.get("http_version", "")).startswith("1")


def _body_answer(limit: int, reason: str) -> Answer:
    detail = f"The body is larger than {limit} bytes."
    return Answer(_TOO_LARGE, detail, Refusal(GUARD_BODY, reason), (_CLOSE,))


class GrowingBody:
    """Counts a body of unknown length while the application reads it.

    Args:
        exchange: the request.
        limit: largest body, bytes.
        receive: the server's.
        send: the server's.
    """

    __slots__ = ("_exchange", "_limit", "_read", "_receive", "_refused", "_send")

    def __init__(self, exchange: Exchange, limit: int, receive: Receive, send: Send) -> None:
        self._exchange = exchange
        self._limit = limit
        self._receive = receive
        self._send = send
        self._read = 0
        self._refused = False

    async def run(self, app: App) -> None:
        """Let the application run."""
        try:
            await app(self._exchange.scope, self.receive, self.send)
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
