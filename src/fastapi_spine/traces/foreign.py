"""The server span of an application that brought its own tracer provider: made there, described by us."""

from __future__ import annotations

from contextvars import Token
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.b3 import DENY
from fastapi_spine.core.conventions import (
    EVENT_EXCEPTION,
    HEADER_BAGGAGE,
    SCOPE_NATIVE_TELEMETRY,
    SCOPE_SPINE,
)
from fastapi_spine.core.exchange import ChosenIdentity, Exchange, Identity
from fastapi_spine.core.trace_formats import TraceFormats
from fastapi_spine.redaction import Redactor
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.baggage import with_baggage
from fastapi_spine.traces.globals import propagate_api
from fastapi_spine.traces.ids import span_context
from fastapi_spine.traces.local import SAMPLED
from fastapi_spine.traces.operations import Operations
from fastapi_spine.traces.server_attributes import ServerAttributes, together
from fastapi_spine.traces.span import described


class ForeignSpan:
    """A request's span in somebody else's provider."""

    __slots__ = ("_active", "_carried", "_token", "span")

    def __init__(
        self, span: trace.Span, active: Active, token: Token[Context], carried: frozenset[str]
    ) -> None:
        self.span = span
        self._active = active
        self._carried = carried
        self._token: Token[Context] | None = token

    def leave(self, scope: Scope) -> None:
        """Make current again what was before the request."""
        token, self._token = self._token, None
        if token is not None:
            self._active.leave(token)
        scope.pop(SCOPE_NATIVE_TELEMETRY, None)

    def outgoing_headers(self) -> dict[str, str]:
        """Return the trace headers of a call made now."""
        carrier: dict[str, str] = {}
        propagate_api().inject(carrier)
        return {name: value for name, value in carrier.items() if name in self._carried}


class ForeignSpans:
    """Makes server spans with a tracer of the user's provider; sampling, limits and export are that provider's.

    Args:
        provider: the user's.
        active: reads and sets the current span.
        describe: makes the attributes.
        redactor: masks them before they leave our hands.
        operations: has FastAPI report what it does, under this span.
        version: of this distribution.
        formats: which headers carry a trace.
    """

    def __init__(
        self,
        provider: trace.TracerProvider,
        active: Active,
        describe: ServerAttributes,
        redactor: Redactor,
        operations: Operations,
        version: str,
        formats: TraceFormats,
    ) -> None:
        self._carried = formats.writes
        self._baggage = HEADER_BAGGAGE if formats.baggage else None
        self._b3 = formats.b3
        self._tracer = provider.get_tracer(SCOPE_SPINE, version)
        self._active = active
        self._describe = describe
        self._record = redactor.record
        self._operations = operations

    def begin(self, exchange: Exchange) -> None:
        """Start the request's span; the request's log lines then carry its ids."""
        identity, scope = exchange.identity, exchange.scope
        parent = Context()
        caller = identity.parent_span_id
        if self._b3 and _is_declined(identity):
            caller = identity.span_id  # nobody's: the span gets another
        if caller is not None:
            sent = span_context(
                identity.trace_id, caller, identity.trace_flags, identity.tracestate, remote=True
            )
            parent = trace.set_span_in_context(trace.NonRecordingSpan(sent), parent)
        if self._baggage in exchange.sent:
            parent = with_baggage(parent, scope["headers"])
        span = self._tracer.start_span(
            scope.get("method", "WS"), parent, SpanKind.SERVER, start_time=exchange.started_at
        )
        given = span.get_span_context()
        if given.is_valid:
            identity.trace_id = f"{given.trace_id:032x}"
            identity.span_id = f"{given.span_id:016x}"
            identity.trace_flags = given.trace_flags & 3
        values: dict[str, object] = {self._active.key: span}
        operations = self._operations
        if operations.key is not None:
            values[operations.key] = operations.report
        scope[SCOPE_NATIVE_TELEMETRY] = operations.report
        token = self._active.enter(Context(parent | values))
        exchange.span = ForeignSpan(span, self._active, token, self._carried)

    def finish(self, exchange: Exchange) -> None:
        """Say what the request was, and end its span."""
        foreign = exchange.span
        if not isinstance(foreign, ForeignSpan):
            return
        span = foreign.span
        if span.is_recording():
            said = self._describe.of(exchange)
            span.update_name(said[0])
            attributes: dict[str, Any] = self._record(together(said))
            span.set_attributes(attributes)
            if exchange.failed:
                self._fail(span, exchange)
        span.end(exchange.ended_at)

    def _fail(self, span: trace.Span, exchange: Exchange) -> None:
        if exchange.error is not None:
            told: dict[str, Any] = self._record(described(exchange.error, exchange.traceback))
            span.add_event(EVENT_EXCEPTION, told, exchange.ended_at)
        span.set_status(StatusCode.ERROR)


def _is_declined(identity: Identity) -> bool:
    """Tell whether a caller wants no trace and names none (`b3: 0`).

    Without a parent a provider's sampler takes the request for one that nobody has decided about, so it is given one that was
    not sampled: whoever follows parents makes nothing of it, and whoever does not has a trace whose caller is not there, as
    with all callers that are not sampled.
    """
    return (
        identity.parent_span_id is None
        and isinstance(identity, ChosenIdentity)
        and identity.state == DENY
        and not identity.trace_flags & SAMPLED
    )
