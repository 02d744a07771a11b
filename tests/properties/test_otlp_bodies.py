"""OTLP bodies of every kind: what the official library writes is read alike, and no bytes at all break the decoder."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from otlp_bodies import NOW_NS, field, varint
from otlp_expected import Request, any_value, as_json, expected, got, pairs

from fastapi_spine.console.otlp.decode import Decoded, Decoder
from fastapi_spine.console.otlp.faults import BodyError
from fastapi_spine.console.otlp.lines import LineReader

DECODER = Decoder()
"""One for all examples: what it remembers must not leak from body to body."""

SIGNALS: list[Any] = ["traces", "logs", "metrics"]
KINDS: dict[str, type[Any]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
times = st.integers(1, 2**63 - 1)
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=64),
    st.binary(max_size=20),
    st.none(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
maps = st.dictionaries(keys, values, max_size=6)
trace_ids = st.binary(min_size=16, max_size=16).filter(any)
span_ids = st.binary(min_size=8, max_size=8).filter(any)


@st.composite
def trace_requests(draw: Any) -> Request:
    """Spans of several resources and scopes, with everything that a span can have."""
    request = ExportTraceServiceRequest()
    for _ in range(draw(st.integers(0, 2))):
        group = request.resource_spans.add()
        group.resource.attributes.extend(pairs(draw(maps)))
        for _ in range(draw(st.integers(0, 2))):
            scope = group.scope_spans.add()
            scope.scope.name = draw(texts)
            for _ in range(draw(st.integers(0, 3))):
                span = scope.spans.add(
                    trace_id=draw(trace_ids), span_id=draw(span_ids),
                    parent_span_id=draw(st.one_of(st.just(b""), span_ids)),
                    name=draw(texts), kind=draw(st.integers(0, 5)), flags=draw(st.integers(0, 2**32 - 1)),
                    start_time_unix_nano=draw(times), end_time_unix_nano=draw(times), trace_state=draw(texts),
                )  # fmt: skip
                span.attributes.extend(pairs(draw(maps)))
                span.status.code = draw(st.integers(0, 2))
                span.status.message = draw(texts)
                for _ in range(draw(st.integers(0, 2))):
                    event = span.events.add(name=draw(texts), time_unix_nano=draw(times))
                    event.attributes.extend(pairs(draw(maps)))
                    link = span.links.add(trace_id=draw(trace_ids), span_id=draw(span_ids))
                    link.attributes.extend(pairs(draw(maps)))
    return request


@st.composite
def log_requests(draw: Any) -> Request:
    """Log records; bodies are texts, since others become JSON."""
    request = ExportLogsServiceRequest()
    for _ in range(draw(st.integers(0, 2))):
        group = request.resource_logs.add()
        group.resource.attributes.extend(pairs(draw(maps)))
        scope = group.scope_logs.add()
        scope.scope.name = draw(texts)
        for _ in range(draw(st.integers(0, 3))):
            traced = draw(st.booleans())
            record = scope.log_records.add(
                time_unix_nano=draw(st.integers(0, 2**63 - 1)), observed_time_unix_nano=draw(times),
                severity_number=draw(st.integers(0, 24)), severity_text=draw(texts.filter(bool)),
                trace_id=draw(trace_ids) if traced else b"", span_id=draw(span_ids) if traced else b"",
            )  # fmt: skip
            record.body.CopyFrom(any_value(draw(texts)))
            record.attributes.extend(pairs(draw(maps)))
    return request


@st.composite
def metric_requests(draw: Any) -> Request:
    """Sums, gauges and histograms of finite numbers."""
    finite = st.floats(allow_nan=False, allow_infinity=False)
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(pairs(draw(maps)))
    scope = group.scope_metrics.add()
    for _ in range(draw(st.integers(0, 3))):
        metric = scope.metrics.add(name=draw(texts), unit=draw(texts), description=draw(texts))
        kind = draw(st.sampled_from(["gauge", "sum", "histogram"]))
        data = getattr(metric, kind)
        data.SetInParent()
        if kind != "gauge":
            data.aggregation_temporality = draw(st.integers(0, 2))
        if kind == "sum":
            data.is_monotonic = draw(st.booleans())
        for _ in range(draw(st.integers(0, 2))):
            point = data.data_points.add(
                start_time_unix_nano=draw(times), time_unix_nano=draw(times)
            )
            point.attributes.extend(pairs(draw(maps)))
            if kind == "histogram":
                bounds = draw(st.lists(finite, max_size=4))
                point.explicit_bounds.extend(bounds)
                counts = st.lists(
                    st.integers(0, 2**64 - 1), min_size=len(bounds) + 1, max_size=len(bounds) + 1
                )
                point.bucket_counts.extend(draw(counts))
                point.count = draw(st.integers(0, 2**64 - 1))
                point.sum = draw(finite)
            elif draw(st.booleans()):
                point.as_int = draw(st.integers(-(2**63), 2**63 - 1))
            else:
                point.as_double = draw(finite)
    return request


requests = st.one_of(trace_requests(), log_requests(), metric_requests())


def signal_of(request: Request) -> Any:
    """Which signal a request is of."""
    return next(name for name, kind in KINDS.items() if isinstance(request, kind))


def decode(signal: Any, body: bytes, *, json: bool, encoding: str = "") -> Decoded:
    """Decode with the shared decoder."""
    return DECODER.decode(signal, body, json=json, encoding=encoding, now_ns=NOW_NS)


@given(requests)
@settings(max_examples=250)
def test_what_the_official_library_writes_is_read_alike(request: Request) -> None:
    """In protobuf and in JSON, every field of every item; nothing is rejected."""
    signal = signal_of(request)
    for body, as_text in ((request.SerializeToString(), False), (as_json(request), True)):
        decoded = decode(signal, body, json=as_text)
        assert got(decoded.batch) == expected(request)
        assert not decoded.rejected


def answered(signal: Any, body: bytes, *, json: bool, encoding: str = "") -> int:
    """Which status a body would get."""
    try:
        decode(signal, body, json=json, encoding=encoding)
    except BodyError as error:
        return error.status
    return 200


tags = st.builds(
    lambda number, wire: varint(number << 3 | wire), st.integers(0, 20), st.integers(0, 7)
)
pieces = st.one_of(
    tags, st.binary(max_size=12), st.integers(0, 2**70).map(varint),
    st.builds(field, st.integers(1, 16), st.binary(max_size=12)),
)  # fmt: skip
messages = st.recursive(
    st.lists(pieces, max_size=5).map(b"".join),
    lambda inner: st.lists(st.builds(field, st.integers(1, 13), inner), max_size=4).map(b"".join),
    max_leaves=20,
)


@given(st.sampled_from(SIGNALS), st.one_of(st.binary(max_size=200), messages))
@settings(max_examples=600)
def test_any_bytes_are_taken_or_refused(signal: Any, body: bytes) -> None:
    """200, 400 or 413, whatever they are: random, or almost protobuf."""
    assert answered(signal, body, json=False) in (200, 400, 413)


@given(requests, st.data())
@settings(max_examples=200)
def test_damaged_bodies_are_taken_or_refused(request: Request, data: Any) -> None:
    """A good body with bytes changed, missing or too many."""
    good = request.SerializeToString()
    place = data.draw(st.integers(0, len(good)))
    piece = data.draw(st.binary(max_size=4))
    gone = data.draw(st.integers(0, 4))
    assert answered(
        signal_of(request), good[:place] + piece + good[place + gone :], json=False
    ) in (200, 400, 413)


jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["resourceSpans", "scopeSpans", "spans", "traceId", "spanId", "attributes", "key", "value", "kind",
                 "startTimeUnixNano", "arrayValue", "kvlistValue", "values", "intValue", "doubleValue", "resourceLogs",
                 "scopeLogs", "logRecords", "body", "resourceMetrics", "scopeMetrics", "metrics", "sum", "dataPoints",
                 "histogram", "bucketCounts", "asInt", "status", "code", "events", "resource", "scope", "name"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=30,
)  # fmt: skip


@given(
    st.sampled_from(SIGNALS),
    st.one_of(
        st.binary(max_size=100), texts.map(str.encode), jsons.map(lambda v: json.dumps(v).encode())
    ),
)
@settings(max_examples=400)
def test_any_json_is_taken_or_refused(signal: Any, body: bytes) -> None:
    """200, 400 or 413, whatever its shape."""
    assert answered(signal, body, json=True) in (200, 400, 413)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(0, 320))
@settings(max_examples=200)
def test_compressed_bytes_are_taken_whole_or_refused(body: bytes, encoding: str, cut: int) -> None:
    """Whole ones are what they were; of those that are cut off nothing is taken."""
    whole = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)
    assert answered("logs", body, json=False) == answered(
        "logs", whole, json=False, encoding=encoding
    )
    if cut < len(whole):
        assert answered("logs", whole[:cut], json=False, encoding=encoding) == 400


@given(st.one_of(st.binary(max_size=200), jsons.map(lambda v: json.dumps(v).encode())))
@settings(max_examples=300)
def test_any_line_is_a_row(line: bytes) -> None:
    """Whatever comes on standard input, a line is made of it."""
    row = LineReader("app").read(line.replace(b"\n", b" "), NOW_NS).log
    assert row.source.service
    assert 0 < row.at_ns < 2**63


LOOSE = st.dictionaries(
    st.sampled_from(
        ["ts", "time", "@timestamp", "level", "severity", "status", "logger", "logger.name", "msg", "exc", "trace_id",
         "span_id", "dd.span_id", "request_id", "method", "path", "route", "elapsed_ms", "duration", "httpRequest",
         "labels", "ecs.version", "service", "serviceContext", "outcome"]
    ),
    st.one_of(jsons, st.just("spine.access"), st.just("GET"), st.just("a" * 32), st.just("b" * 16)),
    max_size=12,
)  # fmt: skip


@given(LOOSE)
@settings(max_examples=300)
def test_any_access_line_is_a_row_and_perhaps_a_span(line: dict[str, Any]) -> None:
    """Known keys with unknown values: ids are whole or empty, a span ends where its line is."""
    log, span = LineReader("app").read(
        json.dumps({"logger": "spine.access", "method": "GET", "request_id": "r", **line}).encode(),
        NOW_NS,
    )
    assert (len(log.trace_id), len(log.span_id)) in ((0, 0), (16, 0), (16, 8))
    if span is not None:
        assert (len(span.trace_id), len(span.span_id)) == (16, 8)
        assert 0 < span.start_ns <= span.end_ns == log.at_ns


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_strategies_reach_every_signal(signal: Any) -> None:
    """An empty request of each is read."""
    assert got(decode(signal, KINDS[signal]().SerializeToString(), json=False).batch) == []
