"""Whole servers while nobody takes their telemetry: requests, memory and the end are as if somebody did."""

from __future__ import annotations

import http.client
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from collector import Collector, attributes, collector
from faults import receiver_that
from servers import DEADLINE_S, Server, free_port, get, serving, wait_for

APP = """
import logging
from fastapi import FastAPI
from fastapi_spine import Logs, Spine

app = FastAPI()
Spine(app, service="shop", logs=Logs(recorder=["shop"]))
log = logging.getLogger("shop")

@app.get("/items/{n}")
async def item(n: int):
    return n

@app.get("/boom")
async def boom():
    log.debug("held until it fails")
    raise ValueError("boom")
"""
UVICORN = ("-m", "uvicorn", "app:app", "--port", "{port}", "--no-access-log")
PRELOAD = (
    *("-m", "gunicorn", "app:app", "-k", "uvicorn_worker.UvicornWorker", "-w", "2", "--preload"),
    *("-b", "127.0.0.1:{port}", "--graceful-timeout", "5"),
)
FAULTS = ("refused", "hang", "drip", "reset", "bad", "busy", "flood")
DURATION = "http.server.request.duration"


@contextmanager
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> Iterator[Server]:
    """Serve an application whose telemetry goes to a receiver with a fault."""
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(APP)
    with ExitStack() as stack:
        url = f"http://127.0.0.1:{free_port()}"
        if fault != "refused":
            url = stack.enter_context(receiver_that(fault))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
        yield stack.enter_context(serving(folder, *UVICORN))


def ask(port: int, count: int) -> list[float]:
    """Make requests one after the other on one connection; return how long each took, seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    took = []
    for number in range(count):
        begun = time.perf_counter()
        connection.request("GET", f"/items/{number}")
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - begun)
        assert answer.status == 200
    connection.close()
    return took


def last_losses(server: Server) -> dict[str, int]:
    """How many of each signal the last line about losses says are lost, or would be if the process ended now."""
    told = [line for line in server.lines() if line["msg"] == "telemetry was dropped"][-1]
    found = Counter(told.get("waiting", {}))
    for signal, reasons in told.get("dropped", {}).items():
        found[signal] += sum(reasons.values())
    return found


@pytest.mark.parametrize("fault", ["refused", "hang", "bad"])
def test_an_outage_is_no_request_s_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """All are answered, the server ends as ever, and the last line says what was lost of each signal."""
    with shop(tmp_path, monkeypatch, fault) as server:
        ask(server.port, 50)
        assert server.end() in {0, -15}
        losses = last_losses(server)
    assert set(losses) == {"traces", "logs", "metrics"}
    assert losses["traces"] >= 50
    assert losses["logs"] >= 50


def test_a_request_is_found_by_its_id_in_every_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failed request: its access line, the line held back for it and its span share id, trace and names."""
    (tmp_path / "app.py").write_text(APP)
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with serving(tmp_path, *UVICORN) as server:
            assert get(server.port, "/boom", **{"x-request-id": "mine-1"}) == 500
            server.end()
    records = {
        record.body.string_value: (record, attributes(record)) for record in receiver.records()
    }
    span = next(one for call in receiver.calls for one in call.spans if one.name == "GET /boom")
    access, said = records["request failed"]
    held, said_held = records["held until it fails"]
    assert {"spine.request_id": "mine-1", "spine.held": True}.items() <= said_held.items()
    assert (access.severity_number, access.severity_text) == (17, "ERROR")
    assert (held.severity_number, held.severity_text) == (5, "DEBUG")
    assert said.pop("spine.elapsed_ms") > 0
    assert {
        "spine.request_id": "mine-1",
        "spine.outcome": "failed",
        "http.request.method": "GET",
        "http.route": "/boom",
        "url.path": "/boom",
        "http.response.status_code": 500,
    }.items() <= said.items()
    assert attributes(span)["spine.request_id"] == "mine-1"
    for record in (access, held):
        assert (record.trace_id, record.span_id) == (span.trace_id, span.span_id)


def test_workers_of_a_preloaded_application_drain_every_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forked after the layer was set up, ended by SIGTERM: each line, span and count arrives once."""
    (tmp_path / "app.py").write_text(APP)
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        with serving(tmp_path, *PRELOAD) as server:
            with ThreadPoolExecutor(6) as clients:
                answers = clients.map(partial(get, server.port), ["/items/7"] * 60)
                assert list(answers) == [200] * 60
            assert server.end() == 0
    spans = Counter(span.name for call in receiver.calls for span in call.spans)
    paths = Counter(attributes(record).get("url.path") for record in receiver.records())
    assert spans["GET /items/{n}"] == 60
    assert paths["/items/7"] == 60
    assert sum(counted(receiver).values()) == 60


def counted(receiver: Collector) -> dict[str, int]:
    """How many requests of items each instance counted, by its last numbers."""
    found: dict[str, int] = {}
    for call in receiver.calls:
        for metric in call.metrics:
            for point in metric.histogram.data_points if metric.name == DURATION else ():
                if attributes(point).get("http.route") == "/items/{n}":
                    found[call.resources[0]["service.instance.id"]] = point.count
    return found


def resident_mib(server: Server) -> float:
    """The memory of a server's process."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def p99_ms(rounds: list[list[float]]) -> float:
    """The median of the rounds' 99th percentiles, milliseconds."""
    return 1000 * statistics.median(statistics.quantiles(one, n=100)[-1] for one in rounds)


