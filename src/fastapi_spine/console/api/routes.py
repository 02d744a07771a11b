"""The API put together: what a server mounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fastapi_spine.console.api.alerts import AlertsApi
from fastapi_spine.console.api.document import document
from fastapi_spine.console.api.endpoints import ENDPOINTS, HEALTH, PREFIX
from fastapi_spine.console.api.page import STYLE, page
from fastapi_spine.console.api.parameters import Query
from fastapi_spine.console.api.pool import Pool
from fastapi_spine.console.api.problem import NO_SUCH_PATH, ProblemError
from fastapi_spine.console.api.serve import Reading, Responder, json, responder
from fastapi_spine.console.api.tails import Tails, kinds
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.views import Health
from fastapi_spine.console.watch.watcher import Watch
from fastapi_spine.core.clock import Clock

_MINUTE: Final = {"cache-control": "max-age=60"}


class Api:
    """The API of one console.

    Args:
        reader: the store's reading door; called from several threads.
        clock: tells now.
        health: returns how the console is; called in a thread. `tails` is filled in here.
        version: of the console, for the document.
        tails: the live tails; made here if not given.
        pool: where questions are answered; made here if not given.
        watch: over objectives; None where nobody watches.

    Attributes:
        routes: what a Starlette application mounts; every path begins with `/api`.
        tails: the live tails.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        clock: Clock,
        health: Callable[[], Health],
        version: str,
        tails: Tails | None = None,
        pool: Pool | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._health = health
        self._pool = pool or Pool("spine-api")
        self.tails = tails or Tails(clock)
        self._document = msgspec.json.format(msgspec.json.encode(document(version)))
        self._page = page(version)
        self.routes = self._routes(reader)

    def end(self) -> None:
        """End every tail at once and take no more questions; may be called from any thread."""
        self.tails.end()
        self._pool.close()

    def _routes(self, reader: Reader) -> list[BaseRoute]:
        found: list[BaseRoute] = [
            Route(f"{PREFIX}/{name}/tail", self.tails.app(kind))
            for name, kind in kinds(reader).items()
        ]
        for endpoint in (*ENDPOINTS, HEALTH):
            respond: Responder = self._health_answer
            if endpoint.answer is not None:
                respond = responder(endpoint, endpoint.answer, reader, self._pool, self._clock)
            # An id may hold a slash: whoever made it, made it.
            path = endpoint.path.replace("{key}", "{key:path}")
            found.append(Route(f"{PREFIX}{path}", Reading(respond)))
        if self._watch is not None:
            found += AlertsApi(self._watch, reader, self._pool, self._clock).routes()
        found.append(Route("/api/openapi.json", Reading(self._document_answer)))
        found.append(Route("/api/page.css", Reading(_style_answer)))
        found.append(Route("/api", Reading(self._page_answer)))
        found.append(Route("/api/{rest:path}", Reading(_nothing_here)))
        return found

    async def _health_answer(self, request: Request) -> Response:
        Query(request, (), self._clock.wall_ns())

        def ask() -> bytes:
            return msgspec.json.encode(
                msgspec.structs.replace(self._health(), tails=self.tails.open)
            )

        return json(await self._pool.run(ask))

    async def _document_answer(self, _request: Request) -> Response:
        return Response(self._document, headers=_MINUTE, media_type="application/json")

    async def _page_answer(self, _request: Request) -> Response:
        return Response(self._page, headers=_MINUTE, media_type="text/html")


async def _style_answer(_request: Request) -> Response:
    return Response(STYLE, headers=_MINUTE, media_type="text/css")


async def _nothing_here(request: Request) -> Response:
    path = request.url.path[:100]
    raise ProblemError(
        NO_SUCH_PATH.problem(f"{path!r} is no path of the API. /api lists every one.")
    )
