"""A receiver that counts and keeps nothing: a process of its own, so that its work is nobody's cost.

It speaks the three languages of those who are measured: OTLP over HTTP, Sentry's envelopes, and Datadog's agent. Run as
`python -m benchmarks.sink`; it prints its port, answers `GET /` with how many server spans and access lines have come
and how many requests the latest numbers tell of, and ends with whoever started it.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.request import urlopen

import msgspec
from benchmarks.rounds import BenchmarkError
from benchmarks.subject import Subject, nothing
from benchmarks.traffic import App, served

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
            [sys.executable, "-m", "benchmarks.sink"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = self._process.stdout.readline() if self._process.stdout is not None else ""
        self.url = f"http://127.0.0.1:{int(said)}"

    def counts(self) -> dict[str, int]:
        """Ask how much has come."""
        with urlopen(self.url) as answer:  # noqa: S310 - our own address
            return dict(json.loads(answer.read()))

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@dataclass(frozen=True, slots=True)
class Exporting:
    """An application whose spans go to a receiver.

    Attributes:
        app: any ASGI callable.
        flush: returns when all its lines are written.
        end: ships the spans that are left.
    """

    app: App
    flush: Callable[[], object] = nothing
    end: Callable[[], object] = nothing


Makes = Callable[[int, str], Exporting]
"""Makes one, given how many routes it has and the receiver's address."""


def into_sink(make: Makes, name: str, kinds: tuple[str, ...] = SPANS) -> Callable[[int], Subject]:
    """Make an exporting application measurable, with a receiver of its own that counts.

    Args:
        make: makes it.
        name: for the message if something is missing.
        kinds: what must have come of each request, see `counted`.
    """

    def build(routes: int) -> Subject:
        sink = Sink()
        made = make(routes, sink.url)
        return counted(served(made.app, made.flush), sink, name, made.end, kinds)

    return build


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


def take(path: str, kind: str, body: bytes, came: dict[str, int]) -> None:
    """Count what one request brings.

    Args:
        path: what was asked for.
        kind: the body's content type.
        body: the body, unpacked.
        came: how many came so far of each of `ALL`.
    """
    count = _COUNTERS.get(path[path.find("/v1/") :])
    if count is not None:
        count(body, came)
    elif path.endswith("/envelope/"):
        came["spans"] += _sentry(body)
    elif "/traces" in path and "msgpack" in kind:
        came["spans"] += _datadog(msgspec.msgpack.decode(body))


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


def _sentry(body: bytes) -> int:
    """Count transactions: after the envelope's own header, items of a header with a length, and that many bytes."""
    found = 0
    rest = body.partition(b"\n")[2]
    while rest.strip():
        head, _, rest = rest.partition(b"\n")
        item = json.loads(head)
        found += item["type"] == "transaction"
        rest = rest[item["length"] :].lstrip(b"\n")
    return found


def _datadog(traces: list[list[dict[str, Any]]]) -> int:
    return sum(span.get("name") == "fastapi.request" for spans in traces for span in spans)


class Handler(BaseHTTPRequestHandler):
    """Counts what comes."""

    protocol_version = "HTTP/1.1"
    came: ClassVar = dict.fromkeys(ALL, 0)
    lock = threading.Lock()

    def do_GET(self) -> None:
        """Say how many have come; a Datadog client asks first what the agent can."""
        asked = self.path.endswith("/info")
        told = {"endpoints": ["/v0.4/traces"], "version": "7"} if asked else Handler.came
        self._answer(json.dumps(told).encode())

    def do_POST(self) -> None:
        """Take a batch."""
        body = self._body()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        with Handler.lock:
            take(self.path, self.headers.get("content-type", ""), body, Handler.came)
        datadog = b"{}" if "/v0." in self.path else b""
        self._answer(datadog)

    do_PUT = do_POST  # noqa: N815 - the name that `http.server` looks for

    def _body(self) -> bytes:
        length = self.headers.get("content-length")
        if length is not None:
            return self.rfile.read(int(length))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Count until standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
