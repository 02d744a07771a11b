"""One alert's life: inactive → pending → firing → inactive again.

The rules are those of Prometheus' alerting rules (rules/alerting.go, `Eval`, of 2.42): `for` counts from the evaluation
that first exceeded, and `keep_firing_for` from the one that first did not. So both give the same verdict.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from fastapi_spine.alerts.windows import Tier

Phase = Literal["inactive", "pending", "firing"]


class AlertState(NamedTuple):
    """Where one alert is; times are seconds since the epoch.

    Attributes:
        phase: where.
        pending_s: since when it exceeds.
        fired_s: since when it fires; None before.
        quiet_s: of a firing one, since when it does not exceed any more; None while it does.
    """

    phase: Phase = "inactive"
    pending_s: float | None = None
    fired_s: float | None = None
    quiet_s: float | None = None


INACTIVE: Final = AlertState()


def step(state: AlertState, tier: Tier, now_s: float, *, exceeded: bool) -> AlertState:
    """Return the state after one evaluation."""
    if exceeded:
        return _exceeding(state, tier, now_s)
    if state.phase != "firing":
        return INACTIVE
    quiet = now_s if state.quiet_s is None else state.quiet_s
    return state._replace(quiet_s=quiet) if now_s - quiet < tier.keep_s else INACTIVE


def _exceeding(state: AlertState, tier: Tier, now_s: float) -> AlertState:
    if state.phase == "firing":
        return state._replace(quiet_s=None)
    since = now_s if state.pending_s is None else state.pending_s
    if now_s - since >= tier.for_s:
        return AlertState("firing", since, now_s)
    return AlertState("pending", since)
