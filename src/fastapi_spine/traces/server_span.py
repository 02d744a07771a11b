"""The one server span of a request: current while the application runs, written when the exchange is finished."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from types import TracebackType
from typing import Any, Final, Protocol

from opentelemetry.context import Context

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.conventions import (
    ATTR_SPINE_CUT,
    ATTR_SPINE_KEPT,
    EVENT_EXCEPTION,
    HEADER_BAGGAGE,
    SCOPE_NATIVE_TELEMETRY,
    SCOPE_SPINE,
)
from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.core.telemetry import (
    KIND_SERVER,
    STATUS_ERROR,
    STATUS_UNSET,
    EventData,
    Shared,
    SmallSpan,
    SpanData,
)
from fastapi_spine.traces.baggage import with_baggage
from fastapi_spine.traces.delivery import Delivery
from fastapi_spine.traces.headers import trace_headers
from fastapi_spine.traces.keep import Tail
from fastapi_spine.traces.local import SAMPLED, LocalTrace
from fastapi_spine.traces.operations import Operations
from fastapi_spine.traces.server_attributes import ServerAttributes, together
from fastapi_spine.traces.span import Span, described
from fastapi_spine.traces.tracer import Source

_MOST: Final = 16
"""Operations that wait beside their request; there are more of them only if it has many background tasks."""


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
            request's end on, or from the first other span on, because then all wait in `home`.
        joined: instrumentation scopes that have been given this span instead of a server span of their own.
        touched: whether anybody has looked at what it says.
        sheltered: whether it has a local trace of its own, because there are other spans below it.
    """

    __slots__ = (
        "_data", "_home", "_maker", "_name", "_started_at", "_token", "identity", "joined", "offset", "operations",
        "renamed", "sheltered", "touched",
    )  # fmt: skip

    def __init__(
        self, identity: Identity, name: str, started_at: int, offset: int, maker: ServerSpans
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
        self.operations: list[SmallSpan] | None = []
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
            data = self._data = self._maker.data(self.identity, self._name, self._started_at)
        return data

    @property
    def home(self) -> LocalTrace:  # type: ignore[override]
        """Its local trace, made when a span below needs it; operations that wait go there."""
        home = self._home
        if home is None:
            self.sheltered = True
            identity = self.identity
            home = self._home = LocalTrace(
                self.source.outbox, identity.trace_id, identity.trace_flags, identity.tracestate, self.offset
            )  # fmt: skip
            home.open = self._open  # spans that come after the request do not wait for its end
            for operation in self.taken():
                home.operation_ended(operation)
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

    def taken(self) -> list[SmallSpan]:
        """Take the operations that wait here, in their order; those that end from now on wait elsewhere."""
        waiting, self.operations = self.operations, None
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
        return trace_headers(running if isinstance(running, Span) else self)

    def close(self, exchange: Exchange) -> SpanData:
        """Take no more, and return what there is; what the request says is still to be added, see `complete`."""
        self._open = False
        data = self.data
        data.end_ns = exchange.ended_at
        data.renamed = self.renamed
        data.about = exchange
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


class Elsewhere(Protocol):
    """Makes a request's span in somebody else's provider."""

    def begin(self, exchange: Exchange) -> None:
        """See `ServerSpans.begin`."""

    def finish(self, exchange: Exchange) -> None:
        """See `ServerSpans.finish`."""


class ServerSpans:
    """The observer that makes one server span of each exchange.

    Args:
        source: what spans share.
        describe: makes the attributes.
        delivery: takes requests that need no span of their own until they leave.
        tail: decides at the end what the head left out.
        operations: has FastAPI report what it does, under our span.
        version: of this distribution.
        redact: masks attributes that users set.

    Attributes:
        elsewhere: makes the span where the user's own provider wants it; None while ours is in force.
        before_first: called before the first request, if it is not None.
        idle: whether nobody takes spans in this process: no receiver, and no provider of somebody else's.
    """

    name = "traces"

    def __init__(
        self,
        source: Source,
        describe: ServerAttributes,
        delivery: Delivery,
        tail: Tail,
        operations: Operations,
        version: str,
        redact: Callable[[Any], Any],
    ) -> None:
        self.source = source
        self.joined: frozenset[str] = frozenset()
        self._head = source.outbox.head
        self._key = source.active.key
        self._describe = describe
        self._deliver = delivery.request
        self._tail = tail
        self._operations = operations
        self._version = version
        self._redact = redact
        self.idle = False
        self.elsewhere: Elsewhere | None = None
        self.before_first: Callable[[], None] | None = None

    def begin(self, exchange: Exchange) -> None:
        """Make the request's span and have it current; its parent comes from the request's own headers only."""
        if self.before_first is not None:
            self.before_first()
        if self.elsewhere is not None:
            self.elsewhere.begin(exchange)
            return
        if self.idle:
            return
        identity, scope = exchange.identity, exchange.scope
        flags = identity.trace_flags
        head = self._head
        if identity.parent_span_id is None and head(identity.trace_id):
            flags |= SAMPLED
            identity.trace_flags = flags
        operations = self._operations
        self.joined = operations.joined
        at, name = exchange.started_at, scope.get("method", "WS")
        span = ServerSpan(identity, name, at, at - exchange.started, self)
        exchange.span = span
        given: dict[str, object] = {self._key: span}
        if operations.key is not None:
            given[operations.key] = operations.report
        scope[SCOPE_NATIVE_TELEMETRY] = operations.report
        context = Context(given)
        if HEADER_BAGGAGE in exchange.sent:
            context = with_baggage(context, scope["headers"])
        span.current_from(context)
        for started in self.source.on_start:
            started(span, context)

    def finish(self, exchange: Exchange) -> None:
        """Complete the request's span and pass it on with what is below it, or drop it all."""
        span = exchange.span
        if not isinstance(span, ServerSpan):
            if self.elsewhere is not None:
                self.elsewhere.finish(exchange)
            return
        if not (span.touched or span.sheltered) and self._is_plain(exchange):
            span.forget()
            deliver = self._deliver
            deliver(exchange, span.taken())
            return
        home = span.home
        if not (span.touched or home.cut) and self._is_plain(exchange):
            span.forget()
            home.close(exchange, keep=True)
            return
        data = span.close(exchange)
        keep = bool(home.keep)
        if not keep:
            reason = self._tail.reason(exchange)
            keep = reason is not None
            if keep:
                exchange.kept = data.attributes[ATTR_SPINE_KEPT] = reason
        home.close(data, keep=keep and not exchange.own)

    def _is_plain(self, exchange: Exchange) -> bool:
        """Tell a request that was sampled and went well: all there is to say of it can be said later."""
        return (
            exchange.ordinary and exchange.identity.trace_flags & SAMPLED != 0 and not exchange.own
        )

    def data(self, identity: Identity, name: str, started_at: int) -> SpanData:
        """Begin a request's data."""
        return SpanData(
            identity.trace_id, identity.span_id, identity.parent_span_id, identity.tracestate, identity.trace_flags, name,
            KIND_SERVER, started_at, 0, None, SCOPE_SPINE, self._version,
        )  # fmt: skip

    def plain(self, exchange: Exchange) -> tuple[str, tuple[Shared, ...], str]:
        """Describe an ordinary request; see `ServerAttributes.plain`."""
        return self._describe.plain(exchange)

    def of(self, exchange: Exchange) -> SpanData:
        """Return the whole span of a request that nobody has looked at."""
        name, shared, own = self._describe.of(exchange)
        data = self.data(exchange.identity, name, exchange.started_at)
        data.end_ns = exchange.ended_at
        data.shared, data.attributes = shared, own
        return data

    def complete(self, data: SpanData) -> None:
        """Add what the request says to its span; what users have set wins."""
        exchange = data.about
        if not isinstance(exchange, Exchange):
            return
        data.about = None
        said = self._describe.of(exchange)
        name, shared, own = said
        if data.attributes:
            data.attributes = together(said) | self._redact(data.attributes)
        else:
            data.shared, data.attributes = shared, own
        if not data.renamed:
            data.name = name

    def failed_after(self, exchange: Exchange, error: BaseException, background: bool) -> None:
        """Do nothing: the span of the background task itself, if there is one, says that it failed."""

    def leave(self, exchange: Exchange) -> None:
        """Do nothing: `exchange.span` leaves by itself."""
