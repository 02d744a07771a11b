"""An OTLP receiver for tests: scripted, and sharing no code with what it receives from."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

Script = Callable[["Call"], None]


class Call:
    """One request, for the script to answer."""

    def __init__(self, handler: Any, number: int, body: bytes) -> None:
        self.handler = handler
        self.number = number
        self.request = ExportTraceServiceRequest.FromString(body)
        self.size = len(body)

    @property
    def spans(self) -> list[Any]:
        """Every span of the request."""
        return [
            span
            for resource in self.request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

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
        response = ExportTraceServiceResponse()
        response.partial_success.rejected_spans = rejected
        response.partial_success.error_message = message
        self.answer(200, response.SerializeToString())


class Collector:
    """What was received: calls in their order, and the spans of those that were answered with 200.

    Attributes:
        url: the base endpoint.
        calls: every request.
        taken: ids of all spans of requests that the script took.
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
