"""What would have fired: the same evaluation over stored numbers, before anybody is woken by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from msgspec.structs import replace

from fastapi_spine.alerts.evaluate import evaluate, tiers_of
from fastapi_spine.alerts.ledger import MINUTE_S, Ledger
from fastapi_spine.alerts.machine import AlertState
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.alerts.windows import Table
from fastapi_spine.console.alert_views import Alert, Replay
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.watch.episodes import episode, open_of
from fastapi_spine.console.watch.ledgers import Ledgers

_NS: Final = 1_000_000_000
_US: Final = 1_000_000


def replay(reader: Reader, promises: Iterable[Promise], table: Table, window: Window) -> Replay:
    """Evaluate at the end of every minute of a window.

    Args:
        reader: the store.
        promises: to evaluate.
        table: windows and burn rates.
        window: from when to when; the numbers before it count too, as they would have.
    """
    first, end = -(-window.start // _NS // MINUTE_S), window.end // _NS // MINUTE_S
    every = list(promises)
    ledgers = Ledgers(reader)
    ledgers.update(every, end * MINUTE_S)
    alerts: list[Alert] = []
    truncated = False
    for promise in every:
        ledger = ledgers.of(promise)
        seen = ledger.first_request()
        truncated = truncated or seen is None or seen > first
        alerts += _replayed(promise, table, ledger, first, end)
    alerts.sort(key=lambda one: -one.pending_us)
    return Replay(first * MINUTE_S * _US, end * MINUTE_S * _US, MINUTE_S, truncated, alerts)


def _replayed(promise: Promise, table: Table, ledger: Ledger, first: int, end: int) -> list[Alert]:
    states: Mapping[str, AlertState] = {}
    found: dict[str, Alert] = {}
    heard = _Heard()
    for minute in range(first + 1, end + 1):
        now_s = minute * MINUTE_S
        verdict = evaluate(promise, table, partial(ledger.window, now_s), states, now_s)
        states = verdict.states
        known = open_of(list(found.values()))
        for tier in tiers_of(promise, table):
            before = known.get((promise.id, tier.name))
            after = episode(before, promise, tier, verdict, now_s)
            if after is not None:
                found[after.id] = after
                heard.note(after)
            elif before is not None:
                del found[before.id]  # it was pending only
    return [heard.marked(one) for one in found.values() if one.fired_us is not None]


class _Heard:
    """Knows of which alerts somebody would have heard: a faster tier may have spoken for one all the time."""

    def __init__(self) -> None:
        self._spoke: set[str] = set()
        self._speakers: dict[str, str] = {}

    def note(self, alert: Alert) -> None:
        """See an alert at one minute."""
        if alert.inhibited_by:
            self._speakers[alert.id] = alert.inhibited_by
        elif alert.state == "firing":
            self._spoke.add(alert.id)

    def marked(self, alert: Alert) -> Alert:
        """Return an alert with who spoke for it, if that was all the time."""
        speaker = "" if alert.id in self._spoke else self._speakers.get(alert.id, "")
        return replace(alert, inhibited_by=speaker)
