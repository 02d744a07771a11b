"""What OTLP messages mean, read by the official library: what our decoder is compared with. And OTLP's JSON of them."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from fastapi_spine.console.rows import Batch

Request = ExportTraceServiceRequest | ExportLogsServiceRequest | ExportMetricsServiceRequest

_IDS = ("traceId", "spanId", "parentSpanId")


def any_value(value: Any) -> AnyValue:
    """Make an `AnyValue` of a Python value; None is an empty one."""
    made = AnyValue()
    if isinstance(value, bool):
        made.bool_value = value
    elif isinstance(value, int):
        made.int_value = value
    elif isinstance(value, float):
        made.double_value = value
    elif isinstance(value, str):
        made.string_value = value
    elif isinstance(value, bytes):
        made.bytes_value = value
    elif isinstance(value, dict):
        made.kvlist_value.values.extend(pairs(value))
        made.kvlist_value.SetInParent()
    elif value is not None:
        made.array_value.values.extend(any_value(one) for one in value)
        made.array_value.SetInParent()
    return made


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    """Make attributes."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def plain(value: AnyValue) -> Any:
    """Read an `AnyValue` as our rows have it."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: plain(one.value) for one in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    found = getattr(value, kind)
    if isinstance(found, float) and not math.isfinite(found):
        return "NaN" if math.isnan(found) else "Infinity" if found > 0 else "-Infinity"
    return found


def attributes_of(found: Any) -> dict[str, Any]:
    """Read attributes."""
    return {one.key: plain(one.value) for one in found}


def expected(request: Request) -> list[dict[str, Any]]:
    """Every item of a request, in its order, as values."""
    if isinstance(request, ExportTraceServiceRequest):
        return [
            _span(span, scope.scope.name, attributes_of(one.resource.attributes))
            for one in request.resource_spans
            for scope in one.scope_spans
            for span in scope.spans
        ]
    if isinstance(request, ExportLogsServiceRequest):
        return [
            _log(record, scope.scope.name, attributes_of(one.resource.attributes))
            for one in request.resource_logs
            for scope in one.scope_logs
            for record in scope.log_records
        ]
    return [
        _point(metric, kind, data, point, attributes_of(one.resource.attributes))
        for one in request.resource_metrics
        for scope in one.scope_metrics
        for metric in scope.metrics
        for kind in [metric.WhichOneof("data")]
        if kind
        for data in [getattr(metric, kind)]
        for point in data.data_points
    ]


def _span(span: Any, scope: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "ids": (span.trace_id, span.span_id, span.parent_span_id),
        "name": span.name,
        "kind": span.kind,
        "times": (
            span.start_time_unix_nano,
            max(span.end_time_unix_nano, span.start_time_unix_nano),
        ),
        "status": (span.status.code, span.status.message),
        "attributes": attributes_of(span.attributes),
        "events": [
            (one.time_unix_nano, one.name, attributes_of(one.attributes)) for one in span.events
        ],
        "links": [(one.trace_id, one.span_id, attributes_of(one.attributes)) for one in span.links],
        "scope": scope,
        "resource": resource,
    }


def _log(record: Any, scope: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": record.time_unix_nano or record.observed_time_unix_nano,
        "severity": record.severity_number,
        "level": record.severity_text,
        "body": plain(record.body),
        "attributes": attributes_of(record.attributes),
        "ids": (record.trace_id, record.span_id),
        "scope": scope,
        "resource": resource,
    }


def _point(
    metric: Any, kind: str, data: Any, point: Any, resource: dict[str, Any]
) -> dict[str, Any]:
    histogram = kind == "histogram"
    number = point.sum if histogram else getattr(point, point.WhichOneof("value"))
    return {
        "metric": (metric.name, metric.unit, kind),
        "delta": getattr(data, "aggregation_temporality", 0) == 1,
        "monotonic": histogram or getattr(data, "is_monotonic", False),
        "attributes": attributes_of(point.attributes),
        "times": (point.start_time_unix_nano, point.time_unix_nano),
        "value": number,
        "observed": point.count if histogram else 0,
        "bounds": tuple(point.explicit_bounds) if histogram else (),
        "buckets": tuple(point.bucket_counts) if histogram else (),
        "resource": resource,
    }


def got(batch: Batch) -> list[dict[str, Any]]:
    """What our decoder made, in the same form."""
    spans = [
        {
            "ids": (row.trace_id, row.span_id, row.parent_id),
            "name": row.name,
            "kind": row.kind,
            "times": (row.start_ns, row.end_ns),
            "status": (row.status, row.status_message),
            "attributes": row.attributes,
            "events": [tuple(one) for one in row.events],
            "links": [tuple(one) for one in row.links],
            "scope": row.scope,
            "resource": row.source.attributes,
        }
        for row in batch.spans
    ]
    logs = [
        {
            "at": row.at_ns,
            "severity": row.severity,
            "level": row.level,
            "body": row.body,
            "attributes": row.attributes,
            "ids": (row.trace_id, row.span_id),
            "scope": row.logger,
            "resource": row.source.attributes,
        }
        for row in batch.logs
    ]
    points = [
        {
            "metric": (row.name, row.unit, row.kind),
            "delta": row.delta,
            "monotonic": row.monotonic,
            "attributes": row.attributes,
            "times": (row.start_ns, row.at_ns),
            "value": row.value,
            "observed": row.observed,
            "bounds": row.bounds,
            "buckets": row.buckets,
            "resource": row.source.attributes,
        }
        for row in batch.points
    ]
    return [*spans, *logs, *points]


def as_json(request: Request) -> bytes:
    """Write a request as OTLP's JSON: protobuf's, with ids in hex and enumerations as numbers."""
    found = MessageToDict(request, use_integers_for_enums=True)
    return json.dumps(_hex(found)).encode()


def _hex(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: base64.b64decode(one).hex() if key in _IDS else _hex(one)
            for key, one in value.items()
        }
    return [_hex(one) for one in value] if isinstance(value, list) else value
