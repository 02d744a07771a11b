"""Families under OpenTelemetry's names: dots where Prometheus has underscores, types where it has texts.

Metrics of requests and jobs go by the semantic conventions (1.44, `http.server.request.duration`,
`messaging.process.duration` …). Everything else keeps
its name, unit and labels, so that a query is the same whether the numbers were scraped or sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fastapi_spine.core import conventions as names
from fastapi_spine.core import job_names as jobs
from fastapi_spine.core.telemetry import AttributeValue, MetricData, MetricKind, PointData
from fastapi_spine.metrics.family import Family, Point

_NAMES: Final = {
    names.METRIC_OTEL_DURATION: names.OTLP_DURATION,
    names.METRIC_OTEL_ACTIVE: names.OTLP_ACTIVE,
    names.METRIC_OTEL_RESPONSE_SIZE: names.OTLP_RESPONSE_SIZE,
    jobs.METRIC_OTEL_JOB_DURATION: jobs.OTLP_JOB_DURATION,
}
_LABELS: Final = {
    names.LABEL_OTEL_METHOD: names.ATTR_METHOD,
    names.LABEL_OTEL_ROUTE: names.ATTR_ROUTE,
    names.LABEL_OTEL_STATUS: names.ATTR_STATUS,
    names.LABEL_OTEL_ERROR: names.ATTR_ERROR_TYPE,
    names.LABEL_OTEL_SCHEME: names.ATTR_SCHEME,
    jobs.LABEL_OTEL_OPERATION: jobs.ATTR_MESSAGING_OPERATION,
    jobs.LABEL_OTEL_SYSTEM: jobs.ATTR_MESSAGING_SYSTEM,
    jobs.LABEL_OTEL_DESTINATION: jobs.ATTR_MESSAGING_DESTINATION,
    jobs.LABEL_OTEL_JOB: jobs.ATTR_JOB,
    jobs.LABEL_OTEL_OUTCOME: names.ATTR_SPINE_OUTCOME,
}
_UNITS: Final = {"seconds": "s", "bytes": "By"}
_RISE_AND_FALL: Final = frozenset({names.METRIC_OTEL_ACTIVE})
"""What semantic conventions call an UpDownCounter."""


def metrics_of(families: Iterable[Family]) -> Iterator[MetricData]:
    """Turn families into OpenTelemetry's metrics; those without a series are left out.

    Args:
        families: ours and the application's own; of two with one name the first counts.
    """
    seen: set[str] = set()
    for family in families:
        if not family.points or family.name in seen:
            continue
        seen.add(family.name)
        kind: MetricKind = "updown" if family.name in _RISE_AND_FALL else family.kind
        points = [_point(family, point) for point in family.points]
        unit = _UNITS.get(family.unit, family.unit)
        yield MetricData(_NAMES.get(family.name, family.name), family.help, unit, kind, points)


def _point(family: Family, point: Point) -> PointData:
    attributes = _attributes(family, point.labels)
    examples = [
        (one.trace_id, one.span_id, one.value, one.at) for one in point.exemplars if one is not None
    ]
    return PointData(attributes, point.value, point.counts, point.bounds, examples)


def _attributes(family: Family, labels: tuple[str, ...]) -> dict[str, AttributeValue]:
    """Return a series' attributes; a label without a value is none (OpenTelemetry has no empty ones)."""
    if labels and not family.users and all(label == names.SERIES_OVERFLOW for label in labels):
        return {names.ATTR_METRIC_OVERFLOW: True}
    if family.name not in _NAMES:
        return {key: value for key, value in zip(family.labels, labels, strict=True) if value}
    return {
        _LABELS[key]: int(value) if key == names.LABEL_OTEL_STATUS else value
        for key, value in zip(family.labels, labels, strict=True)
        if value and value != names.ROUTE_UNMATCHED
    }
