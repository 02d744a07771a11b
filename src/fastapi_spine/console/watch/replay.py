"""What would have fired: the same evaluation over stored numbers, before anybody is woken by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from msgspec.structs import replace

from fastapi_spine.alerts.evaluate import evaluate
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
    spoke: set[str] = set()
    speaker: dict[str, str] = {}
    for minute in range(first + 1, end + 1):
        now_s = minute * MINUTE_S
        verdict = evaluate(promise, table, partial(ledger.window, now_s), states, now_s)
        states = verdict.states
        known = open_of(list(found.values()))
        for tier in table.tiers:
            before = known.get((promise.id, tier.name))
            after = episode(before, promise, tier, verdict, now_s)
            if after is not None:
                found[after.id] = after
                if after.state == "firing" and not after.inhibited_by:
                    spoke.add(after.id)
                elif after.inhibited_by:
                    speaker[after.id] = after.inhibited_by
            elif before is not None:
                del found[before.id]  # it was pending only
    # Of a slower tier for which a faster one spoke all the time nobody would have heard.
    return [
        one if one.id in spoke else replace(one, inhibited_by=speaker.get(one.id, ""))
        for one in found.values()
        if one.fired_us is not None
    ]
