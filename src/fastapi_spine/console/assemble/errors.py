"""Failures by fingerprint, each with the search that finds its requests."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from fastapi_spine.console.assemble.steps import cut
from fastapi_spine.console.filter import Filter, Match, Window
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.search import render
from fastapi_spine.console.views import ErrorGroup, ErrorPage
from fastapi_spine.core.conventions import ATTR_EXCEPTION_TYPE

_ALWAYS: Final = Window(0, (1 << 63) - 1)
_LOOKED_AT: Final = 20


def error_page(reader: Reader, window: Window, *, service: str = "", limit: int = 100) -> ErrorPage:
    """Return failures that are one failure as one, most recent first.

    Args:
        reader: the store.
        window: is widened to whole steps.
        service: only this one's, if not empty.
        limit: at most so many groups.
    """
    steps = cut(window)
    groups = reader.errors(steps.window, steps.step_ns, service=service, limit=limit)
    groups = sorted(groups, key=lambda group: -group.last_us)
    found = [structs.replace(group, search=search_of(reader, group)) for group in groups]
    start, end = steps.window
    return ErrorPage(start // 1000, end // 1000, steps.step_ns // 1000, found)


def search_of(reader: Reader, group: ErrorGroup, *, route: str = "") -> str:
    """Return the search that finds the requests of a failure.

    Args:
        reader: the store; the newest request that had the failure is looked at.
        group: the failure.
        route: only this one's, if not empty: failures of one type are told apart by it.
    """
    failed, error = _how(reader, group)
    matches = [error, Match("service", (group.service,)), Match("route", (route,))]
    told = tuple(one for one in matches if one is not None and one.values[0])
    return render(Filter(matches=told, failed=failed))


def _how(reader: Reader, group: ErrorGroup) -> tuple[bool | None, Match | None]:
    """Return whether its requests failed, and what else they have in common.

    A request that went well, whose background task raised or whose code caught the exception, only tells of it in its
    lines. One that failed by something else tells of it nowhere that a search could ask.
    """
    if group.type.isdigit():
        return True, Match("status", (group.type,))
    if not group.type:
        return True, None
    found = _newest(reader, group)
    if found and not any(failed for failed, _ in found):
        return None, Match(ATTR_EXCEPTION_TYPE, (group.type,))
    if found and all(error != group.type for _, error in found):
        return True, None
    return True, Match("error", (group.type,))


def _newest(reader: Reader, group: ErrorGroup) -> list[tuple[bool, str]]:
    """Return whether the newest request that had the failure failed, and by what; of each, if a trace has several."""
    wanted = (
        Filter(trace_id=group.trace_id) if group.trace_id else Filter(request_id=group.request_id)
    )
    if wanted == Filter():
        return []
    rows = reader.requests(wanted, _ALWAYS, limit=_LOOKED_AT).requests
    return [(row.failed, row.error) for row in rows if row.service == group.service]
