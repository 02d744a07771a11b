"""The application's own metrics: whatever stands in `prometheus_client`'s default registry.

Counters, gauges, histograms and summaries travel between workers like ours. What else a registry may hold (collectors
that ask a database, infos, enums) is collected when a page is asked for, in the worker that was asked, because
nobody can know what asking costs or how two answers add up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    Summary,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar as ClientExemplar

from fastapi_spine.core.conventions import KEY_SPAN_ID, KEY_TRACE_ID
from fastapi_spine.core.health import Health
from fastapi_spine.metrics.exposition.negotiate import Format
from fastapi_spine.metrics.family import Exemplar, Family, Kind, Point

_OURS_TOO: Final = (GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR)
_PLAIN: Final = (Counter, Gauge, Histogram, Summary)
_KINDS: Final[dict[str, Kind]] = {
    "counter": "counter",
    "gauge": "gauge",
    "histogram": "histogram",
    "summary": "summary",
}
_END: Final = b"# EOF\n"


class UsersMetrics:
    """Reads the default registry.

    Args:
        health: counts collectors that fail.
    """

    def __init__(self, health: Health) -> None:
        self._guarded = health.guarded

    def families(self) -> list[Family]:
        """Copy what can travel between workers."""
        plain = (one for one in _collectors() if isinstance(one, _PLAIN))
        metrics = (metric for one in plain for metric in self._collect(one))
        found = (self._guarded("users_metric", family_of, metric) for metric in metrics)
        return [family for family in found if family is not None]

    def render(
        self,
        shared: Iterable[Family],
        style: Format,
        *,
        taken: Collection[str],
        names: Collection[str],
    ) -> bytes:
        """Write the application's metrics as `prometheus_client` writes them.

        Args:
            shared: families of all workers, from `families`.
            style: the format of the page.
            taken: names of ours, which win over an application's of the same name.
            names: if any, only metrics or samples of these names.

        Returns:
            Lines without OpenMetrics' closing one.
        """
        metrics = [metric_of(family) for family in shared if family.name not in taken]
        metrics += [metric for metric in self._others() if metric.name not in taken]
        if names:
            metrics = [kept for metric in metrics if (kept := _only(metric, names)) is not None]
        if not metrics:
            return b""
        encode, _ = choose_encoder(style.content_type)
        written = self._guarded("users_metrics", encode, _Collected(metrics))
        return (written or b"").removesuffix(_END)

    def _others(self) -> Iterator[Metric]:
        for collector in _collectors():
            if not isinstance(collector, _PLAIN) and collector not in _OURS_TOO:
                yield from self._collect(collector)

    def _collect(self, collector: Any) -> list[Metric]:
        def collect() -> list[Metric]:
            return list(collector.collect())

        return self._guarded("users_metric", collect) or []


class _Collected:
    """A registry of metrics that were collected before."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        """Return them."""
        return self._metrics


def _collectors() -> list[Any]:
    """List what is registered. The registry has no public list of its collectors, only of their numbers."""
    known = getattr(REGISTRY, "_collector_to_names", None)
    return list(known) if isinstance(known, dict) else []


def family_of(metric: Metric) -> Family | None:
    """Turn a metric of the client's into a family; None for a kind that cannot travel."""
    kind = _KINDS.get(metric.type)
    if kind is None:
        return None
    names: tuple[str, ...] = ()
    points: dict[tuple[str, ...], Point] = {}
    below: dict[tuple[str, ...], int] = {}
    bounds: dict[tuple[str, ...], list[float]] = {}
    for sample in metric.samples:
        labels = {
            name: value
            for name, value in sample.labels.items()
            if not (kind == "histogram" and name == "le")
        }
        names = names or tuple(labels)
        key = tuple(labels.values())
        point = points.setdefault(key, Point(key))
        if sample.name.endswith("_bucket") and kind == "histogram":
            count = int(sample.value)
            point.counts += (count - below.get(key, 0),)
            point.exemplars += (_exemplar(sample.exemplar),)
            below[key] = count
            bounds.setdefault(key, []).append(float(sample.labels["le"]))
        elif sample.name.endswith("_count") and kind == "summary":
            point.counts += (int(sample.value),)
        elif not sample.name.endswith(("_created", "_count")):
            point.value = sample.value
            if kind == "counter" and sample.exemplar is not None:
                point.exemplars += (_exemplar(sample.exemplar),)
    for key, found in bounds.items():
        points[key].bounds = tuple(found[:-1])
    return Family(
        metric.name,
        metric.documentation,
        kind,
        names,
        list(points.values()),
        "worker" if kind == "gauge" else "sum",
        metric.unit,
        users=True,
    )


def metric_of(family: Family) -> Metric:
    """Turn a family back into a metric of the client's."""
    metric = Metric(family.name, family.help, family.kind, family.unit)
    for point in family.points:
        labels = dict(zip(family.labels, point.labels, strict=True))
        if family.kind == "histogram":
            _add_buckets(metric, family.name, labels, point)
        elif family.kind == "summary":
            metric.add_sample(f"{family.name}_count", labels, float(sum(point.counts)))
            metric.add_sample(f"{family.name}_sum", labels, point.value)
        elif family.kind == "counter":
            example = _client_exemplar(point.exemplars[0]) if point.exemplars else None
            metric.add_sample(f"{family.name}_total", labels, point.value, exemplar=example)
        else:
            metric.add_sample(family.name, labels, point.value)
    return metric


def _add_buckets(metric: Metric, name: str, labels: dict[str, str], point: Point) -> None:
    below = 0
    for place, count in enumerate(point.counts):
        below += count
        bound = "+Inf" if place == len(point.bounds) else repr(point.bounds[place])
        example = _client_exemplar(point.exemplars[place]) if point.exemplars else None
        metric.add_sample(f"{name}_bucket", {**labels, "le": bound}, float(below), exemplar=example)
    metric.add_sample(f"{name}_count", labels, float(below))
    metric.add_sample(f"{name}_sum", labels, point.value)


def _exemplar(example: ClientExemplar | None) -> Exemplar | None:
    """Keep an exemplar that names a trace; other labels cannot travel."""
    if example is None or KEY_TRACE_ID not in example.labels:
        return None
    span = example.labels.get(KEY_SPAN_ID, "")
    return Exemplar(
        example.labels[KEY_TRACE_ID], span, example.value, float(example.timestamp or 0)
    )


def _client_exemplar(example: Exemplar | None) -> ClientExemplar | None:
    if example is None:
        return None
    labels = {KEY_TRACE_ID: example.trace_id}
    if example.span_id:
        labels[KEY_SPAN_ID] = example.span_id
    return ClientExemplar(labels, example.value, example.at or None)


def _only(metric: Metric, names: Collection[str]) -> Metric | None:
    """Keep a metric that was asked for by its own name or a sample's."""
    if metric.name in names:
        return metric
    samples = [sample for sample in metric.samples if sample.name in names]
    if not samples:
        return None
    kept = Metric(metric.name, metric.documentation, metric.type, metric.unit)
    kept.samples = samples
    return kept
