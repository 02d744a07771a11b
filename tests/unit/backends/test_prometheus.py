"""The rules of `spine kit prometheus`, and that Prometheus gives the console's verdicts with them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import need
from promtool import Minute, check_rules, disagreement

from fastapi_spine.alerts.promise import Promise, promises_of
from fastapi_spine.alerts.windows import table
from fastapi_spine.backends.alertmanager import config
from fastapi_spine.backends.prometheus import rules
from fastapi_spine.settings.objective import Objective

ORDERS = Objective("GET /orders/{order_id}", availability=0.999, latency=("300ms", 0.99))
SHAPES = [
    ORDERS,
    Objective(availability=0.99, exclude=["/healthz", "GET /internal/*"]),
    Objective(["GET /a.b", "POST /c/*"], availability=0.9, bad=["5xx", "429", "499"], name="both"),
    Objective("/orders/*", latency=("1s", 0.95), window="7d", minimum_bad=20),
    Objective("POST /payments", availability=0.9, no_data="ticket"),
    Objective("* ".strip(), availability=0.5, bad=["exception"], name='a "quoted" name'),
]
MINUTE = st.builds(
    Minute, st.integers(0, 200), st.sampled_from([0, 0, 1, 5, 100]), st.sampled_from([0, 0, 0, 1, 3, 40]),
    st.sampled_from([0, 0, 0, 0, 2, 30]),
)  # fmt: skip
HISTORY = st.lists(st.tuples(MINUTE, st.integers(1, 45)), min_size=1, max_size=8).map(
    lambda parts: [minute for minute, length in parts for _ in range(length)]
)


def shop(*objectives: Objective) -> tuple[Promise, ...]:
    """Return the promises of a shop."""
    return promises_of(objectives, "shop")


def test_promtool_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    """Every shape of objective becomes rules that Prometheus takes, linted."""
    said = check_rules(tmp_path, rules(shop(*SHAPES), table(), {"shop": "web"}, "https://wiki/run"))

    assert "SUCCESS" in said


def test_amtool_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    """Routes, inhibitions and receivers are a configuration that Alertmanager takes."""
    file = tmp_path / "alertmanager.yml"
    file.write_text(config(table(), "http://127.0.0.1:9/hook"))
    command = [need("amtool"), "check-config", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert "2 inhibit rules" in run.stdout


def test_an_outage_is_judged_alike(tmp_path: Path) -> None:
    """Good hours, an outage, slowness, good hours, nothing: the same alerts in the same minutes."""
    history = [
        *[Minute(50, 0, 0)] * 70,
        *[Minute(25, 0, 25)] * 12,
        *[Minute(50, 0, 0)] * 60,
        *[Minute(25, 25, 0)] * 20,
        *[Minute(50, 0, 0)] * 40,
        *[Minute(0, 0, 0)] * 70,
    ]

    assert disagreement(tmp_path, shop(ORDERS), table(), history) == ""


def test_quick_failures_are_no_quick_answers(tmp_path: Path) -> None:
    """Many refusals at once, and the rest slow: the latency fires in both; with every one slow and failed, too."""
    history = [
        *[Minute(50, 0, 0)] * 65,
        *[Minute(0, 10, 500)] * 15,
        *[Minute(50, 0, 0)] * 70,
        *[Minute(0, 0, 0, late=20)] * 15,
    ]
    latency = Objective("GET /orders/{order_id}", latency=("300ms", 0.99), bad=["500"])

    assert disagreement(tmp_path, shop(latency), table(), history) == ""


def test_silence_is_told_alike(tmp_path: Path) -> None:
    """Where silence is trouble both page after the same minutes, of one promise of the objective."""
    history = [*[Minute(5, 0, 0)] * 3, *[Minute(0, 0, 0)] * 75, *[Minute(5, 0, 0)] * 5]
    payments = Objective(
        "GET /orders/{order_id}", availability=0.999, latency=("300ms", 0.99), no_data="page"
    )

    assert [one.no_data for one in shop(payments)] == ["page", "info"]
    assert disagreement(tmp_path, shop(payments), table(), history) == ""


def test_a_difference_would_be_seen(tmp_path: Path) -> None:
    """The comparison is one: with another number of bad requests the two disagree."""
    history = [Minute(50, 0, 0)] * 30 + [Minute(25, 0, 25)] * 5
    slack = table()._replace(
        tiers=tuple(one._replace(for_s=one.for_s + 60) for one in table().tiers)
    )
    written = rules(shop(ORDERS), slack, {})

    assert written != rules(shop(ORDERS), table(), {})
    assert _with_other_rules(tmp_path, history, written) != ""


def _with_other_rules(folder: Path, history: list[Minute], written: str) -> str:
    disagreement(folder, shop(ORDERS), table(), history)
    (folder / "rules.yml").write_text(written)
    command = [need("promtool"), "test", "rules", "test.yml"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(HISTORY)
def test_prometheus_and_the_console_agree_at_every_minute(history: list[Minute]) -> None:
    """Whatever the traffic: every alert is pending, firing or neither in both."""
    with tempfile.TemporaryDirectory() as folder:
        assert disagreement(Path(folder), shop(ORDERS), table(), history) == ""


@pytest.mark.soak
def test_prometheus_and_the_console_agree_over_many_histories(
    record_property: Callable[[str, object], None],
) -> None:
    """Random traffic over days: Prometheus and the console agree on every alert at every minute."""
    seen = [0, 0]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(MINUTE, st.integers(1, 600)), min_size=1, max_size=10).map(
            lambda parts: [minute for minute, length in parts for _ in range(length)]
        )
    )
    def agree(history: list[Minute]) -> None:
        seen[0] += 1
        seen[1] += len(history)
        with tempfile.TemporaryDirectory() as folder:
            assert disagreement(Path(folder), shop(ORDERS), table(), history) == ""

    agree()
    record_property("histories", seen[0])
    record_property("minutes", seen[1])
