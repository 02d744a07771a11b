"""Requests for tests: small ones by hand, and protobuf written byte by byte for what no library would write."""

from __future__ import annotations

import itertools
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_expected import any_value, pairs

NOW_NS = 1_800_000_000_000_000_000
_numbers = itertools.count(1)


def traces(*spans: dict[str, Any], **resource: Any) -> ExportTraceServiceRequest:
    """Spans of one service; each is whole but for what is given."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs({"service.name": "shop", **resource}))
    scope = group.scope_spans.add()
    scope.scope.name = "test"
    for given in spans:
        number = next(_numbers)
        span = scope.spans.add()
        span.trace_id = given.get("trace_id", number.to_bytes(16, "big"))
        span.span_id = given.get("span_id", number.to_bytes(8, "big"))
        span.parent_span_id = given.get("parent_id", b"")
        span.name = given.get("name", f"span {number}")
        span.kind = given.get("kind", 2)
        span.start_time_unix_nano = given.get("start", NOW_NS)
        span.end_time_unix_nano = given.get("end", NOW_NS + 5_000_000)
        span.attributes.extend(pairs(given.get("attributes", {})))
    return request


def logs(*bodies: Any, **record: Any) -> ExportLogsServiceRequest:
    """Log records of one service."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(pairs({"service.name": "shop"}))
    scope = group.scope_logs.add()
    scope.scope.name = "shop.orders"
    for body in bodies:
        made = scope.log_records.add(
            time_unix_nano=record.get("at", NOW_NS),
            severity_number=record.get("severity", 9),
            severity_text=record.get("level", ""),
            trace_id=record.get("trace_id", b""),
            span_id=record.get("span_id", b""),
        )
        made.body.CopyFrom(any_value(body))
        made.attributes.extend(pairs(record.get("attributes", {})))
    return request


def metrics() -> ExportMetricsServiceRequest:
    """A request without metrics yet; `.metrics` of its only scope takes them."""
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(pairs({"service.name": "shop"}))
    group.scope_metrics.add().scope.name = "test"
    return request


def varint(number: int) -> bytes:
    """Write a number."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    """Write a field that holds bytes, a text or a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def one_span(content: bytes) -> bytes:
    """A trace request with one span of these bytes."""
    return field(1, field(2, field(2, content)))


WHOLE_SPAN = field(1, b"t" * 16) + field(2, b"s" * 8) + b"\x39" + (NOW_NS).to_bytes(8, "little")
"""The least that a span needs: ids and a start."""
