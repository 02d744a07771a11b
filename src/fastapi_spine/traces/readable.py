"""Spans in the shape that processors and exporters of the OpenTelemetry SDK read.

Nothing here is made until somebody asks: without a span processor added, and without code that reads a span's
attributes back, this file costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode

from fastapi_spine.core.conventions import KEY_SPAN_ID, KEY_TRACE_ID
from fastapi_spine.core.telemetry import EventData, LinkData, SpanData
from fastapi_spine.traces.ids import span_context

_KINDS = (None, *SpanKind)
_CODES = (StatusCode.UNSET, StatusCode.OK, StatusCode.ERROR)


class Event(NamedTuple):
    """An event as exporters read it."""

    name: str
    timestamp: int
    attributes: Mapping[str, Any]
    dropped_attributes: int = 0


class Scope(NamedTuple):
    """Who made a span; hashable, because exporters group by it."""

    name: str
    version: str
    schema_url: str = ""
    attributes: None = None


class Readable:
    """What can be read of a span, whether it is open or has ended; see `opentelemetry.sdk.trace.ReadableSpan`.

    Attributes:
        data: the span.
        source: knows the resource.
    """

    data: SpanData
    source: Any

    @property
    def name(self) -> str:
        """The span's name."""
        return self.data.name

    @property
    def context(self) -> SpanContext:
        """The span's own ids."""
        data = self.data
        return span_context(data.trace_id, data.span_id, data.flags, data.tracestate)

    def get_span_context(self) -> SpanContext:
        """Return the span's own ids."""
        return self.context

    @property
    def parent(self) -> SpanContext | None:
        """The parent's ids; that it was remote is not remembered."""
        data = self.data
        if data.parent_span_id is None:
            return None
        return span_context(data.trace_id, data.parent_span_id, data.flags, data.tracestate)

    @property
    def kind(self) -> SpanKind:
        """The span's kind."""
        return _KINDS[self.data.kind] or SpanKind.INTERNAL

    @property
    def start_time(self) -> int:
        """When it began: wall time, nanoseconds since the epoch."""
        return self.data.start_ns

    @property
    def end_time(self) -> int | None:
        """When it ended; None while it is open."""
        return self.data.end_ns or None

    @property
    def status(self) -> Status:
        """Its status."""
        data = self.data
        return Status(_CODES[data.status], data.status_message or None)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Its attributes, read-only."""
        return MappingProxyType(self.data.every_attribute())

    @property
    def events(self) -> Sequence[Event]:
        """Its events."""
        return tuple(_event(event) for event in self.data.events)

    @property
    def links(self) -> Sequence[Link]:
        """Its links."""
        return tuple(_link(link) for link in self.data.links)

    @property
    def dropped_attributes(self) -> int:
        """How many attributes the limit left out."""
        return self.data.dropped_attributes

    @property
    def dropped_events(self) -> int:
        """How many events the limit left out."""
        return self.data.dropped_events

    @property
    def dropped_links(self) -> int:
        """How many links the limit left out."""
        return self.data.dropped_links

    @property
    def resource(self) -> Any:
        """Who the process is."""
        return self.source.resource

    @property
    def instrumentation_scope(self) -> Scope:
        """Who made the span."""
        return Scope(self.data.scope_name, self.data.scope_version)

    @property
    def instrumentation_info(self) -> Scope:
        """The old name of the scope."""
        return self.instrumentation_scope

    def to_json(self, indent: int | None = 4) -> str:
        """Return the span as the SDK's console exporter prints one."""
        data = self.data
        return json.dumps(
            {
                "name": data.name,
                "context": {KEY_TRACE_ID: f"0x{data.trace_id}", KEY_SPAN_ID: f"0x{data.span_id}"},
                "kind": str(self.kind),
                "parent_id": f"0x{data.parent_span_id}" if data.parent_span_id else None,
                "start_time": data.start_ns,
                "end_time": data.end_ns,
                "status": {"status_code": self.status.status_code.name},
                "attributes": dict(data.every_attribute()),
                "events": [event._asdict() for event in self.events],
                "resource": dict(self.resource.attributes),
            },
            indent=indent,
            default=str,
        )


class ReadableSpan(Readable):
    """A span that has ended."""

    def __init__(self, data: SpanData, source: Any) -> None:
        self.data = data
        self.source = source


def _event(event: EventData) -> Event:
    return Event(event.name, event.at_ns, event.attributes)


def _link(link: LinkData) -> Link:
    context = span_context(link.trace_id, link.span_id, 0, link.tracestate)
    return Link(context, link.attributes)
