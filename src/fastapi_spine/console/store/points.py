"""Numbers that services send: durations of requests, and what senders say of their own telemetry. Others are not kept.

A cumulative histogram counts from the start of its process, so what it has grown by since its last point is added to the
minute of the new one. The first point of a series that nobody has seen before is counted whole if its process was seen
before, or has just begun; otherwise it tells of a time before this store, and only serves to count from.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, NamedTuple

from msgspec import msgpack

from fastapi_spine.console.facts import ATTR_OLD_STATUS, text
from fastapi_spine.console.rows import Attributes, PointRow, Source
from fastapi_spine.console.store.mend import mended
from fastapi_spine.console.store.rollup import Name
from fastapi_spine.core.conventions import (
    ATTR_ERROR_TYPE,
    ATTR_METHOD,
    ATTR_OLD_METHOD,
    ATTR_ROUTE,
    ATTR_STATUS,
    LABEL_KIND,
    LABEL_REASON,
    LABEL_SIGNAL,
    METRIC_DELIVERED,
    METRIC_DROPPED,
    METRIC_EMITTED,
    METRIC_REDACTIONS,
    OTLP_DURATION,
)

DURATION: Final = OTLP_DURATION
OLD_DURATION: Final = "http.server.duration"
_UNITS: Final = {"s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1.0}
_JUST_BEGUN_NS: Final = 120_000_000_000
_SEEN_LATELY_NS: Final = 600_000_000_000
_MOST_SERIES: Final = 20_000
_MOST_LABELS: Final = 200
_SERVER_ERROR: Final = 500
_BEYOND: Final = 1_000
_DIGITS: Final = 5
SENDER_METRICS: Final = {
    METRIC_EMITTED: ("emitted", (LABEL_SIGNAL,)),
    METRIC_DELIVERED: ("delivered", (LABEL_SIGNAL,)),
    METRIC_DROPPED: ("dropped", (LABEL_SIGNAL, LABEL_REASON)),
    METRIC_REDACTIONS: ("redacted", (LABEL_KIND,)),
}
"""Metric → field of `SenderHealth`, and the labels that make its key."""


class Growth(NamedTuple):
    """What a histogram has grown by."""

    name: Name
    at_ns: int
    bounds: tuple[float, ...]
    buckets: list[int]
    failed: bool
    status: int


class Last(NamedTuple):
    """The last point of a cumulative series."""

    start_ns: int
    at_ns: int
    buckets: tuple[int, ...]


class Histograms:
    """Makes growth of points.

    Args:
        stored: returns the last point of a series that is on disk, or None.
    """

    def __init__(self, stored: Callable[[bytes], Last | None]) -> None:
        self._stored = stored
        self._last: dict[bytes, Last] = {}
        self._processes: dict[tuple[str, str], int] = {}
        self.changed: dict[bytes, Last] = {}

    def growth(self, point: PointRow) -> Growth | None:
        """Return what a point adds; None if it is no duration of requests, or adds nothing."""
        unit = _UNITS.get(point.unit or ("ms" if point.name == OLD_DURATION else "s"))
        if point.kind != "histogram" or point.name not in {DURATION, OLD_DURATION} or unit is None:
            return None
        if len(point.buckets) != len(point.bounds) + 1:
            return None
        added = list(point.buckets) if point.delta else self._since_last(point)
        if not any(added):
            return None
        attributes = point.attributes
        name = Name(
            point.source.service,
            text(attributes, ATTR_METHOD, ATTR_OLD_METHOD),
            text(attributes, ATTR_ROUTE),
        )
        bounds = tuple(bound * unit for bound in point.bounds)
        status = _status(attributes)
        failed = (
            bool(text(attributes, ATTR_ERROR_TYPE)) if status is None else status >= _SERVER_ERROR
        )
        return Growth(name, point.at_ns, bounds, added, failed, status or 0)

    def _since_last(self, point: PointRow) -> list[int]:
        key = _series(point)
        last = self._last.get(key) or self._stored(key)
        process = (point.source.service, point.source.instance)
        seen_at = self._processes.get(process, 0)
        self._processes[process] = max(seen_at, point.at_ns)
        self._remember(key, Last(point.start_ns, point.at_ns, point.buckets))
        same = last is not None and len(last.buckets) == len(point.buckets)
        if last is not None and same and last.start_ns == point.start_ns:
            if point.at_ns <= last.at_ns:
                self._remember(key, last)
                return []
            grown = [new - old for new, old in zip(point.buckets, last.buckets, strict=True)]
            return grown if min(grown) >= 0 else list(point.buckets)
        begun = point.at_ns - point.start_ns <= _JUST_BEGUN_NS
        watched = 0 <= point.at_ns - seen_at <= _SEEN_LATELY_NS
        return list(point.buckets) if begun or watched or last is not None else []

    def _remember(self, key: bytes, last: Last) -> None:
        if len(self._last) >= _MOST_SERIES:
            self._last.clear()
        if len(self._processes) >= _MOST_SERIES:
            self._processes.clear()
        self._last[key] = self.changed[key] = last


class Senders:
    """The last that each process said of its own telemetry.

    Args:
        stored: returns what is on disk of a process: field → key → number.
    """

    def __init__(self, stored: Callable[[str, str], dict[str, dict[str, int]]]) -> None:
        self._stored = stored
        self._numbers: dict[tuple[str, str], dict[str, dict[str, int]]] = {}
        self.changed: dict[tuple[str, str], tuple[str, int]] = {}

    def take(self, point: PointRow) -> bool:
        """Take a point; False if it is none of these."""
        found = SENDER_METRICS.get(point.name.removesuffix("_total").replace(".", "_"))
        if found is None or point.kind != "sum":
            return False
        field, labels = found
        numbers = self.numbers(point.source)[field]
        key = " ".join(text(point.attributes, label) for label in labels).strip()
        if key in numbers or len(numbers) < _MOST_LABELS:
            whole = int(point.value) if abs(point.value) < 2**63 else 0
            numbers[key] = numbers.get(key, 0) + whole if point.delta else whole
        process = (point.source.service, point.source.instance)
        at_ns = max(self.changed.get(process, ("", 0))[1], point.at_ns)
        self.changed[process] = (point.source.version, at_ns)
        return True

    def numbers(self, source: Source) -> dict[str, dict[str, int]]:
        """Return the numbers of a process."""
        process = (source.service, source.instance)
        numbers = self._numbers.get(process)
        if numbers is None:
            if len(self._numbers) >= _MOST_SERIES:
                self._numbers.clear()
            stored = self._stored(*process)
            numbers = {field: stored.get(field, {}) for field, _ in SENDER_METRICS.values()}
            self._numbers[process] = numbers
        return numbers

    def of(self, process: tuple[str, str]) -> dict[str, dict[str, int]]:
        """Return the numbers of a process that has changed."""
        return self._numbers.get(process, {})


def _series(point: PointRow) -> bytes:
    source = point.source
    labels = sorted((key, str(value)) for key, value in point.attributes.items())
    told = mended([source.service, source.instance, point.name, point.bounds, labels])
    return blake2b(msgpack.encode(told), digest_size=12).digest()


def _status(attributes: Attributes) -> int | None:
    status = attributes.get(ATTR_STATUS, attributes.get(ATTR_OLD_STATUS))
    if (
        isinstance(status, str)
        and status.isascii()
        and status.isdecimal()
        and len(status) < _DIGITS
    ):
        status = int(status)
    return status if isinstance(status, int) and 0 < status < _BEYOND else None
