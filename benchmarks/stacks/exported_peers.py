"""What people use today, set up as its documentation says, sending to the same receiver; queues large enough to lose nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchmarks.application import application
from benchmarks.sink import Exporting, into_sink
from benchmarks.stacks.exported import ENDPOINT

_QUEUE = 65_536


def app_native(routes: int, url: str) -> Exporting:
    """FastAPI's own telemetry on the OpenTelemetry SDK: traces only."""
    flush = _sdk_traces(url)
    return Exporting(application(routes), flush, flush)


def app_native_all(routes: int, url: str) -> Exporting:
    """FastAPI's own telemetry on the OpenTelemetry SDK: traces, metrics and logs."""
    flush = _sdk_traces(url)
    end_metrics = _sdk_metrics_and_logs(url)

    def end() -> None:
        flush()
        end_metrics()

    return Exporting(application(routes), flush, end)


def app_native_all_calling(routes: int, url: str) -> Exporting:
    """The same, with contrib's instrumentation of httpx."""
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor  # noqa: PLC0415

    HTTPXClientInstrumentor().instrument()
    return app_native_all(routes, url)


def app_contrib(routes: int, url: str) -> Exporting:
    """The instrumentor of opentelemetry-python-contrib on the SDK; FastAPI's own telemetry off, or there would be two spans."""
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor  # noqa: PLC0415 - a peer

    flush = _sdk_traces(url)
    app = application(routes, telemetry={"tracing": False, "metrics": False, "logs": False})
    FastAPIInstrumentor.instrument_app(app)
    return Exporting(app, flush, flush)


def app_logfire(routes: int, url: str) -> Exporting:
    """Logfire, sending to another backend than its own."""
    os.environ[ENDPOINT] = url
    os.environ["OTEL_BSP_MAX_QUEUE_SIZE"] = str(_QUEUE)
    import logfire as peer  # noqa: PLC0415 - reads the environment

    peer.configure(send_to_logfire=False, console=False)
    app = application(routes)
    peer.instrument_fastapi(app)
    return Exporting(app, peer.force_flush, peer.shutdown)


def app_sentry(routes: int, url: str) -> Exporting:
    """Sentry with every request traced."""
    import sentry_sdk  # noqa: PLC0415 - a peer

    sentry_sdk.init(
        dsn=f"http://key@{url.removeprefix('http://')}/1",
        traces_sample_rate=1.0,
        transport_queue_size=_QUEUE,
    )

    def flush() -> None:
        sentry_sdk.flush(30)

    return Exporting(application(routes), flush, flush)


def app_datadog(routes: int, url: str) -> Exporting:
    """Datadog's tracer, with an agent that only counts."""
    os.environ["DD_TRACE_AGENT_URL"] = url
    os.environ["DD_INSTRUMENTATION_TELEMETRY_ENABLED"] = "false"
    os.environ["DD_REMOTE_CONFIGURATION_ENABLED"] = "false"
    os.environ["DD_TRACE_API_VERSION"] = "v0.4"
    from ddtrace import patch  # noqa: PLC0415 - reads the environment
    from ddtrace.trace import tracer  # noqa: PLC0415

    patch(fastapi=True, starlette=True)
    return Exporting(application(routes), tracer.flush, tracer.flush)


def _sdk_traces(url: str) -> Callable[[], Any]:
    from opentelemetry import trace  # noqa: PLC0415 - a peer
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"{url}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=_QUEUE))
    trace.set_tracer_provider(provider)
    return provider.force_flush


def _sdk_metrics_and_logs(url: str) -> Callable[[], Any]:
    from opentelemetry import _logs, metrics  # noqa: PLC0415 - peers
    from opentelemetry.exporter.otlp.proto.http._log_exporter import (  # noqa: PLC0415
        OTLPLogExporter,
    )
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415

    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}/v1/metrics"))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    metrics.set_meter_provider(meters)
    logs = LoggerProvider()
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{url}/v1/logs")))
    _logs.set_logger_provider(logs)
    return meters.shutdown


native = into_sink(app_native, "FastAPI native")
native_all = into_sink(app_native_all, "FastAPI native")
contrib = into_sink(app_contrib, "contrib")
logfire = into_sink(app_logfire, "Logfire")
sentry = into_sink(app_sentry, "Sentry")
datadog = into_sink(app_datadog, "ddtrace")
