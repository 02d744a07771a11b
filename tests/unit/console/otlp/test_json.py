"""JSON bodies: OTLP's own dialect, the same rows as protobuf, the same limits."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from otlp_bodies import NOW_NS, logs, metrics, traces
from otlp_expected import Request, as_json, expected, got, pairs

from fastapi_spine.console.otlp.decode import Decoded, Decoder
from fastapi_spine.console.otlp.faults import BadBodyError, TooLargeError

IDS = {"traceId": "AB" * 16, "spanId": "cd" * 8}
SPAN: dict[str, Any] = {**IDS, "startTimeUnixNano": str(NOW_NS)}


def decode(signal: Any, body: Any) -> Decoded:
    """Decode a body that came at NOW_NS."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Decoder().decode(signal, content, json=True, encoding="", now_ns=NOW_NS)


def spans(*given: Any) -> dict[str, Any]:
    """A request with these spans."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(given)}]}]}


def whole() -> list[tuple[str, Request]]:
    """One request of each signal, with everything in it."""
    values = {
        "a": "b",
        "n": -1,
        "big": 2**62,
        "f": 0.5,
        "t": True,
        "l": [1, ["x"]],
        "m": {"k": None},
        "b": b"\0",
    }
    one = traces({"attributes": values, "parent_id": b"p" * 8})
    span = one.resource_spans[0].scope_spans[0].spans[0]
    span.status.code = 2
    span.status.message = "boom"
    span.events.add(name="e", time_unix_nano=NOW_NS).attributes.extend(pairs({"x": 1}))
    span.links.add(trace_id=b"l" * 16, span_id=b"k" * 8)
    numbers = metrics()
    add = numbers.resource_metrics[0].scope_metrics[0].metrics.add
    total = add(name="t", unit="1").sum
    total.is_monotonic = True
    total.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    total.data_points.add(time_unix_nano=NOW_NS, as_int=-(2**60))
    add(name="g").gauge.data_points.add(time_unix_nano=NOW_NS, as_double=1.25)
    add(name="h").histogram.data_points.add(
        time_unix_nano=NOW_NS, count=3, sum=1.5, explicit_bounds=[1.0], bucket_counts=[1, 2]
    )
    lines = logs("hello", level="WARN", trace_id=b"t" * 16, span_id=b"s" * 8, attributes=values)
    return [("traces", one), ("logs", lines), ("metrics", numbers)]


@pytest.mark.parametrize(("signal", "request_"), whole(), ids=lambda value: str(value)[:7])
def test_json_gives_the_same_rows_as_protobuf(signal: str, request_: Request) -> None:
    """Ids in hex, 64 bits as text, enumerations as numbers."""
    assert got(decode(signal, as_json(request_)).batch) == expected(request_)


def test_numbers_may_be_text_or_numbers() -> None:
    """Specification: senders write text, receivers take both."""
    one = {"key": "n", "value": {"intValue": 7}}
    two = {"key": "m", "value": {"intValue": "-8"}}
    three = {"key": "d", "value": {"doubleValue": "NaN"}}
    body = spans({**SPAN, "startTimeUnixNano": NOW_NS, "attributes": [one, two, three]})
    row = decode("traces", body).batch.spans[0]
    assert (row.start_ns, row.attributes) == (NOW_NS, {"n": 7, "m": -8, "d": "NaN"})


def test_what_nobody_knows_is_left_out() -> None:
    """Unknown keys at every level, nulls, and an object in any order."""
    body = spans(
        {"x": {"y": [1, {"z": None}]}, **SPAN, "name": None, "kind": None, "events": None,
         "attributes": [{"value": {"zebra": 1, "stringValue": "v"}, "key": "k", "more": 1}]}
    )  # fmt: skip
    body["more"] = [[[]]]
    row = decode("traces", body).batch.spans[0]
    assert (row.trace_id, row.name, row.attributes) == (b"\xab" * 16, "", {"k": "v"})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"1", b"null", b"\xff\xfe", b'{"resourceSpans":{}}', b'{"resourceSpans":[1]}', b"{}x",
        json.dumps(spans({**SPAN, "startTimeUnixNano": "soon"})).encode(),
        json.dumps(spans({**SPAN, "startTimeUnixNano": -1})).encode(),
        json.dumps(spans({**SPAN, "startTimeUnixNano": str(2**64)})).encode(),
        json.dumps(spans({**SPAN, "startTimeUnixNano": "9" * 30})).encode(),
        json.dumps(spans({**SPAN, "kind": "SPAN_KIND_SERVER"})).encode(),
        json.dumps(spans({**SPAN, "attributes": [{"key": "a", "value": {"intValue": str(2**63)}}]})).encode(),
        json.dumps(spans({**SPAN, "attributes": [{"key": "a", "value": {"doubleValue": "x"}}]})).encode(),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_no_otlp_is_bad(body: bytes) -> None:
    """Broken JSON, other shapes, numbers that are none."""
    with pytest.raises(BadBodyError):
        decode("traces", body)


@pytest.mark.parametrize("key", ["traceId", "spanId"])
@pytest.mark.parametrize("given", ["", "xyz", "00", None])
def test_a_span_with_a_bad_id_is_rejected_alone(key: str, given: Any) -> None:
    """As in protobuf."""
    decoded = decode("traces", spans(SPAN, {**SPAN, key: given}))
    assert (len(decoded.batch.spans), decoded.rejected) == (1, {"bad_id": 1})


def test_too_many_attributes_and_kinds_that_are_not_kept_are_told() -> None:
    """As in protobuf."""
    many = [{"key": str(n), "value": {"intValue": n}} for n in range(129)]
    assert decode("traces", spans({**SPAN, "attributes": many})).rejected == {
        "too_many_attributes": 1
    }
    other = {"name": "e", "exponentialHistogram": {"dataPoints": [{}, {"scale": 1}]}}
    ended = {"name": "g", "gauge": {"dataPoints": [{"flags": 1}]}}
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [other, ended]}]}]}
    assert decode("metrics", body).rejected == Counter(unsupported=2)


def nested(depth: int) -> bytes:
    """A span whose attribute lies in so many lists."""
    head, tail = b'{"arrayValue":{"values":[' * depth, b"]}}" * depth
    value = head + b'{"intValue":1}' + tail
    return (
        json.dumps(spans({**SPAN, "attributes": [{"key": "k", "value": 0}]}))
        .encode()
        .replace(b'"value": 0', b'"value":' + value)
    )


@pytest.mark.parametrize("depth", [1, 31, 32, 33, 100, 1000, 5000, 200_000])
def test_values_nested_too_deeply_are_rejected_or_bad(depth: int) -> None:
    """32 levels are kept; more cost the item; what the parser itself refuses costs the body; nothing crashes."""
    try:
        decoded = decode("traces", nested(depth))
    except BadBodyError:
        assert depth > 100
    else:
        assert decoded.rejected == ({} if depth <= 32 else {"too_deep": 1})


@pytest.mark.parametrize(
    "unknown", [b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 200_000 + b"1" + b"}" * 200_000]
)
def test_unknown_fields_nested_too_deeply_are_bad(unknown: bytes) -> None:
    """What is left out is passed over without a crash."""
    with pytest.raises(BadBodyError):
        decode("traces", b'{"more":' + unknown + b"}")


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceSpans":[' + b",".join([b"{}"] * 700_000) + b"]}",
        b'{"resourceSpans":[' + b",".join([b"{}"] * 60_000) + b"]}",
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b",".join([b"{}"] * 60_000) + b"]}]}]}",
        b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":['
        + b",".join([b"1"] * 2_000_000) + b"]}]}}]}]}]}",
    ],
    ids=["objects", "resources", "spans", "numbers"],
)  # fmt: skip
def test_too_many_of_anything_is_too_large(body: bytes) -> None:
    """Counted before they are built, where they are many."""
    with pytest.raises(TooLargeError, match="send smaller batches"):
        decode("metrics" if b"Metrics" in body else "traces", body)
