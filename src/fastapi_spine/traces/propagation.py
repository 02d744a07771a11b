"""What goes along with outgoing calls: the trace everywhere, the request id to those who are ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)

from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import (
    ATTR_OLD_HOST,
    ATTR_OLD_URL,
    ATTR_SERVER_ADDRESS,
    ATTR_URL_FULL,
    HEADER_REQUEST_ID,
)
from fastapi_spine.core.trace_context import parse_traceparent, parse_tracestate
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.baggage import BAGGAGE, parsed, written
from fastapi_spine.traces.destinations import Destinations
from fastapi_spine.traces.headers import TRACEPARENT, TRACESTATE, shortened, trace_headers
from fastapi_spine.traces.ids import span_context
from fastapi_spine.traces.span import Span

REQUEST_ID: Final = HEADER_REQUEST_ID.decode()


class Propagator(TextMapPropagator):
    """The process's propagator.

    An instrumentation that calls another service begins a client span and then asks for the headers; where the call
    goes is read from that span. Without a client span of the call, its destination is unknown and counts
    as a stranger.

    Args:
        active: reads the current span.
        destinations: tells whom the request id may be told.

    Attributes:
        inner: a user's own propagator, which then does everything but the request id.
    """

    def __init__(self, active: Active, destinations: Destinations) -> None:
        self._active = active
        self._is_ours = destinations.is_ours
        self.inner: TextMapPropagator | None = None

    @property
    def fields(self) -> set[str]:
        """The headers that `inject` may set."""
        own = {TRACEPARENT, TRACESTATE, BAGGAGE} if self.inner is None else set(self.inner.fields)
        return own | {REQUEST_ID}

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        """Set the headers of a call.

        Args:
            carrier: what the headers are set on.
            context: whose trace they carry; the current one if None.
            setter: knows how.
        """
        span = self._active.span(context)
        if self.inner is not None:
            self.inner.inject(carrier, context, setter)
        else:
            for name, value in _trace(span).items():
                setter.set(carrier, name, value)
            text = written(baggage.get_all(context))
            if text:
                setter.set(carrier, BAGGAGE, text)
        exchange = current.get()
        if exchange is not None and self._may_know(span):
            setter.set(carrier, REQUEST_ID, exchange.request_id)

    def _may_know(self, span: object) -> bool:
        if getattr(span, "kind", None) is not trace.SpanKind.CLIENT:
            return False
        host = destination(getattr(span, "attributes", None) or {})
        return host is not None and self._is_ours(host)

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """Read the headers of a call or message.

        Args:
            carrier: what the headers are read from.
            context: what they are added to; an empty one if None.
            getter: knows how.

        Returns:
            The context with the remote parent, if `traceparent` was valid and came once, and the baggage.
        """
        if self.inner is not None:
            return self.inner.extract(carrier, context, getter)
        found = Context() if context is None else context
        parents = getter.get(carrier, TRACEPARENT) or []
        parent = parse_traceparent(_bytes(parents[0])) if len(parents) == 1 else None
        if parent is not None:
            states = [_bytes(value) for value in getter.get(carrier, TRACESTATE) or []]
            state = parse_tracestate(states) if states else None
            remote = span_context(*parent, state, remote=True)
            found = trace.set_span_in_context(trace.NonRecordingSpan(remote), found)
        for name, value in parsed(map(str, getter.get(carrier, BAGGAGE) or [])).items():
            found = baggage.set_baggage(name, value, found)
        return found


def destination(attributes: Mapping[str, Any]) -> str | None:
    """Return the host that a client span's call goes to; None if the span does not say.

    Args:
        attributes: the span's, by the stable conventions or the old ones.
    """
    for key in (ATTR_SERVER_ADDRESS, ATTR_OLD_HOST):
        host = attributes.get(key)
        if isinstance(host, str) and host:
            return host
    url = attributes.get(ATTR_URL_FULL) or attributes.get(ATTR_OLD_URL)
    try:
        return urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None


def _trace(span: object) -> dict[str, str]:
    if isinstance(span, Span):
        return trace_headers(span)
    given = span.get_span_context() if isinstance(span, trace.Span) else None
    if given is None or not given.is_valid:
        return {}
    flags = given.trace_flags & 3
    headers = {TRACEPARENT: f"00-{given.trace_id:032x}-{given.span_id:016x}-{flags:02x}"}
    if given.trace_state:
        headers[TRACESTATE] = shortened(given.trace_state.to_header())
    return headers


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")
