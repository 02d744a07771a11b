"""Receiving: from bytes on a socket to committed, by a whole console in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.numbers import Spread, percentile
from benchmarks.rounds import PATIENCE, ROOT, BenchmarkError
from benchmarks.shop_rows import SPANS_A_REQUEST, batches, request_id
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from fastapi_spine.console.rows import Value

PROTOBUF = {"content-type": "application/x-protobuf"}
SENDERS = 4
_BODIES = 40
"""Distinct bodies, made before the clock runs; each is sent again and again, with other ids every time."""
_TRACE_MARK = b"\xf1\xe2\xd3\xc4"
_REQUEST_MARK = request_id(0)[:8].encode()
"""What stands in ids where each sending has its own number."""
_TURNS = count(1)
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Received:
    """What was measured.

    Attributes:
        wall: spans a second, a turn each.
        cpu: spans a second of the console's CPU time, likewise.
        answers: milliseconds until each body was acknowledged.
        spans: of one body.
        size: bytes of one body.
        peak_mib: the most memory of the console.
    """

    wall: Sequence[float]
    cpu: Sequence[float]
    answers: Sequence[float]
    spans: int
    size: float
    peak_mib: float

    def __str__(self) -> str:
        wall, cpu = Spread.of(self.wall), Spread.of(self.cpu)
        return (
            f"{wall.median:,.0f} spans a second (middle half {wall.low:,.0f} to {wall.high:,.0f}), "
            f"{cpu.median:,.0f} a second of the console's CPU time; a body of {self.spans} spans is acknowledged in "
            f"{percentile(self.answers, 50):.0f} ms (99 %: {percentile(self.answers, 99):.0f}); {self.peak_mib:.0f} MiB"
        )


def measure(turns: int, seconds: float) -> Received:
    """Send from four connections at once, for so many turns of so many seconds."""
    bodies = list(made())
    wall: list[float] = []
    cpu: list[float] = []
    answers: list[float] = []
    with TemporaryDirectory() as folder, _console(Path(folder)) as (process, port):
        _send(port, bodies, 1.0)
        for _ in range(turns):
            spent, begin = _cpu_s(process.pid), time.perf_counter()
            took = _send(port, bodies, seconds)
            spans = len(took) * SPANS_A_REQUEST * 100
            wall.append(spans / (time.perf_counter() - begin))
            cpu.append(spans / (_cpu_s(process.pid) - spent))
            answers += took
        peak = _peak_mib(process.pid)
    size = sum(map(len, bodies)) / len(bodies)
    return Received(wall, cpu, answers, SPANS_A_REQUEST * 100, size, peak)


def made() -> Iterator[bytes]:
    """Make bodies of a hundred requests, five spans each."""
    for batch in batches(_BODIES * 100, time.time_ns(), 1_000_000):
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = "orders"
        scope = resource.scope_spans.add()
        scope.scope.name = "fastapi-spine"
        for row in batch.spans:
            trace_id = row.trace_id[:4] + _TRACE_MARK + row.trace_id[8:]
            span = scope.spans.add(
                trace_id=trace_id, span_id=row.span_id, parent_span_id=row.parent_id, name=row.name,
                start_time_unix_nano=row.start_ns, end_time_unix_nano=row.end_ns,
            )  # fmt: skip
            span.kind = row.kind
            span.status.code = row.status
            for key, value in row.attributes.items():
                _put(span.attributes.add(key=key).value, value)
        yield request.SerializeToString()


def fresh(body: bytes, turn: int) -> bytes:
    """Return a body with ids that no other turn's has: otherwise nothing would be new but the first time."""
    body = body.replace(_TRACE_MARK, turn.to_bytes(4, "big"))
    return body.replace(_REQUEST_MARK, b"%08x" % turn)


def _put(place: object, value: Value) -> None:
    kinds = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}
    setattr(place, kinds[type(value)], value)


def _send(port: int, bodies: Sequence[bytes], seconds: float) -> list[float]:
    """Send until the time is over; return how long each answer took, in milliseconds."""
    until = time.monotonic() + seconds
    took: list[float] = []
    faults: list[int] = []

    def send(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        number = first
        while time.monotonic() < until:
            body = fresh(bodies[number % len(bodies)], next(_TURNS))
            begin = time.perf_counter()
            connection.request("POST", "/v1/traces", body, PROTOBUF)
            answer = connection.getresponse()
            if answer.read() or answer.status != 200:  # noqa: PLR2004 - whole success is an empty 200
                faults.append(answer.status)
            took.append((time.perf_counter() - begin) * 1000)
            number += SENDERS
        connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise BenchmarkError(f"the console did not take everything: {faults[:5]}")
    return took


@contextmanager
def _console(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a console; yields its process and the port that receives."""
    command = [sys.executable, "-m", "fastapi_spine", "console", "--data", str(folder / "data"), "--web-port", "0",
               "--otlp-port", "0"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)  # noqa: S603 - our own module
    access = folder / "data" / "console.json"
    try:
        until = time.monotonic() + PATIENCE
        while not access.exists():
            if time.monotonic() > until or process.poll() is not None:
                raise BenchmarkError("the console did not come up")
            time.sleep(0.05)
        yield process, int(json.loads(access.read_bytes())["otlp"].rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0
