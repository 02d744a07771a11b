"""Live tails: server-sent events (WHATWG HTML, "Server-sent events"), one event for many rows.

Each tail asks the store for what came after its cursor, soon again while there is something, seldom while there is not.
Tails with equal searches at the same place share one question. Nothing is buffered but the rows of one event: a client
that does not read fast enough holds its own tail up, and when it is too far behind, rows are skipped and it is told how
many.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from fastapi_spine.console.api.parameters import NEWER, Parameter, Q, Query
from fastapi_spine.console.api.pool import SHUTTING_DOWN, Pool
from fastapi_spine.console.api.problem import BUSY, METHOD, NO_STORE, ProblemError, answer
from fastapi_spine.console.api.serve import problem_of
from fastapi_spine.console.filter import Filter, Window
from fastapi_spine.console.ports import CursorError, Reader
from fastapi_spine.console.views import LogPage, RequestPage
from fastapi_spine.core.clock import Clock

MOST_TAILS: Final = 64
MOST_ROWS: Final = 200
"""Of one event."""
MOST_BEHIND: Final = 10
"""So many full events in a row mean that the client is behind."""
_ALWAYS: Final = Window(0, 2**63 - 1)
_SHARED_SECONDS: Final = 0.05

PARAMETERS: Final[tuple[Parameter, ...]] = (
    Q,
    NEWER._replace(sentence="A cursor: begin after it; absent: now. `Last-Event-ID` wins over it."),
)


class Pace(NamedTuple):
    """How often a tail asks and speaks, in seconds."""

    fast: float = 0.1
    slow: float = 1.0
    ping: float = 15.0


class Page(NamedTuple):
    """Some rows, oldest first, and the cursor after them."""

    rows: Sequence[Any]
    newer: str


Ask = Callable[[Filter, str, int], Page]
"""Asks the store: search, cursor after which to look (empty: the newest), at most how many."""


class Kind(NamedTuple):
    """What a tail shows.

    Attributes:
        event: the name of its events.
        ask: asks the store.
    """

    event: str
    ask: Ask


def kinds(reader: Reader) -> dict[str, Kind]:
    """Return both kinds of tails, by the path they stand under."""

    def requests(wanted: Filter, newer: str, most: int) -> Page:
        found: RequestPage = reader.requests(wanted, _ALWAYS, newer=newer, limit=most)
        return Page(found.requests[::-1], found.newer)

    def logs(wanted: Filter, newer: str, most: int) -> Page:
        found: LogPage = reader.logs(wanted, _ALWAYS, newer=newer, limit=most)
        return Page(found.logs[::-1], found.newer)

    return {"requests": Kind("requests", requests), "logs": Kind("logs", logs)}


class Tails:
    """All open tails of a console.

    Args:
        clock: tells when a ping is due.
        most: how many may be open.
        pace: how often they ask.
    """

    def __init__(self, clock: Clock, *, most: int = MOST_TAILS, pace: Pace = Pace()) -> None:  # noqa: B008 - a tuple
        self._clock = clock
        self._most = most
        self._pace = pace
        self._pool = Pool("spine-tail", threads=2, waiting=most)
        self._asked: dict[tuple[str, Filter, str], asyncio.Task[Page]] = {}
        self._ends: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._ended = False
        self._lock = threading.Lock()

    @property
    def open(self) -> int:
        """How many are open."""
        return len(self._ends)

    def end(self) -> None:
        """End every tail now, and let no new one begin; may be called from any thread."""
        with self._lock:
            self._ended = True
            ends = list(self._ends.items())
        for event, loop in ends:
            loop.call_soon_threadsafe(event.set)
        self._pool.close()

    def app(self, kind: Kind) -> TailApp:
        """Return the ASGI application of one kind of tail."""
        return TailApp(self, kind, self._clock)

    def enter(self) -> asyncio.Event:
        """Take a place.

        Returns:
            Set when the tail shall end; give it to `leave`.

        Raises:
            ProblemError: there is none.
        """
        with self._lock:
            if self._ended:
                raise ProblemError(BUSY.problem(SHUTTING_DOWN))
            if len(self._ends) >= self._most:
                detail = f"{self._most} tails are open already; close one, or ask again."
                raise ProblemError(BUSY.problem(detail))
            ended = asyncio.Event()
            self._ends[ended] = asyncio.get_running_loop()
        return ended

    def leave(self, ended: asyncio.Event) -> None:
        """Give a place back."""
        with self._lock:
            self._ends.pop(ended, None)

    async def events(
        self, kind: Kind, wanted: Filter, newer: str, ended: asyncio.Event
    ) -> AsyncIterator[bytes]:
        """Yield the text of a tail until it shall end."""
        yield b"retry: 1000\n\n"
        tail = _Tail(self, kind, wanted, newer)
        pause = self._pace.fast
        spoke = self._clock.monotonic_ns()
        while not ended.is_set():
            text = await tail.next()
            if self._ended:
                # What could not be asked any more is no trouble of the client's: the stream just ends.
                return
            if text:
                yield text
                spoke = self._clock.monotonic_ns()
                pause = self._pace.fast
            elif self._clock.monotonic_ns() - spoke > self._pace.ping * 1e9:
                yield b": ping\n\n"
                spoke = self._clock.monotonic_ns()
            if not tail.full:
                await _wait(ended, pause)
                pause = min(pause * 1.5, self._pace.slow)

    async def ask(self, kind: Kind, wanted: Filter, newer: str, most: int) -> Page:
        """Ask the store; equal questions of other tails at about the same moment get the same answer."""
        if most != MOST_ROWS:
            return await self._pool.run(lambda: kind.ask(wanted, newer, most))
        key = (kind.event, wanted, newer)
        task = self._asked.get(key)
        if task is None:
            work = self._pool.run(lambda: kind.ask(wanted, newer, most))
            task = asyncio.get_running_loop().create_task(work)
            self._asked[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        # One tail that ends must not take the answer from the others.
        return await asyncio.shield(task)

    def _forget(self, key: tuple[str, Filter, str], task: asyncio.Task[Page]) -> None:
        if not task.cancelled():
            task.exception()  # seen: every tail that waited may be gone
        loop = task.get_loop()
        loop.call_later(_SHARED_SECONDS, self._asked.pop, key, None)


class _Tail:
    """One tail's place in the stream, and how far behind it is."""

    def __init__(self, tails: Tails, kind: Kind, wanted: Filter, newer: str) -> None:
        self._tails = tails
        self._kind = kind
        self._wanted = wanted
        self._newer = newer
        self._full_in_a_row = 0

    @property
    def full(self) -> bool:
        """Whether there is more to come at once."""
        return self._full_in_a_row > 0

    async def next(self) -> bytes:
        """Return the next events as text; empty if nothing came."""
        try:
            return await self._next()
        except CursorError:
            # The store was wiped, or the client comes from another console: begin anew rather than never.
            self._newer = ""
            return b""
        except Exception as error:  # noqa: BLE001 - told to the client, which stays
            self._full_in_a_row = 0
            return _event("trouble", msgspec.json.encode(problem_of(error)))

    async def _next(self) -> bytes:
        if not self._newer:
            # The newest row says where "now" is; it belongs to the past and is not shown.
            self._newer = (await self._ask(1)).newer
            return b""
        page = await self._ask(MOST_ROWS)
        self._full_in_a_row = self._full_in_a_row + 1 if len(page.rows) >= MOST_ROWS else 0
        if self._full_in_a_row > MOST_BEHIND:
            return await self._skipped(page)
        return self._shown(page)

    async def _skipped(self, page: Page) -> bytes:
        """Go on to the newest rows, and say how many were left out."""
        skipped = 0
        for _ in range(MOST_BEHIND * MOST_BEHIND):
            self._newer = page.newer
            following = await self._ask(MOST_ROWS)
            if not following.rows:
                break
            skipped += len(page.rows)
            page = following
        self._full_in_a_row = 0
        told = _event("behind", msgspec.json.encode({"skipped": skipped})) if skipped else b""
        return told + self._shown(page)

    def _shown(self, page: Page) -> bytes:
        self._newer = page.newer or self._newer
        if not page.rows:
            return b""
        return _event(self._kind.event, msgspec.json.encode(page.rows), self._newer)

    async def _ask(self, most: int) -> Page:
        return await self._tails.ask(self._kind, self._wanted, self._newer, most)


