"""Telemetry as plain data: what the rooms make and `export` ships.

The shapes follow the OTLP messages (opentelemetry-proto, `trace/v1/trace.proto`, `metrics/v1/metrics.proto`), so that
encoding is copying. A log line has no shape of its own here: it is a dictionary in the default keys (`conventions`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from fastapi_spine.core.exchange import Exchange

AttributeValue: TypeAlias = "str | bool | int | float | bytes | Sequence[AttributeValue] | Mapping[str, AttributeValue] | None"
"""What an attribute may hold: OpenTelemetry's `AnyValue`."""

KIND_INTERNAL: Final = 1
KIND_SERVER: Final = 2
KIND_CLIENT: Final = 3
KIND_CONSUMER: Final = 5

STATUS_UNSET: Final = 0
STATUS_OK: Final = 1
STATUS_ERROR: Final = 2


class EventData:
    """Something that happened at one moment of a span; `at_ns` is wall time, nanoseconds since the epoch."""

    __slots__ = ("at_ns", "attributes", "name")

    def __init__(self, name: str, at_ns: int, attributes: dict[str, AttributeValue]) -> None:
        self.name = name
        self.at_ns = at_ns
        self.attributes = attributes


class LinkData:
    """Another span that has to do with this one, in whatever trace."""

    __slots__ = ("attributes", "span_id", "trace_id", "tracestate")

    def __init__(
        self,
        trace_id: str,
        span_id: str,
        tracestate: str | None,
        attributes: dict[str, AttributeValue],
    ) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.tracestate = tracestate
        self.attributes = attributes


class Shared(dict[str, AttributeValue]):
    """Attributes that many spans have alike, such as those of a route; nobody changes them once a span has them.

    Attributes:
        wire: the exporter's bytes of them, empty until it has made some.
    """

    __slots__ = ("wire",)

    def __init__(self, attributes: Mapping[str, AttributeValue]) -> None:
        super().__init__(attributes)
        self.wire = b""


class SpanData:
    """One span. What most spans do not have costs nothing: it stands in the class.

    Attributes:
        trace_id: 32 lower-case hex digits.
        span_id: 16 lower-case hex digits.
        parent_span_id: 16 lower-case hex digits; None for a root.
        tracestate: the W3C header's value; None if there is none.
        flags: W3C trace flags (sampled 0x01, random trace id 0x02).
        name: low in cardinality: `GET /orders/{order_id}`.
        kind: OTLP's number: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
        start_ns: wall time, nanoseconds since the epoch.
        end_ns: the same; 0 while the span is open.
        attributes: names and values.
        shared: more attributes, of other names, that this span has in common with others.
        about: the request whose span this is, until what it says has been added.
        renamed: whether somebody gave the span another name than the request has.
        events: in the order they were added.
        links: in the order they were added.
        status: 0 unset, 1 ok, 2 error.
        status_message: says more of an error; empty otherwise.
        scope_name: who made the span, such as `opentelemetry.instrumentation.httpx`.
        scope_version: its version; may be empty.
        dropped_attributes: how many the limit left out.
        dropped_events: how many the limit left out.
        dropped_links: how many the limit left out.
    """

    shared: tuple[Shared, ...] = ()
    about: Exchange | None = None
    renamed = False
    events: Sequence[EventData] = ()
    links: Sequence[LinkData] = ()
    status = STATUS_UNSET
    status_message = ""
    dropped_attributes = 0
    dropped_events = 0
    dropped_links = 0

    def __init__(
        self,
        trace_id: str,
        span_id: str,
        parent_span_id: str | None,
        tracestate: str | None,
        flags: int,
        name: str,
        kind: int,
        start_ns: int,
        end_ns: int = 0,
        attributes: dict[str, AttributeValue] | None = None,
        scope_name: str = "",
        scope_version: str = "",
    ) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.parent_span_id = parent_span_id
        self.tracestate = tracestate
        self.flags = flags
        self.name = name
        self.kind = kind
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.attributes: dict[str, AttributeValue] = {} if attributes is None else attributes
        self.scope_name = scope_name
        self.scope_version = scope_version

    def every_attribute(self) -> Mapping[str, AttributeValue]:
        """Return its own and its shared attributes together."""
        if not self.shared:
            return self.attributes
        together: dict[str, AttributeValue] = {}
        for some in self.shared:
            together.update(some)
        together.update(self.attributes)
        return together

    def add_event(self, event: EventData, most: int) -> None:
        """Add an event; the oldest goes when there are more than `most`."""
        events = self.events if isinstance(self.events, list) else []
        self.events = events
        events.append(event)
        if len(events) > most:
            del events[0]
            self.dropped_events += 1

    def add_link(self, link: LinkData, most: int) -> None:
        """Add a link; the oldest goes when there are more than `most`."""
        links = self.links if isinstance(self.links, list) else []
        self.links = links
        links.append(link)
        if len(links) > most:
            del links[0]
            self.dropped_links += 1


