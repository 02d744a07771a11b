"""`Spine.worker()`: the layer of a process without an application."""

from __future__ import annotations

import logging
import threading
from urllib.request import urlopen

import pytest
from servers import free_port, wait_for

from fastapi_spine import Metrics, Objective, SettingsError, Spine, Worker, job
from fastapi_spine.install.given import Given
from fastapi_spine.testing import CapturedLines, FrozenClock


def test_a_process_without_an_application_writes_the_same_lines() -> None:
    """JSON, with secrets masked and the service's name; `close` gives logging back."""
    lines = CapturedLines()
    before = list(logging.getLogger().handlers)
    layer = Spine.worker(service="mailer", given=Given(FrozenClock(), sink=lines))
    lines.clear()
    logging.getLogger("mailer").warning("password=hunter22hunter")
    layer.close()
    assert isinstance(layer, Worker)
    assert lines.lines == [
        {
            "ts": "2026-01-02T03:04:05.000000Z",
            "level": "WARNING",
            "logger": "mailer",
            "msg": "password=[REDACTED:password]",
            "service": "mailer",
        }
    ]
    assert logging.getLogger().handlers == before


def test_a_workers_settings_are_those_of_an_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment counts, a wrong one is told; what is for requests has no effect."""
    monkeypatch.setenv("SPINE_SERVICE", "from-the-environment")
    layer = Spine.worker(
        guard=True, objectives=[Objective("GET /orders", availability=0.999)], logs=False
    )
    layer.close()
    assert layer.service == "from-the-environment"
    with pytest.raises(SettingsError, match="servise"):
        Spine.worker(servise="x")  # type: ignore[call-arg]


def test_a_worker_shows_its_numbers_on_a_port_of_its_own() -> None:
    """What its jobs did, and nothing of requests, which it has none of."""
    port = free_port()
    layer = Spine.worker(service="mailer", logs=False, metrics=Metrics(port=port))
    try:
        with job("send"):
            pass
        wait_for(lambda: _page(port), "the port")
        told = _page(port)
    finally:
        layer.close()
    assert 'job_runs_total{job_name="send",outcome="completed"} 1' in told
    assert 'service="mailer"' in told
    assert not [line for line in told.splitlines() if line.startswith(("http_", "websocket_"))]
    assert _page(port) == ""


def test_a_worker_whose_numbers_nobody_reads_counts_nothing() -> None:
    """No port and no receiver: no thread either."""
    before = set(threading.enumerate())
    layer = Spine.worker(service="mailer", logs=False)
    try:
        with job("send"):
            pass
        assert set(threading.enumerate()) == before
    finally:
        layer.close()


def _page(port: int) -> str:
    """The page; empty if nobody answers there."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
