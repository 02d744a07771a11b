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

import msgspec

from fastapi_spine.core.asgi import Message, Receive, Send
from fastapi_spine.core.conventions import HEADER_REQUEST_ID, Outcome
from fastapi_spine.core.exchange import SERVER_ERROR, Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.core.observer import Tell
from fastapi_spine.request.validation import from_body, from_exception

_CLIENT_ERROR: Final = 400
_UNPROCESSABLE: Final = 422
_NAME_LENGTH: Final = len(HEADER_REQUEST_ID)

START: Final = "http.response.start"
BODY: Final = "http.response.body"
TRAILERS: Final = "http.response.trailers"
PATHSEND: Final = "http.response.pathsend"
ZEROCOPYSEND: Final = "http.response.zerocopysend"


class HttpWire(msgspec.Struct, eq=False):
    """Watches one HTTP exchange from between server and application.

    A struct, because one is made for each request and msgspec makes it without running Python.

    Args:
        exchange: filled in while messages pass.
        server_receive: the server's `receive`.
        server_send: the server's `send`.
        finish: called once, when the whole response was sent and nothing is known to be wrong.
        monotonic_ns: measures first byte and end.
        health: counts what fails here.
        status: that the application has given, until it is on the wire.
    """

    exchange: Exchange
    server_receive: Receive
    server_send: Send
    finish: Callable[[Exchange], None]
    monotonic_ns: Callable[[], int]
    health: Health
    status: int | None = None

    async def receive(self) -> Message:
        """Hand the server's next message to the application, counting its body."""
        message = await self.server_receive()
        try:
            self._received(message)
        except Exception as error:  # noqa: BLE001 - see the module
            self.health.fault("receive", error)
        return message

    async def send(self, message: Message) -> None:
        """Hand the application's message to the server; the starting one with the request id."""
        kind = message.get("type") if isinstance(message, dict) else None
        outgoing = message
        if kind == START:
            try:
                outgoing = self._starting(message)
            except Exception as error:  # noqa: BLE001 - see the module
                self.health.fault("response_start", error)
        exchange = self.exchange
        server_send = self.server_send
        try:
            await server_send(outgoing)
        except OSError:
            exchange.disconnected |= not exchange.response_complete
            raise
        if kind == START:
            monotonic_ns = self.monotonic_ns
            exchange.first_byte = monotonic_ns()
            exchange.status = self.status
            return
        try:
            if kind != BODY:
                self._other_sent(kind, message)
                return
            body = message.get("body")
            if body:
                if exchange.bytes_out or exchange.status == _UNPROCESSABLE:
                    self._see_body(body)
                exchange.bytes_out += len(body)
            if not message.get("more_body") and not exchange.trailers:
                self._complete()
        except Exception as error:  # noqa: BLE001 - see the module
            self.health.fault("response_body", error)

    def _received(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.request":
            self.exchange.bytes_in += len(message.get("body") or b"")
        elif kind == "http.disconnect" and not self.exchange.response_complete:
            self.exchange.disconnected = True

    def _starting(self, message: Message) -> Message:
        """Return the message with the request id, and with what guards have to say."""
        exchange = self.exchange
        self.status = status = message["status"]
        if status >= _CLIENT_ERROR:
            try:
                self._see_error(status)
            except Exception as error:  # noqa: BLE001 - apart: the headers do not depend on it
                self.health.fault("response_error", error)
        if message.get("trailers"):
            exchange.trailers = True
        headers = with_request_id(message, exchange.request_id)
        if exchange.headers:
            add_missing(headers, exchange.headers, exchange.header_names)
        return {**message, "headers": headers}

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
            self.exchange.error = error
            self.exchange.traceback = error.__traceback__
        else:
            self.exchange.invalid = from_exception(error)

    def _see_body(self, body: bytes) -> None:
        """Look at a body that is not the first, or that says what was wrong with the request."""
        exchange = self.exchange
        if exchange.bytes_out:
            exchange.streamed = True
        elif not exchange.invalid:
            exchange.invalid = from_body(body)

    def _other_sent(self, kind: object, message: Message) -> None:
        if kind == PATHSEND:
            self._whole_body_sent()
        elif kind == ZEROCOPYSEND:
            self.exchange.bytes_out += int(message.get("count") or 0)
            self.exchange.streamed = True
            if not message.get("more_body"):
                self._whole_body_sent()
        elif kind == TRAILERS and not message.get("more_trailers"):
            self._complete()

    def _whole_body_sent(self) -> None:
        if not self.exchange.trailers:
            self._complete()

    def _complete(self) -> None:
        exchange, monotonic_ns, finish = self.exchange, self.monotonic_ns, self.finish
        exchange.ended = monotonic_ns()
        exchange.response_complete = True
        if exchange.disconnected:
            exchange.outcome = Outcome.DISCONNECTED
        if exchange.status is not None and exchange.status < SERVER_ERROR:
            finish(exchange)


class TellingWire(HttpWire, eq=False, kw_only=True):
    """The same, where callers are told more than the request id; one of its own, so that others do not even ask.

    Args:
        tell: adds to the headers of an answer.
    """

    tell: Tell

    def _starting(self, message: Message) -> Message:
        """Return the message with all that the application, the guards and we have to say."""
        outgoing = super()._starting(message)
        try:
            self.tell(self.exchange, outgoing["status"], outgoing["headers"])
        except Exception as error:  # noqa: BLE001 - apart: the request id does not depend on it
            self.health.fault("response_headers", error)
        return outgoing


def with_request_id(message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
    """Return the message's headers with exactly one request id, ours.

    An id that the application set itself (another middleware's, an upstream's that it passes on) would not
    open the logs, so it gives way. The application's own header object is never touched: it may be a
    generator, or shared between requests.
    """
    headers = list(message.get("headers") or ())
    for name, _ in headers:
        if len(name) == _NAME_LENGTH and name.lower() == HEADER_REQUEST_ID:
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
