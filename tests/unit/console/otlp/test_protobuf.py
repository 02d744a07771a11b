"""Protobuf bodies: what senders wrote is what rows say; what cannot be taken is told, item by item."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from otlp_bodies import (
    NOW_NS,
    WHOLE_SPAN,
    field,
    logs,
    metrics,
    one_span,
    traces,
    varint,
)
from otlp_expected import Request, any_value, expected, got, pairs

from fastapi_spine.console.otlp.decode import Decoded, Decoder
from fastapi_spine.console.otlp.faults import BadBodyError, TooLargeError
from fastapi_spine.console.rows import Batch


def decode(signal: Any, body: bytes | Request, decoder: Decoder | None = None) -> Decoded:
    """Decode a body that came at NOW_NS."""
    content = body if isinstance(body, bytes) else body.SerializeToString()
    return (decoder or Decoder()).decode(signal, content, json=False, encoding="", now_ns=NOW_NS)


def test_a_whole_span_is_read_as_it_was_written() -> None:
    """Every field of a span, its events, links, status, scope and resource."""
    values = {
        "text": "a", "empty": "", "number": -3, "big": 2**62, "float": 1.5, "true": True, "false": False,
        "list": ["a", 1, None, [2]], "map": {"a": {"b": [True]}}, "bytes": b"\x00\xff", "none": None,
        "long": "x" * 300, "nan": float("nan"),
    }  # fmt: skip
    request = traces({"attributes": values, "parent_id": b"p" * 8, "name": "GET /" + "ö" * 90})
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.flags = 257
    span.trace_state = "a=b"
    span.dropped_attributes_count = 3
    span.status.code = 2
    span.status.message = "boom"
    span.events.add(name="exception", time_unix_nano=NOW_NS + 1).attributes.extend(
        pairs({"exception.type": "ValueError"})
    )
    span.links.add(trace_id=b"l" * 16, span_id=b"k" * 8).attributes.extend(pairs({"why": 1}))
    decoded = decode("traces", request)
    assert got(decoded.batch) == expected(request)
    assert decoded.rejected == {}


def test_a_log_record_is_read_as_it_was_written() -> None:
    """Time, severity, ids, scope; a structured body becomes JSON text."""
    request = logs(
        "ready", severity=13, level="warning", trace_id=b"t" * 16, span_id=b"s" * 8,
        attributes={"user_id": 42},
    )  # fmt: skip
    assert got(decode("logs", request).batch) == expected(request)
    rows = decode("logs", logs({"a": [1, None]}, 7, None)).batch.logs
    assert [row.body for row in rows] == ['{"a":[1,null]}', "7", ""]


def test_a_log_record_without_a_time_has_that_of_its_arrival() -> None:
    """First the time, then when it was observed, then when it came here."""
    request = logs("a", "b", at=0)
    request.resource_logs[0].scope_logs[0].log_records[0].observed_time_unix_nano = 5
    assert [row.at_ns for row in decode("logs", request).batch.logs] == [5, NOW_NS]


def test_a_level_word_is_made_from_the_number_where_there_is_none() -> None:
    """13 is WARN; a number beyond 24 is none."""
    found = [decode("logs", logs("x", severity=number)).batch.logs[0] for number in (1, 13, 21, 0)]
    assert [(row.severity, row.level) for row in found] == [
        (1, "TRACE"), (13, "WARN"), (21, "FATAL"), (0, ""),
    ]  # fmt: skip


def test_invalid_ids_of_a_log_record_are_left_out() -> None:
    """As `logs.proto` wants it: the line is kept, without a trace."""
    request = logs("x", trace_id=b"short", span_id=b"s" * 8)
    decoded = decode("logs", request)
    assert [(row.trace_id, row.span_id) for row in decoded.batch.logs] == [(b"", b"")]
    assert decoded.rejected == {}


def test_an_events_name_is_kept_as_an_attribute() -> None:
    """`event_name` is what newer SDKs send instead of a body."""
    request = logs(None)
    request.resource_logs[0].scope_logs[0].log_records[0].event_name = "device.app.lifecycle"
    assert decode("logs", request).batch.logs[0].attributes == {
        "event.name": "device.app.lifecycle"
    }


def numbers(request: Any) -> Any:
    """Add a sum, a gauge and a histogram."""
    add = request.resource_metrics[0].scope_metrics[0].metrics.add
    total = add(name="http_requests_total", unit="{request}").sum
    total.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    total.is_monotonic = True
    for value in (-3, 2**40):
        total.data_points.add(time_unix_nano=NOW_NS, start_time_unix_nano=5, as_int=value)
    gauge = add(name="lag", unit="s").gauge
    gauge.data_points.add(time_unix_nano=NOW_NS, as_double=0.25).attributes.extend(
        pairs({"route": "/a", "status": 200})
    )
    histogram = add(name="http.server.request.duration", unit="s").histogram
    histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    point = histogram.data_points.add(
        time_unix_nano=NOW_NS, start_time_unix_nano=9, count=6, sum=2.5, min=0.1, max=1.5,
        explicit_bounds=[0.1, 1.0], bucket_counts=[1, 2, 3],
    )  # fmt: skip
    point.attributes.extend(pairs({"http.route": "/a"}))
    point.exemplars.add(time_unix_nano=NOW_NS, as_double=0.2, trace_id=b"t" * 16)
    return request


def test_points_are_read_as_they_were_written() -> None:
    """Sums, gauges and histograms, with temporality and exemplars beside them."""
    request = numbers(metrics())
    assert got(decode("metrics", request).batch) == expected(request)


def test_points_of_kinds_that_are_not_kept_are_told() -> None:
    """Exponential histograms and summaries count as rejected; what stands beside them is kept."""
    request = numbers(metrics())
    add = request.resource_metrics[0].scope_metrics[0].metrics.add
    for _ in range(2):
        add(name="e").exponential_histogram.data_points.add(time_unix_nano=NOW_NS)
    add(name="s").summary.data_points.add(time_unix_nano=NOW_NS)
    decoded = decode("metrics", request)
    assert decoded.rejected == Counter(unsupported=3)
    assert len(decoded.batch.points) == 4


def test_numbers_packed_or_one_by_one_are_the_same() -> None:
    """Old encoders write repeated numbers unpacked."""
    point = b"\x19" + NOW_NS.to_bytes(8, "little") + b"\x21" + (3).to_bytes(8, "little")
    point += b"".join(b"\x31" + n.to_bytes(8, "little") for n in (1, 2))
    point += b"\x39" + bytes.fromhex("000000000000f03f")
    body = field(1, field(2, field(2, field(1, b"d") + field(9, field(1, point)))))
    row = decode("metrics", body).batch.points[0]
    assert (row.observed, row.bounds, row.buckets) == (3, (1.0,), (1, 2))


def test_a_histogram_that_does_not_fit_is_rejected() -> None:
    """More buckets than bounds allow, or a thousand and more of them; without any it is one bucket."""
    request = metrics()
    add = request.resource_metrics[0].scope_metrics[0].metrics.add
    points = add(name="d").histogram.data_points
    points.add(time_unix_nano=NOW_NS, count=3, explicit_bounds=[1.0], bucket_counts=[1, 1, 1])
    points.add(
        time_unix_nano=NOW_NS, explicit_bounds=range(2000), bucket_counts=range(2001)
    )  # fmt: skip
    points.add(time_unix_nano=NOW_NS, count=3, sum=1.0)
    points.add(time_unix_nano=NOW_NS, count=1, sum=float("inf"))
    decoded = decode("metrics", request)
    assert decoded.rejected == {"bad_histogram": 2, "bad_number": 1}
    assert [(row.bounds, row.buckets) for row in decoded.batch.points] == [((), (3,))]


def test_a_point_that_says_it_has_no_value_is_none() -> None:
    """The flag that a series has ended is no number, and nothing to reject."""
    request = metrics()
    add = request.resource_metrics[0].scope_metrics[0].metrics.add
    add(name="g").gauge.data_points.add(time_unix_nano=NOW_NS, flags=1)
    assert decode("metrics", request) == Decoded(Batch([], [], []), Counter())


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"trace_id": b"short"}, "bad_id"),
        ({"trace_id": bytes(16)}, "bad_id"),
        ({"trace_id": b""}, "bad_id"),
        ({"span_id": bytes(8)}, "bad_id"),
        ({"span_id": b"s" * 16}, "bad_id"),
        ({"parent_id": b"p" * 9}, "bad_id"),
        ({"start": 0}, "bad_time"),
        ({"start": 2**63}, "bad_time"),
        ({"end": 2**64 - 1}, "bad_time"),
        ({"attributes": {str(n): n for n in range(129)}}, "too_many_attributes"),
    ],
)
def test_a_span_that_cannot_be_kept_is_rejected_alone(given: Any, reason: str) -> None:
    """The others of its body are kept, and the reason is told."""
    request = traces({"name": "before"}, given, {"name": "after"})
    decoded = decode("traces", request)
    assert [row.name for row in decoded.batch.spans] == ["before", "after"]
    assert decoded.rejected == {reason: 1}


def test_a_span_that_says_no_end_ends_where_it_began() -> None:
    """An end of 0, or before the start, makes no negative duration."""
    rows = decode("traces", traces({"end": 0}, {"end": NOW_NS - 1})).batch.spans
    assert [row.end_ns - row.start_ns for row in rows] == [0, 0]


def test_a_parent_of_zeros_is_no_parent() -> None:
    """Some SDKs write it so."""
    assert decode("traces", traces({"parent_id": bytes(8)})).batch.spans[0].parent_id == b""


def test_keys_and_values_that_are_too_long_are_cut_and_marked() -> None:
    """256 characters of a name, 32 Ki of a text; its end says how much is missing."""
    request = traces({"attributes": {"k" * 300: "v" * 40_000}, "name": "n" * 257})
    row = decode("traces", request).batch.spans[0]
    key = "k" * 256 + "…[TRUNCATED:44]"
    assert row.attributes == {key: "v" * 32_768 + "…[TRUNCATED:7232]"}
    assert row.name == "n" * 256 + "…[TRUNCATED:1]"


def test_the_same_resource_is_one_object() -> None:
    """In one body and in the next, so that it is stored once; another one is another."""
    decoder = Decoder()
    first = decode("traces", traces({}, {}), decoder).batch.spans
    second = decode("logs", logs("x"), decoder).batch.logs
    other = decode("traces", traces({}, **{"service.name": "payments"}), decoder).batch.spans
    assert first[0].source is first[1].source is second[0].source
    assert [row.source.service for row in (first[0], other[0])] == ["shop", "payments"]


def test_a_resource_without_a_name_is_an_unknown_service() -> None:
    """The name is OpenTelemetry's own for it; other facts are read from the resource."""
    unknown = decode("traces", one_span(WHOLE_SPAN)).batch.spans[0].source
    assert (unknown.service, unknown.instance, unknown.version) == ("unknown_service", "", "")
    more = {"service.instance.id": "i", "service.version": "1.2"}
    known = decode("traces", traces({}, **more)).batch.spans[0].source
    assert (known.service, known.instance, known.version) == ("shop", "i", "1.2")


