"""Spans as OTLP's `ExportTraceServiceRequest` (opentelemetry-proto, `trace/v1/trace.proto`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fastapi_spine.core.telemetry import AttributeValue, EventData, LinkData, SpanData
from fastapi_spine.export.wire import blob, double, fixed32, fixed64, number, text

_INT64_MIN: Final = -(1 << 63)
_INT64_MAX: Final = (1 << 63) - 1
_DEEPEST: Final = 16
_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 128


class SpanEncoder:
    """Writes spans; what repeats from span to span (keys, methods, routes, names) is written once.

    Args:
        resource: who the process is, asked once: it does not change.
    """

    def __init__(self, resource: Mapping[str, AttributeValue]) -> None:
        self._resource = blob(1, b"".join(_pair(1, key, value) for key, value in resource.items()))
        self._pairs: dict[tuple[str, str | int | bool], bytes] = {}

    def span(self, span: SpanData) -> bytes:
        """Write one span, as the field that a `ScopeSpans` has it in."""
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
        parts += [self._attribute(key, value) for key, value in span.attributes.items()]
        if span.events or span.links or span.dropped_attributes or span.status:
            parts += _rest(span)
        return blob(2, b"".join(parts))

    def request(self, spans: Iterable[tuple[tuple[str, str], bytes]]) -> bytes:
        """Write a request.

        Args:
            spans: each span's scope (name and version), and what `span` made of it.
        """
        scopes: dict[tuple[str, str], list[bytes]] = {}
        for scope, span in spans:
            scopes.setdefault(scope, []).append(span)
        grouped = (
            blob(2, blob(1, text(1, name) + text(2, version)) + b"".join(members))
            for (name, version), members in scopes.items()
        )
        return blob(1, self._resource + b"".join(grouped))

    def _attribute(self, key: str, value: AttributeValue) -> bytes:
        if not isinstance(value, (str, int)) or (
            isinstance(value, str) and len(value) > _LONGEST_REMEMBERED
        ):
            return _pair(9, key, value)
        # A boolean equals a number: the key keeps them apart by type.
        known = self._pairs.get((key, value)) if type(value) is not bool else None
        if known is None:
            known = _pair(9, key, value)
            if type(value) is not bool:
                if len(self._pairs) >= _REMEMBERED:
                    self._pairs.clear()
                self._pairs[key, value] = known
        return known


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
    pairs = b"".join(_pair(3, key, value) for key, value in event.attributes.items())
    return fixed64(1, event.at_ns) + text(2, event.name) + pairs


def _link(link: LinkData) -> bytes:
    state = text(3, link.tracestate) if link.tracestate else b""
    pairs = b"".join(_pair(4, key, value) for key, value in link.attributes.items())
    return (
        blob(1, bytes.fromhex(link.trace_id)) + blob(2, bytes.fromhex(link.span_id)) + state + pairs
    )


def _pair(field: int, key: str, value: AttributeValue) -> bytes:
    return blob(field, text(1, key) + blob(2, any_value(value)))


def any_value(value: AttributeValue, depth: int = 0) -> bytes:
    """Write a value as `AnyValue`; what has no form of its own is written as text.

    Args:
        value: what an attribute holds.
        depth: how many lists and maps it lies in; beyond 16 it becomes text, because receivers refuse more.
    """
    if isinstance(value, str):
        return text(1, value)
    if isinstance(value, bool):
        return number(2, value)
    if isinstance(value, int):
        inside = _INT64_MIN <= value <= _INT64_MAX
        return number(3, value) if inside else text(1, str(value))
    if isinstance(value, float):
        return double(4, value)
    return _compound(value, depth)


def _compound(value: AttributeValue, depth: int) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return blob(7, value)
    if depth >= _DEEPEST or not isinstance(value, Mapping | Sequence):
        return text(1, "…" if depth >= _DEEPEST else str(value))
    if isinstance(value, Mapping):
        pairs = (_deep_pair(str(key), inner, depth) for key, inner in value.items())
        return blob(6, b"".join(pairs))
    return blob(5, b"".join(blob(1, any_value(inner, depth + 1)) for inner in value))


def _deep_pair(key: str, value: AttributeValue, depth: int) -> bytes:
    return blob(1, text(1, key) + blob(2, any_value(value, depth + 1)))
