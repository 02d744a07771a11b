"""One evaluation of one promise: how every tier stands, and what became of its alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from fastapi_spine.alerts.burn import Burn, Counts, burn
from fastapi_spine.alerts.machine import INACTIVE, AlertState, step
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.alerts.windows import NO_DATA, Table, Tier

Standing = Literal["ok", "pending", "firing", "no_data"]


class Verdict(NamedTuple):
    """How a promise stands.

    Attributes:
        standing: `no_data` is no good news: nobody asked, or nobody counted.
        burns: by tier, the fastest first.
        states: by tier; among them `no_data` where the promise has somebody told of it.
        inhibited: by tier that is active, the faster tier that fires and speaks for it; empty for none.
    """

    standing: Standing
    burns: dict[str, Burn]
    states: dict[str, AlertState]
    inhibited: dict[str, str]


def tiers_of(promise: Promise, by: Table) -> tuple[Tier, ...]:
    """Return every row that a promise may alert by: those that burn, and that of silence if it asks for it."""
    return by.tiers if promise.no_data == "info" else (*by.tiers, by.silence(promise.no_data))


def evaluate(
    promise: Promise, table: Table, counts: Counts, before: Mapping[str, AlertState], now_s: float
) -> Verdict:
    """Evaluate.

    Args:
        promise: what was promised.
        table: windows and factors.
        counts: requests of a window that ends now.
        before: states of the last evaluation, by tier.
        now_s: seconds since the epoch.
    """
    burns = {tier.name: burn(promise, tier, counts) for tier in table.tiers}
    states = {
        tier.name: step(
            before.get(tier.name, INACTIVE), tier, now_s, exceeded=burns[tier.name].exceeded
        )
        for tier in table.tiers
    }
    silent = counts(table.silent_s).total <= 0
    standing, inhibited = _standing(states, silent=silent), _inhibited(table, states)
    for tier in tiers_of(promise, table)[len(table.tiers) :]:
        states[tier.name] = step(before.get(NO_DATA, INACTIVE), tier, now_s, exceeded=silent)
    return Verdict(standing, burns, states, inhibited)


def _standing(states: Mapping[str, AlertState], *, silent: bool) -> Standing:
    phases = {state.phase for state in states.values()}
    if "firing" in phases:
        return "firing"
    if silent:
        return "no_data"
    return "pending" if "pending" in phases else "ok"


def _inhibited(table: Table, states: Mapping[str, AlertState]) -> dict[str, str]:
    """Find who speaks for whom: the fastest one that fires speaks for every slower one."""
    speaker = ""
    found: dict[str, str] = {}
    for tier in table.tiers:
        if states[tier.name].phase != "inactive":
            found[tier.name] = speaker
        if states[tier.name].phase == "firing" and not speaker:
            speaker = tier.name
    return found
