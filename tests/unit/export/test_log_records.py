"""A line as a log record: what protobuf reads is what the line said, under the names that the request's span has."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from collector import attributes, read
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs

from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.export.log_records import RecordEncoder, severity_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
AT = 1_795_577_829_481_948_416
HEAD = {
    "ts": "2026-11-25T03:37:10.512633Z", "level": "INFO", "logger": "shop", "msg": "sold",
    "service": "orders",
}  # fmt: skip
IDS = {"request_id": "r-1", "trace_id": TRACE, "span_id": SPAN}


def record_of(data: bytes) -> Any:
    """Have protobuf read one record."""
    scope = ScopeLogs()
    scope.ParseFromString(data)
    (record,) = scope.log_records
    return record


def whole(record: Any) -> dict[str, Any]:
    """A record as one value."""
    return {
        "at": (record.time_unix_nano, record.observed_time_unix_nano),
        "severity": (record.severity_number, record.severity_text),
        "body": read(record.body),
        "trace": (record.trace_id.hex(), record.span_id.hex(), record.flags),
        "attributes": attributes(record),
    }


def line(fields: dict[str, Any], levelno: int = logging.INFO) -> dict[str, Any]:
    """Write a line and read it back."""
    written = RecordEncoder().line(AT, levelno, {**HEAD, **fields}, 1)
    return whole(record_of(written))


def test_a_line_of_a_request_keeps_its_ids_and_its_fields_with_their_types() -> None:
    """The request id stands under the span's name for it; nothing of the head is repeated as an attribute."""
    fields = {"sku": 12, "price": 9.5, "ok": True, "none": None, "deep": {"a": [1, "b"]}}
    assert line({**IDS, **fields}) == {
        "at": (AT, AT),
        "severity": (9, "INFO"),
        "body": "sold",
        "trace": (TRACE, SPAN, 1),
        "attributes": {**fields, "spine.request_id": "r-1"},
    }


def test_a_line_without_a_request_has_no_trace() -> None:
    """Neither ids nor flags."""
    assert line({})["trace"] == ("", "", 0)


def test_an_exception_goes_under_the_names_of_the_conventions() -> None:
    """Type, message and stack; whether the line was held back or cut is told as well."""
    exc = {"type": "ValueError", "message": "bad", "stack": "Traceback …"}
    found = line({"exc": exc, "held": True, "truncated": True}, logging.ERROR)
    assert found["severity"] == (17, "INFO")
    assert found["attributes"] == {
        "spine.held": True,
        "spine.truncated": True,
        "exception.type": "ValueError",
        "exception.message": "bad",
        "exception.stacktrace": "Traceback …",
    }


def test_a_user_s_field_cannot_stand_for_one_of_ours() -> None:
    """Names are unique in a record, and ours win."""
    found = line({**IDS, "spine.request_id": "forged", "method": "mine"})
    assert found["attributes"] == {"spine.request_id": "r-1", "method": "mine"}


def exchange(client: str = "203.0.113.0/24", **scope: Any) -> Exchange:
    """Make a finished request whose path and client have been read."""
    made = Exchange(
        "http",
        {"method": "GET", **scope},
        Identity("r-1", TRACE, SPAN, trace_flags=3),
        AT,
        1_000,
    )
    made.shown_path, made.shown_client = "/items/é", client
    made.status, made.bytes_out = 200, 17
    made.route = "/items/{item_id}"
    made.end_at(5_851_712)
    return made


ACCESS = {
    "spine.request_id": "r-1",
    "http.request.method": "GET",
    "http.route": "/items/{item_id}",
    "url.path": "/items/é",
    "http.response.status_code": 200,
    "spine.elapsed_ms": 5.85,
    "http.request.body.size": 0,
    "http.response.body.size": 17,
    "client.address": "203.0.113.0/24",
    "spine.outcome": "completed",
}


def test_an_access_line_is_the_same_by_the_short_way_and_by_the_long_one() -> None:
    """Whole values of both, twice, because the second comes from what the first has left behind."""
    encoder = RecordEncoder()
    fields: dict[str, Any] = {
        "level": "INFO", "logger": "spine.access", "msg": "request completed", **IDS, "service": "orders",
        "method": "GET", "path": "/items/é", "route": "/items/{item_id}", "status": 200, "elapsed_ms": 5.85,
        "bytes_in": 0, "bytes_out": 17, "client": "203.0.113.0/24", "outcome": "completed",
    }  # fmt: skip
    done = exchange()
    for _ in range(2):
        short = whole(record_of(encoder.access(done)))
        long = whole(record_of(encoder.line(done.ended_at, logging.INFO, fields, 3)))
        assert short == long
        assert short == {
            "at": (done.ended_at, done.ended_at),
            "severity": (9, "INFO"),
            "body": "request completed",
            "trace": (TRACE, SPAN, 3),
            "attributes": ACCESS,
        }


def test_what_is_not_known_of_a_request_is_left_out() -> None:
    """No client, no route, and a method that nobody knows."""
    done = exchange("", method="BREW")
    done.answered_by("__unmatched__")
    found = attributes(record_of(RecordEncoder().access(done)))
    rest = {
        key: value for key, value in ACCESS.items() if key not in {"client.address", "http.route"}
    }
    assert found == {
        **rest,
        "http.request.method": "_OTHER",
        "http.request.method_original": "BREW",
    }


@pytest.mark.parametrize(
    ("levelno", "number"),
    [(0, 1), (5, 1), (10, 5), (13, 8), (20, 9), (25, 12), (30, 13), (40, 17), (50, 21), (99, 24)],
)
def test_every_level_has_its_place_in_opentelemetrys_scale(levelno: int, number: int) -> None:
    """TRACE 1 to 4, DEBUG 5 to 8, INFO 9 to 12, WARN 13 to 16, ERROR 17 to 20, FATAL 21 to 24."""
    assert severity_of(levelno) == number
