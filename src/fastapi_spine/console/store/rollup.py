"""Requests a minute: how many, how many failed, how long they took. Open minutes in memory, written with each commit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Final, NamedTuple

from fastapi_spine.core.conventions import SERIES_OVERFLOW

MINUTE_NS: Final = 60_000_000_000
BASIS_SPANS: Final = 0
BASIS_METRICS: Final = 1
BOUNDS_NS: Final = tuple(1000.0 * 2 ** (step / 8) for step in range(3 * 8, 32 * 8 + 1))
"""8 µs to 72 minutes, eight buckets an octave: each 9 % wide, so no percentile is further off than that."""
LONGEST: Final = -1
"""In a file, stands where a bucket's number stands, before the longest duration instead of a count."""
MOST_SERIES: Final = 2_000
"""A minute: beyond, requests count under one name for all the others."""
_KEEP: Final = 3


class Name(NamedTuple):
    """Whose numbers they are."""

    service: str
    method: str
    route: str


class Cell:
    """The numbers of one minute and one name; only spans know the longest duration, otherwise it is 0."""

    __slots__ = ("bounds", "buckets", "count", "failures", "longest_ns", "outcomes")

    def __init__(
        self,
        bounds: tuple[float, ...],
        count: int = 0,
        failures: int = 0,
        buckets: dict[int, int] | None = None,
        outcomes: dict[int, int] | None = None,
        longest_ns: int = 0,
    ) -> None:
        self.bounds = bounds
        self.count = count
        self.failures = failures
        self.buckets: dict[int, int] = {} if buckets is None else buckets
        self.outcomes: dict[int, int] = {} if outcomes is None else outcomes
        self.longest_ns = longest_ns


Key = tuple[int, Name, int]
"""Minute, name, basis."""


class RollUps:
    """Counts, minute by minute.

    Args:
        stored: returns the cell that is on disk, or None; asked once for each cell that is not in memory.
    """

    def __init__(self, stored: Callable[[Key], Cell | None]) -> None:
        self._stored = stored
        self._cells: dict[Key, Cell] = {}
        self._series: dict[int, set[Name]] = {}
        self.changed: set[Key] = set()

    def add_request(
        self, name: Name, start_ns: int, duration_ns: int, *, failed: bool, status: int = 0
    ) -> None:
        """Count a request that a span tells of; status 0 for none."""
        cell = self._cell(start_ns // MINUTE_NS, name, BASIS_SPANS, BOUNDS_NS)
        cell.count += 1
        cell.failures += failed
        cell.longest_ns = max(cell.longest_ns, duration_ns)
        outcome = outcome_code(status, failed=failed)
        cell.outcomes[outcome] = cell.outcomes.get(outcome, 0) + 1
        bucket = bisect_left(BOUNDS_NS, duration_ns)
        cell.buckets[bucket] = cell.buckets.get(bucket, 0) + 1

    def add_histogram(
        self,
        name: Name,
        at_ns: int,
        bounds: tuple[float, ...],
        buckets: list[int],
        *,
        failed: bool,
        status: int = 0,
    ) -> None:
        """Count what a histogram has grown by; `bounds` in nanoseconds."""
        cell = self._cell(at_ns // MINUTE_NS, name, BASIS_METRICS, bounds)
        total = sum(buckets)
        cell.count += total
        cell.failures += total if failed else 0
        outcome = outcome_code(status, failed=failed)
        cell.outcomes[outcome] = cell.outcomes.get(outcome, 0) + total
        if cell.bounds != bounds:
            buckets = rebucketed(bounds, buckets, cell.bounds)
        for bucket, count in enumerate(buckets):
            if count:
                cell.buckets[bucket] = cell.buckets.get(bucket, 0) + count

    def cell(self, key: Key) -> Cell:
        """Return a cell that has changed."""
        return self._cells[key]

    def written(self) -> None:
        """Note that what has changed is on disk, and forget old minutes."""
        self.changed.clear()
        newest = sorted(self._series)[-_KEEP:]
        if len(self._series) > _KEEP:
            for minute in [minute for minute in self._series if minute not in newest]:
                del self._series[minute]
            self._cells = {key: cell for key, cell in self._cells.items() if key[0] in self._series}

    def _cell(self, minute: int, name: Name, basis: int, bounds: tuple[float, ...]) -> Cell:
        key = (minute, name, basis)
        cell = self._cells.get(key)
        if cell is None:
            key = (minute, self._admitted(minute, name), basis)
            cell = self._cells.get(key) or self._stored(key) or Cell(bounds)
            self._cells[key] = cell
        self.changed.add(key)
        return cell

    def _admitted(self, minute: int, name: Name) -> Name:
        names = self._series.setdefault(minute, set())
        if name not in names and len(names) >= MOST_SERIES:
            name = Name(SERIES_OVERFLOW, "", "")
        names.add(name)
        return name


def outcome_code(status: int, *, failed: bool) -> int:
    """Return status and failure as one small number; `outcome_of` turns it back."""
    return 2 * status + failed


def outcome_of(code: int) -> tuple[int, bool]:
    """Return status and failure of an outcome's number."""
    return code // 2, bool(code % 2)


def rebucketed(
    bounds: tuple[float, ...], buckets: list[int], wanted: tuple[float, ...]
) -> list[int]:
    """Return counts in other buckets: each goes whole to the one that holds its upper bound.

    Only where a service has changed its buckets; durations grow by less than a bucket's width.
    """
    out = [0] * (len(wanted) + 1)
    for place, count in enumerate(buckets):
        out[bisect_left(wanted, bounds[place]) if place < len(bounds) else len(wanted)] += count
    return out
