"""The hand-tight floor with everything: an id, a header, one JSON line, a counter, a histogram, one exported span.

Like `floor`, nothing is checked, redacted or bounded, a failed delivery is lost, and only what this application
can answer is thought of. The span is put together from bytes: what repeats per route is encoded once.
"""

from __future__ import annotations

import os
import struct
import threading
from bisect import bisect_left
from http.client import HTTPConnection
from time import perf_counter_ns, time, time_ns
from typing import Any

import msgspec
from benchmarks.application import application
from benchmarks.sink import Exporting, into_sink
from benchmarks.stacks.floor import Line, Writer, request_id
from benchmarks.traffic import App

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TIMES = struct.Struct("<cQcQ")
_MORE = 128
_SERVER_KIND = b"\x30\x02"


def number(value: int) -> bytes:
    """Encode a varint (protobuf's encoding, base 128 varints)."""
    encoded = b""
    while value >= _MORE:
        encoded += bytes((value % _MORE + _MORE,))
        value >>= 7
    return encoded + bytes((value,))


def field(tag: int, value: bytes) -> bytes:
    """Encode a field of bytes."""
    return number(tag << 3 | 2) + number(len(value)) + value


def attribute(key: str, value: str | int) -> bytes:
    """Encode an attribute of a span (opentelemetry.proto.trace.v1.Span, field 9)."""
    held = b"\x18" + number(value) if isinstance(value, int) else field(1, value.encode())
    return field(9, field(1, key.encode()) + field(2, held))


class Sender(Writer):
    """Gathers spans and posts them from a thread, over one connection."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(url.removeprefix("http://"))
        self._turn = threading.Lock()
        self._resource = field(
            1, field(1, field(1, b"service.name") + field(2, field(1, b"bench")))
        )
        super().__init__()

    def flush(self) -> None:
        """Post what has gathered."""
        with self._turn:
            count = len(self.waiting)
            if count:
                spans = b"".join(field(2, span) for span in self.waiting[:count])
                del self.waiting[:count]
                body = field(1, self._resource + field(2, spans))
                kind = {"content-type": "application/x-protobuf"}
                self._connection.request("POST", "/v1/traces", body, kind)
                self._connection.getresponse().read()


class Floor:
    """Gives an id, writes one line, counts and exports one span a request."""

    def __init__(self, app: App, writer: Writer, sender: Sender) -> None:
        self.app = app
        self.put = writer.put
        self.put_span = sender.put
        self.encode = msgspec.json.Encoder().encode
        self.counts: dict[tuple[str, str, int], list[float]] = {}
        self.repeating: dict[tuple[str, str, int], bytes] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, started = time_ns(), perf_counter_ns()
        ids = os.urandom(40)
        identity = ids[:16].hex()
        request_id.set(identity)
        status = size = 0

        async def watch(message: Any) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", identity.encode()))
            else:
                size += len(message["body"])
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            took = perf_counter_ns() - started
            method, route = scope["method"], scope["route"].path
            line = Line(
                time(), "INFO", "access", "request completed", identity, "benchmark", method, scope["path"],
                route, status, took / 1e6, size, scope["client"][0],
            )  # fmt: skip
            self.put(self.encode(line) + b"\n")
            self._count((method, route, status), took / 1e9)
            self._export((method, route, status), ids, scope["path"], began, took)

    def _count(self, key: tuple[str, str, int], seconds: float) -> None:
        """Add to a counter and a histogram."""
        counts = self.counts.get(key)
        if counts is None:
            counts = self.counts[key] = [0.0] * (len(BOUNDS) + 3)
        counts[0] += 1
        counts[1] += seconds
        counts[bisect_left(BOUNDS, seconds) + 2] += 1

    def _export(self, key: tuple[str, str, int], ids: bytes, path: str, at: int, took: int) -> None:
        """Encode a span (opentelemetry.proto.trace.v1.Span)."""
        repeating = self.repeating.get(key)
        if repeating is None:
            repeating = self.repeating[key] = _repeating(*key)
        told = path.encode()
        length = len(told)
        self.put_span(
            b"\x0a\x10%b\x12\x08%b%b%b\x4a%c\x0a\x08url.path\x12%c\x0a%c%b"
            % (
                ids[16:32], ids[32:40], repeating, _TIMES.pack(b"\x39", at, b"\x41", at + took),
                length + 14, length + 2, length, told,
            )
        )  # fmt: skip


def _repeating(method: str, route: str, status: int) -> bytes:
    told: tuple[tuple[str, str | int], ...] = (
        ("http.request.method", method),
        ("http.route", route),
        ("http.response.status_code", status),
        ("url.scheme", "https"),
        ("server.address", "api.shop.example"),
        ("server.port", 443),
        ("network.protocol.version", "1.1"),
    )
    name = field(5, f"{method} {route}".encode())
    return name + _SERVER_KIND + b"".join(attribute(*one) for one in told)


def app(routes: int, url: str) -> Exporting:
    """Put the layer around the application."""
    writer, sender = Writer(), Sender(url)

    def flush() -> None:
        writer.flush()
        sender.flush()

    return Exporting(Floor(application(routes), writer, sender), flush, sender.flush)


build = into_sink(app, "the floor")