def test_remembered_attributes_are_not_shared_where_they_can_change() -> None:
    """Two spans with the same list have two lists."""
    one, two = decode("traces", traces(*[{"attributes": {"l": [1]}}] * 2)).batch.spans
    assert one.attributes["l"] == two.attributes["l"] == [1]
    assert one.attributes["l"] is not two.attributes["l"]


def test_text_that_is_not_utf8_is_kept_with_replacements() -> None:
    """One bad byte costs one character, not a batch."""
    attribute = field(9, field(1, b"k\xff") + field(2, field(1, b"v\xfe")))
    row = decode("traces", one_span(WHOLE_SPAN + field(5, b"n\xfd") + attribute)).batch.spans[0]
    assert (row.name, row.attributes) == ("n�", {"k�": "v�"})


def test_fields_of_tomorrow_are_passed_over() -> None:
    """Unknown fields of every wire type, anywhere."""
    unknown = b"".join(
        [varint(99 << 3) + varint(2**63), varint(99 << 3 | 1) + b"8" * 8,
         field(99, b"anything"), varint(99 << 3 | 5) + b"4444"]
    )  # fmt: skip
    value = field(2, unknown + field(1, b"v") + unknown)
    span = unknown + WHOLE_SPAN + field(9, unknown + field(1, b"k") + value + unknown) + unknown
    body = unknown + field(1, unknown + field(2, unknown + field(2, span) + unknown)) + unknown
    assert decode("traces", body).batch.spans[0].attributes == {"k": "v"}


