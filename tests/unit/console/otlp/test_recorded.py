"""Bodies of other producers' SDKs, as they came over the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_expected import expected, got

from fastapi_spine.console.otlp.decode import Decoded, Decoder, Signal
from fastapi_spine.console.rows import LogRow, PointRow, SpanRow

JAVASCRIPT = Path(__file__).with_name("recorded") / "opentelemetry-js"
NOW_NS = 1_800_000_000_000_000_000
MESSAGES: dict[Signal, Any] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}


def read(signal: Signal, *, json: bool) -> Decoded:
    """Read a recorded body."""
    body = (JAVASCRIPT / f"{signal}.{'json' if json else 'pb'}").read_bytes()
    return Decoder().decode(signal, body, json=json, encoding="", now_ns=NOW_NS)


@pytest.mark.parametrize("signal", MESSAGES)
def test_protobuf_means_what_the_official_library_says(signal: Signal) -> None:
    """Every field of every row; nothing is rejected."""
    decoded = read(signal, json=False)
    request = MESSAGES[signal].FromString((JAVASCRIPT / f"{signal}.pb").read_bytes())
    assert (got(decoded.batch), decoded.rejected) == (expected(request), {})


def span_facts(row: SpanRow) -> tuple[Any, ...]:
    """What does not differ from run to run."""
    events = [(event.name, sorted(event.attributes)) for event in row.events]
    return row.name, row.kind, row.status, row.status_message, row.attributes, events, row.scope


@pytest.mark.parametrize("json", [True, False], ids=["json", "protobuf"])
def test_a_request_of_a_javascript_service(json: bool) -> None:
    """A failed server span with its exception, and the query below it."""
    decoded = read("traces", json=json)
    assert decoded.rejected == {}
    query, server = decoded.batch.spans
    assert (query.trace_id, query.parent_id) == (server.trace_id, server.span_id)
    assert server.parent_id == b""
    assert query.start_ns <= query.end_ns <= server.end_ns
    assert (server.source.service, server.source.version) == ("checkout", "1.2.3")
    assert span_facts(query) == ("SELECT cart", 3, 0, "", {}, [], "recorder")
    assert span_facts(server) == (
        "GET /cart/:id", 2, 2, "out of stock",
        {"http.request.method": "GET", "http.response.status_code": 500, "http.route": "/cart/:id", "ratio": 0.5,
         "retried": True, "tags": ["a", "b"], "sizes": [1, 2]},
        [("exception", ["exception.message", "exception.stacktrace", "exception.type"])], "recorder",
    )  # fmt: skip


@pytest.mark.parametrize("json", [True, False], ids=["json", "protobuf"])
def test_a_line_of_a_javascript_service(json: bool) -> None:
    """Its level, its nested fields, and the request it belongs to."""
    decoded = read("logs", json=json)
    (line,) = decoded.batch.logs
    (_, server) = read("traces", json=json).batch.spans
    assert decoded.rejected == {}
    assert line == LogRow(
        line.at_ns, 13, "WARN", "stock is low",
        {"sku": "A-1", "left": 2, "nested": {"deep": [1, {"ok": True}]}},
        server.trace_id, server.span_id, "checkout", line.source,
    )  # fmt: skip


def point_facts(row: PointRow) -> tuple[Any, ...]:
    """What does not differ from run to run."""
    return (
        row.name,
        row.unit,
        row.kind,
        row.delta,
        row.monotonic,
        row.attributes,
        row.value,
        row.observed,
    )


@pytest.mark.parametrize("json", [True, False], ids=["json", "protobuf"])
def test_numbers_of_a_javascript_service(json: bool) -> None:
    """A counter, a histogram with its buckets, a gauge."""
    decoded = read("metrics", json=json)
    assert decoded.rejected == {}
    assert sorted(map(point_facts, decoded.batch.points)) == [
        ("http.server.request.duration", "s", "histogram", False, True, {"http.route": "/cart/:id"}, 0.25, 1),
        ("orders", "", "sum", False, True, {"shop": "eu"}, 3, 0),
        ("queue", "", "gauge", False, False, {}, 1.5, 0),
    ]  # fmt: skip
    (histogram,) = [one for one in decoded.batch.points if one.kind == "histogram"]
    assert len(histogram.buckets) == len(histogram.bounds) + 1
    assert sum(histogram.buckets) == 1
