"""One evaluation of one promise: how every tier stands, and what became of its alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from fastapi_spine.alerts.burn import Burn, Counts, burn
from fastapi_spine.alerts.machine import INACTIVE, AlertState, step
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.alerts.windows import Table

Standing = Literal["ok", "pending", "firing", "no_data"]


class Verdict(NamedTuple):
    """How a promise stands.

    Attributes:
        standing: `no_data` is no good news: nobody asked, or nobody counted.
        burns: by tier, the fastest first.
        states: by tier.
        inhibited: by tier that is active, the faster tier that fires and speaks for it; empty for none.
    """

    standing: Standing
    burns: dict[str, Burn]
    states: dict[str, AlertState]
    inhibited: dict[str, str]


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
    return Verdict(_standing(states, silent=silent), burns, states, _inhibited(table, states))


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
