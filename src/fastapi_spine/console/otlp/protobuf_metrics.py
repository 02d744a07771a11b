"""Metrics of protobuf bodies: sums, gauges and histograms with explicit buckets (`metrics/v1/metrics.proto`)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from fastapi_spine.console.otlp.faults import BadBodyError, Budget, Reject
from fastapi_spine.console.otlp.made import point_row
from fastapi_spine.console.otlp.protobuf import Place, ProtobufReader
from fastapi_spine.console.otlp.reasons import BAD_HISTOGRAM, UNSUPPORTED
from fastapi_spine.console.otlp.scan import NONE, scan
from fastapi_spine.console.otlp.wire import members
from fastapi_spine.console.rows import PointRow

_NAME: Final = 0x0A
_UNIT: Final = 0x1A
_KINDS: Final = {0x2A: "gauge", 0x3A: "sum", 0x4A: "histogram"}
_NOT_KEPT: Final = (0x52, 0x5A)
_POINTS: Final = 0x0A
_TEMPORALITY: Final = 0x10
_MONOTONIC: Final = 0x18

_START: Final = 0x11
_TIME: Final = 0x19
_NUMBER_ATTRIBUTE: Final = 0x3A
_AS_DOUBLE: Final = 0x21
_AS_INT: Final = 0x31
_NUMBER_FLAGS: Final = 0x40
_HISTOGRAM_ATTRIBUTE: Final = 0x4A
_COUNT: Final = 0x21
_SUM: Final = 0x29
_BUCKETS_PACKED: Final = 0x32
_BUCKETS: Final = 0x31
_BOUNDS_PACKED: Final = 0x3A
_BOUNDS: Final = 0x39
_HISTOGRAM_FLAGS: Final = 0x50
_HISTOGRAM_SEVERAL: Final = frozenset((_BUCKETS, _BUCKETS_PACKED, _BOUNDS, _BOUNDS_PACKED))
_NO_VALUE: Final = 1

_SIGN: Final = 1 << 63
_INT64: Final = 1 << 64
_EIGHT: Final = struct.Struct("<Q").pack
_DOUBLE: Final = struct.Struct("<d").unpack


class _Metric(NamedTuple):
    name: str
    unit: str
    kind: str
    temporality: int
    monotonic: bool
    place: Place


class MetricsReader:
    """Reads metrics.

    Args:
        reader: knows resources, scopes and attributes.
    """

    def __init__(self, reader: ProtobufReader) -> None:
        self._reader = reader

    def points(self, body: bytes, now_ns: int, budget: Budget) -> list[PointRow]:
        """Read an `ExportMetricsServiceRequest`."""
        rows: list[PointRow] = []
        for place, start, end in self._reader.items(body, now_ns, budget):
            for metric, content in self._points(body, start, end, place, budget):
                try:
                    row = self._point(metric, content, budget)
                except Reject as reject:
                    budget.rejected[reject.reason] += 1
                else:
                    if row is not None:
                        rows.append(row)
        return rows

    def _points(
        self, body: bytes, start: int, end: int, place: Place, budget: Budget
    ) -> Iterator[tuple[_Metric, bytes]]:
        """Walk over the points of one metric; those of a kind that is not kept are counted."""
        name = unit = kind = ""
        data = (0, 0)
        for tag, at, to in members(body, start, end, 0, budget):
            if tag == _NAME:
                name = self._reader.pairs.name(body[at:to])
            elif tag == _UNIT:
                unit = self._reader.pairs.name(body[at:to])
            elif tag in _KINDS:
                kind, data = _KINDS[tag], (at, to)
            elif tag in _NOT_KEPT:
                points = sum(one[0] == _POINTS for one in members(body, at, to, _POINTS, budget))
                budget.rejected[UNSUPPORTED] += points
        if kind:
            numbers = {_TEMPORALITY: 0, _MONOTONIC: 0}
            for _ in members(body, *data, 0, budget, numbers):
                pass  # the numbers stand behind the points
            metric = _Metric(
                name, unit, kind, numbers[_TEMPORALITY], bool(numbers[_MONOTONIC]), place
            )
            for tag, at, to in members(body, *data, _POINTS, budget):
                if tag == _POINTS:
                    yield metric, body[at:to]

    def _point(self, metric: _Metric, content: bytes, budget: Budget) -> PointRow | None:
        reader = self._reader
        if metric.kind == "histogram":
            return self._histogram(metric, content, budget)
        _, numbers, attributes, _ = scan(
            content, _NUMBER_ATTRIBUTE, NONE, reader.pairs, budget, reader.limits
        )
        if numbers.get(_NUMBER_FLAGS, 0) & _NO_VALUE:
            return None
        return point_row(
            metric.name,
            metric.unit,
            metric.kind,
            temporality=metric.temporality,
            monotonic=metric.monotonic,
            attributes=attributes,
            start_ns=numbers.get(_START, 0),
            at_ns=numbers.get(_TIME, 0),
            value=_number(numbers),
            source=metric.place.source,
            limits=reader.limits,
        )

    def _histogram(self, metric: _Metric, content: bytes, budget: Budget) -> PointRow | None:
        reader = self._reader
        _, numbers, attributes, several = scan(
            content, _HISTOGRAM_ATTRIBUTE, _HISTOGRAM_SEVERAL, reader.pairs, budget, reader.limits
        )
        if numbers.get(_HISTOGRAM_FLAGS, 0) & _NO_VALUE:
            return None
        bounds = _packed(several, _BOUNDS, _BOUNDS_PACKED, reader.limits.buckets)
        buckets = _packed(several, _BUCKETS, _BUCKETS_PACKED, reader.limits.buckets)
        return point_row(
            metric.name,
            metric.unit,
            metric.kind,
            temporality=metric.temporality,
            monotonic=True,
            attributes=attributes,
            start_ns=numbers.get(_START, 0),
            at_ns=numbers.get(_TIME, 0),
            value=_as_double(numbers.get(_SUM, 0)),
            source=metric.place.source,
            observed=numbers.get(_COUNT, 0),
            bounds=struct.unpack(f"<{len(bounds) // 8}d", bounds),
            buckets=struct.unpack(f"<{len(buckets) // 8}Q", buckets),
            limits=reader.limits,
        )


def _number(numbers: dict[int, int]) -> float:
    if _AS_INT in numbers:
        number = numbers[_AS_INT]
        return number - _INT64 if number >= _SIGN else number
    return _as_double(numbers.get(_AS_DOUBLE, 0))


def _as_double(bits: int) -> float:
    value: float = _DOUBLE(_EIGHT(bits))[0]
    return value


def _packed(several: list[tuple[int, bytes | int]], single: int, packed: int, most: int) -> bytes:
    """Collect numbers of eight bytes that may come packed together or one by one."""
    data = b"".join(
        content if isinstance(content, bytes) else _EIGHT(content)
        for tag, content in several
        if tag in (single, packed)
    )
    if len(data) % 8:
        raise BadBodyError("a packed field in the body does not hold whole numbers")
    if len(data) // 8 > most:
        raise Reject(BAD_HISTOGRAM)
    return data