def test_the_last_of_a_field_counts() -> None:
    """As the wire format has it for fields and for `oneof`."""
    value = field(2, field(1, b"first") + b"\x18\x07")
    span = WHOLE_SPAN + field(5, b"a") + field(5, b"b") + field(9, field(1, b"k") + value)
    row = decode("traces", one_span(span)).batch.spans[0]
    assert (row.name, row.attributes) == ("b", {"k": 7})


@pytest.mark.parametrize("depth", [1, 5, 31, 32, 33, 100, 5000, 200_000])
def test_values_nested_too_deeply_cost_their_item(depth: int) -> None:
    """32 levels are kept, more are rejected, whatever the number, and nothing crashes."""
    span = WHOLE_SPAN + field(9, field(1, b"k") + field(2, nested(depth)))
    decoded = decode("traces", one_span(span))
    kept = depth <= 32
    assert decoded.rejected == ({} if kept else {"too_deep": 1})
    assert len(decoded.batch.spans) == kept


def nested(depth: int) -> bytes:
    """A number in so many lists; heads are written from the inside out, and joined once."""
    heads: list[bytes] = []
    size = 2
    for _ in range(depth):
        element = b"\x0a" + varint(size)
        size += len(element)
        array = b"\x2a" + varint(size)
        size += len(array)
        heads += [element, array]
    return b"".join(reversed(heads)) + b"\x18\x01"


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_body_that_is_cut_off_is_bad(cut: int) -> None:
    """Wherever it ends, nothing of it is kept."""
    body = traces({"attributes": {"a": "b", "n": [1, {"c": 2.5}]}}).SerializeToString()
    with pytest.raises(BadBodyError):
        decode("traces", body[:-cut])


