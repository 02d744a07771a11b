"""The page as an ASGI callable: rendered in a thread, shared by those who ask at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
from starlette.responses import Response

from fastapi_spine.core.asgi import Receive, Scope, Send
from fastapi_spine.core.conventions import HEADER_VARY
from fastapi_spine.core.health import Health
from fastapi_spine.metrics.exposition.negotiate import choose_format, wants_gzip
from fastapi_spine.metrics.exposition.page import Wanted, write_page
from fastapi_spine.metrics.exposition.users import UsersMetrics
from fastapi_spine.metrics.family import Family
from fastapi_spine.metrics.serve.access import Access
from fastapi_spine.settings.model import Metrics

_MOST_NAMES: Final = 100
_FAILED: Final = b"the metrics page could not be made; see the log\n"
_METHODS: Final = frozenset({"GET", "HEAD"})


class Answer(NamedTuple):
    """What a reader gets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class MetricsPage:
    """Shows the numbers of all workers to whoever may see them.

    Args:
        settings: where the page is, and for whom.
        gather: returns every worker's families; may block for a moment.
        users: writes the application's own metrics.
        health: counts what fails.
    """

    def __init__(
        self,
        settings: Metrics,
        gather: Callable[[], list[Family]],
        users: UsersMetrics,
        health: Health,
    ) -> None:
        self.path = settings.path
        self.access = Access(settings.token, settings.allow)
        self._gather = gather
        self._users = users
        self._health = health
        self._lock = threading.Lock()
        self._under_way: dict[Wanted, Future[Answer]] = {}

    def admits(self, scope: Scope) -> bool:
        """Say whether this request is for the page and may see it; all others get the application's answer."""
        root = str(scope.get("root_path", "")).rstrip("/")
        path = str(scope["path"])
        return (
            path in (self.path, root + self.path)
            and scope.get("method") in _METHODS
            and self.access.admits(scope)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; the event loop goes on meanwhile, and so does the page if its reader leaves."""
        given = scope.get("headers") or ()
        headers = {name.lower(): value.decode("latin-1") for name, value in given}
        wanted = wish(
            accept=headers.get(b"accept", ""),
            accept_encoding=headers.get(b"accept-encoding", ""),
            query=scope.get("query_string", b"").decode("latin-1"),
        )
        # A limiter of its own: the page must answer when the application has used up all its threads.
        answer = await anyio.to_thread.run_sync(
            self.answer, wanted, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
        )
        body = b"" if scope["method"] == "HEAD" else answer.body
        response = Response(body, answer.status, dict(answer.headers))
        await response(scope, receive, send)

    def answer(self, wanted: Wanted) -> Answer:
        """Return the page, from the rendering under way if there is one; called in a thread, blocks."""
        with self._lock:
            shared = self._under_way.get(wanted)
            mine: Future[Answer] = Future()
            if shared is None:
                self._under_way[wanted] = mine
        if shared is not None:
            return shared.result()
        made = self._health.guarded("metrics_page", self._make, wanted)
        answer = made or Answer(500, (("content-type", "text/plain; charset=utf-8"),), _FAILED)
        with self._lock:
            del self._under_way[wanted]
        mine.set_result(answer)
        return answer

    def forget(self) -> None:
        """Let go of renderings that a parent process had under way: in a child after a fork."""
        self._lock = threading.Lock()
        self._under_way = {}

    def _make(self, wanted: Wanted) -> Answer:
        body = write_page(self._gather(), self._users, wanted)
        headers = [
            ("content-type", wanted.style.content_type),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            (HEADER_VARY.decode("ascii"), "accept, accept-encoding"),
        ]
        if wanted.zipped:
            headers.append(("content-encoding", "gzip"))
        return Answer(200, tuple(headers), body)


def wish(*, accept: str, accept_encoding: str, query: str) -> Wanted:
    """Read what a reader wants from its headers and query; `name[]` may come several times."""
    try:
        pairs = parse_qsl(query, max_num_fields=_MOST_NAMES)
    except ValueError:
        pairs = []
    names = frozenset(value for name, value in pairs if name == "name[]")
    return Wanted(choose_format(accept), wants_gzip(accept_encoding), names)
