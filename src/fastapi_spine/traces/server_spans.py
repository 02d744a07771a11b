"""One server span a request: begun with the exchange, completed when it is finished, passed on or dropped."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Protocol

from opentelemetry.context import Context

from fastapi_spine.core.b3 import DEFER
from fastapi_spine.core.conventions import (
    ATTR_SPINE_KEPT,
    HEADER_BAGGAGE,
    SCOPE_NATIVE_TELEMETRY,
    SCOPE_SPINE,
)
from fastapi_spine.core.exchange import ChosenIdentity, Exchange, Identity
from fastapi_spine.core.fork import in_child
from fastapi_spine.core.telemetry import KIND_SERVER, SpanData
from fastapi_spine.core.trace_formats import TraceFormats
from fastapi_spine.traces.baggage import with_baggage
from fastapi_spine.traces.delivery import Delivery
from fastapi_spine.traces.keep import Tail
from fastapi_spine.traces.local import SAMPLED
from fastapi_spine.traces.operations import Operations
from fastapi_spine.traces.server_attributes import ServerAttributes, together
from fastapi_spine.traces.server_span import ServerSpan
from fastapi_spine.traces.span import Span
from fastapi_spine.traces.tracer import Source
from fastapi_spine.traces.values import shortened


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
        formats: which headers carry a trace.

    Attributes:
        plain: describes a request as far as all have it; see `ServerAttributes.plain`.
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
        formats: TraceFormats,
    ) -> None:
        self.source = source
        self.joined: frozenset[str] = frozenset()
        self.making = RLock()
        in_child(self, ServerSpans._renew)
        head = source.outbox.head
        self._head = head.unless_decided() if formats.b3 else head.of_request
        self._baggage = HEADER_BAGGAGE if formats.baggage else None
        self._key = source.active.key
        self._describe = describe
        self.plain = describe.plain
        self._deliver = delivery.request
        self._tail = tail
        self._operations = operations
        self._version = version
        self._redact = redact
        self.idle = False
        self.elsewhere: Elsewhere | None = None
        self.before_first: Callable[[], None] | None = None

    def _renew(self) -> None:
        """Leave to the parent what is the parent's, in a child after a fork.

        That is a lock which another thread of it may hold, and the request being served, which nobody ends here.
        """
        self.making = RLock()
        running = self.source.active.span()
        if isinstance(running, Span):
            if isinstance(running.server, ServerSpan):
                running.server.operations = None
            running.home.go_on_alone()

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
        # Where all are sampled, a trace that begins here says so already.
        if not flags & SAMPLED and identity.parent_span_id is None and head(identity):
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
        if self._baggage in exchange.sent:
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
        # A request that was sampled and went well: all there is to say of it can be said later.
        sampled = exchange.identity.trace_flags & SAMPLED
        plain = exchange.ordinary and sampled and not (exchange.own or span.touched)
        if plain and not span.sheltered:
            span.forget()
            deliver = self._deliver
            deliver(exchange, span.taken())
            return
        home = span.home
        if plain and not home.cut:
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
        keep = keep and not exchange.own
        if keep:  # what is dropped would hold on to the request that holds on to it
            data.about = exchange
        home.close(data, keep=keep)

    def data(self, identity: Identity, name: str, started_at: int) -> SpanData:
        """Begin a request's data."""
        return SpanData(
            identity.trace_id, identity.span_id, identity.parent_span_id, identity.tracestate, identity.trace_flags, name,
            KIND_SERVER, started_at, 0, None, SCOPE_SPINE, self._version,
        )  # fmt: skip

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
            set_by_users = shortened(self._redact(data.attributes), self.source.limits.span_length)
            data.attributes = together(said) | set_by_users
        else:
            data.shared, data.attributes = shared, own
        if not data.renamed:
            data.name = name

    def failed_after(self, exchange: Exchange, error: BaseException, background: bool) -> None:
        """Do nothing: the span of the background task itself, if there is one, says that it failed."""

    def leave(self, exchange: Exchange) -> None:
        """Do nothing: `exchange.span` leaves by itself."""


class ChosenServerSpans(ServerSpans):
    """The same, where callers may speak B3: some leave the decision about sampling to us, though the ids are theirs."""

    def begin(self, exchange: Exchange) -> None:
        """Decide first if that is ours to do; a provider of the user's is told to record, and has its own sampler."""
        if self.before_first is not None:
            self.before_first()
        identity = exchange.identity
        deferred = isinstance(identity, ChosenIdentity) and identity.state == DEFER
        if deferred and identity.parent_span_id is not None and not self.idle:
            head = self._head
            if self.elsewhere is not None or head(identity):
                identity.trace_flags |= SAMPLED
        super().begin(exchange)
