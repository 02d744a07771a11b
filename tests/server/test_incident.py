"""The demo's incident: a bad release, an alert that says why, and its end."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from demo_shop import MARK, Run, kept, left_running, shop


def test_an_incident_wakes_somebody_who_finds_out_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad release: pending, firing, what the alert knows with links, the webhook's message; SIGTERM ends it all with 0."""
    monkeypatch.setenv(MARK, tmp_path.name)
    process = shop(tmp_path, "--incident")
    assert process.stdout is not None
    shown = ""
    try:
        while "1.0.0 again" not in shown:
            row = process.stdout.readline()
            assert row, shown
            shown += row
    finally:
        process.send_signal(signal.SIGTERM)
        rest, complaints = process.communicate(timeout=30)
    told = shown[shown.index("10  An incident") :]
    states = re.findall(r"^  \d\d:\d\d:\d\d  (\w+) ", told, re.MULTILINE)
    links = re.findall(r"^request +500 .*/requests/([\w-]+)$", told, re.MULTILINE)
    broken = {
        line["request_id"]
        for line in Run(0, "", "", kept(tmp_path)).access
        if (line["service"], line["route"], line["status"]) == ("inventory", "/reservations", 500)
    }

    assert (process.returncode, complaints) == (0, ""), rest
    assert left_running(tmp_path.name) == []
    assert states == ["deployed", "pending", "firing", "deployed"]
    assert re.search(r"^worst +POST /reservations: \d+ of \d+ bad$", told, re.MULTILINE)
    assert "changed  inventory runs 1.1.0; it was 1.0.0." in told
    assert "ValueError: invalid literal for int()" in told
    assert len(links) == 10
    assert set(links) <= broken
    assert (
        "The webhook has brought: inventory: POST /reservations · 99 % succeed is at risk" in told
    )
    assert "severity=page tier=fast objective=inventory-post-reservations-availability" in told


@pytest.mark.soak
def test_an_incident_is_over_within_minutes(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """After the release is taken back the alert resolves by itself, the webhook hears of it, and the tour goes on."""
    shown, complaints = shop(tmp_path, "--incident", "--seconds", "5").communicate(timeout=400)
    over = re.search(r"From the bad release to the all-clear: (\d+) s\.", shown)
    states = re.findall(r"^  \d\d:\d\d:\d\d  (\w+) ", shown, re.MULTILINE)

    assert complaints == ""
    assert over, shown
    assert states == ["deployed", "pending", "firing", "deployed", "resolved"]
    assert "POST /reservations · 99 % succeed is kept again" in shown
    assert "11  Your turn" in shown
    record_property("seconds until the all-clear", int(over[1]))
