"""Every route that an application has, read by shape once at start-up; nothing here may keep it from starting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_DEEPEST: Final = 20


class Known(NamedTuple):
    """One route.

    Attributes:
        methods: that it answers; empty for all.
        path: its template, with the prefixes of included routers and mounts.
        endpoint: what answers; None below a mount without routes of its own.
    """

    methods: frozenset[str]
    path: str
    endpoint: Any


class RouteTable(NamedTuple):
    """What was found.

    Attributes:
        routes: those that were understood.
        whole: whether all were; if not, a route may be there though it is not found.
    """

    routes: tuple[Known, ...]
    whole: bool


def route_table(app: Any) -> RouteTable:
    """Read an application's routes; of one that has none to show, none, and not the whole."""
    routes = getattr(app, "routes", None)
    if not isinstance(routes, list):
        return RouteTable((), whole=False)
    found = list(_walk(routes, "", 0))
    known = tuple(one for one in found if one is not None)
    return RouteTable(known, whole=len(known) == len(found))


def _walk(routes: list[Any], prefix: str, depth: int) -> Iterator[Known | None]:
    """Go through routes; None stands for one that is not understood."""
    for route in routes:
        included = getattr(route, "effective_route_contexts", None)
        if callable(
            included
        ):  # FastAPI >= 0.137: an included router knows its routes with all prefixes
            yield from (_known(one, prefix) for one in included() if _speaks_http(one))
        elif hasattr(route, "endpoint"):
            if _speaks_http(route):
                yield _known(route, prefix)
        elif depth < _DEEPEST and isinstance(getattr(route, "path", None), str):
            inner = getattr(route, "routes", None)
            if inner:
                yield from _walk(list(inner), prefix + route.path, depth + 1)
            else:
                yield Known(frozenset(), f"{prefix}{route.path}/{{path}}", None)
        else:
            yield None


def _speaks_http(route: Any) -> bool:
    return hasattr(route, "methods")


def _known(route: Any, prefix: str) -> Known | None:
    path = getattr(route, "path", None)
    if not isinstance(path, str):
        return None
    return Known(frozenset(route.methods or ()), prefix + path, getattr(route, "endpoint", None))
