"""Everything on, every request's spans, line and numbers exported to a receiver in another process and counted there."""

from __future__ import annotations

import os

from benchmarks.application import application
from benchmarks.sink import ALL, Sink, counted
from benchmarks.subject import Subject
from benchmarks.traffic import served

from fastapi_spine import Spine, Traces

_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"


def build(routes: int) -> Subject:
    """Logs, all metrics, one server span a request; all three signals exported."""
    return _ours(routes, operations=False)


def with_operations(routes: int) -> Subject:
    """The same, with a span each for dependencies, endpoint and serialization."""
    return _ours(routes, operations=True)


def _ours(routes: int, *, operations: bool) -> Subject:
    sink = Sink()
    os.environ[_VARIABLE] = sink.url
    app = application(routes)
    spine = Spine(app, traces=Traces(operations=operations, instrument=False))
    return counted(served(app, spine.flush), sink, "fastapi-spine", lambda: spine.flush(30), ALL)


def native(routes: int) -> Subject:
    """FastAPI's own telemetry on the OpenTelemetry SDK as its documentation sets it up: traces only, no log line."""
    from opentelemetry import trace  # noqa: PLC0415 - a peer, absent where nobody measures
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    sink = Sink()
    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"{sink.url}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=65536))
    trace.set_tracer_provider(provider)
    app = application(routes)
    return counted(served(app, provider.force_flush), sink, "FastAPI native", provider.force_flush)
