"""The gate: every guard in its order, then the application.

CORS → hosts → headers → rate → body and deadline; what each has to say stands on whatever answer is given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.conventions import HEADER_ORIGIN, SCOPE_MARKER
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.guard.cors import Cors
from fastapi_spine.guard.deadlines import Deadlines
from fastapi_spine.guard.dress import Wardrobe
from fastapi_spine.guard.headers import SecurityHeaders
from fastapi_spine.guard.hosts import Hosts, is_twice
from fastapi_spine.guard.rates import Rates
from fastapi_spine.guard.refused import RefusedRoutes
from fastapi_spine.guard.reply import Answer, refuse
from fastapi_spine.guard.shared_rates import SharedRates
from fastapi_spine.guard.watch import GrowingBody, declared_too_large, may_grow

_HOST = b"host"


class Guards:
    """The guards that are on; None for one that is off.

    Attributes:
        cors: answers preflights, says who may read.
        hosts: judges host names.
        headers: gives security headers.
        rates: knows limits, and counts in memory.
        shared: counts in a shared store instead.
        body: largest body, bytes.
        deadline: seconds until an answer must have begun.
        refused: names the routes of refused requests.
    """

    __slots__ = ("body", "cors", "deadline", "headers", "hosts", "rates", "refused", "shared")

    def __init__(
        self,
        *,
        cors: Cors | None = None,
        hosts: Hosts | None = None,
        headers: SecurityHeaders | None = None,
        rates: Rates | None = None,
        shared: SharedRates | None = None,
        body: int | None = None,
        deadline: float | None = None,
        refused: RefusedRoutes | None = None,
    ) -> None:
        self.cors = cors
        self.hosts = hosts
        self.headers = headers
        self.rates = rates
        self.shared = shared
        self.body = body
        self.deadline = deadline
        self.refused = refused or RefusedRoutes()


class Gate:
    """Asks the guards about each connection, then lets the application run or answers in its place.

    A fault of ours counts as "no objection": it is caught, told, and the request goes on. It is no
    coroutine itself, but returns the application's: each frame more costs every request, and every time it waits.

    Args:
        app: what stands behind.
        guards: those that are on.
        health: where faults of ours end.
    """

    __slots__ = (
        "_app", "_body", "_cors", "_fault", "_guarded", "_hosts", "_in_memory", "_mark", "_rates",
        "_shared", "_timed", "_wardrobe",
    )  # fmt: skip

    def __init__(self, app: App, guards: Guards, health: Health) -> None:
        self._app = app
        self._cors = guards.cors
        self._hosts = guards.hosts
        self._rates = guards.rates
        self._shared = guards.shared
        self._in_memory = None if guards.shared is not None else guards.rates
        self._body = guards.body
        self._timed = (
            None if guards.deadline is None else Deadlines(app, guards.deadline, health).run
        )
        self._wardrobe = Wardrobe(guards.cors, guards.headers)
        self._mark = guards.refused.mark
        self._guarded = health.guarded
        self._fault = health.fault

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Judge one connection; return what serves it, to be awaited."""
        exchange = scope.get(SCOPE_MARKER)
        if not isinstance(exchange, Exchange):
            return self._app(scope, receive, send)
        if self._cors is not None and self._cors.asks_first(scope.get("method"), exchange.sent):
            self._guarded("guard", self._dress_preflight, exchange, scope)
            return self._cors.preflight(exchange, scope, receive, send)
        try:
            refused = self._judge(exchange, scope, exchange.sent)
        except Exception as error:  # noqa: BLE001 - a fault of ours refuses nobody
            self._fault("guard", error)
            refused = None
        if refused is not None:
            return self._refuse(refused, exchange, send)
        if self._shared is not None:
            return self._ask_and_run(self._shared, exchange, receive, send)
        return self._run(exchange, receive, send)

    def _run(self, exchange: Exchange, receive: Receive, send: Send) -> Awaitable[None]:
        """Let the application answer, with an eye on its body and on the clock where that is called for."""
        scope = exchange.scope
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        if self._body is not None and may_grow(scope, exchange.sent):
            growing = GrowingBody(exchange, self._body, receive, send)
            return growing.run(self._timed or self._app)
        return (self._timed or self._app)(scope, receive, send)

    def _dress_preflight(self, exchange: Exchange, scope: Scope) -> None:
        """Have a preflight's answer say what every other says; of CORS it says itself what must be said."""
        said = self._wardrobe.of_preflight(scope.get("scheme", "http"))
        exchange.headers, exchange.header_names = said

    def _refuse(self, answer: Answer, exchange: Exchange, send: Send) -> Awaitable[None]:
        """Answer in the application's place, and say whose route it was for if somebody promised something of it."""
        self._guarded("guard", self._mark, exchange.scope, answer)
        return refuse(answer, exchange, exchange.scope, send)

    def _judge(
        self, exchange: Exchange, scope: Scope, sent: Mapping[bytes, bytes]
    ) -> Answer | None:
        """Ask the guards that know at once, and put what they say on the answer."""
        path = scope["path"]
        pairs, exchange.header_names = self._wardrobe.of(
            sent.get(HEADER_ORIGIN), scope.get("scheme", "http"), path
        )
        exchange.headers = pairs
        if self._hosts is not None:
            headers = scope["headers"]
            twice = len(sent) != len(headers) and is_twice(headers, scope.get("http_version", "1"))
            refused = self._hosts.judge(sent.get(_HOST), path, twice=twice)
            if refused is not None:
                return refused
        rates = self._in_memory
        if rates is not None:
            plan = rates.plan(path)
            if plan is not None:
                exchange.headers = said = pairs.copy()
                refused = rates.judge(plan, rates.caller(scope, sent), exchange.started, said)
                if refused is not None:
                    return refused
        return None if self._body is None else declared_too_large(sent, self._body)

    async def _ask(self, shared: SharedRates, exchange: Exchange) -> Answer | None:
        """Ask the guard that has to ask somebody else."""
        rates = self._rates
        if rates is None:
            return None
        plan = self._guarded("guard", rates.plan, exchange.scope["path"])
        caller = self._guarded("guard", rates.caller, exchange.scope, exchange.sent)
        if plan is None or caller is None or exchange.headers is None:
            return None
        exchange.headers = said = exchange.headers.copy()
        return await shared.judge(plan, caller, said)

    async def _ask_and_run(
        self, shared: SharedRates, exchange: Exchange, receive: Receive, send: Send
    ) -> None:
        refused = await self._ask(shared, exchange)
        if refused is not None:
            await self._refuse(refused, exchange, send)
        else:
            await self._run(exchange, receive, send)
