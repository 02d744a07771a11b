"""Cross-origin requests: Starlette's own middleware, between the spine and everything else.

There it also dresses an unhandled 500 and our own refusals, which inside the application's stack it does not
(fastapi#775, starlette#1116): a page can read the error, and the id on it.
"""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware

from fastapi_spine.core.asgi import App, Message, Receive, Scope, Send
from fastapi_spine.core.conventions import (
    GUARD_CORS,
    HEADER_ORIGIN,
    HEADER_RATE_LIMIT,
    HEADER_RATE_LIMIT_POLICY,
    HEADER_REQUEST_ID,
    HEADER_RETRY_AFTER,
    REFUSED_ORIGIN,
    SCOPE_MARKER,
)
from fastapi_spine.core.exchange import Exchange, Refusal
from fastapi_spine.settings.guard_model import Guard

_ASKS: Final = b"access-control-request-method"
_BAD_REQUEST: Final = 400
_READABLE: Final = tuple(
    name.decode("ascii")
    for name in (HEADER_REQUEST_ID, HEADER_RATE_LIMIT, HEADER_RATE_LIMIT_POLICY, HEADER_RETRY_AFTER)
)


class Cors:
    """Answers preflights, and dresses every other answer.

    Args:
        app: what stands behind.
        settings: who may do what.
    """

    __slots__ = ("_cors",)

    def __init__(self, app: App, settings: Guard) -> None:
        self._cors = CORSMiddleware(
            app,
            allow_origins=settings.cors,
            allow_methods=settings.cors_methods,
            allow_headers=settings.cors_headers,
            allow_credentials=settings.cors_credentials,
            expose_headers=dict.fromkeys((*_READABLE, *settings.cors_expose)),
            max_age=int(settings.cors_max_age),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        exchange = scope.get(SCOPE_MARKER)
        if (
            scope["type"] == "http"
            and scope["method"] == "OPTIONS"
            and isinstance(exchange, Exchange)
            and _is_preflight(scope)
        ):
            send = _watched(exchange, send)
        await self._cors(scope, receive, send)


def _is_preflight(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return HEADER_ORIGIN in names and _ASKS in names


def _watched(exchange: Exchange, send: Send) -> Send:
    """Take note of a preflight that was refused, before its answer is complete."""

    async def watch(message: Message) -> None:
        if exchange.status == _BAD_REQUEST:  # the start is out, and the end is to come
            exchange.refusal = Refusal(GUARD_CORS, REFUSED_ORIGIN)
        await send(message)

    return watch
