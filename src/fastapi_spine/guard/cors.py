"""Cross-origin requests: Starlette's own middleware decides, in front of everything else.

From here its verdict also dresses an unhandled 500 and our own refusals, which inside the application's stack it does
not (fastapi#775, starlette#1116): a page can read the error, and the id on it. It is asked once for each origin and
its words are remembered (`dress`): as a middleware it costs every request 15 µs, its words cost 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from fastapi_spine.core.asgi import Receive, Scope, Send
from fastapi_spine.core.conventions import (
    GUARD_CORS,
    HEADER_ORIGIN,
    HEADER_RATE_LIMIT,
    HEADER_RATE_LIMIT_POLICY,
    HEADER_REQUEST_ID,
    HEADER_RETRY_AFTER,
    HEADER_VARY,
    REFUSED_ORIGIN,
)
from fastapi_spine.core.exchange import Exchange, Refusal
from fastapi_spine.guard.reply import Answer, refuse
from fastapi_spine.settings.guard_model import Guard

_ASKS: Final = b"access-control-request-method"
_ALLOW_ORIGIN: Final = b"access-control-allow-origin"
_BAD_REQUEST: Final = 400
_OF_A_BODY: Final = frozenset({b"content-type", b"content-length"})
_READABLE: Final = tuple(
    name.decode("ascii")
    for name in (HEADER_REQUEST_ID, HEADER_RATE_LIMIT, HEADER_RATE_LIMIT_POLICY, HEADER_RETRY_AFTER)
)
_VARY: Final = (HEADER_VARY, b"Origin")

Pairs = list[tuple[bytes, bytes]]


class Cors:
    """Answers preflights, and knows what to add to every other answer.

    Args:
        settings: who may do what.
        told: headers that other rooms add to answers; who may read an answer may read them.
    """

    __slots__ = ("_cors", "_unasked")

    def __init__(self, settings: Guard, told: Iterable[str] = ()) -> None:
        self._cors = CORSMiddleware(
            _nothing_behind,
            allow_origins=settings.cors,
            allow_methods=settings.cors_methods,
            allow_headers=settings.cors_headers,
            allow_credentials=settings.cors_credentials,
            expose_headers=dict.fromkeys((*_READABLE, *told, *settings.cors_expose)),
            max_age=int(settings.cors_max_age),
        )
        self._unasked: Pairs = [_VARY]

    def of(self, origin: bytes | None) -> Pairs:
        """Return what an answer says to a page of this origin; the list is shared and must not be changed."""
        return self._unasked if origin is None else self._look(origin)

    @staticmethod
    def asks_first(method: object, headers: Mapping[bytes, bytes]) -> bool:
        """Tell whether a request is a preflight: a browser asks whether it may ask."""
        return method == "OPTIONS" and HEADER_ORIGIN in headers and _ASKS in headers

    async def preflight(
        self, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a preflight: as Starlette does, but a refusal looks like every other guard's."""
        response = self._cors.preflight_response(Headers(scope=scope))
        if response.status_code != _BAD_REQUEST:
            await response(scope, receive, send)
            return
        detail = f"{bytes(response.body).decode()}."
        words = tuple(pair for pair in response.raw_headers if pair[0] not in _OF_A_BODY)
        answer = Answer(_BAD_REQUEST, detail, Refusal(GUARD_CORS, REFUSED_ORIGIN), words)
        await refuse(answer, exchange, scope, send)

    def _look(self, origin: bytes) -> Pairs:
        cors = self._cors
        text = origin.decode("latin-1")
        if not cors.is_allowed_origin(text):
            return self._unasked
        said = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in cors.simple_headers.items()
        ]
        if not cors.allow_all_origins:
            said.append((_ALLOW_ORIGIN, origin))
        return [*said, _VARY]


async def _nothing_behind(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand where a middleware has its application; the gate calls that itself."""
