"""What goes along with outgoing calls: the trace everywhere, the request id to those who are ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import baggage, trace
from opentelemetry import context as otel
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)

from fastapi_spine.core.b3 import DEBUG
from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import (
    ATTR_OLD_HOST,
    ATTR_OLD_URL,
    ATTR_SERVER_ADDRESS,
    ATTR_URL_FULL,
    HEADER_REQUEST_ID,
)
from fastapi_spine.core.trace_context import w3c_headers
from fastapi_spine.core.trace_formats import W3C, TraceFormats, state_of
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.baggage import BAGGAGE, parsed, written
from fastapi_spine.traces.destinations import Destinations
from fastapi_spine.traces.headers import shortened, trace_headers
from fastapi_spine.traces.ids import span_context
from fastapi_spine.traces.local import SAMPLED
from fastapi_spine.traces.span import Span

REQUEST_ID: Final = HEADER_REQUEST_ID.decode()
DEBUG_KEY: Final = "fastapi-spine-b3-debug"
"""Under which a context holds the id of a trace whose caller set B3's debug flag; a span context has no room for it."""


class Propagator(TextMapPropagator):
    """The process's propagator.

    An instrumentation that calls another service begins a client span and then asks for the headers; where the call
    goes is read from that span. Without a client span of the call, its destination is unknown and counts
    as a stranger.

    Args:
        active: reads the current span.
        destinations: tells whom the request id may be told.
        formats: which headers carry a trace.

    Attributes:
        formats: the same.
        inner: a user's own propagator, which then does everything but the request id.
    """

    def __init__(
        self, active: Active, destinations: Destinations, formats: TraceFormats = W3C
    ) -> None:
        self._active = active
        self._is_ours = destinations.is_ours
        self._headers = w3c_of if formats is W3C else self._chosen
        self.formats = formats
        self.inner: TextMapPropagator | None = None

    @property
    def fields(self) -> set[str]:
        """The headers that `inject` may set."""
        if self.inner is not None:
            return set(self.inner.fields) | {REQUEST_ID}
        return {*self.formats.writes, REQUEST_ID} | ({BAGGAGE} if self.formats.baggage else set())

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
            for name, value in self._headers(span, context).items():
                setter.set(carrier, name, value)
            text = written(baggage.get_all(context)) if self.formats.baggage else ""
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
            The context with the remote parent, if its headers were valid and came once, and the baggage. A caller that
            leaves the decision about sampling to us (B3 can) counts as one that samples: a span context cannot
            say so.
        """
        if self.inner is not None:
            return self.inner.extract(carrier, context, getter)
        return extracted(self.formats, carrier, Context() if context is None else context, getter)

    def _chosen(self, span: object, context: Context | None) -> dict[str, str]:
        """Return the trace headers of a call in formats other than the default."""
        ids = _ids(span)
        if ids is None:
            return {}
        exchange = current.get()
        identity = None if exchange is None else exchange.identity
        debug = otel.get_value(DEBUG_KEY, context) == ids[0] or (
            identity is not None and identity.debug and identity.trace_id == ids[0]
        )
        return self.formats.write(*ids, state_of(ids[2], debug=debug))


def extracted(
    formats: TraceFormats, carrier: CarrierT, context: Context, getter: Getter[CarrierT]
) -> Context:
    """Return a context with what the headers of a call or message say, read by some formats; see `Propagator.extract`."""
    sent = {name: _values(getter.get(carrier, name.decode())) for name in formats.reads}
    found = formats.read(sent)
    if found is not None and found.trace_id:
        flags = found.flags if found.state else found.flags | SAMPLED
        remote = span_context(
            found.trace_id, found.span_id, flags, found.tracestate, remote=True
        )  # fmt: skip
        context = trace.set_span_in_context(trace.NonRecordingSpan(remote), context)
        if found.state == DEBUG:
            context = otel.set_value(DEBUG_KEY, found.trace_id, context)
    if formats.baggage:
        for name, value in parsed(map(str, getter.get(carrier, BAGGAGE) or [])).items():
            context = baggage.set_baggage(name, value, context)
    return context


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


def w3c_of(span: object, _context: Context | None = None) -> dict[str, str]:
    """Return `traceparent` and `tracestate` with a span as the parent; empty if it has no valid ids."""
    if isinstance(span, Span):
        return trace_headers(span)
    ids = _ids(span)
    return {} if ids is None else w3c_headers(*ids)


def _ids(span: object) -> tuple[str, str, int, str | None] | None:
    """Return trace id, span id, flags and state of a span; None if it has no valid ids."""
    if isinstance(span, Span):
        data = span.data
        state = data.tracestate
        return data.trace_id, data.span_id, data.flags, state and shortened(state)
    given = span.get_span_context() if isinstance(span, trace.Span) else None
    if given is None or not given.is_valid:
        return None
    state = shortened(given.trace_state.to_header()) if given.trace_state else None
    return f"{given.trace_id:032x}", f"{given.span_id:016x}", given.trace_flags & 3, state


def _values(found: Iterable[object] | None) -> list[bytes]:
    """Return the values of a header as bytes."""
    return [
        value if isinstance(value, bytes) else str(value).encode("latin-1", "replace")
        for value in found or ()
    ]
