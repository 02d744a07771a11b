"""Spans as OTLP's `ExportTraceServiceRequest` (opentelemetry-proto, `trace/v1/trace.proto`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from fastapi_spine.core.telemetry import AttributeValue, EventData, LinkData, SpanData
from fastapi_spine.export.attributes import Pairs, pair
from fastapi_spine.export.request import Encoded, request_of
from fastapi_spine.export.wire import blob, fixed32, fixed64, number, text

_SPAN_WEIGHT: Final = 600
_ATTRIBUTE_WEIGHT: Final = 120
_EVENT_WEIGHT: Final = 2_000


class SpanForm:
    """Writes spans; what repeats from span to span (keys, methods, routes, names) is written once.

    Args:
        resource: returns who the process is.
    """

    def __init__(self, resource: Callable[[], Mapping[str, AttributeValue]]) -> None:
        self._resource = resource
        self._pair = Pairs(9)

    def encode(self, item: SpanData) -> Encoded:
        """Write one span, as the field that a `ScopeSpans` has it in."""
        return (item.scope_name, item.scope_version), self._span(item)

    def request(self, batch: Iterable[Encoded]) -> bytes:
        """Write a request of several spans."""
        return request_of(self._resource(), batch)

    def _span(self, span: SpanData) -> bytes:
        parts = [
            blob(1, bytes.fromhex(span.trace_id)),
            blob(2, bytes.fromhex(span.span_id)),
            text(5, span.name),
            number(6, span.kind),
            fixed64(7, span.start_ns),
            fixed64(8, span.end_ns),
            fixed32(16, span.flags),
        ]
        if span.tracestate:
            parts.append(text(3, span.tracestate))
        if span.parent_span_id:
            parts.append(blob(4, bytes.fromhex(span.parent_span_id)))
        write = self._pair
        parts += [write(key, value) for key, value in span.attributes.items()]
        if span.events or span.links or span.dropped_attributes or span.status:
            parts += _rest(span)
        return blob(2, b"".join(parts))


def _rest(span: SpanData) -> Iterable[bytes]:
    """Write what most spans do not have."""
    yield from (blob(11, _event(event)) for event in span.events)
    yield from (blob(13, _link(link)) for link in span.links)
    for field, dropped in (
        (10, span.dropped_attributes),
        (12, span.dropped_events),
        (14, span.dropped_links),
    ):
        if dropped:
            yield number(field, dropped)
    if span.status:
        message = text(2, span.status_message) if span.status_message else b""
        yield blob(15, message + number(3, span.status))


def _event(event: EventData) -> bytes:
    pairs = b"".join(pair(3, key, value) for key, value in event.attributes.items())
    return fixed64(1, event.at_ns) + text(2, event.name) + pairs


def _link(link: LinkData) -> bytes:
    state = text(3, link.tracestate) if link.tracestate else b""
    pairs = b"".join(pair(4, key, value) for key, value in link.attributes.items())
    return (
        blob(1, bytes.fromhex(link.trace_id)) + blob(2, bytes.fromhex(link.span_id)) + state + pairs
    )


def weight_of(span: SpanData) -> int:
    """Estimate how many bytes a span takes in memory; exact would cost more than it is worth."""
    return (
        _SPAN_WEIGHT
        + _ATTRIBUTE_WEIGHT * len(span.attributes)
        + _EVENT_WEIGHT * (len(span.events) + len(span.links))
    )
