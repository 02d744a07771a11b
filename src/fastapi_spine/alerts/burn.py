"""Error budgets and burn rates (The Site Reliability Workbook, chapter 5).

A promise of 99.9 % allows 0.1 % of the requests of its window to be bad: its budget. A burn rate of 1 spends it exactly
when the window ends, 14.4 spends the budget of 30 days in 50 hours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fastapi_spine.alerts.ledger import Tally
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.alerts.windows import Tier

Counts = Callable[[int], Tally]
"""The requests of a window that ends now, by its length in seconds."""


class Burn(NamedTuple):
    """How one tier stands.

    Attributes:
        long: burn rate of the long window; None without requests.
        short: of the short one.
        enough: whether so many requests were bad that the rate says something.
        exceeded: whether it alerts: both rates above the factor, and enough.
    """

    long: float | None
    short: float | None
    enough: bool
    exceeded: bool


def bad_share(tally: Tally) -> float | None:
    """Return the share of bad requests; None without requests."""
    return tally.bad / tally.total if tally.total > 0 else None


def budget_left(tally: Tally, allowed: float) -> float | None:
    """Return what is left of the budget of the window: 1 untouched, 0 spent, below 0 overspent; None without requests."""
    share = bad_share(tally)
    return None if share is None else 1 - share / allowed


def budget_words(left: float | None) -> str:
    """Say what is left of a budget: `42 % of the budget left`, `budget spent 3.1 times over`, `no data`."""
    if left is None:
        return "no data"
    if left < 0:
        return f"budget spent {1 - left:.3g} times over"
    return f"{left:.1%} of the budget left".replace("%", " %")


def burn(promise: Promise, tier: Tier, counts: Counts) -> Burn:
    """Return how a tier stands.

    The comparison is of shares with `factor * allowed`, as the Prometheus rules have it, so that both round alike.
    """
    long, short = counts(tier.long_s), counts(tier.short_s)
    limit = threshold(promise, tier)
    of_long, of_short = bad_share(long), bad_share(short)
    over = of_long is not None and of_short is not None and of_long > limit and of_short > limit
    enough = long.bad >= promise.minimum_bad
    return Burn(
        None if of_long is None else of_long / promise.allowed,
        None if of_short is None else of_short / promise.allowed,
        enough,
        over and enough,
    )


def threshold(promise: Promise, tier: Tier) -> float:
    """Return the share of bad requests above which a tier alerts; 15 digits, so that it can be written down."""
    return float(f"{tier.factor * promise.allowed:.15g}")
