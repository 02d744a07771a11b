"""Why an alert fires: worst routes, offending requests, their errors, and what changed."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from fastapi_spine.alerts.promise import Promise
from fastapi_spine.console.alert_views import Evidence, GuiltyRoute
from fastapi_spine.console.assemble import overview
from fastapi_spine.console.assemble.errors import search_of
from fastapi_spine.console.filter import Between, Filter, Match, Window
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.views import Change, ErrorGroup, RequestRow
from fastapi_spine.console.watch.counting import own, speaks_of, tallies

_MINUTE_NS: Final = 60_000_000_000
_NS: Final = 1_000_000_000
_REQUESTS: Final = 10
_LOOKED_AT: Final = 200
_ROUTES: Final = 5
_ERRORS: Final = 5
_CHANGES: Final = 10


def evidence(reader: Reader, promise: Promise, now_ns: int, long_s: int) -> Evidence:
    """Gather it.

    Args:
        reader: the store.
        promise: which is at risk.
        now_ns: the end of the window.
        long_s: how long it is, seconds.
    """
    start = (now_ns - long_s * _NS) // _MINUTE_NS * _MINUTE_NS
    minutes = -(-(now_ns - start) // _MINUTE_NS)
    window = Window(start, start + minutes * _MINUTE_NS)
    mine = own(promise, reader.series(window, _MINUTE_NS, service=promise.service))
    routes, every = [], 0
    for one in mine:
        counted = tallies(promise, [one], len(one.counts))
        bad = sum(each.bad for each in counted)
        total = round(max(sum(each.total for each in counted), bad))
        every += total
        if bad:
            routes.append(GuiltyRoute(one.method, one.route, total, bad))
    routes.sort(key=lambda one: (-one.bad, one.route, one.method))
    named = {one.route for one in mine}
    return Evidence(
        now_ns // 1000,
        every,
        sum(one.bad for one in routes),
        routes[:_ROUTES],
        _offenders(reader, promise, window),
        _errors(reader, promise, window, named),
        _changes(reader, promise, window, named),
    )


def _offenders(reader: Reader, promise: Promise, window: Window) -> list[RequestRow]:
    """Return the newest requests that broke the promise."""
    of_service = (Match("service", (promise.service,)),)
    if promise.threshold_s is not None:
        slow = Between("duration", promise.threshold_s * _NS, None)
        searches = [Filter(matches=of_service, sizes=(slow,))]
    else:
        searches = [Filter(matches=of_service, failed=True)]
        codes = tuple(
            f"{word[0]}*" if word.endswith("xx") else word
            for word in promise.badness.words
            if word[0].isdigit()
        )
        if codes:
            searches.append(Filter(matches=(*of_service, Match("status", codes))))
    found = {
        row.span_id: row
        for search in searches
        for row in reader.requests(search, window, limit=_LOOKED_AT).requests
        if _broke(promise, row)
    }
    return sorted(found.values(), key=lambda row: -row.start_us)[:_REQUESTS]


def _broke(promise: Promise, row: RequestRow) -> bool:
    if not speaks_of(promise, row.method, row.route):
        return False
    if promise.threshold_s is not None:
        return row.duration_us > promise.threshold_s * 1e6
    return promise.badness.bad(row.status or 0, failed=row.failed)


def _errors(reader: Reader, promise: Promise, window: Window, routes: set[str]) -> list[ErrorGroup]:
    step = window.end - window.start
    groups = reader.errors(window, step, service=promise.service)
    mine = [one for one in groups if not one.route or one.route in routes]
    most = sorted(mine, key=lambda one: -one.count)[:_ERRORS]
    return [structs.replace(one, search=search_of(reader, one, route=one.route)) for one in most]


def _changes(reader: Reader, promise: Promise, window: Window, routes: set[str]) -> list[Change]:
    """Return what is different from the window before: of the promise's routes, and of versions and errors anywhere.

    A deploy of the service itself comes first, since that is what most often broke it; then what else it shows.
    """
    found = overview(reader, window).changes
    mine = [
        one
        for one in found
        if one.kind in {"version", "new_error"}
        or (one.service == promise.service and (not one.route or one.route in routes))
    ]
    mine.sort(key=lambda one: (one.service != promise.service, one.kind != "version"))
    return mine[:_CHANGES]
