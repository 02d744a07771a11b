"""How a promise is shown."""

from __future__ import annotations

from typing import Final

from fastapi_spine.alerts.burn import bad_share, budget_left
from fastapi_spine.alerts.evaluate import Verdict
from fastapi_spine.alerts.ledger import MINUTE_S, Ledger
from fastapi_spine.alerts.windows import Table
from fastapi_spine.console.alert_views import BudgetChart, BurnView, ObjectiveView
from fastapi_spine.console.watch.declared import Watched

_STEPS: Final = 120
_US: Final = 1_000_000


def objective_view(
    watched: Watched, table: Table, verdict: Verdict, ledger: Ledger, now_s: float, routes: list[str], basis: str
) -> ObjectiveView:  # fmt: skip
    """Return it."""
    promise = watched.promise
    whole = ledger.window(now_s, promise.window_s)
    share = bad_share(whole)
    chart = _chart(ledger, promise.window_s, promise.allowed, now_s)
    return ObjectiveView(
        promise.id,
        promise.service,
        promise.target,
        promise.kind,
        promise.title,
        promise.ratio,
        None if promise.threshold_s is None else promise.threshold_s * _US,
        promise.window_s,
        watched.by,
        routes,
        basis,
        verdict.standing,
        _severity(table, verdict),
        round(whole.total),
        whole.bad,
        None if share is None else 1 - share,
        budget_left(whole, promise.allowed),
        _covered(ledger, now_s),
        _burns(table, verdict),
        chart,
    )


def _severity(table: Table, verdict: Verdict) -> str:
    return next(
        (tier.severity for tier in table.tiers if verdict.states[tier.name].phase != "inactive"), ""
    )


def _burns(table: Table, verdict: Verdict) -> list[BurnView]:
    found = []
    for tier in table.tiers:
        burn = verdict.burns[tier.name]
        phase = verdict.states[tier.name].phase
        found.append(
            BurnView(
                tier.name,
                tier.severity,
                tier.factor,
                tier.long_s,
                tier.short_s,
                burn.long,
                burn.short,
                burn.enough,
                phase,
            )
        )
    return found


def _covered(ledger: Ledger, now_s: float) -> int:
    """Return since when there are numbers, seconds ago."""
    first = ledger.first_request()
    return 0 if first is None else max(round(now_s) - first * MINUTE_S, 0)


def _chart(ledger: Ledger, window_s: int, allowed: float, now_s: float) -> BudgetChart:
    """Draw what was left: of the numbers that there are, at most 120 steps of whole minutes."""
    end = -(-int(now_s) // MINUTE_S)
    first = ledger.first_request()
    begin = end if first is None else max(first, end - window_s // MINUTE_S)
    step = max(-(-(end - begin) // _STEPS), 1)
    length = window_s // MINUTE_S
    left = []
    for stop in range(begin + step, end + step, step):
        tally = ledger.between(min(stop, end) - length, min(stop, end))
        left.append(budget_left(tally, allowed))
    return BudgetChart(begin * MINUTE_S * _US, step * MINUTE_S * _US, left)
