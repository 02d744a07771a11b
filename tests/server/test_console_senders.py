"""Official and third-party senders against a running console: whatever they send is taken whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from console_program import Running, console
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from otlp_bodies import NOW_NS, logs, metrics, traces
from otlp_expected import expected, got
from servers import DEADLINE_S, free_port, get, wait_for

from fastapi_spine.console.rows import Batch

RESOURCE = Resource.create({"service.name": "checkout", "service.instance.id": "c-1"})


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A console with an empty store."""
    with console(tmp_path) as made:
        yield made


@pytest.mark.parametrize("compression", list(Compression))
def test_the_python_sdk_is_taken_whole(running: Running, compression: Compression) -> None:
    """Its three exporters, as they come, compressed in each way they know; they report no failure."""
    url = f"http://127.0.0.1:{running.otlp}/v1"
    spans = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    spans.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(f"{url}/traces", compression=compression))
    )
    lines = LoggerProvider(resource=RESOURCE, shutdown_on_exit=False)
    lines.add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(f"{url}/logs", compression=compression))
    )
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(f"{url}/metrics", compression=compression)
    )
    numbers = MeterProvider([reader], resource=RESOURCE, shutdown_on_exit=False)

    with spans.get_tracer("t").start_as_current_span("GET /cart", kind=SpanKind.SERVER) as span:
        span.set_attributes({"http.route": "/cart", "tags": ["a", "b"], "n": -1, "ratio": 0.5})
        record = LogRecord(
            timestamp=NOW_NS, severity_number=SeverityNumber.WARN, body="stock is low", attributes={"sku": "A-1"}
        )  # fmt: skip
        lines.get_logger("checkout").emit(record)
    numbers.get_meter("t").create_histogram("http.server.request.duration", "s").record(0.25)
    assert [one.force_flush() for one in (spans, lines, numbers)] == [True, True, True]
    for one in (spans, lines, numbers):
        one.shutdown()

    (request,) = running.store.spans
    assert (request.name, request.kind, request.source.service, request.source.instance) == (
        "GET /cart", 2, "checkout", "c-1",
    )  # fmt: skip
    wanted = {"http.route": "/cart", "tags": ["a", "b"], "n": -1, "ratio": 0.5}
    assert request.attributes == wanted
    (line,) = running.store.lines
    assert (line.body, line.severity, line.attributes["sku"], line.trace_id, line.span_id) == (
        "stock is low", 13, "A-1", request.trace_id, request.span_id,
    )  # fmt: skip
    point = next(one for one in running.store.points if one.name == "http.server.request.duration")
    assert (point.kind, point.unit, point.observed, point.value) == ("histogram", "s", 1, 0.25)
    assert running.said == []


@contextmanager
def rotel(folder: Path, target: int) -> Iterator[int]:
    """Run the collector `rotel`, forwarding to a receiver; give the port it listens on."""
    package = pytest.importorskip("rotel", reason="platform: rotel has wheels for Linux on x86-64")
    port = free_port()
    command: list[Any] = [
        Path(package.__file__).with_name("rotel-agent"), "start",
        "--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}",
        "--exporter", "otlp", "--otlp-exporter-endpoint", f"http://127.0.0.1:{target}",
        "--otlp-exporter-protocol", "http",
    ]  # fmt: skip
    with (folder / "rotel").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:

        def up() -> bool:
            if process.poll() is not None:
                pytest.fail(
                    f"rotel ended with {process.returncode}: {(folder / 'rotel').read_text()}"
                )
            try:
                return get(port, "/") > 0
            except OSError:
                return False

        wait_for(up, "rotel to come up")
        yield port
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


@pytest.mark.skipif(sys.platform != "linux", reason="platform: rotel runs on Linux")
def test_a_collector_forwards_to_it(
    running: Running, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Spans, lines and numbers go through `rotel`, a collector of others, and arrive as they were sent."""
    numbers = metrics()
    point = numbers.resource_metrics[0].scope_metrics[0].metrics.add(name="queue", unit="1")
    point.gauge.data_points.add(as_double=1.5, time_unix_nano=NOW_NS)
    sent: list[tuple[str, Any]] = [
        ("traces", traces({"name": "a", "attributes": {"n": 1}}, {"name": "b"})),
        ("logs", logs("hello", level="INFO")),
        ("metrics", numbers),
    ]
    store = running.store
    with rotel(tmp_path_factory.mktemp("rotel"), running.otlp) as port:
        for signal, request in sent:
            answer = running.ask(
                port, "POST", f"/v1/{signal}", request.SerializeToString(),
                {"content-type": "application/x-protobuf"},
            )  # fmt: skip
            assert answer.status in (200, 202)
        wait_for(lambda: store.spans and store.lines and store.points, "all three to arrive")
    kept = Batch(store.spans, store.lines, store.points)
    assert got(kept) == [row for _, request in sent for row in expected(request)]
    assert running.said == []
