"""One question from outside to its answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fastapi_spine.console.api.endpoints import Answer, Endpoint
from fastapi_spine.console.api.parameters import Query
from fastapi_spine.console.api.pool import Pool
from fastapi_spine.console.api.problem import (
    CURSOR,
    FAULT,
    METHOD,
    NO_STORE,
    STORE,
    Problem,
    ProblemError,
    answer,
)
from fastapi_spine.console.ports import CursorError, Reader, StoreError
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.console_names import LOGGER_CONSOLE_API

_log: Final = logging.getLogger(LOGGER_CONSOLE_API)
_READING: Final = frozenset({"GET", "HEAD"})

Responder = Callable[[Request], Awaitable[Response]]


class Reading:
    """An ASGI application that answers GET, and everything that goes wrong with a problem."""

    def __init__(self, respond: Responder) -> None:
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answered(Request(scope, receive))
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        if request.method not in _READING:
            return answer(METHOD.problem(f"{request.method[:20]} was asked for."))
        try:
            return await self._respond(request)
        except Exception as error:  # noqa: BLE001 - the one place where faults of the API end
            return answer(problem_of(error))


def problem_of(error: Exception) -> Problem:
    """Return what a client is told of an error; what nobody foresaw is logged with its stack."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, CursorError):
        return CURSOR.problem(f"{error} {CURSOR.sentence}".strip())
    if isinstance(error, StoreError):
        return STORE.problem(str(error))
    _log.error("a question could not be answered", exc_info=error)
    return FAULT.problem("The answer could not be made. The console's log has the reason.")


def responder(
    endpoint: Endpoint, ask: Answer, reader: Reader, pool: Pool, clock: Clock
) -> Responder:
    """Return what answers an endpoint by a question to the store: parameters are read at once, the rest happens in a thread."""

    async def respond(request: Request) -> Response:
        query = Query(request, endpoint.parameters, clock.wall_ns())
        body = await pool.run(lambda: msgspec.json.encode(ask(reader, query)))
        return json(body)

    return respond


def json(body: bytes) -> Response:
    """Return encoded JSON as an answer that nobody keeps."""
    return Response(body, headers=NO_STORE, media_type="application/json")
