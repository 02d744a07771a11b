"""The gate: every guard of ours in its order, then the application.

hosts → headers → rate → body and deadline. CORS stands around it (`cors`), the spine around that.
"""

from __future__ import annotations

from fastapi_spine.core.asgi import App, Receive, Scope, Send
from fastapi_spine.core.conventions import SCOPE_MARKER
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.guard.headers import SecurityHeaders
from fastapi_spine.guard.hosts import Hosts
from fastapi_spine.guard.rates import Rates
from fastapi_spine.guard.reply import Answer, refuse
from fastapi_spine.guard.shared_rates import SharedRates
from fastapi_spine.guard.watch import Watch, declared_too_large

_HOST = b"host"
_LENGTH = b"content-length"


class Guards:
    """The guards that are on; None for one that is off.

    Attributes:
        hosts: judges host names.
        headers: gives security headers.
        rates: knows limits, and counts in memory.
        shared: counts in a shared store instead.
        body: largest body, bytes.
        deadline: seconds until an answer must have begun.
    """

    __slots__ = ("body", "deadline", "headers", "hosts", "rates", "shared")

    def __init__(
        self,
        *,
        hosts: Hosts | None = None,
        headers: SecurityHeaders | None = None,
        rates: Rates | None = None,
        shared: SharedRates | None = None,
        body: int | None = None,
        deadline: float | None = None,
    ) -> None:
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

    __slots__ = ("_app", "_guarded", "_guards", "_watches")

    def __init__(self, app: App, guards: Guards, health: Health) -> None:
        self._app = app
        self._guards = guards
        self._guarded = health.guarded
        self._watches = guards.body is not None or guards.deadline is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        exchange = scope.get(SCOPE_MARKER)
        if not isinstance(exchange, Exchange):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        answer = self._guarded("guard", self._judge, exchange, headers)
        if answer is None:
            answer = await self._judge_rate(exchange, headers)
        if answer is not None:
            await refuse(answer, exchange, scope, send)
        elif self._watches and scope["type"] == "http":
            limit = self._guards.body if _LENGTH not in headers else None
            watch = Watch(exchange, scope, receive, send, limit)
            await watch.run(self._app, self._guards.deadline)
        else:
            await self._app(scope, receive, send)

    def _judge(self, exchange: Exchange, headers: dict[bytes, bytes]) -> Answer | None:
        guards = self._guards
        scope = exchange.scope
        path = scope["path"]
        if guards.headers is not None:
            exchange.headers = guards.headers.of(path, scope.get("scheme", "http"))
        if guards.hosts is not None:
            refused = guards.hosts.judge(headers.get(_HOST), path)
            if refused is not None:
                return refused
        if guards.body is not None:
            return declared_too_large(headers.get(_LENGTH), guards.body)
        return None

    async def _judge_rate(self, exchange: Exchange, headers: dict[bytes, bytes]) -> Answer | None:
        rates = self._guards.rates
        if rates is None:
            return None
        plan = self._guarded("guard", rates.plan, exchange.scope["path"])
        if plan is None:
            return None
        caller = self._guarded("guard", rates.caller, exchange.scope, headers)
        if caller is None:
            return None
        shared = self._guards.shared
        if shared is None:
            found = self._guarded("guard", rates.judge, plan, caller)
        else:
            found = await shared.judge(plan, caller)
        if found is None:
            return None
        answer, said = found
        exchange.headers = [*(exchange.headers or ()), *said]
        return answer
