"""Live numbers: families of series that are counted up while requests are served.

Counting is plain arithmetic on attributes of one object a series, by the thread of the event loop; reading copies,
by any thread. There is no lock: a reader may see a request in one number and not yet in another, never a broken one.
Two threads that count the same series at once can lose one of the two counts; the application's requests are counted
by one thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from fastapi_spine.core.conventions import SERIES_OVERFLOW
from fastapi_spine.metrics.catalog import Entry
from fastapi_spine.metrics.family import Exemplar, Family, Point
from fastapi_spine.metrics.rests import with_rests

Labels = tuple[str, ...]
Example = tuple[str, str, float, int]
"""Trace id, span id, value, wall time in nanoseconds: an exemplar before anybody asked for it."""

_SECOND_NS: Final = 1_000_000_000


class Count:
    """One series of a counter or gauge."""

    __slots__ = ("example", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self.example: Example | None = None

    def point(self, labels: Labels) -> Point:
        """Copy it."""
        example = self.example
        shown = () if example is None else (_exemplar(example, counted=1.0),)
        return Point(labels, self.value, exemplars=shown)


class Histogram:
    """One series of a histogram.

    Args:
        bounds: upper bounds of the buckets, ascending, without infinity.
    """

    __slots__ = ("bounds", "counts", "examples", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.examples: list[Example | None] = [None] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> int:
        """Count a value; returns the number of its bucket, for an exemplar."""
        bucket = bisect_left(self.bounds, value)
        self.counts[bucket] += 1
        self.total += value
        return bucket

    def point(self, labels: Labels) -> Point:
        """Copy it."""
        examples = self.examples
        shown = tuple([None if one is None else _exemplar(one) for one in examples])
        return Point(
            labels,
            self.total,
            counts=tuple(self.counts),
            bounds=self.bounds,
            exemplars=shown if any(shown) else (),
        )


Cell = TypeVar("Cell", Count, Histogram)


class Series(Generic[Cell]):
    """All series of one metric, at most `limit` of them and one for what comes after.

    Args:
        entry: what the catalog says of it.
        make: makes a series for its labels.
        limit: how many there may be.
        on_overflow: hears the metric's name each time the overflow series is asked for.

    Attributes:
        overflowed: whether anything went to the overflow series.
    """

    __slots__ = ("_limit", "_make", "_on_overflow", "cells", "entry", "overflowed")

    def __init__(
        self,
        entry: Entry,
        make: Callable[[Labels], Cell],
        *,
        limit: int,
        on_overflow: Callable[[str], None],
    ) -> None:
        self.entry = entry
        self.cells: dict[Labels, Cell] = {}
        self.overflowed = False
        self._make: Callable[[Labels], Cell] = make
        self._limit = limit
        self._on_overflow = on_overflow

    def at(self, labels: Labels) -> Cell:
        """Return the series of these labels, or the overflow series when there are too many."""
        cell = self.cells.get(labels)
        if cell is not None:
            return cell
        if len(self.cells) >= self._limit:
            self.overflowed = True
            self._on_overflow(self.entry.name)
            labels = (SERIES_OVERFLOW,) * len(labels)
        return self.cells.setdefault(labels, self._make(labels))

    def clear(self) -> None:
        """Forget everything: in a child after a fork, whose parent keeps these counts."""
        self.cells.clear()
        self.overflowed = False

    def family(self) -> Family:
        """Copy every series as it is now, with rests; called by threads beside the event loop."""
        cells = list(self.cells.items())
        return family(self.entry, with_rests(cell.point(labels) for labels, cell in cells))


def family(entry: Entry, points: Iterable[Point]) -> Family:
    """Make the family of a catalog entry."""
    return Family(
        entry.name,
        entry.help,
        entry.kind,
        entry.labels,
        list(points),
        entry.combine,
        entry.unit,
    )


def _exemplar(example: Example, *, counted: float | None = None) -> Exemplar:
    """Write an exemplar out; of a counter its value is what was counted, one request."""
    trace_id, span_id, value, at = example
    return Exemplar(trace_id, span_id, value if counted is None else counted, at / _SECOND_NS)
