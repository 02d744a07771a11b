"""Answers to senders, read by the official library."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from fastapi_spine.console.otlp.answer import refused, taken, word

RESPONSES: dict[str, tuple[type[Any], str]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points"),
}


@pytest.mark.parametrize("signal", RESPONSES)
def test_all_taken_is_an_empty_message(signal: str) -> None:
    """Partial success must not be set (specification, "Full Success")."""
    assert taken(signal, {}, json=False) == b""  # type: ignore[arg-type]
    assert taken(signal, {}, json=True) == b"{}"  # type: ignore[arg-type]


@pytest.mark.parametrize("signal", RESPONSES)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_part_taken_says_how_many_were_not_and_why(signal: str, as_json: bool) -> None:
    """In the signal's own field, in both encodings, also for counts of several bytes."""
    kind, field = RESPONSES[signal]
    body = taken(signal, {"bad_id": 300, "too_deep": 1}, json=as_json)  # type: ignore[arg-type]
    response = Parse(body, kind()) if as_json else kind.FromString(body)
    told = response.partial_success
    assert getattr(told, field) == 301
    assert told.error_message == (
        "300 rejected (bad_id: a trace id is 16 bytes and a span id 8, not all zero); "
        "1 rejected (too_deep: values are nested deeper than 32)"
    )


@pytest.mark.parametrize(("status", "code"), [(400, 3), (413, 8), (415, 3), (503, 14), (500, 2)])
def test_a_refusal_is_a_status(status: int, code: int) -> None:
    """`google.rpc.Status` in the encoding of the request."""
    message = "so it is: ö"
    binary = Status.FromString(refused(status, message, json=False))
    assert (binary.code, binary.message) == (code, message)
    assert json.loads(refused(status, message, json=True)) == {"code": code, "message": message}
    assert word(status, message, True) == ("application/json", refused(status, message, json=True))
    assert word(status, message, False)[0] == "application/x-protobuf"
