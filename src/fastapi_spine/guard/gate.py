"""The gate: every guard in its order, then the application.

CORS → hosts → headers → rate → body and deadline; what each has to say stands on whatever answer is given.
"""

from __future__ import annotations

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.conventions import HEADER_ORIGIN, SCOPE_MARKER
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.guard.cors import Cors
from fastapi_spine.guard.headers import SecurityHeaders
from fastapi_spine.guard.hosts import Hosts
from fastapi_spine.guard.rates import Rates
from fastapi_spine.guard.reply import Answer, refuse
from fastapi_spine.guard.shared_rates import SharedRates
from fastapi_spine.guard.watch import Deadline, GrowingBody, declared_too_large, may_grow

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
    """

    __slots__ = ("body", "cors", "deadline", "headers", "hosts", "rates", "shared")

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
    ) -> None:
        self.cors = cors
        self.hosts = hosts
        self.headers = headers
        self.rates = rates
        self.shared = shared
        self.body = body
        self.deadline = deadline


class Gate:
    """Asks the guards about each connection, then lets the application run or answers in its place.

    A fault of ours counts as "no objection": it is caught, told, and the request goes on.

    Args:
        app: what stands behind.
        guards: those that are on.
        health: where faults of ours end.
    """

    __slots__ = ("_app", "_guarded", "_guards")

    def __init__(self, app: App, guards: Guards, health: Health) -> None:
        self._app = app
        self._guards = guards
        self._guarded = health.guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        exchange = scope.get(SCOPE_MARKER)
        if not isinstance(exchange, Exchange):
            await self._app(scope, receive, send)
            return
        guards = self._guards
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if guards.cors is not None and guards.cors.asks_first(scope.get("method"), headers):
            await guards.cors.preflight(exchange, scope, receive, send)
            return
        answer = self._guarded("guard", self._judge, exchange, headers)
        if answer is None and guards.shared is not None:
            answer = await self._ask(guards.shared, exchange, headers)
        if answer is not None:
            await refuse(answer, exchange, scope, send)
        elif scope["type"] == "http":
            await self._run(exchange, headers, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _run(
        self, exchange: Exchange, headers: dict[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        """Let the application answer, with an eye on its body and on the clock."""
        guards = self._guards
        scope = exchange.scope
        app = self._app
        if guards.deadline is not None:
            app = Deadline(exchange, guards.deadline, app).run
        if guards.body is not None and may_grow(scope, headers):
            app = GrowingBody(exchange, guards.body, app).run
        await app(scope, receive, send)

    def _judge(self, exchange: Exchange, headers: dict[bytes, bytes]) -> Answer | None:
        """Ask the guards that know at once, and put what they say on the answer."""
        guards = self._guards
        scope = exchange.scope
        path = scope["path"]
        said: list[tuple[bytes, bytes]] = []
        exchange.headers = said
        if guards.cors is not None:
            said += guards.cors.of(headers.get(HEADER_ORIGIN))
        if guards.headers is not None:
            said += guards.headers.of(path, scope.get("scheme", "http"))
        if guards.hosts is not None:
            refused = guards.hosts.judge(headers.get(_HOST), path)
            if refused is not None:
                return refused
        if guards.rates is not None and guards.shared is None:
            plan = guards.rates.plan(path)
            if plan is not None:
                caller = guards.rates.caller(scope, headers)
                refused = guards.rates.judge(plan, caller, said)
                if refused is not None:
                    return refused
        return declared_too_large(headers, guards.body) if guards.body is not None else None

    async def _ask(
        self, shared: SharedRates, exchange: Exchange, headers: dict[bytes, bytes]
    ) -> Answer | None:
        """Ask the guard that has to ask somebody else."""
        rates = self._guards.rates
        if rates is None:
            return None
        plan = self._guarded("guard", rates.plan, exchange.scope["path"])
        caller = self._guarded("guard", rates.caller, exchange.scope, headers)
        if plan is None or caller is None or exchange.headers is None:
            return None
        return await shared.judge(plan, caller, exchange.headers)
