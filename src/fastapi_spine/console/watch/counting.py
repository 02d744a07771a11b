"""Roll-ups into good and bad requests of a promise, minute by minute."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from fastapi_spine.alerts.ledger import Tally
from fastapi_spine.alerts.promise import Promise
from fastapi_spine.console.facts import METHOD_WEBSOCKET
from fastapi_spine.console.ports import Series

_NS: Final = 1e9
_SAME: Final = 1e-9
"""Bounds are seconds that became nanoseconds: they may be off by the last bit."""


def own(promise: Promise, series: Iterable[Series]) -> list[Series]:
    """Return the series that a promise speaks of."""
    return [
        one
        for one in series
        if one.service == promise.service and speaks_of(promise, one.method, one.route)
    ]


def speaks_of(promise: Promise, method: str, route: str) -> bool:
    """Whether a promise is about a request; a connection that lasts is no answer, and Prometheus' rules do not see it."""
    return method != METHOD_WEBSOCKET and promise.selection.fits(method, route)


def tallies(promise: Promise, series: Sequence[Series], minutes: int) -> list[Tally]:
    """Count each minute of some series, which are the promise's own.

    Of a latency, bad answers are left out of the total: a failure or a refusal that came at once is no quick answer.
    Which of the slow ones were bad nobody has written down, so those count as slow: there may be more of them than the
    total says, and whoever makes a window of minutes takes care of that.
    """
    totals, bads = [0.0] * minutes, [0.0] * minutes
    for one in series:
        for place, (total, bad) in enumerate(_each(promise, one)):
            totals[place] += total
            bads[place] += bad
    return [Tally(*both) for both in zip(totals, bads, strict=True)]


def _each(promise: Promise, one: Series) -> Iterable[tuple[float, float]]:
    if promise.threshold_s is None:
        yield from zip(one.counts, _bad(promise, one), strict=True)
        return
    for count, bad, buckets in zip(one.counts, _bad(promise, one), one.buckets, strict=True):
        yield count - bad, slower(one.bounds_ns, buckets, promise.threshold_s * _NS)


def _bad(promise: Promise, one: Series) -> Iterable[int]:
    for failures, outcomes in zip(one.failures, _outcomes(one), strict=True):
        yield promise.badness.count(outcomes) if outcomes else failures


def _outcomes(one: Series) -> Sequence[dict[tuple[int, bool], int]]:
    return one.outcomes or [{}] * len(one.counts)


def slower(bounds_ns: Sequence[float], buckets: Sequence[int], limit_ns: float) -> float:
    """Return how many took longer than a limit.

    Exact where the limit is a bucket's bound, as it is in a service's own metrics. Otherwise the bucket that holds it is
    cut by a straight line; buckets of spans are 9 % wide, so no request is misjudged that is further than that away.
    """
    place = bisect_left(bounds_ns, limit_ns * (1 - _SAME))
    if place == len(bounds_ns):
        return float(buckets[-1])
    above = float(sum(buckets[place + 1 :]))
    high = bounds_ns[place]
    if high <= limit_ns * (1 + _SAME):
        return above
    low = bounds_ns[place - 1] if place else 0.0
    return above + buckets[place] * (high - limit_ns) / (high - low)
