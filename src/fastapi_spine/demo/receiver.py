"""A receiver for the shop's spans: what a collector would be, as small as it can be."""

from __future__ import annotations

import gzip
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from fastapi_spine.testing import SpanData, Traced

KEPT_SPANS: Final = 20_000
_LONGEST: Final = 64 << 20


class Receiver:
    """Takes spans by OTLP over HTTP on a free loopback port.

    Attributes:
        url: what `OTEL_EXPORTER_OTLP_ENDPOINT` is set to.
        spans: the last ones, in the order they arrived.
    """

    def __init__(self) -> None:
        self.spans: deque[Traced] = deque(maxlen=KEPT_SPANS)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Take a batch."""
                body = self.rfile.read(min(int(self.headers["content-length"]), _LONGEST))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.spans.extend(read(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    def of_request(self, request_id: str) -> list[Traced]:
        """Every span of a request id, in all services, and what lies below them."""
        known = list(self.spans)
        mine = {
            one.span.span_id
            for one in known
            if one.span.attributes.get("spine.request_id") == request_id
        }
        below = 0
        while below != len(mine):  # spans arrive in any order: down one level each time
            below = len(mine)
            mine |= {one.span.span_id for one in known if one.span.parent_span_id in mine}
        return [one for one in known if one.span.span_id in mine]


def read(body: bytes) -> Iterator[Traced]:
    """Read the spans of one export request."""
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        service = str(_plain(resource.resource.attributes).get("service.name", ""))
        for scope in resource.scope_spans:
            yield from (Traced(service, _span(span)) for span in scope.spans)


def _span(span: Any) -> SpanData:
    made = SpanData(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex() or None,
        None,
        span.flags,
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _plain(span.attributes),
    )
    made.status = span.status.code
    return made


def _plain(attributes: Iterable[Any]) -> dict[str, Any]:
    found = {}
    for one in attributes:
        kind = one.value.WhichOneof("value")
        found[one.key] = getattr(one.value, kind) if kind else None
    return found
