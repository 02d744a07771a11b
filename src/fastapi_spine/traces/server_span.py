"""The one server span of a request: current while the application runs, written when the exchange is finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.telemetry import (
    KIND_SERVER,
    STATUS_ERROR,
    STATUS_UNSET,
    EventData,
    SpanData,
)
from fastapi_spine.traces.baggage import with_baggage
from fastapi_spine.traces.headers import trace_headers
from fastapi_spine.traces.keep import Tail
from fastapi_spine.traces.local import SAMPLED, LocalTrace
from fastapi_spine.traces.operations import Operations
from fastapi_spine.traces.server_attributes import ServerAttributes
from fastapi_spine.traces.span import Span, described
from fastapi_spine.traces.tracer import Source

_NO_HEADERS: Final[Mapping[bytes, bytes]] = {}


class ServerSpan(Span):
    """A request's span while the request runs.

    Whoever finds it as the current span may set attributes, add events, rename it or set its status; what the
    request itself says is added at the end. Nobody but the request ends it.

    Attributes:
        headers: the request's headers; of repeated ones the last.
        joined: instrumentation scopes that have been given this span instead of a server span of their own.
    """

    __slots__ = ("_token", "headers", "joined", "renamed")

    def __init__(self, data: SpanData, home: LocalTrace, source: Source) -> None:
        self.data = data
        self.home = home
        self.source = source
        self.headers: Mapping[bytes, bytes] = _NO_HEADERS
        self.joined: frozenset[str] = frozenset()
        self.renamed = False
        self._token: Token[Context] | None = None
        self._open = True
        self._context = None
        self._on_exit = (True, True)

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

    def complete(
        self,
        exchange: Exchange,
        attributes: dict[str, Any],
        name: str,
        redact: Callable[[Any], Any],
    ) -> SpanData:
        """Close the span and return it whole; what users set wins over what the request says.

        Args:
            exchange: the request.
            attributes: what the request says, clean.
            name: method and route.
            redact: masks what users set.
        """
        self._open = False
        data = self.data
        data.end_ns = exchange.ended_at
        if data.attributes:
            attributes.update(redact(data.attributes))
        data.attributes = attributes
        if not self.renamed:
            data.name = name
        if exchange.failed:
            if data.status == STATUS_UNSET:
                data.status = STATUS_ERROR
            if exchange.error is not None:
                self._add_error(exchange.error, exchange.traceback)
        if self.home.cut:
            attributes[ATTR_SPINE_CUT] = self.home.cut
        return data

    def _add_error(self, error: BaseException, way: TracebackType | None) -> None:
        """Add the exception's event; the way it took is kept apart, because Starlette clears it."""
        told = described(error, way)
        self.data.events.append(EventData(EVENT_EXCEPTION, self.data.end_ns, told))


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
    idle = False

    def __init__(
        self,
        source: Source,
        describe: ServerAttributes,
        tail: Tail,
        operations: Operations,
        version: str,
        redact: Callable[[Any], Any],
    ) -> None:
        self._source = source
        self._outbox = source.outbox
        self._head = source.outbox.head
        self._key = source.active.key
        self._describe = describe
        self._tail = tail
        self._operations = operations
        self._version = version
        self._redact = redact
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
        if identity.parent_span_id is None and self._head(identity.trace_id):
            flags |= SAMPLED
            identity.trace_flags = flags
        trace_id, state = identity.trace_id, identity.tracestate
        offset = exchange.started_at - exchange.started
        home = LocalTrace(self._outbox, trace_id, flags, state, offset)
        data = SpanData(
            trace_id, identity.span_id, identity.parent_span_id, state, flags, scope.get("method", "WS"), KIND_SERVER,
            exchange.started_at, 0, None, SCOPE_SPINE, self._version,
        )  # fmt: skip
        span = ServerSpan(data, home, self._source)
        exchange.span = span
        given: dict[str, object] = {self._key: span}
        operations = self._operations
        span.joined = operations.joined
        if operations.key is not None:
            given[operations.key] = operations.report
        scope[SCOPE_NATIVE_TELEMETRY] = operations.report
        context = Context(given)
        headers = scope.get("headers")
        if type(headers) is list:
            span.headers = known = dict(headers)
            if HEADER_BAGGAGE in known:
                context = with_baggage(context, headers)
        span.current_from(context)
        for started in self._source.on_start:
            started(span, context)

    def finish(self, exchange: Exchange) -> None:
        """Complete the request's span and pass it on with what is below it, or drop it all."""
        span = exchange.span
        if not isinstance(span, ServerSpan):
            if self.elsewhere is not None:
                self.elsewhere.finish(exchange)
            return
        describe = self._describe
        attributes = describe.of(exchange, span.headers)
        data = span.complete(exchange, attributes, describe.name(exchange), self._redact)
        home = span.home
        keep = bool(home.keep)
        if not keep:
            reason = self._tail.reason(exchange)
            keep = reason is not None
            if keep:
                exchange.kept = data.attributes[ATTR_SPINE_KEPT] = reason
        home.close(data, keep=keep and not exchange.own)

    def failed_after(self, exchange: Exchange, error: BaseException, background: bool) -> None:
        """Do nothing: the span of the background task itself, if there is one, says that it failed."""

    def leave(self, exchange: Exchange) -> None:
        """Do nothing: `exchange.span` leaves by itself."""
