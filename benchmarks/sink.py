"""A receiver that counts and keeps nothing: a process of its own, so that its work is nobody's cost.

Run as `python -m benchmarks.sink`; it prints its port, and answers `GET /` with how many server spans and access lines
have come, and how many requests the latest numbers tell of.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

from benchmarks.rounds import BenchmarkError
from benchmarks.subject import Subject

SPANS = ("spans",)
ALL = ("spans", "lines", "requests")
_SERVER = 2
_ACCESS = "spine.access"
_DURATION = "http.server.request.duration"


class Sink:
    """The process, as the one that measures sees it."""

    def __init__(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sink"], stdout=subprocess.PIPE, text=True
        )
        said = self._process.stdout.readline() if self._process.stdout is not None else ""
        self.url = f"http://127.0.0.1:{int(said)}"

    def counts(self) -> dict[str, int]:
        """Ask how much has come."""
        with urlopen(self.url) as answer:  # noqa: S310 - our own address
            return dict(json.loads(answer.read()))

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def counted(
    subject: Subject,
    sink: Sink,
    name: str,
    end: Callable[[], object],
    kinds: tuple[str, ...] = SPANS,
) -> Subject:
    """Have a subject fail in the end if not every request has arrived.

    Args:
        subject: what is measured.
        sink: where its telemetry goes.
        name: for the message.
        end: ships what is left.
        kinds: what must have come of each request: `spans`, `lines`, `requests` counted.
    """
    asked = [0]

    def repeat(count: int) -> None:
        asked[0] += count
        subject.repeat(count)

    def answer() -> str:
        asked[0] += 1
        return subject.answer()

    def close() -> None:
        end()
        came = sink.counts()
        sink.close()
        subject.close()
        if any(came[kind] != asked[0] for kind in kinds):
            raise BenchmarkError(f"{name} exported {came} of {asked[0]} requests")

    return replace(subject, repeat=repeat, answer=answer, close=close)


def main() -> None:
    """Count until somebody ends us."""
    came = dict.fromkeys(ALL, 0)
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(json.dumps(came).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            with turn:
                _COUNTERS[self.path](body, came)
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    # A thread a connection: whoever asks for the count must not wait for an exporter that keeps its own open.
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


def _count_spans(body: bytes, came: dict[str, int]) -> None:
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2  # noqa: PLC0415 - the parent needs none

    request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    came["spans"] += sum(
        span.kind == _SERVER
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


def _count_lines(body: bytes, came: dict[str, int]) -> None:
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2  # noqa: PLC0415 - as above

    request = logs_service_pb2.ExportLogsServiceRequest.FromString(body)
    came["lines"] += sum(
        len(scope.log_records)
        for resource in request.resource_logs
        for scope in resource.scope_logs
        if scope.scope.name == _ACCESS
    )


def _count_requests(body: bytes, came: dict[str, int]) -> None:
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2  # noqa: PLC0415 - as above

    request = metrics_service_pb2.ExportMetricsServiceRequest.FromString(body)
    came["requests"] = sum(
        point.count
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == _DURATION
        for point in metric.histogram.data_points
    )


_COUNTERS = {
    "/v1/traces": _count_spans,
    "/v1/logs": _count_lines,
    "/v1/metrics": _count_requests,
}


if __name__ == "__main__":
    main()
