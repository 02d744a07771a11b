"""OTLP over HTTP: the three paths, the contract's statuses, limits before anything is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from fastapi_spine.console.intake.books import Books
from fastapi_spine.console.intake.committer import Committer
from fastapi_spine.console.intake.jobs import Body, Outcome
from fastapi_spine.console.otlp.answer import JSON, PROTOBUF, refused, taken
from fastapi_spine.console.otlp.decode import Signal
from fastapi_spine.console.otlp.inflate import too_large
from fastapi_spine.console.otlp.limits import Limits
from fastapi_spine.core.asgi import Receive, Scope, Send
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import (
    REFUSED_BUSY,
    REFUSED_SLOW,
    REFUSED_TOO_LARGE,
    REFUSED_TYPE,
)

PATHS: Final[Mapping[str, Signal]] = {
    "/v1/traces": "traces",
    "/v1/logs": "logs",
    "/v1/metrics": "metrics",
}
MOST_BODIES: Final = 32
MOST_HELD: Final = 64 << 20
BODY_DEADLINE_S: Final = 10.0
_RETRY_BUSY_S: Final = 1
_OK: Final = 200
_WRONG_METHOD: Final = 405
_BODY_LEFT: Final = (408, 413, 503)
"""After these, the rest of the body is perhaps still to come."""


class _Refusal(Exception):  # noqa: N818 - an answer, not a fault
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class Bounds(NamedTuple):
    """How much may be on its way at once.

    Attributes:
        bodies: how many.
        held: bytes of all of them, as they came.
        deadline_s: how long a body may take to arrive.
    """

    bodies: int = MOST_BODIES
    held: int = MOST_HELD
    deadline_s: float = BODY_DEADLINE_S


class Reception:
    """The ASGI application that receives.

    Args:
        committer: takes bodies.
        limits: of one body.
        books: counts what is refused here.
        clock: says when a body came.
        bounds: of all bodies together.
    """

    def __init__(
        self,
        committer: Committer,
        limits: Limits,
        books: Books,
        clock: Clock,
        bounds: Bounds = Bounds(),  # noqa: B008 - immutable
    ) -> None:
        self._committer = committer
        self._limits = limits
        self._books = books
        self._clock = clock
        self._bounds = bounds
        self._open = 0
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = dict(scope["headers"])
        kind = _media_type(headers.get(b"content-type", b""))
        json = kind == JSON
        signal = PATHS.get(scope["path"])
        if signal is None:
            message = "telemetry goes to /v1/traces, /v1/logs or /v1/metrics"
            await _answer(send, json, Outcome(404, message=message))
            return
        try:
            outcome = await self._receive(signal, scope["method"], kind, headers, receive)
        except _Refusal as refusal:
            outcome = refusal.outcome
            if outcome.reason:
                self._books.refused(signal, outcome.reason)
        await _answer(send, json, outcome, signal)

    async def _receive(
        self,
        signal: Signal,
        method: str,
        kind: str,
        headers: Mapping[bytes, bytes],
        receive: Receive,
    ) -> Outcome:
        if method != "POST":
            raise _Refusal(Outcome(405, message="send telemetry by POST"))
        if kind not in (JSON, PROTOBUF):
            message = f"the content type is neither {PROTOBUF} nor {JSON}"
            raise _Refusal(Outcome(415, REFUSED_TYPE, message))
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self._limits.wire:
            raise self._too_large()
        if self._open >= self._bounds.bodies:
            raise _busy()
        self._open += 1
        before = _Held()
        try:
            content = await self._read(receive, before)
            return await self._commit(signal, content, kind == JSON, headers)
        finally:
            self._open -= 1
            self._held -= before.bytes

    async def _read(self, receive: Receive, held: _Held) -> bytes:
        """Read a body, counting it among all that are held.

        Raises:
            _Refusal: it is too large, too slow, or too much is held already.
        """
        pieces: list[bytes] = []
        try:
            async with asyncio.timeout(self._bounds.deadline_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Refusal(Outcome(400, REFUSED_SLOW, "the body did not end"))
                    piece = message.get("body", b"")
                    held.bytes += len(piece)
                    self._held += len(piece)
                    if held.bytes > self._limits.wire:
                        raise self._too_large()
                    if self._held > self._bounds.held:
                        raise _busy()
                    pieces.append(piece)
                    more = message.get("more_body", False)
        except TimeoutError:
            seconds = self._bounds.deadline_s
            late = f"the body did not arrive within {seconds:.0f} s"
            raise _Refusal(Outcome(408, REFUSED_SLOW, late)) from None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _commit(
        self, signal: Signal, content: bytes, json: bool, headers: Mapping[bytes, bytes]
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        committed: asyncio.Future[Outcome] = loop.create_future()

        def settle(outcome: Outcome) -> None:
            if not committed.done():
                committed.set_result(outcome)

        def answer(outcome: Outcome) -> None:
            loop.call_soon_threadsafe(settle, outcome)

        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        now_ns = self._clock.wall_ns()
        self._committer.put(Body(signal, content, json, encoding, now_ns, answer))
        return await committed

    def _too_large(self) -> _Refusal:
        return _Refusal(Outcome(413, REFUSED_TOO_LARGE, str(too_large(self._limits.wire))))


class _Held:
    """How many bytes of one body are held."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


def _busy() -> _Refusal:
    message = "the console is busy with what came before; come again"
    return _Refusal(Outcome(503, REFUSED_BUSY, message, retry_after_s=_RETRY_BUSY_S))


def _media_type(content_type: bytes) -> str:
    return content_type.partition(b";")[0].strip().lower().decode("latin-1")


async def _answer(send: Send, json: bool, outcome: Outcome, signal: Signal = "traces") -> None:
    if outcome.status == _OK:
        body = taken(signal, outcome.rejected, json=json)
    else:
        body = refused(outcome.status, outcome.message, json=json)
    headers = [
        (b"content-type", (JSON if json else PROTOBUF).encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if outcome.retry_after_s is not None:
        headers.append((b"retry-after", str(outcome.retry_after_s).encode()))
    if outcome.status == _WRONG_METHOD:
        headers.append((b"allow", b"POST"))
    if outcome.status in _BODY_LEFT:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": outcome.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
