"""Rate, errors and duration per route, worked out from a service's `/metrics` page as Prometheus would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from fastapi_spine.demo.look import Look, clip

_ROUTE: Final = 34
_FAMILIES: Final = ("http_requests", "http_request_duration_seconds")
_SERVER_ERRORS: Final = "5"
_PROBE: Final = "/healthz"


@dataclass(slots=True)
class Route:
    """What one service counted for one method and route.

    Attributes:
        requests: how many were answered.
        failed: how many of them with a 5xx or with nothing at all.
        buckets: how many took at most so many seconds, by upper bound.
        took: seconds of all of them together.
    """

    service: str
    method: str
    path: str
    requests: float = 0.0
    failed: float = 0.0
    buckets: dict[float, float] = field(default_factory=dict)
    took: float = 0.0

    def quantile(self, share: float) -> float | None:
        """Estimate the duration that a share of requests stayed below, in seconds.

        As PromQL's `histogram_quantile`: the bucket that holds it, and a straight line inside.
        """
        bounds = sorted(self.buckets)
        total = self.buckets[bounds[-1]] if bounds else 0.0
        if not total:
            return None
        rank, lower, below = share * total, 0.0, 0.0
        for bound in bounds:
            if self.buckets[bound] >= rank:
                if bound == float("inf"):
                    return lower
                inside = self.buckets[bound] - below
                return lower + (bound - lower) * ((rank - below) / inside if inside else 1.0)
            lower, below = bound, self.buckets[bound]
        return lower


def routes(pages: Mapping[str, str]) -> list[Route]:
    """Read every route of every service, the busiest first, probes left out.

    Args:
        pages: the text of each service's `/metrics`, by service.
    """
    found: dict[tuple[str, str, str], Route] = {}
    for service, sample in _samples(pages):
        key = (service, sample.labels["method"], sample.labels["path"])
        _add(found.setdefault(key, Route(*key)), sample.name, sample.labels, sample.value)
    shown = [route for route in found.values() if route.path != _PROBE and route.requests]
    return sorted(shown, key=lambda route: -route.requests)


def _samples(pages: Mapping[str, str]) -> Iterator[tuple[str, Sample]]:
    for service, text in pages.items():
        for family in text_string_to_metric_families(text):
            if family.name in _FAMILIES:
                yield from ((service, sample) for sample in family.samples)


def _add(route: Route, name: str, labels: Mapping[str, str], value: float) -> None:
    if name == "http_requests_total":
        route.requests += value
        if labels["status"][:1] in {"", _SERVER_ERRORS}:
            route.failed += value
    elif name.endswith("_bucket"):
        route.buckets[float(labels["le"])] = value
    elif name.endswith("_sum"):
        route.took += value


def red_table(found: list[Route], look: Look) -> list[str]:
    """Draw routes as a table: how often, how many failed, how fast."""
    head = f"{'service':<9} {'route':<{_ROUTE}} {'requests':>8} {'errors':>8} {'p50':>9} {'p95':>9}"
    return [look.paint("dim", head), *(_row(route, look) for route in found)]


def _row(route: Route, look: Look) -> str:
    share = route.failed / route.requests
    errors = look.paint("red" if route.failed else "dim", f"{share:>8.1%}")
    name = clip(f"{route.method} {route.path}", _ROUTE)
    times = f"{_ms(route.quantile(0.5))} {_ms(route.quantile(0.95))}"
    return f"{look.service(route.service)} {name:<{_ROUTE}} {route.requests:>8.0f} {errors} {times}"


def _ms(seconds: float | None) -> str:
    return f"{'-':>9}" if seconds is None else f"{seconds * 1000:>6.0f} ms"
