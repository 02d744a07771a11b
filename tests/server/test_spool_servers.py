"""Whole servers with a spool: killed or ended in an outage, and started again."""

from __future__ import annotations

import http.client
import signal as signals
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from collector import Call, attributes, collector
from servers import free_port, get, serving, wait_for
from spooled import files

APP = """
from fastapi import FastAPI
from fastapi_spine import Export, Spine

app = FastAPI()
Spine(app, service="shop", export=Export(spool="spool", flush_timeout="200ms"))

@app.get("/items/{n}")
async def item(n: int):
    return n
"""
UVICORN = ("-m", "uvicorn", "app:app", "--port", "{port}", "--no-access-log")


def ids(calls: Sequence[Call]) -> list[int]:
    """The numbers of all requests whose span came."""
    paths = [
        attributes(span).get("url.path", "")
        for call in calls
        for span in call.spans
        if span.name == "GET /items/{n}"
    ]
    return [int(path.rpartition("/")[2]) for path in paths]


def page(port: int, path: str) -> str:
    """Read a page of a server."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def emitted_by(port: int, signal: str) -> int:
    """How many items of a signal a server has handed to its exporter."""
    told = dict(
        line.rsplit(" ", 1) for line in page(port, "/metrics").splitlines() if line[0] != "#"
    )
    return int(told[f'spine_emitted_total{{signal="{signal}"}}'])


def on_disk(folder: Path) -> Counter[str]:
    """How many items the names of the files below a folder say there are, by signal."""
    found: Counter[str] = Counter()
    for name in files(folder):
        if name.endswith(".otlp"):
            _, signal, count, *_ = name.split("-")
            found[signal] += int(count)
    return found


def test_what_is_on_disk_survives_a_process_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receiver down, SIGKILL, the server starts again, receiver up: each item that was on disk arrives, in its process's name."""
    (tmp_path / "app.py").write_text(APP)
    port = free_port()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
    with serving(tmp_path, *UVICORN) as server:
        for number in range(50):
            assert get(server.port, f"/items/{number}") == 200
        # A request has several spans: some are on disk long before those of the last one.
        emitted = emitted_by(server.port, "traces")
        assert emitted > 50
        wait_for(lambda: on_disk(tmp_path)["traces"] == emitted, "all spans on disk")
        wait_for(lambda: on_disk(tmp_path)["logs"] >= 50, "lines on disk")
        server.process.send_signal(signals.SIGKILL)
        server.process.wait()
    before = on_disk(tmp_path)
    with collector(port=port) as receiver, serving(tmp_path, *UVICORN) as server:
        assert get(server.port, "/items/50") == 200
        wait_for(lambda: sorted(ids(receiver.calls)) == list(range(51)), "all spans")
        wait_for(lambda: not on_disk(tmp_path), "an empty folder")
        numbers = page(server.port, "/metrics")
        assert f'spine_recovered_total{{signal="traces"}} {before["traces"]}' in numbers
        assert server.end() in {0, -15}
        told = [
            line for line in server.lines() if line["msg"].startswith("telemetry of an earlier")
        ]
    assert [line["recovered"] for line in told] == [dict(before)]
    instances = {one["service.instance.id"] for call in receiver.calls for one in call.resources}
    assert len(instances) == 2


def test_a_server_that_is_ended_leaves_the_rest_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM while nobody listens: nothing is dropped, and the last line says what waits there."""
    (tmp_path / "app.py").write_text(APP)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with serving(tmp_path, *UVICORN) as server:
        for number in range(50):
            assert get(server.port, f"/items/{number}") == 200
        assert server.end() in {0, -15}
        lines = server.lines()
    assert [line for line in lines if line["msg"] == "telemetry was dropped"] == []
    (last,) = [line for line in lines if line["msg"] == "telemetry waits on disk"]
    assert last["spooled"]["traces"] == on_disk(tmp_path)["traces"] >= 51
    assert on_disk(tmp_path)["logs"] >= 50
    assert on_disk(tmp_path)["metrics"] > 0