class SpanKind:
    """All that spans of one operation have alike: everything but ids and times.

    Attributes:
        name: see `SpanData`.
        kind: see `SpanData`.
        scope: name and version of who makes the spans.
        attributes: names and values.
        tracestate: see `SpanData`.
        head: the exporter's bytes that stand before ids and times, empty until it has made some.
        wire: the exporter's bytes that stand behind them.
    """

    __slots__ = ("attributes", "head", "kind", "name", "scope", "tracestate", "wire")

    def __init__(
        self,
        name: str,
        kind: int,
        scope: tuple[str, str],
        attributes: Mapping[str, AttributeValue],
        tracestate: str | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.scope = scope
        self.attributes = attributes
        self.tracestate = tracestate
        self.head = self.wire = b""


SmallSpan: TypeAlias = tuple[SpanKind, str, str, str, int, int, int]
"""A span with a parent and nothing of its own but ids and times: its kind, trace id, span id, the parent's span id, flags, start
and end; see `SpanData`. A bare tuple, because one of a named kind takes longer to make than to write."""


def whole(small: SmallSpan) -> SpanData:
    """Return a small span as one that may hold anything."""
    of, trace_id, span_id, parent, flags, start, end = small
    attributes = dict(of.attributes)
    return SpanData(
        trace_id, span_id, parent, of.tracestate, flags, of.name, of.kind, start, end, attributes, *of.scope
    )  # fmt: skip


WriteSpan: TypeAlias = Callable[[Exchange, str, tuple[Shared, ...], str], bytes]
"""Writes the span of a request that went well and whose span nobody has looked at, as whoever exports spans takes it: of the
finished request, the span's name (without secrets), what it has in common with others, and the path as it may be written."""


class PointData:
    """One series of a metric at one moment.

    Attributes:
        attributes: names and values; empty ones are left out.
        value: of a counter or gauge; of a histogram or summary the sum of what was observed.
        counts: of a histogram how many fell into each bucket, not added up, the last one for everything above the
            highest bound; of a summary one count; else empty.
        bounds: upper bounds of a histogram's buckets, ascending, without infinity.
        examples: trace id, span id, value and wall time in seconds of requests that were counted.
    """

    __slots__ = ("attributes", "bounds", "counts", "examples", "value")

    def __init__(
        self,
        attributes: dict[str, AttributeValue],
        value: float,
        counts: Sequence[int] = (),
        bounds: Sequence[float] = (),
        examples: Sequence[tuple[str, str, float, float]] = (),
    ) -> None:
        self.attributes = attributes
        self.value = value
        self.counts = counts
        self.bounds = bounds
        self.examples = examples


MetricKind: TypeAlias = Literal["counter", "updown", "gauge", "histogram", "summary"]


class MetricData:
    """One metric with all its series, counted since the process began to (OpenTelemetry's cumulative temporality).

    Attributes:
        name: as OpenTelemetry writes it.
        description: one sentence.
        unit: UCUM's: `s`, `By`; empty for plain numbers.
        kind: what its numbers are; `updown` is a sum that may fall.
        points: its series.
    """

    __slots__ = ("description", "kind", "name", "points", "unit")

    def __init__(
        self, name: str, description: str, unit: str, kind: MetricKind, points: Sequence[PointData]
    ) -> None:
        self.name = name
        self.description = description
        self.unit = unit
        self.kind = kind
        self.points = points


class Numbers(NamedTuple):
    """Every metric of this process at one moment.

    Attributes:
        started_at: when the process began to count, seconds since the epoch.
        metrics: what was counted.
    """

    started_at: float
    metrics: Sequence[MetricData]


class Collector(Protocol):
    """Who comes for what waits to be exported, within a second or so.

    Attributes:
        attentive: whether it sleeps: whoever has something then has to wake it by `expect`. While it is at work it looks by
            itself, before it sleeps again.
    """

    attentive: bool

    def expect(self) -> None:
        """Take note that something waits."""


class LinePort(Protocol):
    """Takes log lines that leave by another way than the output; never blocks, never raises."""

    def take(
        self, at_ns: int, levelno: int, line: Mapping[str, AttributeValue], flags: int
    ) -> None:
        """Take a line.

        Args:
            at_ns: wall time, nanoseconds since the epoch.
            levelno: logging's number.
            line: the line in the default keys: redacted, of plain data, bounded in size.
            flags: W3C trace flags of its request; 0 without one.
        """

    def take_access(self, exchange: Exchange) -> None:
        """Take the access line of a request with nothing unusual about it.

        Args:
            exchange: the request, finished; its path and its client have been read as they may be written.
        """
