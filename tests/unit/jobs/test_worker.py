"""`Spine.worker()`: the layer of a process without an application."""

from __future__ import annotations

import logging

import pytest

from fastapi_spine import Objective, SettingsError, Spine, Worker
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
