"""One exchange a WebSocket connection: close code, duration, messages in and out."""

from __future__ import annotations

from typing import Final

from fastapi_spine.core.asgi import Message, Receive, Send
from fastapi_spine.core.conventions import Outcome
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.request.wrappers import add_missing, with_request_id

SWITCHING_PROTOCOLS: Final = 101
REFUSED: Final = 403
"""What servers answer when the application closes before it accepted (ASGI 3.0, WebSocket close)."""
DEFAULT_CLOSE_CODE: Final = 1000
ABNORMAL: Final = 1006
"""RFC 6455 section 7.4.1: no close frame was seen."""
SERVICE_RESTART: Final = 1012

_CARRY_ID: Final = frozenset({"websocket.accept", "websocket.http.response.start"})


class WebSocketWire:
    """Watches one WebSocket connection from between server and application."""

    __slots__ = ("_exchange", "_guarded", "_receive", "_send")

    def __init__(self, exchange: Exchange, receive: Receive, send: Send, health: Health) -> None:
        self._exchange = exchange
        self._receive = receive
        self._send = send
        self._guarded = health.guarded

    async def receive(self) -> Message:
        """Hand the server's next message to the application, counting it."""
        message = await self._receive()
        self._guarded("receive", self._received, message)
        return message

    async def send(self, message: Message) -> None:
        """Hand the application's message to the server; the accepting one with the request id."""
        kind = message.get("type") if isinstance(message, dict) else None
        outgoing = message
        if kind in _CARRY_ID:
            outgoing = self._guarded("response_start", self._with_id, message) or message
        try:
            await self._send(outgoing)
        except OSError:
            self._exchange.disconnected = True
            raise
        self._guarded("websocket_sent", self._sent, kind, message)

    def _with_id(self, message: Message) -> Message:
        headers = with_request_id(message, self._exchange.request_id)
        if self._exchange.headers:
            add_missing(headers, self._exchange.headers, self._exchange.header_names)
        return {**message, "headers": headers}

    def _received(self, message: Message) -> None:
        exchange = self._exchange
        kind = message["type"]
        if kind == "websocket.receive":
            exchange.messages_in += 1
            exchange.bytes_in += _size(message)
        elif kind == "websocket.disconnect" and exchange.close_code is None:
            self._closed(message.get("code") or DEFAULT_CLOSE_CODE)

    def _sent(self, kind: object, message: Message) -> None:
        exchange = self._exchange
        if kind == "websocket.send":
            exchange.messages_out += 1
            exchange.bytes_out += _size(message)
        elif kind == "websocket.accept":
            exchange.status = SWITCHING_PROTOCOLS
        elif kind == "websocket.close":
            self._closed_by_application(message)
        elif kind == "websocket.http.response.start":
            exchange.status = message["status"]
        elif kind == "websocket.http.response.body":
            exchange.bytes_out += len(message.get("body") or b"")
            exchange.response_complete = not message.get("more_body")

    def _closed_by_application(self, message: Message) -> None:
        if self._exchange.status is None:
            self._exchange.status = REFUSED
            self._exchange.response_complete = True
            return
        self._closed(message.get("code") or DEFAULT_CLOSE_CODE)

    def _closed(self, code: int) -> None:
        exchange = self._exchange
        if exchange.close_code is None:
            exchange.close_code = code
        exchange.response_complete = True


def outcome_of_return(exchange: Exchange, *, stopping: bool) -> Outcome:
    """Judge a WebSocket application that returned.

    A connection that either side closed is complete; one that broke without a close frame lost its client; one
    that the server closed in order to restart was interrupted.
    """
    code = exchange.close_code
    if code == SERVICE_RESTART or (stopping and code is None):
        return Outcome.INTERRUPTED
    if exchange.disconnected or code == ABNORMAL:
        return Outcome.DISCONNECTED
    return Outcome.INCOMPLETE if exchange.status is None else Outcome.COMPLETED


def _size(message: Message) -> int:
    """Count a message's payload in bytes: text counts as UTF-8."""
    data = message.get("bytes")
    if data is not None:
        return len(data)
    text = message.get("text") or ""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
