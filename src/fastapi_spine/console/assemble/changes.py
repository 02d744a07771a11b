"""What is different from the window before: few sentences, each with its reason in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from fastapi_spine.console.assemble.comparing import UNLIKELY, chance_of_more
from fastapi_spine.console.assemble.halves import Half, Halves, above
from fastapi_spine.console.assemble.header import took
from fastapi_spine.console.assemble.steps import Steps
from fastapi_spine.console.filter import Filter, Match
from fastapi_spine.console.ports import Instance, Series
from fastapi_spine.console.quantiles import bucket_of
from fastapi_spine.console.search import render
from fastapi_spine.console.views import Change, ErrorGroup

LEAST_REQUESTS: Final = 20
"""With fewer in either window nothing is said about shares."""
LEAST_ERRORS: Final = 5
_MUCH_MORE: Final = 1.5
_MUCH_SLOWER: Final = 1.2
_EXPECTED: Final = 10
"""A route is silent if at its rate before so many requests would have come: by chance none come once in 22,000 times."""
_ORDER: Final = ("more_errors", "new_error", "silent", "slower", "version", "new_route", "faster")
BAD: Final = frozenset({"more_errors", "new_error", "silent", "slower"})


class Route(NamedTuple):
    """One route's series, and what it was before."""

    series: Series
    halves: Halves


def changes(
    routes: Sequence[Route],
    errors: Iterable[ErrorGroup],
    instances: Iterable[Instance],
    steps: Steps,
    share: float,
) -> list[Change]:
    """Return what changed, what needs eyes first.

    Args:
        routes: every route that had a request in either window.
        errors: failures that came in the window for the first time, each with its search.
        instances: who sent something in either window.
        steps: the window.
        share: how much of the window is over, 0 to 1.
    """
    known = {one.series.service for one in routes if one.halves.before.requests}
    found = [
        *_of_routes(routes, known, steps, share),
        *(_new_error(group, known=group.service in known) for group in errors),
        *_versions(instances, steps),
    ]
    return sorted(
        found, key=lambda one: (_ORDER.index(one.kind), -one.at_us, one.service, one.route)
    )


def _of_routes(
    routes: Sequence[Route], known: set[str], steps: Steps, share: float
) -> Iterator[Change]:
    alive = {one.series.service for one in routes if one.halves.now.requests}
    silent: set[str] = set()
    for route in routes:
        service = route.series.service
        now, before = route.halves
        if not now.requests:
            whole_service = service not in alive
            if service not in silent and before.requests * share >= _EXPECTED:
                silent.update({service} if whole_service else ())
                yield _silent(route, steps, whole_service=whole_service)
        elif not before.requests:
            if service in known:
                yield _change(
                    "new_route",
                    route,
                    steps,
                    f"was not asked before; {now.requests:,} requests now.",
                )
        else:
            yield from _compared(route, steps)


def _compared(route: Route, steps: Steps) -> Iterator[Change]:
    now, before = route.halves
    if min(now.requests, before.requests) < LEAST_REQUESTS:
        return
    if (
        now.errors >= LEAST_ERRORS
        and now.errors / now.requests > _MUCH_MORE * before.errors / before.requests
    ):
        chance = chance_of_more(now.errors, now.requests, before.errors, before.requests)
        if chance < UNLIKELY:
            text = f"fails {now.errors / now.requests:.1%} of requests; it was {before.errors / before.requests:.1%}."
            yield _change("more_errors", route, steps, text, failed=True)
    for kind, after, earlier in (("slower", now, before), ("faster", before, now)):
        if _slower(after, earlier):
            text = f"has a p95 of {_p95(now)}; it was {_p95(before)}."
            yield _change(kind, route, steps, text)


def _slower(now: Half, before: Half) -> bool:
    """Whether p95 rose by more than the buckets can blur, by a fifth, and not by chance."""
    p95, earlier = now.p95_ns(), before.p95_ns()
    if p95 is None or earlier is None or p95 < _MUCH_SLOWER * earlier:
        return False
    bound = bucket_of(before.bounds_ns, earlier)[1]
    if bucket_of(now.bounds_ns, p95)[0] < bound:
        return False
    chance = chance_of_more(above(now, bound), now.requests, above(before, bound), before.requests)
    return chance < UNLIKELY


def _p95(half: Half) -> str:
    value = half.p95_ns()
    return "nothing" if value is None else took(value / 1000)


def _silent(route: Route, steps: Steps, *, whole_service: bool) -> Change:
    before = route.halves.before
    last = max(place for place, count in enumerate(before.counts) if count)
    at_ns = steps.before().start + (last + 1) * steps.step_ns
    service = route.series.service
    if whole_service:
        search = render(Filter(matches=(Match("service", (service,)),)))
        return Change(
            "silent", service, "", f"{service} has sent no request since.", search, at_ns // 1000
        )
    text = f"had {before.requests:,} requests in the window before, and none now."
    return _change("silent", route, steps, text, at_ns=at_ns)


def _change(
    kind: str,
    route: Route,
    steps: Steps,
    text: str,
    *,
    failed: bool = False,
    at_ns: int | None = None,
) -> Change:
    series = route.series
    fields = (("service", series.service), ("method", series.method), ("route", series.route))
    matches = [Match(key, (value,)) for key, value in fields if value]
    if series.method and not series.route:
        matches.append(Match("route", ("*",), negated=True))
    search = render(Filter(matches=tuple(matches), failed=True if failed else None))
    name = f"{series.method} {series.route or 'without a route'}" if series.method else series.route
    at = at_ns if at_ns is not None else steps.window.start
    return Change(kind, series.service, series.route, f"{name} {text}", search, at // 1000)


def _new_error(group: ErrorGroup, *, known: bool) -> Change:
    where = f" in {group.where}" if group.where else ""
    times = "once" if group.count == 1 else f"{group.count:,} times"
    # Of a service that is new itself nobody can say what it did before.
    before = "; it did not happen before" if known else ""
    text = f"{group.type or 'A failure'}{where}, {times}{before}."
    return Change("new_error", group.service, group.route, text, group.search, group.first_us)


def _versions(instances: Iterable[Instance], steps: Steps) -> Iterator[Change]:
    """Yield versions that began in the window, of services that had another one before."""
    first: dict[str, dict[str, int]] = {}
    for one in sorted(instances, key=lambda one: one.first_ns):
        if one.version:
            first.setdefault(one.service, {}).setdefault(one.version, one.first_ns)
    for service, versions in first.items():
        names = list(versions)
        for earlier, version in pairwise(names):
            if versions[version] >= steps.window.start:
                search = render(Filter(matches=(Match("service", (service,)),)))
                text = f"{service} runs {version}; it was {earlier}."
                yield Change("version", service, "", text, search, versions[version] // 1000)
