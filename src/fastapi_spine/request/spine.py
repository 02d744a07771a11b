"""The pass: one walk over every request, in the application's own task.

begin: one Exchange, one context variable → the application runs, watched by a wire → finish: the
observers hear of it once. Every step here runs under `Health.guarded`, so that a fault here ends as a
counter, and the request goes on as if the layer were not there.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Token
from functools import partial
from typing import Any, Literal

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.clock import Clock
from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import (
    ROUTE_UNMATCHED,
    SCOPE_MARKER,
    SCOPE_STATE,
    STATE_REQUEST_ID,
    Outcome,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.core.observer import Beginner, LifespanListener, Observer, Page, Tell
from fastapi_spine.request import endings
from fastapi_spine.request.identity import IdentityReader, headers_of
from fastapi_spine.request.lifespan import LifespanWire
from fastapi_spine.request.route import route_template
from fastapi_spine.request.websocket import WebSocketWire, outcome_of_return
from fastapi_spine.request.wrappers import HttpWire, TellingWire

_CALLED_OFF = (CancelledError, GeneratorExit)
"""What somebody else ends a coroutine with: no failure of the application's."""

Entrance = Callable[[Any, Scope, Receive, Send], Coroutine[Any, Any, None]]


class RequestPass:
    """Takes each connection of one application through its observers.

    Args:
        identity: reads or makes ids.
        observers: hear of each finished exchange, in this order.
        first: hear of its beginning only, before the others.
        listener: hears of the application's start and end.
        clock: tells time.
        health: catches and counts what fails here.
        pages: pages of ours, which may answer in the application's place.
        open_exchanges: kept up to date with what is being served; others may read it.
        check: raises SettingsError if the application must not serve as it is; asked when it has started.
        tell: adds to the headers of every answer; without it nobody asks.
    """

    __slots__ = (
        "_beginners", "_check", "_finishers", "_first", "_guarded", "_identity", "_listener", "_monotonic_ns", "_observers",
        "_open", "_page_ends", "_pages", "_ready", "_route_of", "_wall_ns", "_wire", "health", "stopping",
    )  # fmt: skip

    def __init__(
        self,
        identity: IdentityReader,
        observers: Sequence[Observer],
        listener: LifespanListener,
        clock: Clock,
        health: Health,
        *,
        first: Sequence[Beginner] = (),
        pages: Sequence[Page] = (),
        open_exchanges: set[Exchange] | None = None,
        check: Callable[[], None] | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._check = check
        self._wire: Callable[..., HttpWire] = (
            HttpWire if tell is None else partial(TellingWire, tell=tell)
        )
        self._identity = identity
        self._first = tuple(first)
        self._listen(observers)
        self._listener = listener
        # What is called once a request stands in attributes by itself: see docs/decisions/0010-what-is-called-once-a-request-is-fetched-first.md.
        self._wall_ns, self._monotonic_ns = clock.wall_ns, clock.monotonic_ns
        self._route_of = self._name_route
        self._guarded = health.guarded
        self._open: set[Exchange] = set() if open_exchanges is None else open_exchanges
        self._pages = tuple(pages)
        self._page_ends = tuple(page.path for page in pages)  # no page: ends with none of ()
        self._ready = False
        self.health = health
        self.stopping = False

    def _listen(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self._beginners = tuple(
            (observer.name, observer.begin)
            for observer in (*self._first, *observers)
            if isinstance(observer, Beginner)
        )
        self._finishers = tuple((observer.name, observer.finish) for observer in observers)

    def around(self, app: App) -> Entrance:
        """Return the `__call__` of an object that stands for the application, with the pass around it.

        HTTP runs right here, because each further frame of a request costs.
        """
        finish, monotonic_ns, health = self._finish, self._monotonic_ns, self.health
        enter, new_wire = current.set, self._wire

        async def __call__(  # noqa: N807 - it becomes one
            _owner: object, scope: Scope, receive: Receive, send: Send
        ) -> None:
            if scope["type"] != "http":
                await self._serve_other(app, scope, receive, send)
                return
            try:
                exchange = self._begin("http", scope)
            except Exception as error:  # noqa: BLE001 - see `_finish`
                health.fault("begin", error)
                exchange = None
            if exchange is None:
                await app(scope, receive, send)
                return
            inner = app
            if self._pages and scope.get("path", "").endswith(self._page_ends):
                inner = self._guarded("page", self._page_or, app, exchange) or app
            wire = new_wire(exchange, receive, send, finish, monotonic_ns, health)
            token = enter(exchange)
            try:
                await inner(scope, wire.receive, wire.send)
            except BaseException as error:
                self._guarded("ending", self._raised, exchange, error)
                raise
            finally:
                if not exchange.finished:
                    self._guarded("ending", self._returned, exchange, endings.of_return)
                try:
                    self._leave(exchange, token)
                except Exception as error:  # noqa: BLE001 - see `_finish`
                    health.fault("leave", error)

        return __call__

    async def _serve_other(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application on a WebSocket or its lifespan; unknown scope types pass untouched."""
        kind = scope["type"]
        if kind == "websocket":
            await self._serve_websocket(app, scope, receive, send)
        elif kind == "lifespan":
            wire = LifespanWire(self, receive, send)
            self._guarded("lifespan", self.starting)
            await app(scope, wire.receive, wire.send)
        else:
            await app(scope, receive, send)

    async def _serve_websocket(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = self._guarded("begin", self._begin, "websocket", scope)
        if exchange is None:
            await app(scope, receive, send)
            return
        wire = WebSocketWire(exchange, receive, send, self.health)
        token = current.set(exchange)
        try:
            await app(scope, wire.receive, wire.send)
        except BaseException as error:
            self._guarded("ending", self._raised, exchange, error)
            raise
        else:
            self._guarded("ending", self._returned, exchange, self._socket_outcome)
        finally:
            self._guarded("leave", self._leave, exchange, token)

    def _begin(self, kind: Literal["http", "websocket"], scope: Scope) -> Exchange | None:
        """Make the exchange; None for a spine inside a spine, which leaves the work to the outer one."""
        if SCOPE_MARKER in scope:
            return None
        if not self._ready:
            self._guarded("lifespan", self.starting)
        wall_ns, monotonic_ns = self._wall_ns, self._monotonic_ns
        now = wall_ns()
        headers = headers_of(scope)
        sent = dict(headers)
        identity = self._identity.read(headers, sent, now)
        started = monotonic_ns()
        exchange = Exchange(kind, scope, identity, now, started, self._route_of, sent)
        state = scope.get(SCOPE_STATE)
        if state is None:
            state = scope[SCOPE_STATE] = {}
        state[STATE_REQUEST_ID] = exchange.request_id
        scope[SCOPE_MARKER] = exchange
        self._open.add(exchange)
        for name, begin in self._beginners:
            try:
                begin(exchange)
            except Exception as error:  # noqa: BLE001 - see `_finish`
                self.health.fault(name, error)
        return exchange

    def _page_or(self, app: App, exchange: Exchange) -> App:
        """Return the page of ours that answers this request, else the application."""
        path = exchange.scope["path"]
        for page in self._pages:
            if path.endswith(page.path) and page.admits(exchange.scope):
                exchange.answered_by(page.path)
                return page
        return app

    def _returned(self, exchange: Exchange, judge: Callable[[Exchange], Outcome]) -> None:
        if not exchange.finished:
            exchange.outcome = judge(exchange)
            self._finish(exchange)

    def _socket_outcome(self, exchange: Exchange) -> Outcome:
        return outcome_of_return(exchange, stopping=self.stopping)

    def _raised(self, exchange: Exchange, error: BaseException) -> None:
        if exchange.finished or self._came_after(exchange, error):
            self._returned(exchange, endings.of_return)
            background = endings.from_background(error)
            gone = isinstance(error, _CALLED_OFF) or endings.is_disconnect(error)
            if background or not gone:  # a task's own OSError says nothing about the client
                self._tell_of_failure_after(exchange, error, background=background)
            return
        exchange.error = error
        exchange.traceback = error.__traceback__
        if exchange.close_code is not None and endings.is_disconnect(error):
            self._returned(exchange, self._socket_outcome)  # its way of telling of a goodbye
            return
        exchange.outcome = endings.of_error(exchange, error, stopping=self.stopping)
        self._finish(exchange)

    def _tell_of_failure_after(
        self, exchange: Exchange, error: BaseException, *, background: bool
    ) -> None:
        for observer in self._observers:
            self._guarded(observer.name, observer.failed_after, exchange, error, background)

    def _came_after(self, exchange: Exchange, error: BaseException) -> bool:
        """Tell what happened after a complete 5xx from the failure behind that 5xx."""
        return exchange.response_complete and (
            isinstance(error, CancelledError) or endings.from_background(error)
        )

    def _finish(self, exchange: Exchange) -> None:
        """Complete the exchange and tell the observers, once.

        What fails is handed to `Health.fault` right here: a call of `Health.guarded` for each step of every request would
        cost as much as a metric.
        """
        if exchange.finished:
            return
        exchange.end_at(exchange.ended or self._monotonic_ns())
        scope = exchange.scope
        exchange.endpoint = scope.get("endpoint")
        if exchange.error is not None:
            exchange.error_type = type(exchange.error)
        if not exchange.own:
            exchange.route = self._name_route(scope)
        for name, finish in self._finishers:
            try:
                finish(exchange)
            except Exception as error:  # noqa: BLE001 - as said
                self.health.fault(name, error)

    def _name_route(self, scope: Scope) -> str:
        try:
            return route_template(scope)
        except Exception as error:  # noqa: BLE001 - see `_finish`
            self.health.fault("route", error)
            return ROUTE_UNMATCHED

    def _leave(self, exchange: Exchange, token: Token[Exchange | None]) -> None:
        self._open.discard(exchange)
        exchange.scope.pop(SCOPE_MARKER, None)
        try:  # noqa: SIM105 - `suppress` would cost every request
            current.reset(token)
        except ValueError:  # closed from another context: that one never had it
            pass
        if exchange.span is not None:
            exchange.span.leave(exchange.scope)
        if exchange.held is not None:
            for observer in self._observers:
                self._guarded(observer.name, observer.leave, exchange)
        # The way of an error leads through our wire back to the exchange: a ring, which would keep all that the failed
        # endpoint held until the collector comes.
        if exchange.error is not None:
            exchange.error = exchange.traceback = None

    @property
    def begun(self) -> bool:
        """Whether there was a start, or a request."""
        return self._ready

    def starting(self) -> None:
        """Take note that the application is about to start, or that its first request came without."""
        self._ready = True
        self.stopping = False
        self._listener.starting()

    def check(self) -> None:
        """Have what users wrote checked against the application that has started."""
        if self._check is not None:
            self._check()

    def started(self) -> None:
        """Take note that the application's own start-up code has run; whoever is idle now hears no more."""
        self._listener.started()
        self._first = tuple(one for one in self._first if not one.idle)
        self._listen([one for one in self._observers if not getattr(one, "idle", False)])

    def stopped(self) -> None:
        """Take note that the application has shut down: whatever is still open was interrupted."""
        for exchange in tuple(self._open):
            self._guarded("ending", self._returned, exchange, endings.of_shutdown)
        self._listener.stopped()
