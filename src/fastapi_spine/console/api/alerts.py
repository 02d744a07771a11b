"""Questions about alerts, and the few things that can be done to them: silence, acknowledge, try."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from fastapi_spine.console.alert_views import Alert, Silence
from fastapi_spine.console.api.alert_endpoints import (
    ACKNOWLEDGE,
    END_SILENCE,
    ONE,
    PAGE,
    REPLAY,
    SILENCE,
    TEST,
    Deed,
    EmptyBody,
    NoteBody,
    SilenceBody,
)
from fastapi_spine.console.api.endpoints import PREFIX
from fastapi_spine.console.api.parameters import Query
from fastapi_spine.console.api.pool import Pool
from fastapi_spine.console.api.problem import (
    JSON_ONLY,
    PARAMETER,
    POST_ONLY,
    UNKNOWN_ID,
    ProblemError,
    answer,
)
from fastapi_spine.console.api.serve import Reading, json, problem_of
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.watch.replay import replay
from fastapi_spine.console.watch.watcher import Watch
from fastapi_spine.core.clock import Clock

_MOST_BODY: Final = 16 * 1024
_LONGEST_SILENCE_S: Final = 30 * 86_400
_LONGEST_NOTE: Final = 500


class _Writing:
    """An ASGI application that answers POST with a small JSON body."""

    def __init__(self, pool: Pool, deed: Deed, change: Callable[[Request, Any], Any]) -> None:
        self._pool = pool
        self._deed = deed
        self._change = change

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answered(request)
        except Exception as error:  # noqa: BLE001 - the one place where faults of a change end
            response = answer(problem_of(error))
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        if request.method != "POST":
            raise ProblemError(POST_ONLY.problem(f"{request.method[:20]} was asked for."))
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise ProblemError(JSON_ONLY.problem("A body of JSON is expected."))
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BODY:
                raise ProblemError(PARAMETER.problem("The body is longer than 16 KiB."))
        try:
            given = msgspec.json.decode(body or b"{}", type=self._deed.body)
        except msgspec.MsgspecError as error:
            raise ProblemError(PARAMETER.problem(f"The body cannot be read: {error}.")) from None
        found = await self._pool.run(lambda: msgspec.json.encode(self._change(request, given)))
        response = json(found)
        response.status_code = self._deed.status
        return response


class AlertsApi:
    """Answers for a watch.

    Args:
        watch: over objectives.
        reader: the store, for replays.
        pool: where questions are answered.
        clock: tells now.
    """

    def __init__(self, watch: Watch, reader: Reader, pool: Pool, clock: Clock) -> None:
        self._watch = watch
        self._reader = reader
        self._pool = pool
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        deeds = (
            (SILENCE, self._silence),
            (END_SILENCE, self._end),
            (TEST, self._test),
            (ACKNOWLEDGE, self._acknowledge),
        )
        return [
            Route(f"{PREFIX}{PAGE.path}", Reading(self._page)),
            Route(f"{PREFIX}{REPLAY.path}", Reading(self._replay)),
            *(Route(f"{PREFIX}{deed.path}", _Writing(self._pool, deed, do)) for deed, do in deeds),
            Route(f"{PREFIX}{ONE.path}", Reading(self._alert)),
        ]

    async def _page(self, request: Request) -> Response:
        Query(request, (), self._clock.wall_ns())
        return json(await self._pool.run(lambda: msgspec.json.encode(self._watch.page())))

    async def _alert(self, request: Request) -> Response:
        key = request.path_params["key"]
        found = await self._pool.run(lambda: self._watch.alert(key))
        return json(msgspec.json.encode(_known(found, key)))

    async def _replay(self, request: Request) -> Response:
        now_ns = self._clock.wall_ns()
        asked = Query(request, REPLAY.parameters, now_ns).window()
        window = Window(asked.start, max(min(asked.end, now_ns), asked.start))
        watch = self._watch

        def ask() -> bytes:
            promises = [one.promise for one in watch.watched()]
            return msgspec.json.encode(replay(self._reader, promises, watch.table, window))

        return json(await self._pool.run(ask))

    def _silence(self, request: Request, given: SilenceBody) -> Silence:
        if not 0 < given.seconds <= _LONGEST_SILENCE_S:
            raise ProblemError(
                PARAMETER.problem("seconds is how long to be quiet: above 0, at most 30 days.")
            )
        if given.objective and not self._watch.known(given.objective):
            raise ProblemError(
                UNKNOWN_ID.problem(f"There is no objective {given.objective[:80]!r}.")
            )
        now_us = self._clock.wall_ns() // 1000
        key = blake2b(
            f"{now_us}{given.objective}{given.service}".encode(), digest_size=6
        ).hexdigest()
        ends = now_us + round(given.seconds * 1e6)
        return self._watch.silence(
            Silence(
                key, given.objective, given.service, now_us, ends, _who(request), _note(given.note)
            )
        )

    def _end(self, request: Request, _given: EmptyBody) -> Silence:
        key = request.path_params["key"]
        found = self._watch.end_silence(key)
        if found is None:
            raise ProblemError(
                UNKNOWN_ID.problem(f"There is no silence {key[:80]!r} that has not ended.")
            )
        return found

    def _acknowledge(self, request: Request, given: NoteBody) -> Alert:
        key = request.path_params["key"]
        found = self._watch.acknowledge(key, by=_who(request), note=_note(given.note))
        return _known(found, key)

    def _test(self, _request: Request, _given: EmptyBody) -> Any:
        return self._watch.trial()


def _known(found: Alert | None, key: str) -> Alert:
    if found is None:
        raise ProblemError(
            UNKNOWN_ID.problem(f"There is no alert {key[:80]!r}; /alerts lists them.")
        )
    return found


def _who(request: Request) -> str:
    return "command line" if "authorization" in request.headers else "web"


def _note(text: str) -> str:
    if len(text) > _LONGEST_NOTE or any(not one.isprintable() for one in text):
        raise ProblemError(
            PARAMETER.problem(f"note is at most {_LONGEST_NOTE} printable characters.")
        )
    return text