class Compared(NamedTuple):
    """A server in an outage beside one whose receiver is well: milliseconds, MiB, seconds."""

    usual: float
    now: float
    more: float
    took: float

    def record(self, record_property: Callable[[str, object], None]) -> None:
        """Have it stand among the results."""
        record_property("p99 healthy, ms", round(self.usual, 2))
        record_property("p99, ms", round(self.now, 2))
        record_property("MiB more", round(self.more, 1))
        record_property("seconds to end", round(self.took, 2))

    def is_within_bounds(self) -> bool:
        """Tell whether it is what was promised: 1.1 times + 1 ms, 32 MiB, 5 s."""
        return self.now <= self.usual * 1.1 + 1 and self.more <= 32 and self.took <= 5


def compared(healthy: Server, troubled: Server, requests: int, rounds: int) -> Compared:
    """Ask two servers in turns, and end the troubled one."""
    times: dict[str, list[list[float]]] = {"healthy": [], "troubled": []}
    pair = {"healthy": healthy, "troubled": troubled}
    for server in pair.values():
        ask(server.port, requests)
    for _ in range(rounds):
        for name, server in pair.items():
            times[name].append(ask(server.port, requests))
    more = resident_mib(troubled) - resident_mib(healthy)
    begun = time.monotonic()
    troubled.end()
    took = time.monotonic() - begun
    return Compared(p99_ms(times["healthy"]), p99_ms(times["troubled"]), more, took)


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_an_outage_costs_neither_time_nor_memory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    fault: str,
) -> None:
    """p99 within 1.1 times + 1 ms of a healthy receiver's, 32 MiB more memory at most, an end within 5 s."""
    requests, rounds = 300, 40
    record_property("fault", fault)
    record_property("requests", requests * rounds)
    with (
        shop(tmp_path / "healthy", monkeypatch, "ok") as healthy,
        shop(tmp_path / "faulty", monkeypatch, fault) as faulty,
    ):
        found = compared(healthy, faulty, requests, rounds)
        lost = 0 if fault == "flood" else last_losses(faulty)["traces"]
    found.record(record_property)
    record_property("lost spans", lost)
    assert found.is_within_bounds()


@pytest.mark.soak
def test_a_receiver_that_comes_back_gets_what_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """An outage in the middle of 6,000 requests: every line and every span arrives, once."""
    (tmp_path / "app.py").write_text(APP)
    record_property("requests", 6_000)
    port = free_port()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    with serving(tmp_path, *UVICORN) as server:
        with collector(port=port) as before:
            ask(server.port, 2_000)
            wait_for(lambda: len(before.records()) >= 2_000, "lines before the outage")
        ask(server.port, 2_000)
        with collector(port=port) as after:
            ask(server.port, 2_000)
            server.end()
    calls = before.calls + after.calls
    ids = [span.span_id for call in calls for span in call.spans if span.name == "GET /items/{n}"]
    lines = Counter(attributes(one).get("http.route") for call in calls for one in call.records)
    assert len(ids) == len(set(ids)) == 6_000
    assert lines["/items/{n}"] == 6_000


@pytest.mark.soak
def test_an_outage_with_a_spool_costs_no_telemetry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """12,000 requests in an outage, over two processes: p99 as with a healthy receiver, and every span arrives, once."""
    requests, rounds = 300, 40
    record_property("requests", requests * rounds)
    folder = tmp_path / "spooling"
    with shop(tmp_path / "healthy", monkeypatch, "ok") as healthy:
        monkeypatch.setenv("SPINE_EXPORT_SPOOL", str(tmp_path / "spool"))
        with shop(folder, monkeypatch, "refused") as spooling:
            found = compared(healthy, spooling, requests, rounds)
    with collector() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        begun = time.monotonic()
        with serving(folder, *UVICORN) as server:
            wait_for(lambda: len(items(receiver)) == requests * (rounds + 1), "all spans")
            again = time.monotonic() - begun
            server.end()
    found.record(record_property)
    record_property("seconds until all had come", round(again, 1))
    came = items(receiver)
    assert len(came) == len(set(came)) == requests * (rounds + 1)
    assert found.is_within_bounds()


def items(receiver: Collector) -> list[bytes]:
    """The ids of all spans of items that a receiver has got."""
    calls = list(receiver.calls)
    return [span.span_id for call in calls for span in call.spans if span.name == "GET /items/{n}"]
