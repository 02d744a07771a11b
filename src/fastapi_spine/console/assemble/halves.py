"""A series cut into now and before, and several of them added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from fastapi_spine.console.ports import Series
from fastapi_spine.console.quantiles import percentiles, quantile
from fastapi_spine.console.views import Numbers


class Half(NamedTuple):
    """One window of a series, in steps.

    Attributes:
        buckets: durations of each step.
        bounds_ns: upper bounds of the buckets.
        longest_ns: the longest duration of the whole window; 0 if nobody knows.
    """

    counts: list[int]
    failures: list[int]
    buckets: list[list[int]]
    bounds_ns: tuple[float, ...]
    longest_ns: int = 0

    @property
    def requests(self) -> int:
        """Requests of the whole window."""
        return sum(self.counts)

    @property
    def errors(self) -> int:
        """Failed ones of them."""
        return sum(self.failures)

    def total(self) -> list[int]:
        """Return the durations of all steps together."""
        return [sum(column) for column in zip(*self.buckets, strict=True)]

    def p95_ns(self) -> float | None:
        """Return the 95th percentile of all steps together."""
        return quantile(self.bounds_ns, self.total(), 0.95, self.longest_ns)

    def numbers(self, seconds: float) -> Numbers:
        """Return rate, errors and durations of the window, which was so many seconds long."""
        shares = percentiles(self.bounds_ns, self.total(), self.longest_ns)
        p50, p95, p99 = (None if one is None else one / 1000 for one in shares)
        return Numbers(
            self.requests, self.errors, self.requests / max(seconds, 1e-9), p50, p95, p99
        )

    def p95_us(self) -> list[float | None]:
        """Return the 95th percentile of each step."""
        found = (quantile(self.bounds_ns, step, 0.95, self.longest_ns) for step in self.buckets)
        return [None if one is None else one / 1000 for one in found]


class Halves(NamedTuple):
    """What is now, and what was before."""

    now: Half
    before: Half


def halves(series: Series, steps: int) -> Halves:
    """Cut a series of twice as many steps; a step that is missing at the end had no requests."""
    return Halves(_half(series, steps, 2 * steps), _half(series, 0, steps))


def _half(series: Series, first: int, end: int) -> Half:
    lack = end - first - len(series.counts[first:end])
    return Half(
        series.counts[first:end] + [0] * lack,
        series.failures[first:end] + [0] * lack,
        series.buckets[first:end] + [[0] * (len(series.bounds_ns) + 1)] * lack,
        series.bounds_ns,
        max(series.longest_ns[first:end], default=0),
    )


def added(parts: Sequence[Half]) -> Half:
    """Add windows of equal steps up; where buckets differ, each keeps its upper bound."""
    bounds = tuple(sorted({bound for part in parts for bound in part.bounds_ns}))
    spread = [_on(part, bounds) for part in parts]
    known = [part.longest_ns for part in parts if part.requests]
    return Half(
        _columns([part.counts for part in parts]),
        _columns([part.failures for part in parts]),
        [_columns(list(step)) for step in zip(*spread, strict=True)],
        bounds,
        max(known, default=0) if all(known) else 0,
    )


def above(half: Half, bound_ns: float) -> int:
    """Return how many took longer than a bucket's bound; of the bucket that holds it, all."""
    return sum(half.total()[bisect_left(half.bounds_ns, bound_ns) + 1 :])


def _columns(rows: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _on(part: Half, bounds: tuple[float, ...]) -> list[list[int]]:
    """Return a window's buckets on bounds that hold all of its own."""
    if part.bounds_ns == bounds:
        return part.buckets
    places = [bisect_left(bounds, bound) for bound in part.bounds_ns] + [len(bounds)]
    steps: list[list[int]] = []
    for step in part.buckets:
        row = [0] * (len(bounds) + 1)
        for place, count in zip(places, step, strict=True):
            row[place] += count
        steps.append(row)
    return steps
