"""From one verdict to the next: which alerts began, changed, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from fastapi_spine.alerts.evaluate import Verdict
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.alerts.windows import Tier
from fastapi_spine.console.alert_views import Alert, Silence

_US: Final = 1_000_000


def episode(
    known: Alert | None, promise: Promise, tier: Tier, verdict: Verdict, now_s: float
) -> Alert | None:
    """Return an alert as it is now.

    Args:
        known: the one of this tier that is open; None for none.
        promise: whose.
        tier: which.
        verdict: of now.
        now_s: seconds since the epoch.

    Returns:
        The alert; None if there is none. One that was only pending leaves nothing behind.
    """
    state, burn = verdict.states[tier.name], verdict.burns.get(tier.name)
    if state.phase == "inactive" or state.pending_s is None:
        if known is None or known.fired_us is None:
            return None
        return replace(known, state="resolved", resolved_us=_us(now_s), inhibited_by="")
    first = known or _opened(promise, tier, state.pending_s)
    return replace(
        first,
        state="firing" if state.phase == "firing" else "pending",
        fired_us=None if state.fired_s is None else _us(state.fired_s),
        burn_long=burn.long if burn else None,
        burn_short=burn.short if burn else None,
        inhibited_by=verdict.inhibited.get(tier.name, ""),
    )


def _opened(promise: Promise, tier: Tier, pending_s: float) -> Alert:
    told = f"{promise.id}/{tier.name}/{_us(pending_s)}".encode()
    return Alert(
        blake2b(told, digest_size=8).hexdigest(),
        promise.id,
        promise.service,
        promise.title,
        tier.name,
        tier.severity,
        "pending",
        _us(pending_s),
        tier.factor,
    )


def silencing(alert: Alert, silences: Sequence[Silence], now_us: int) -> str:
    """Return the id of a silence that keeps an alert quiet; empty for none."""
    for one in silences:
        if (
            one.starts_us <= now_us < one.ends_us
            and one.objective in {"", alert.objective}
            and one.service in {"", alert.service}
        ):
            return one.id
    return ""


def open_of(alerts: Sequence[Alert]) -> Mapping[tuple[str, str], Alert]:
    """Return the alerts that are not over, by objective and tier."""
    return {(one.objective, one.tier): one for one in alerts if one.state != "resolved"}


def _us(seconds: float) -> int:
    return round(seconds * _US)
