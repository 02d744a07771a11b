"""What comes in, whoever sent it: the shapes between receiving (`otlp`) and keeping (`store`).

They follow OTLP (opentelemetry-proto 1.x: trace, logs, metrics). Times are nanoseconds since the epoch. Receivers have
checked lengths, depths and counts before they make a row; a store may rely on that and on nothing else.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Value: TypeAlias = "str | bool | int | float | list[Value] | dict[str, Value] | None"
"""What an attribute holds; bytes come as base64 text, as OTLP's JSON has them."""

Attributes: TypeAlias = dict[str, Value]


class Source:
    """Who sent something: one OTLP resource. The same resource is one object, so that it is stored once.

    Attributes:
        service: `service.name`; `unknown_service` without one.
        instance: `service.instance.id`; empty without one.
        version: `service.version`; empty without one.
        attributes: the whole resource.
    """

    __slots__ = ("attributes", "instance", "service", "version")

    def __init__(self, service: str, instance: str, version: str, attributes: Attributes) -> None:
        self.service = service
        self.instance = instance
        self.version = version
        self.attributes = attributes


class EventRow(NamedTuple):
    """Something that happened at one moment of a span."""

    at_ns: int
    name: str
    attributes: Attributes


class LinkRow(NamedTuple):
    """Another span that has to do with this one."""

    trace_id: bytes
    span_id: bytes
    attributes: Attributes


class SpanRow(NamedTuple):
    """One span.

    Attributes:
        trace_id: 16 bytes.
        span_id: 8 bytes.
        parent_id: 8 bytes; empty for a root.
        name: as sent.
        kind: OTLP's number, 0 to 5; 2 is a server's, which makes it a request.
        start_ns: when it began.
        end_ns: when it ended.
        status: 0 unset, 1 ok, 2 error.
        status_message: empty without one.
        attributes: of the span.
        events: in their order.
        links: in their order.
        scope: the instrumentation that made it.
        source: who sent it.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    status_message: str
    attributes: Attributes
    events: list[EventRow]
    links: list[LinkRow]
    scope: str
    source: Source


class LogRow(NamedTuple):
    """One log line.

    Attributes:
        at_ns: when it happened; the receiver's time where the sender did not say.
        severity: OTLP's number, 1 to 24; 0 unknown. 9 is INFO, 13 WARN, 17 ERROR.
        level: the word that the sender used.
        body: the message; a structured body comes as JSON text.
        attributes: the line's fields.
        trace_id: 16 bytes; empty without one.
        span_id: 8 bytes; empty without one.
        logger: the instrumentation scope.
        source: who sent it.
    """

    at_ns: int
    severity: int
    level: str
    body: str
    attributes: Attributes
    trace_id: bytes
    span_id: bytes
    logger: str
    source: Source


class PointRow(NamedTuple):
    """One number, or one histogram, of one series at one moment.

    Attributes:
        name: the metric's.
        unit: `s`, `By`, …
        kind: `sum`, `gauge` or `histogram`; exponential histograms and summaries are not taken.
        delta: whether it tells of the time since the last point, not since `start_ns`.
        monotonic: whether a sum only grows.
        attributes: the series.
        start_ns: since when a cumulative series counts; a new one means a new process.
        at_ns: the moment.
        value: of a sum or gauge; of a histogram, the sum of what was observed.
        observed: of a histogram, how many values; else 0.
        bounds: of a histogram, the upper bounds without the last, which is infinite.
        buckets: of a histogram, how many in each, one more than bounds.
        source: who sent it.
    """

    name: str
    unit: str
    kind: str
    delta: bool
    monotonic: bool
    attributes: Attributes
    start_ns: int
    at_ns: int
    value: float
    observed: int
    bounds: tuple[float, ...]
    buckets: tuple[int, ...]
    source: Source


class Batch(NamedTuple):
    """What one body held: all of it is kept or none."""

    spans: list[SpanRow]
    logs: list[LogRow]
    points: list[PointRow]
