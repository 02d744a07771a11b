"""Metrics as OTLP's `Metric` and its data points (opentelemetry-proto, `metrics/v1/metrics.proto`).

Everything is cumulative: a receiver that missed some exports has lost resolution, not counts. The unit of the books is
the data point, because that is what a receiver says it has refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import pack
from typing import Final, cast

from fastapi_spine.core.conventions import SCOPE_SPINE
from fastapi_spine.core.telemetry import AttributeValue, MetricKind, Numbers, PointData
from fastapi_spine.export.attributes import Pairs, ResourceField, scope_of
from fastapi_spine.export.request import Chunk
from fastapi_spine.export.wire import blob, double, fixed64, number, text

_SECOND_NS: Final = 1_000_000_000
_CUMULATIVE: Final = number(2, 2)
_MONOTONIC: Final = number(3, 1)
_FIELD: Final[dict[MetricKind, int]] = {
    "counter": 7,
    "updown": 7,
    "gauge": 5,
    "histogram": 9,
    "summary": 11,
}
_TRAILER: Final[dict[MetricKind, bytes]] = {
    "counter": _CUMULATIVE + _MONOTONIC,
    "updown": _CUMULATIVE,
    "gauge": b"",
    "histogram": _CUMULATIVE,
    "summary": b"",
}


class NumberForm:
    """Writes metrics, one data point at a time.

    Args:
        resource: returns who the process is.
        version: of this distribution.
    """

    def __init__(
        self, resource: Callable[[], Mapping[str, AttributeValue]], version: str = ""
    ) -> None:
        self._resource = ResourceField(resource)
        self._scope = scope_of(SCOPE_SPINE, version)
        self._number_pair = Pairs(7)
        self._histogram_pair = Pairs(9)

    def points(
        self, numbers: Numbers, at_ns: int, lose: Callable[[Exception], None]
    ) -> list[Chunk]:
        """Write every data point there is, each by itself.

        Args:
            numbers: what was counted.
            at_ns: now: wall time, nanoseconds since the epoch.
            lose: told of each point that cannot be written (a user's own metric may hold whatever it likes), and why.
        """
        started_ns = min(int(numbers.started_at * _SECOND_NS), at_ns)
        found: list[Chunk] = []
        for metric in numbers.metrics:
            group = (metric.name, metric.description, metric.unit, metric.kind)
            times = fixed64(2, started_ns) + fixed64(3, at_ns)
            for point in metric.points:
                try:
                    data = blob(1, times + self._point(metric.kind, point))
                except Exception as error:  # noqa: BLE001 - a point that cannot be written loses itself only
                    lose(error)
                else:
                    found.append((group, data, 1))
        return found

    def request(self, batch: Iterable[Chunk]) -> bytes:
        """Write a request of several data points: those of one metric under it."""
        return self.request_of(self._resource.written(), batch)

    def resource(self) -> bytes:
        """Write who the process is; see `ScopedForm`."""
        return self._resource.written()

    def request_of(self, resource: bytes, batch: Iterable[Chunk]) -> bytes:
        """Write a request of several data points of whichever process `resource` told of."""
        metrics: dict[tuple[str, ...], list[bytes]] = {}
        for group, data, _ in batch:
            metrics.setdefault(group, []).append(data)
        written = (_metric(group, points) for group, points in metrics.items())
        return blob(1, resource + blob(2, self._scope + b"".join(written)))

    def _point(self, kind: MetricKind, point: PointData) -> bytes:
        if kind == "histogram":
            return self._histogram(point)
        write = self._number_pair
        attributes = b"".join(write(key, value) for key, value in point.attributes.items())
        if kind == "summary":
            return attributes + fixed64(4, sum(point.counts)) + double(5, point.value)
        return attributes + double(4, point.value) + _examples(5, point)

    def _histogram(self, point: PointData) -> bytes:
        write = self._histogram_pair
        counts, bounds = point.counts, point.bounds
        return b"".join(
            (
                *(write(key, value) for key, value in point.attributes.items()),
                fixed64(4, sum(counts)),
                double(5, point.value),
                blob(6, pack(f"<{len(counts)}Q", *counts)),
                blob(7, pack(f"<{len(bounds)}d", *bounds)),
                _examples(8, point),
            )
        )


def _metric(group: tuple[str, ...], points: Sequence[bytes]) -> bytes:
    name, description, unit, kind = group
    kind = cast("MetricKind", kind)
    head = text(1, name) + text(2, description) + (text(3, unit) if unit else b"")
    return blob(2, head + blob(_FIELD[kind], b"".join(points) + _TRAILER[kind]))


def _examples(field: int, point: PointData) -> bytes:
    return b"".join(
        blob(
            field,
            fixed64(2, _nanoseconds(at)) + double(3, value) + _id(4, span_id) + _id(5, trace_id),
        )
        for trace_id, span_id, value, at in point.examples
    )


def _nanoseconds(seconds: float) -> int:
    """Convert a user's time too, which may be none."""
    return int(seconds * _SECOND_NS) if math.isfinite(seconds) else 0


def _id(field: int, digits: str) -> bytes:
    """Write an id; a user's exemplar may hold whatever it likes, and what is no id is left out."""
    try:
        return blob(field, bytes.fromhex(digits)) if digits else b""
    except ValueError:
        return b""
