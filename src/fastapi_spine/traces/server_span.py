"""The one server span of a request, as the application finds it while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Token
from threading import RLock
from types import TracebackType
from typing import Final, Protocol

from opentelemetry.context import Context

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.conventions import (
    ATTR_SPINE_CUT,
    EVENT_EXCEPTION,
    SCOPE_NATIVE_TELEMETRY,
)
from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.core.telemetry import (
    STATUS_ERROR,
    STATUS_UNSET,
    EventData,
    SmallSpan,
    SpanData,
)
from fastapi_spine.traces.headers import span_headers
from fastapi_spine.traces.local import LocalTrace
from fastapi_spine.traces.span import Span, described
from fastapi_spine.traces.tracer import Source

_MOST: Final = 16
"""Operations that wait beside their request; there are more of them only if it has many background tasks."""


class Maker(Protocol):
    """Makes server spans.

    Attributes:
        source: what spans share.
        joined: instrumentation scopes that need no server span of their own.
        making: held by a thread that makes what another may be asking for.
    """

    source: Source
    joined: frozenset[str]
    making: RLock

    def data(self, identity: Identity, name: str, started_at: int) -> SpanData:
        """Begin a request's data."""


class ServerSpan(Span):
    """A request's span while the request runs.

    Whoever finds it as the current span may set attributes, add events, rename it or set its status; what the
    request itself says is added at the end. Nobody but the request ends it.

    Most requests end without anybody having looked at their span, so `data` and `home` are made when somebody does.

    Args:
        identity: the request's ids.
        name: the method, until the route is known.
        started_at: wall time, nanoseconds since the epoch.
        offset: what turns a monotonic reading into wall time.
        maker: makes what is asked for.

    Attributes:
        identity: the request's ids.
        offset: see above.
        operations: FastAPI's operations that have ended, while they wait for the request and for nobody else; None from the
            request's end on, or from the first other span on, because then all wait in `home`; and where there are none.
        joined: instrumentation scopes that have been given this span instead of a server span of their own.
        touched: whether anybody has looked at what it says.
        sheltered: whether it has a local trace of its own, because there are other spans below it.
    """

    __slots__ = (
        "_data", "_home", "_maker", "_name", "_started_at", "_token", "identity", "joined", "offset", "operations",
        "renamed", "sheltered", "touched",
    )  # fmt: skip

    def __init__(
        self, identity: Identity, name: str, started_at: int, offset: int, maker: Maker
    ) -> None:
        self.identity = identity
        self._name = name
        self._started_at = started_at
        self.offset = offset  # type: ignore[misc]
        self._maker = maker
        self.source = maker.source
        self.joined = maker.joined
        self._data: SpanData | None = None
        self._home: LocalTrace | None = None
        self.operations: list[SmallSpan] | None = None if self.source.operations is None else []
        self.touched = self.sheltered = False
        self.renamed = False
        self._token: Token[Context] | None = None
        self._open = True
        self._context = None
        self._on_exit = (True, True)

    @property
    def data(self) -> SpanData:  # type: ignore[override]
        """What has been recorded, made when somebody asks for it."""
        data = self._data
        if data is None:
            self.touched = True
            with self._maker.making:
                made = self._maker.data(self.identity, self._name, self._started_at)
                data = self._data = self._data or made
        return data

    @property
    def home(self) -> LocalTrace:  # type: ignore[override]
        """Its local trace, made when a span below needs it; operations that wait go there."""
        home = self._home
        if home is None:
            self.sheltered = True
            with self._maker.making:  # a destructor run meanwhile may ask too, in this very thread
                made = self._new_home()
                home = self._home = self._home or made
            for operation in self.taken():
                home.operation_ended(operation)
        return home

    def _new_home(self) -> LocalTrace:
        identity = self.identity
        home = LocalTrace(
            self.source.outbox, identity.trace_id, identity.trace_flags, identity.tracestate, self.offset
        )  # fmt: skip
        home.open = self._open  # spans that come after the request do not wait for its end
        return home

    @property
    def span_id(self) -> str:
        """The span's own id: 16 hex digits."""
        return self.identity.span_id

    @property
    def server(self) -> ServerSpan:
        """Itself."""
        return self

    def keeps(self, operation: SmallSpan) -> bool:
        """Have an operation that has ended wait here; say whether it does. What does not waits where all spans do."""
        waiting = self.operations
        if waiting is None or len(waiting) >= _MOST:
            return False
        waiting.append(operation)
        if self.operations is waiting:
            return True
        try:  # another thread has taken what waits: did it take this one?
            waiting.remove(operation)
        except ValueError:
            return True
        return False

    def taken(self) -> Sequence[SmallSpan]:
        """Take the operations that wait here, in their order; those that end from now on wait elsewhere."""
        waiting, self.operations = self.operations, None
        if not waiting:
            return ()
        taken: list[SmallSpan] = []
        while waiting:
            taken.append(waiting.pop(0))
        return taken

    def forget(self) -> None:
        """Take no more; nobody has looked."""
        self._open = False

    def update_name(self, name: str) -> None:
        """Give the span another name than method and route."""
        if self._open:
            self.renamed = True
            self.data.name = name

    def end(self, end_time: int | None = None) -> None:
        """Do nothing: the span ends with its request."""

    def current_from(self, context: Context) -> None:
        """Make a context that holds this span the current one."""
        self._token = self.source.active.enter(context)

    def leave(self, scope: Scope) -> None:
        """Make current again what was before the request."""
        token, self._token = self._token, None
        if token is not None:
            self.source.active.leave(token)
        scope.pop(SCOPE_NATIVE_TELEMETRY, None)

    def outgoing_headers(self) -> dict[str, str]:
        """Return the trace headers of a call made now."""
        running = self.source.active.span()
        return span_headers(self.identity, running if isinstance(running, Span) else self)

    def close(self, exchange: Exchange) -> SpanData:
        """Take no more, and return what there is; what the request says is still to be added, see `complete`."""
        self._open = False
        data = self.data
        data.end_ns = exchange.ended_at
        data.renamed = self.renamed
        if exchange.failed:
            if data.status == STATUS_UNSET:
                data.status = STATUS_ERROR
            if exchange.error is not None:
                self._add_error(exchange.error, exchange.traceback)
        if self.home.cut:
            data.attributes[ATTR_SPINE_CUT] = self.home.cut
        return data

    def _add_error(self, error: BaseException, way: TracebackType | None) -> None:
        """Add the exception's event; the way it took is kept apart, because Starlette clears it."""
        told = described(error, way)
        event = EventData(EVENT_EXCEPTION, self.data.end_ns, told)
        self.data.add_event(event, self.source.limits.events)