class TailApp:
    """The ASGI application of one kind of tail."""

    def __init__(self, tails: Tails, kind: Kind, clock: Clock) -> None:
        self._tails = tails
        self._kind = kind
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for as long as it lasts."""
        request = Request(scope, receive)
        ended: asyncio.Event | None = None
        try:
            try:
                ended = self._tails.enter()
                response = self._opened(request, ended)
            except ProblemError as refused:
                response = answer(refused.problem)
            await response(scope, receive, send)
        finally:
            if ended is not None:
                self._tails.leave(ended)

    def _opened(self, request: Request, ended: asyncio.Event) -> Response:
        if request.method != "GET":
            return answer(METHOD.problem(f"{request.method[:20]} was asked for."))
        query = Query(request, PARAMETERS, self._clock.wall_ns())
        newer = request.headers.get("last-event-id", "")[:500] or query.text("newer")
        events = self._tails.events(self._kind, query.search(), newer, ended)
        headers = {**NO_STORE, "x-accel-buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")


def _event(name: str, data: bytes, cursor: str = "") -> bytes:
    """Return one event; JSON has no line breaks outside strings and none inside, so one data line holds it."""
    number = b"id: %s\n" % cursor.encode() if cursor.isprintable() and cursor else b""
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), number, data)


async def _wait(ended: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return
