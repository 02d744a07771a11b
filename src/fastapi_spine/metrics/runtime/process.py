"""The process as `prometheus_client` measures it, and what we know of ourselves."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any, Final

from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR

from fastapi_spine.core.conventions import DISTRIBUTION, SIGNAL_LINES
from fastapi_spine.core.health import Health
from fastapi_spine.metrics import catalog
from fastapi_spine.metrics.family import Family, Kind, Point
from fastapi_spine.metrics.series import family

_UNKNOWN: Final = ""
_COLLECTORS: Final[tuple[Any, ...]] = (PROCESS_COLLECTOR, GC_COLLECTOR)
_KINDS: Final[dict[str, Kind]] = {"counter": "counter", "gauge": "gauge"}


def process_families() -> Iterator[Family]:
    """Measure CPU, memory, file descriptors, start time and collected objects of this process.

    `prometheus_client` knows how on every platform; each worker keeps its own.
    """
    for collector in _COLLECTORS:
        for metric in collector.collect():
            kind = _KINDS.get(metric.type)
            if kind is None or not metric.samples:
                continue
            labels = tuple(metric.samples[0].labels)
            points = [
                Point(tuple(sample.labels.values()), sample.value) for sample in metric.samples
            ]
            yield Family(metric.name, metric.documentation, kind, labels, points, "worker")


def health_families(health: Health) -> Iterator[Family]:
    """Tell of our own faults and losses."""
    dropped = {(SIGNAL_LINES, reason): count for reason, count in health.dropped.copy().items()}
    accounts = {signal: balance() for signal, balance in health.accounts.items()}
    known = {signal: balance for signal, balance in accounts.items() if balance is not None}
    for signal, balance in known.items():
        dropped.update({(signal, reason): count for reason, count in balance.dropped.items()})
    yield family(catalog.DROPPED, (Point(key, float(count)) for key, count in dropped.items()))
    for entry, place in ((catalog.EMITTED, 0), (catalog.DELIVERED, 1), (catalog.QUEUED, 3)):
        yield family(entry, (Point((signal,), float(one[place])) for signal, one in known.items()))  # type: ignore[arg-type]  # the numbers of a balance
    recovered = {signal: one.recovered for signal, one in known.items() if one.recovered}
    yield family(
        catalog.RECOVERED, (Point((signal,), float(count)) for signal, count in recovered.items())
    )
    for entry, counted in (
        (catalog.INTERNAL_ERRORS, health.internal_errors),
        (catalog.REDACTIONS, health.redactions),
        (catalog.SUPPRESSED, health.suppressed),
    ):
        yield family(entry, _points(counted.copy()))


def build_family(service: str) -> Family:
    """Say what runs: 1, with versions as labels."""
    labels = (
        _version(DISTRIBUTION),
        service,
        platform.python_version(),
        _version("fastapi"),
        _version("starlette"),
    )
    entry = catalog.BUILD_INFO
    return family(entry, [Point(labels, 1.0)])


def _points(counted: Mapping[str, int]) -> Iterable[Point]:
    return (Point((key,), float(count)) for key, count in counted.items())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return _UNKNOWN