@pytest.mark.parametrize(
    "body",
    [
        b"\xff" * 11,
        b"\x0a",
        b"\x0a\x80",
        b"\x0a" + b"\x80" * 20,
        b"\x0b\x0c",
        b"\x0f\x00",
        field(1, b"\x12\x7f"),
        one_span(b"\x39\x00"),
        one_span(WHOLE_SPAN + field(9, b"\x0a\x7f")),
        one_span(WHOLE_SPAN + field(9, field(1, b"k") + b"\x12\x03\x0a\x7f\x00")),
        b"\x8a\x00\x00",
    ],
    ids=lambda body: body.hex()[:24],
)
def test_what_is_no_protobuf_is_bad(body: bytes) -> None:
    """Numbers without end, lengths beyond the end, wire types nobody uses."""
    with pytest.raises(BadBodyError):
        decode("traces", body)


@pytest.mark.parametrize(
    ("signal", "body"),
    [
        ("traces", field(1, field(2, b"\x12\x00" * 60_000))),
        ("traces", b"\x0a\x00" * 60_000),
        ("traces", field(1, b"\x12\x00" * 60_000)),
        ("traces", one_span(WHOLE_SPAN + b"\x5a\x00" * 60_000)),
        ("traces", one_span(WHOLE_SPAN + field(9, field(1, b"k") + field(2, field(5, b"\x0a\x00" * 700_000))))),
        ("traces", varint(99 << 3) + b"\x00" * 1 + (varint(99 << 3) + b"\x00") * 700_000),
        ("logs", field(1, field(2, b"\x12\x00" * 60_000))),
        ("metrics", field(1, field(2, field(2, field(5, b"\x0a\x00" * 60_000))))),
    ],
)  # fmt: skip
def test_too_many_of_anything_is_too_large(signal: str, body: bytes) -> None:
    """Spans, resources, scopes, events, list elements, unknown fields, records, points."""
    with pytest.raises(TooLargeError, match="send smaller batches"):
        decode(signal, body)


def test_a_span_with_a_million_attributes_is_rejected_at_the_first_that_is_too_much() -> None:
    """Different ones, or one again and again."""
    many = b"".join(field(9, field(1, b"%d" % n) + field(2, b"\x18\x01")) for n in range(50_000))
    again = field(9, field(1, b"k") + field(2, b"\x18\x01")) * 500_000
    for attributes in (many, again):
        decoded = decode("traces", one_span(WHOLE_SPAN + attributes))
        assert decoded.rejected == {"too_many_attributes": 1}


def test_a_resource_that_cannot_be_taken_is_the_whole_bodys_fault() -> None:
    """It belongs to every item."""
    with pytest.raises(BadBodyError, match="resource"):
        decode("traces", traces({}, **{str(n): n for n in range(200)}))


def test_an_empty_body_holds_nothing() -> None:
    """No bytes are a request without anything in it."""
    assert decode("traces", b"") == Decoded(Batch([], [], []), Counter())
    assert any_value(None).ByteSize() == 0
