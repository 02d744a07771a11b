"""An OTLP receiver for tests: scripted, and sharing no code with what it receives from."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

Script = Callable[["Call"], None]

_REQUESTS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}


class Call:
    """One request, for the script to answer."""

    def __init__(self, handler: Any, number: int, body: bytes) -> None:
        self.handler = handler
        self.number = number
        self.path = handler.path
        self.raw = body
        self.request = _REQUESTS[handler.path].FromString(body)
        self.size = len(body)

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The attributes of every resource of the request."""
        groups = next(iter(self.request.ListFields()), (None, ()))[1]
        return [attributes(group.resource) for group in groups]

    @property
    def spans(self) -> list[Any]:
        """Every span of the request."""
        return [
            span
            for resource in getattr(self.request, "resource_spans", ())
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def records(self) -> list[Any]:
        """Every log record of the request."""
        return [
            record
            for resource in getattr(self.request, "resource_logs", ())
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    @property
    def metrics(self) -> list[Any]:
        """Every metric of the request."""
        return [
            metric
            for resource in getattr(self.request, "resource_metrics", ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    @property
    def points(self) -> list[Any]:
        """Every data point of the request."""
        return [
            point
            for metric in self.metrics
            for point in getattr(metric, metric.WhichOneof("data")).data_points
        ]

    @property
    def items(self) -> list[Any]:
        """Spans, log records or data points, whichever it brought."""
        return self.spans + self.records + self.points

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Answer with a status."""
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("content-length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def partly(self, rejected: int, message: str = "") -> None:
        """Take the batch, but for some of it."""
        self.answer(200, self.partly_body(rejected, message))

    def partly_body(self, rejected: int, message: str = "") -> bytes:
        """Say that a batch was taken, but for some of it."""
        response: Any
        if self.path == "/v1/traces":
            response = ExportTraceServiceResponse()
            response.partial_success.rejected_spans = rejected
        elif self.path == "/v1/logs":
            response = ExportLogsServiceResponse()
            response.partial_success.rejected_log_records = rejected
        else:
            response = ExportMetricsServiceResponse()
            response.partial_success.rejected_data_points = rejected
        response.partial_success.error_message = message
        return bytes(response.SerializeToString())


class Collector:
    """What was received: calls in their order.

    Attributes:
        url: the base endpoint.
        calls: every request.
        headers: each request's headers, by lower-case names.
    """

    def __init__(self, script: Script, port: int) -> None:
        self.calls: list[Call] = []
        self.headers: list[dict[str, str]] = []
        self._lock = threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                with collector._lock:
                    call = Call(self, len(collector.calls), body)
                    collector.calls.append(call)
                    collector.headers.append({k.lower(): v for k, v in self.headers.items()})
                script(call)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of clients that give up."""

        self.server = Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def span_ids(self) -> list[str]:
        """The ids of all spans that came, in order, those of repeated requests too."""
        return [span.span_id.hex() for call in self.calls for span in call.spans]

    def records(self) -> list[Any]:
        """All log records that came, in order."""
        return [record for call in self.calls for record in call.records]

    def latest(self, name: str) -> Any:
        """The metric of a name as it came last; None if it never came."""
        found = [metric for call in self.calls for metric in call.metrics if metric.name == name]
        return found[-1] if found else None


def read(value: Any) -> Any:
    """Turn a protobuf value into a plain one."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [read(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return {one.key: read(one.value) for one in value.kvlist_value.values}
    return None if kind is None else getattr(value, kind)


def attributes(item: Any) -> dict[str, Any]:
    """The attributes of a span, a record, a data point or a resource; a name that comes twice is an error."""
    found = {one.key: read(one.value) for one in item.attributes}
    assert len(found) == len(item.attributes)
    return found


@contextmanager
def collector(script: Script = Call.answer, port: int = 0) -> Iterator[Collector]:
    """Run a receiver, on any free port or on one."""
    made = Collector(script, port)
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
