"""Promises and traffic for tests of alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from fastapi_spine.alerts.evaluate import Verdict, evaluate
from fastapi_spine.alerts.ledger import Ledger, Tally
from fastapi_spine.alerts.machine import AlertState
from fastapi_spine.alerts.promise import Promise, promises_of
from fastapi_spine.alerts.windows import Table, table
from fastapi_spine.settings.objective import Objective
from fastapi_spine.settings.targets import Silence

START = 28_000_000
"""A minute since the epoch, in 2023."""


def promise(
    availability: float = 0.999, *, minimum_bad: int = 5, no_data: Silence = "info"
) -> Promise:
    """Return a promise of a shop's orders."""
    declared = Objective(
        "GET /orders/{order_id}",
        availability=availability,
        minimum_bad=minimum_bad,
        no_data=no_data,
    )
    return promises_of([declared], "orders")[0]


def verdicts(
    of: Promise, minutes: Iterable[tuple[float, float]], by: Table | None = None
) -> list[Verdict]:
    """Evaluate at the end of each minute of (requests, bad ones)."""
    ledger = Ledger(START)
    states: Mapping[str, AlertState] = {}
    found = []
    for place, (total, bad) in enumerate(minutes):
        ledger.put(START + place, [Tally(total, bad)])
        now = (START + place + 1) * 60
        verdict = evaluate(of, by or table(), partial(ledger.window, now), states, now)
        states = verdict.states
        found.append(verdict)
    return found


def phases(found: Iterable[Verdict], tier: str) -> str:
    """Return a tier's phases by first letter, one a minute: `iippff`."""
    return "".join(one.states[tier].phase[0] for one in found)
