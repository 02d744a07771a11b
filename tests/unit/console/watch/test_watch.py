"""The watch over a real store: what fires, why, and what survives a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from watching import OBJECTIVE, PROMISE, Scene, scene

from fastapi_spine.alerts.windows import table
from fastapi_spine.console.alert_views import Silence
from fastapi_spine.console.filter import Window
from fastapi_spine.console.watch.replay import replay


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path / "data") as made:
        yield made


def broken(shop: Scene) -> None:
    """Have ten good minutes, then three bad ones."""
    for _ in range(10):
        shop.minute(20, 0)
    for _ in range(3):
        shop.minute(10, 10)


def test_a_service_s_promise_is_watched_without_set_up(shop: Scene) -> None:
    """Its telemetry says what it promises; the page shows it with what is left of the budget."""
    shop.minute(20, 0)
    (view,) = shop.watch.page().objectives

    assert (view.id, view.state, view.total, view.bad) == (OBJECTIVE, "ok", 20, 0)
    assert (view.budget_left, view.routes, view.basis) == (1.0, ["GET /orders/{order_id}"], "spans")
    assert view.chart.left == [1.0]
    assert view.declared_by == "service"


def test_a_firing_alert_carries_its_evidence(shop: Scene) -> None:
    """The guilty route, ten offending requests and the budget are on it."""
    broken(shop)
    fast = next(one for one in shop.watch.page().alerts if one.tier == "fast")
    evidence = fast.evidence

    assert (fast.state, fast.severity, fast.inhibited_by) == ("firing", "page", "")
    assert evidence is not None
    assert [(one.method, one.route, one.bad) for one in evidence.routes] == [
        ("GET", "/orders/{order_id}", 20.0)
    ]
    assert len(evidence.requests) == 10
    assert {one.status for one in evidence.requests} == {500}
    assert [(one.count, one.search) for one in evidence.errors] == [
        (20, "failed:yes status:500 service:orders route:/orders/{order_id}")
    ]
    assert fast.budget_left is not None
    assert fast.budget_left < 0


def test_slower_tiers_are_kept_quiet_by_the_fast_one(shop: Scene) -> None:
    """Only one of the three speaks."""
    broken(shop)
    shop.minute(10, 10)
    said = {one.tier: one.inhibited_by for one in shop.watch.page().alerts}

    assert said == {"fast": "", "medium": "fast", "slow": "fast"}


def test_states_survive_a_restart(shop: Scene) -> None:
    """A console that starts anew goes on with the alert it had, evidence and all."""
    broken(shop)
    before = shop.watch.page().alerts
    shop.begin()
    shop.watch.tick()
    after = shop.watch.page().alerts

    assert [(one.id, one.fired_us, one.evidence) for one in after] == [
        (one.id, one.fired_us, one.evidence) for one in before
    ]


def test_an_alert_that_is_over_is_told_and_kept(shop: Scene) -> None:
    """When the short window is clean for long enough it is resolved, and people hear of it once."""
    broken(shop)
    for _ in range(12):
        shop.minute(20, 0)
    fast = next(one for one in shop.watch.page().alerts if one.tier == "fast")
    tellings = [one.state for told in shop.heard.told for one in told if one.id == fast.id]

    assert fast.state == "resolved"
    assert fast.resolved_us is not None
    assert tellings.count("resolved") == 1
    assert tellings[-1] == "resolved"


def test_a_silenced_alert_is_shown_and_not_to_be_sent(shop: Scene) -> None:
    """The silence is named on it; when it is ended the alert speaks again."""
    now = shop.clock.wall_ns() // 1000
    shop.watch.silence(Silence("s1", "", "orders", now, now + 3_600_000_000, "web", "deploy"))
    broken(shop)
    fast = next(one for one in shop.watch.page().alerts if one.tier == "fast")
    assert (fast.state, fast.silenced_by) == ("firing", "s1")

    shop.watch.end_silence("s1")
    fast = next(one for one in shop.watch.page().alerts if one.tier == "fast")
    assert fast.silenced_by == ""


def test_an_acknowledgement_stays_on_the_alert(shop: Scene) -> None:
    """Who, when and why are remembered, also over a restart."""
    broken(shop)
    key = shop.watch.page().alerts[0].id
    shop.watch.acknowledge(key, by="web", note="looking")
    shop.begin()
    shop.minute(10, 10)
    found = shop.watch.alert(key)

    assert found is not None
    assert found.acked is not None
    assert (found.acked.by, found.acked.note) == ("web", "looking")


def test_a_replay_tells_what_would_have_fired(shop: Scene) -> None:
    """The same evaluation over stored numbers gives the same alerts at the same minutes."""
    broken(shop)
    for _ in range(12):
        shop.minute(20, 0)
    live = {
        one.tier: (one.fired_us, one.resolved_us)
        for one in shop.watch.page().alerts
        if one.fired_us is not None
    }
    now = shop.clock.wall_ns()
    promises = [one.promise for one in shop.watch.watched()]
    found = replay(shop.reader, promises, table(), Window(now - 40 * 60 * 10**9, now))

    assert {one.tier: (one.fired_us, one.resolved_us) for one in found.alerts} == live
    assert found.truncated  # the numbers do not go back forty minutes


def test_a_replay_says_of_what_nobody_would_have_heard(shop: Scene) -> None:
    """A slower tier for which the fast one spoke all the time is marked: it would have been no message."""
    broken(shop)
    shop.minute(10, 10)
    now = shop.clock.wall_ns()
    promises = [one.promise for one in shop.watch.watched()]
    found = replay(shop.reader, promises, table(), Window(now - 20 * 60 * 10**9, now))

    assert {one.tier: one.inhibited_by for one in found.alerts} == {"fast": "", "medium": "fast"}


def test_silence_is_an_alert_that_the_next_request_ends(tmp_path: Path) -> None:
    """Where it is trouble: it fires once, is told as long as it lasts, and is what a replay tells, too."""
    asked = PROMISE.replace('"availability"', '"no_data":"page","availability"')
    with scene(tmp_path / "data", promise=asked) as shop:
        shop.minute(20, 0)
        for _ in range(67):
            shop.minute(0, 0)
        (fired,) = shop.watch.page().alerts
        shop.minute(20, 0)
        (ended,) = shop.watch.page().alerts
        now = shop.clock.wall_ns()
        promises = [one.promise for one in shop.watch.watched()]
        (replayed,) = replay(
            shop.reader, promises, table(), Window(now - 60 * 60 * 10**9, now)
        ).alerts

    assert (fired.tier, fired.severity, fired.state, fired.burn_long) == (
        "no_data", "page", "firing", None,
    )  # fmt: skip
    assert (ended.id, ended.state) == (fired.id, "resolved")
    assert ended.resolved_us == replayed.resolved_us


def test_a_file_that_cannot_be_read_is_moved_aside(shop: Scene) -> None:
    """The watch starts all the same, and says so."""
    (shop.folder / "alerts.json").write_text("{broken")
    shop.begin()
    shop.watch.tick()

    assert (shop.folder / "alerts.unreadable").read_text() == "{broken"
