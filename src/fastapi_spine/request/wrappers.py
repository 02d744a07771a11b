"""The one object between server and application: it wraps `send`, and listens to `receive`.

It never calls `receive` by itself (that would answer `Expect: 100-continue` for the application) and passes
every message on as the object it was; only the message that starts a response is copied, to carry the
request id. Work per message is constant: a type check and an addition.

What fails here is handed to `Health.fault` right where it failed, without a call in between: this code runs
several times a request, between other people's code, where every further function is cold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from fastapi_spine.core.asgi import Message, Receive, Send
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import HEADER_REQUEST_ID, Outcome
from fastapi_spine.core.exchange import SERVER_ERROR, Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.request.validation import from_body, from_exception

_CLIENT_ERROR: Final = 400
_UNPROCESSABLE: Final = 422
_NAME_LENGTH: Final = len(HEADER_REQUEST_ID)

START: Final = "http.response.start"
BODY: Final = "http.response.body"
TRAILERS: Final = "http.response.trailers"
PATHSEND: Final = "http.response.pathsend"
ZEROCOPYSEND: Final = "http.response.zerocopysend"


class HttpWire:
    """Watches one HTTP exchange from between server and application.

    Args:
        exchange: filled in while messages pass.
        receive: the server's.
        send: the server's.
        finish: called once, when the whole response was sent and nothing is known to be wrong.
        clock: measures first byte and end.
        health: counts what fails here.
    """

    __slots__ = ("_exchange", "_finish", "_health", "_monotonic_ns", "_receive", "_send", "_status")

    def __init__(
        self,
        exchange: Exchange,
        receive: Receive,
        send: Send,
        finish: Callable[[Exchange], None],
        clock: Clock,
        health: Health,
    ) -> None:
        self._exchange = exchange
        self._receive = receive
        self._send = send
        self._finish = finish
        self._monotonic_ns = clock.monotonic_ns
        self._health = health
        self._status: int | None = None

    async def receive(self) -> Message:
        """Hand the server's next message to the application, counting its body."""
        message = await self._receive()
        try:
            self._received(message)
        except Exception as error:  # noqa: BLE001 - see the module
            self._health.fault("receive", error)
        return message

    async def send(self, message: Message) -> None:
        """Hand the application's message to the server; the starting one with the request id."""
        kind = message.get("type") if isinstance(message, dict) else None
        outgoing = message
        if kind == START:
            try:
                outgoing = self._starting(message)
            except Exception as error:  # noqa: BLE001 - see the module
                self._health.fault("response_start", error)
        try:
            await self._send(outgoing)
        except OSError:
            self._exchange.disconnected |= not self._exchange.response_complete
            raise
        if kind == START:
            self._exchange.first_byte = self._monotonic_ns()
            self._exchange.status = self._status
            return
        try:
            if kind == BODY:
                self._body_sent(message)
            else:
                self._other_sent(kind, message)
        except Exception as error:  # noqa: BLE001 - see the module
            self._health.fault("response_body", error)

    def _received(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.request":
            self._exchange.bytes_in += len(message.get("body") or b"")
        elif kind == "http.disconnect" and not self._exchange.response_complete:
            self._exchange.disconnected = True

    def _starting(self, message: Message) -> Message:
        self._status = status = message["status"]
        if status >= _CLIENT_ERROR:
            self._see_error(status)
        self._exchange.trailers = bool(message.get("trailers"))
        outgoing = message.copy() if isinstance(message, dict) else dict(message)
        headers = outgoing["headers"] = with_request_id(message, self._exchange.request_id)
        if self._exchange.headers:
            add_missing(headers, self._exchange.headers, self._exchange.header_names)
        return outgoing

    def _see_error(self, status: int) -> None:
        """Look at the exception that is being handled while an error response is sent.

        Starlette's handlers send their response inside the `except` block, so the cause of a handled 4xx or
        5xx is visible here, whatever handler the application registered. Its traceback is kept apart
        because Starlette clears it afterwards.
        """
        error = sys.exc_info()[1]
        if error is None:
            return
        if status >= SERVER_ERROR:
            self._exchange.error = error
            self._exchange.traceback = error.__traceback__
        else:
            self._exchange.invalid = from_exception(error)

    def _body_sent(self, message: Message) -> None:
        exchange = self._exchange
        body = message.get("body")
        if body:
            if exchange.bytes_out:
                exchange.streamed = True
            elif exchange.status == _UNPROCESSABLE and not exchange.invalid:
                exchange.invalid = from_body(body)
            exchange.bytes_out += len(body)
        if not message.get("more_body") and not exchange.trailers:
            self._complete()

    def _other_sent(self, kind: object, message: Message) -> None:
        if kind == PATHSEND:
            self._whole_body_sent()
        elif kind == ZEROCOPYSEND:
            self._exchange.bytes_out += int(message.get("count") or 0)
            self._exchange.streamed = True
            if not message.get("more_body"):
                self._whole_body_sent()
        elif kind == TRAILERS and not message.get("more_trailers"):
            self._complete()

    def _whole_body_sent(self) -> None:
        if not self._exchange.trailers:
            self._complete()

    def _complete(self) -> None:
        exchange = self._exchange
        exchange.ended = self._monotonic_ns()
        exchange.response_complete = True
        if exchange.disconnected:
            exchange.outcome = Outcome.DISCONNECTED
        if exchange.status is not None and exchange.status < SERVER_ERROR:
            self._finish(exchange)


def with_request_id(message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
    """Return the message's headers with exactly one request id, ours.

    An id that the application set itself (another middleware's, an upstream's that it passes on) would not
    open the logs, so it gives way. The application's own header object is never touched: it may be a
    generator, or shared between requests.
    """
    headers = list(message.get("headers") or ())
    for pair in headers:
        if len(pair[0]) == _NAME_LENGTH and pair[0].lower() == HEADER_REQUEST_ID:
            headers = [pair for pair in headers if pair[0].lower() != HEADER_REQUEST_ID]
            break
    headers.append((HEADER_REQUEST_ID, request_id.encode("ascii")))
    return headers


def add_missing(
    headers: list[tuple[bytes, bytes]],
    more: list[tuple[bytes, bytes]],
    names: frozenset[bytes],
) -> None:
    """Add what guards have to say; what the application says itself stays as it is.

    Args:
        headers: the application's; grows.
        more: the guards'.
        names: which of `more` give way; hardly ever does one have to. `Vary` is none of them: it adds up.
    """
    for name, _ in headers:
        if name.lower() in names:
            said = names.intersection([name.lower() for name, _ in headers])
            headers += [pair for pair in more if pair[0] not in said]
            return
    headers += more
