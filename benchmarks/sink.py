"""A receiver that counts spans and keeps nothing: a process of its own, so that its work is nobody's cost.

Run as `python -m benchmarks.sink`; it prints its port, and answers `GET /` with how many server spans have come.
"""

from __future__ import annotations

import gzip
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

_SERVER = 2


class Sink:
    """The process, as the one that measures sees it."""

    def __init__(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sink"], stdout=subprocess.PIPE, text=True
        )
        said = self._process.stdout.readline() if self._process.stdout is not None else ""
        self.url = f"http://127.0.0.1:{int(said)}"

    def count(self) -> int:
        """Ask how many server spans have come."""
        with urlopen(self.url) as answer:  # noqa: S310 - our own address
            return int(answer.read())

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def counted(subject: Subject, sink: Sink, name: str, end: Callable[[], object]) -> Subject:
    """Have a subject fail in the end if not every request's server span has come.

    Args:
        subject: what is measured.
        sink: where its spans go.
        name: for the message.
        end: ships what is left.
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
        came = sink.count()
        sink.close()
        subject.close()
        if came != asked[0]:
            raise BenchmarkError(f"{name} exported {came} spans of {asked[0]} requests")

    return replace(subject, repeat=repeat, answer=answer, close=close)


def main() -> None:
    """Count spans until somebody ends us."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - the parent needs none
        ExportTraceServiceRequest,
    )

    came = [0]
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(str(came[0]).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            request = ExportTraceServiceRequest.FromString(body)
            spans = sum(
                span.kind == _SERVER
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            )
            with turn:
                came[0] += spans
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
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
