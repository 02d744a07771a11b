"""The routes of an application, for `spine doctor`: read by shape, whatever included or mounted them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from inspect import isclass, iscoroutinefunction
from typing import Any, NamedTuple


class Endpoint(NamedTuple):
    """What answers a route.

    Attributes:
        path: the template, with the prefixes of routers and mounts.
        methods: sorted; none for a websocket or a mount.
        call: the function.
        own: whether the application's author wrote it, and not FastAPI for its documentation.
    """

    path: str
    methods: tuple[str, ...]
    call: Callable[..., Any]
    own: bool

    @property
    def sync(self) -> bool:
        """Whether it runs in the thread pool."""
        call = self.call
        while isinstance(call, partial):
            call = call.func
        if isclass(call):
            return False
        return not (
            iscoroutinefunction(call) or iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004 - its kind, not whether it is there
        )


def endpoints(app: Any) -> list[Endpoint]:
    """Return every endpoint that can be found; a route of a shape nobody knows is left out."""
    return list(_below(getattr(app, "routes", None) or (), ""))


def mounts(app: Any) -> list[str]:
    """Return the paths at which other applications are mounted."""
    routes = getattr(app, "routes", None) or ()
    return [route.path for route in routes if hasattr(route, "app") and not _is_leaf(route)]


def _is_leaf(route: Any) -> bool:
    return callable(getattr(route, "endpoint", None))


def _below(routes: Any, prefix: str) -> Iterator[Endpoint]:
    for route in routes:
        path = getattr(route, "path", None)
        inner = getattr(route, "original_router", None)
        if inner is not None:
            added = getattr(getattr(route, "include_context", None), "prefix", "")
            yield from _below(inner.routes, prefix + added)
        elif isinstance(path, str) and _is_leaf(route):
            methods = tuple(sorted(set(getattr(route, "methods", None) or ()) - {"HEAD"}))
            own = getattr(route.endpoint, "__module__", "") != "fastapi.applications"
            yield Endpoint(prefix + path, methods, route.endpoint, own)
        elif isinstance(path, str):
            yield from _below(getattr(route, "routes", None) or (), prefix + path)
