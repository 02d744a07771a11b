"""The shapes of OTLP's JSON: what is not in them is not built while a body is parsed.

OTLP writes ids in hex, whole numbers of 64 bits as text, and enumerations as numbers; receivers take numbers for
texts as well, and leave out what they do not know (opentelemetry-proto, specification, "JSON Protobuf Encoding").
"""

from __future__ import annotations

from msgspec import Struct

Whole = int | str | None
Real = float | str | None
Text = str | None


class Shape(Struct, gc=False, rename="camel"):
    """One message."""


class AnyValue(Shape):
    """`common.v1.AnyValue`."""

    string_value: Text = None
    bool_value: bool | None = None
    int_value: Whole = None
    double_value: Real = None
    array_value: ArrayValue | None = None
    kvlist_value: MapValue | None = None
    bytes_value: Text = None


class KeyValue(Shape):
    """`common.v1.KeyValue`."""

    key: Text = None
    value: AnyValue | None = None


class ArrayValue(Shape):
    """`common.v1.ArrayValue`."""

    values: list[AnyValue] | None = None


class MapValue(Shape):
    """`common.v1.KeyValueList`."""

    values: list[KeyValue] | None = None


class Resource(Shape):
    """`resource.v1.Resource`."""

    attributes: list[KeyValue] | None = None


class Scope(Shape):
    """`common.v1.InstrumentationScope`."""

    name: Text = None


class Status(Shape):
    """`trace.v1.Status`."""

    message: Text = None
    code: int | None = None


class Event(Shape):
    """`trace.v1.Span.Event`."""

    time_unix_nano: Whole = None
    name: Text = None
    attributes: list[KeyValue] | None = None


class Link(Shape):
    """`trace.v1.Span.Link`."""

    trace_id: Text = None
    span_id: Text = None
    attributes: list[KeyValue] | None = None


class Span(Shape):
    """`trace.v1.Span`."""

    trace_id: Text = None
    span_id: Text = None
    parent_span_id: Text = None
    name: Text = None
    kind: int | None = None
    start_time_unix_nano: Whole = None
    end_time_unix_nano: Whole = None
    attributes: list[KeyValue] | None = None
    events: list[Event] | None = None
    links: list[Link] | None = None
    status: Status | None = None


class ScopeSpans(Shape):
    """`trace.v1.ScopeSpans`."""

    scope: Scope | None = None
    spans: list[Span] | None = None


class ResourceSpans(Shape):
    """`trace.v1.ResourceSpans`."""

    resource: Resource | None = None
    scope_spans: list[ScopeSpans] | None = None


class TracesBody(Shape):
    """`collector.trace.v1.ExportTraceServiceRequest`."""

    resource_spans: list[ResourceSpans] | None = None


class Record(Shape):
    """`logs.v1.LogRecord`."""

    time_unix_nano: Whole = None
    observed_time_unix_nano: Whole = None
    severity_number: int | None = None
    severity_text: Text = None
    body: AnyValue | None = None
    attributes: list[KeyValue] | None = None
    trace_id: Text = None
    span_id: Text = None
    event_name: Text = None


class ScopeLogs(Shape):
    """`logs.v1.ScopeLogs`."""

    scope: Scope | None = None
    log_records: list[Record] | None = None


class ResourceLogs(Shape):
    """`logs.v1.ResourceLogs`."""

    resource: Resource | None = None
    scope_logs: list[ScopeLogs] | None = None


class LogsBody(Shape):
    """`collector.logs.v1.ExportLogsServiceRequest`."""

    resource_logs: list[ResourceLogs] | None = None


class Point(Shape):
    """`metrics.v1.NumberDataPoint` and `HistogramDataPoint`; of other points, that they are there."""

    attributes: list[KeyValue] | None = None
    start_time_unix_nano: Whole = None
    time_unix_nano: Whole = None
    as_double: Real = None
    as_int: Whole = None
    flags: int | None = None
    count: Whole = None
    sum: Real = None
    bucket_counts: list[int | str] | None = None
    explicit_bounds: list[float | str] | None = None


class Data(Shape):
    """`metrics.v1.Sum`, `Gauge`, `Histogram`."""

    data_points: list[Point] | None = None
    aggregation_temporality: int | None = None
    is_monotonic: bool | None = None


class Uncounted(Shape):
    """A point of a kind that is not kept."""


class OtherData(Shape):
    """`metrics.v1.ExponentialHistogram`, `Summary`."""

    data_points: list[Uncounted] | None = None


class Metric(Shape):
    """`metrics.v1.Metric`."""

    name: Text = None
    unit: Text = None
    gauge: Data | None = None
    sum: Data | None = None
    histogram: Data | None = None
    exponential_histogram: OtherData | None = None
    summary: OtherData | None = None


class ScopeMetrics(Shape):
    """`metrics.v1.ScopeMetrics`."""

    scope: Scope | None = None
    metrics: list[Metric] | None = None


class ResourceMetrics(Shape):
    """`metrics.v1.ResourceMetrics`."""

    resource: Resource | None = None
    scope_metrics: list[ScopeMetrics] | None = None


class MetricsBody(Shape):
    """`collector.metrics.v1.ExportMetricsServiceRequest`."""

    resource_metrics: list[ResourceMetrics] | None = None
