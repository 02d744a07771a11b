"""The first page: every service and route against the window before, what needs eyes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from fastapi_spine.console.assemble.changes import BAD, Route, changes
from fastapi_spine.console.assemble.errors import search_of
from fastapi_spine.console.assemble.halves import added, halves
from fastapi_spine.console.assemble.steps import Steps, cut
from fastapi_spine.console.facts import METHOD_WEBSOCKET
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Instance, Reader
from fastapi_spine.console.views import Basis, Change, Overview, RouteNumbers, ServiceNumbers

_NS: float = 1e9


def overview(reader: Reader, window: Window) -> Overview:
    """Return the overview of a window, compared with the window of the same length before it.

    Args:
        reader: the store.
        window: is widened to whole steps of at least a minute; rates are over the part of it that was asked for.
    """
    steps = cut(window)
    both = Window(steps.before().start, steps.window.end)
    found = reader.series(both, steps.step_ns)
    instances = reader.instances(both)
    errors = [
        structs.replace(group, search=search_of(reader, group, route=group.route))
        for group in reader.errors(steps.window, steps.step_ns)
        if group.new
    ]
    routes = [Route(series, halves(series, steps.number)) for series in found]
    elapsed = (window.end - steps.window.start) / _NS
    whole = (steps.window.end - steps.window.start) / _NS
    changed = changes(routes, errors, instances, steps, elapsed / whole)
    return Overview(
        steps.window.start // 1000,
        steps.window.end // 1000,
        steps.step_ns // 1000,
        _services(routes, instances, changed, steps, elapsed),
        _routes(routes, changed, elapsed, whole),
        changed,
    )


def _routes(
    routes: Sequence[Route], changed: Sequence[Change], elapsed: float, whole: float
) -> list[RouteNumbers]:
    troubled = {(one.service, one.route) for one in changed if one.kind in BAD}
    found = [
        RouteNumbers(
            route.series.service,
            route.series.method,
            route.series.route,
            route.series.basis,
            route.halves.now.numbers(elapsed),
            route.halves.before.numbers(whole),
            route.halves.now.counts,
            route.halves.now.failures,
            route.halves.now.p95_us(),
        )
        for route in routes
        if route.halves.now.requests or route.halves.before.requests
    ]

    def eyes(one: RouteNumbers) -> tuple[bool, int, float, str, str, str]:
        """Trouble first, then failures, then where most time goes."""
        spent = one.now.count * (one.now.p50_us or 0.0)
        quiet = (one.service, one.route) not in troubled
        return quiet, -one.now.errors, -spent, one.service, one.route, one.method

    return sorted(found, key=eyes)


def _services(
    routes: Sequence[Route],
    instances: Iterable[Instance],
    changed: Sequence[Change],
    steps: Steps,
    elapsed: float,
) -> list[ServiceNumbers]:
    by_service: dict[str, list[Route]] = {}
    for route in routes:
        by_service.setdefault(route.series.service, []).append(route)
    senders: dict[str, list[Instance]] = {}
    for one in instances:
        if one.last_ns >= steps.window.start:
            senders.setdefault(one.service, []).append(one)
    whole = (steps.window.end - steps.window.start) / _NS
    troubled = {one.service for one in changed if one.kind in BAD}
    found = [
        _service(name, own, senders.get(name, []), elapsed, whole)
        for name, own in by_service.items()
    ]
    return sorted(
        found,
        key=lambda one: (one.service not in troubled, -one.now.errors, -one.now.count, one.service),
    )


def _service(
    name: str, routes: Sequence[Route], senders: Sequence[Instance], elapsed: float, whole: float
) -> ServiceNumbers:
    """Add a service's routes up; how long connections lasted says nothing of how long answers took."""
    counted = [one for one in routes if one.series.method != METHOD_WEBSOCKET] or routes
    now = added([route.halves.now for route in counted])
    before = added([route.halves.before for route in counted])
    basis: Basis = "metrics" if all(one.series.basis == "metrics" for one in counted) else "spans"
    ordered = sorted(senders, key=lambda one: one.first_ns)
    versions = dict.fromkeys(one.version for one in ordered if one.version)
    return ServiceNumbers(
        name,
        basis,
        len({one.instance for one in senders}),
        list(versions),
        now.numbers(elapsed),
        before.numbers(whole),
        now.counts,
        now.failures,
        now.p95_us(),
    )
