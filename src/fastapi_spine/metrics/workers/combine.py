"""Many workers' numbers as one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from operator import add
from typing import Final

from fastapi_spine.core.conventions import LABEL_PID, SERIES_OVERFLOW
from fastapi_spine.metrics.family import Exemplar, Family, Point, Snapshot
from fastapi_spine.metrics.rests import POINTS, with_rests

_SUM: Final = "sum"
_ONE: Final = "one"
_WORKER: Final = "worker"


def combine(
    living: Sequence[Snapshot], ended: Snapshot | None, *, series_limit: int
) -> list[Family]:
    """Add up the numbers of all workers.

    Args:
        living: of each worker that lives, this one first.
        ended: the sum of those that have ended.
        series_limit: how many series a family may have in all; what is beyond goes to its overflow series.

    Returns:
        Families in the order of the first worker's, then what only others know.
    """
    several = len(living) > 1 or ended is not None
    if not several and all(len(family.points) <= series_limit for family in living[0].families):
        return living[0].families
    merged: dict[tuple[str, tuple[str, ...]], _Sum] = {}
    for snapshot in living:
        for family in snapshot.families:
            shown = _with_pid(family, snapshot.pid) if several else family
            _sum_of(merged, shown, series_limit).add(shown.points)
    if ended is not None:
        for family in ended.families:
            _sum_of(merged, family, series_limit).add(family.points)
    return [one.family() for one in merged.values()]


def fold(sums: Snapshot | None, ended: Snapshot, *, series_limit: int) -> Snapshot:
    """Add to the sum of ended workers the numbers of one more; its gauges end with it."""
    lasting = [family for family in ended.families if family.combine == _SUM]
    kept = [] if sums is None else [sums]
    families = combine([*kept, Snapshot("", 0.0, lasting)], None, series_limit=series_limit)
    return Snapshot("", min(one.started_at for one in (*kept, ended)), families)


class _Sum:
    """One family as it grows."""

    def __init__(self, first: Family, limit: int) -> None:
        self._first = first
        self._limit = limit
        self._points: dict[tuple[str, ...], Point] = {}

    def add(self, points: Iterable[Point]) -> None:
        for point in with_rests(points, 2 * POINTS):
            labels = point.labels
            if labels not in self._points and len(self._points) >= self._limit:
                labels = (SERIES_OVERFLOW,) * len(labels)
            mine = self._points.get(labels)
            if mine is None:
                self._points[labels] = _copy(point, labels)
            elif self._first.combine != _ONE:
                _add(mine, point)

    def family(self) -> Family:
        first = self._first
        return Family(
            first.name,
            first.help,
            first.kind,
            first.labels,
            list(self._points.values()),
            first.combine,
            first.unit,
            first.users,
        )


def _sum_of(merged: dict[tuple[str, tuple[str, ...]], _Sum], family: Family, limit: int) -> _Sum:
    return merged.setdefault((family.name, family.labels), _Sum(family, limit))


def _with_pid(family: Family, pid: str) -> Family:
    """Tell a worker's own numbers from its siblings' by their process id."""
    if family.combine != _WORKER:
        return family
    points = [
        Point((*point.labels, pid), point.value, point.counts, point.bounds, point.exemplars)
        for point in family.points
    ]
    return Family(
        family.name,
        family.help,
        family.kind,
        (*family.labels, LABEL_PID),
        points,
        family.combine,
        family.unit,
        family.users,
    )


def _copy(point: Point, labels: tuple[str, ...]) -> Point:
    return Point(labels, point.value, point.counts, point.bounds, point.exemplars)


def _add(mine: Point, other: Point) -> None:
    mine.value += other.value
    if mine.bounds == other.bounds:
        if len(mine.counts) == len(other.counts):
            mine.counts = tuple(map(add, mine.counts, other.counts))
        else:
            mine.counts = tuple(map(sum, zip_longest(mine.counts, other.counts, fillvalue=0)))
        mine.exemplars = _newest(mine.exemplars, other.exemplars)
        return
    # Workers of two versions with other buckets: each count goes to the next bound above, none is lost.
    counts = list(mine.counts)
    for place, count in enumerate(other.counts):
        above = other.bounds[place] if place < len(other.bounds) else float("inf")
        counts[bisect_left(mine.bounds, above)] += count
    mine.counts = tuple(counts)


Exemplars = tuple[Exemplar | None, ...]


def _newest(mine: Exemplars, other: Exemplars) -> Exemplars:
    if not mine or not other:
        return mine or other
    return tuple(
        [
            theirs if ours is None or (theirs is not None and theirs.at > ours.at) else ours
            for ours, theirs in zip(mine, other, strict=True)
        ]
    )
