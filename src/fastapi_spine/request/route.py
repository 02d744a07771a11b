"""The route template of a request, read after the router ran; never by matching again.

Matching a second time costs 200 to 1,000 µs at 200 routes, and walking `app.routes` broke eight projects when
FastAPI 0.137 made it a tree. The router leaves everything needed in the scope; here it is read by shape,
so that a release of the framework can at worst cost us the name, never the request.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isclass, isroutine
from typing import Any

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.conventions import ROUTE_UNMATCHED

_ASGI_ARGUMENTS = 3


def route_template(scope: Scope) -> str:
    """Return the route that answered, with the prefixes of included routers and mounts.

    Args:
        scope: the connection's scope after the application ran on it.

    Returns:
        For example `/api/users/{user_id}`; `/static/{path}` below a mounted file server or foreign ASGI
        application; `__unmatched__` for whatever no route answered. The server's or proxy's own
        `root_path` is not part of it.
    """
    route = scope.get("route")
    if route is None:
        return _from_endpoint(scope)
    # What FastAPI >= 0.137 knows of a route inside included routers, prefixes included.
    known = scope.get("fastapi")
    context = known.get("effective_route_context") if isinstance(known, dict) else None
    path = getattr(route if context is None else context, "path", None)
    if not isinstance(path, str):
        return ROUTE_UNMATCHED
    if not hasattr(route, "endpoint"):
        return _mounted(route, scope, path)
    inside = scope.get("app_root_path")
    if inside is None or inside == scope.get("root_path"):
        return path
    return _mount_prefix(scope, path) + path


def _from_endpoint(scope: Scope) -> str:
    """Name what a plain Starlette route or mount inside FastAPI answered: it leaves an endpoint, but no route."""
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return ROUTE_UNMATCHED
    if isclass(endpoint) or (isroutine(endpoint) and not _takes_asgi(endpoint)):
        return _path_as_template(scope)
    if hasattr(endpoint, "routes"):
        return ROUTE_UNMATCHED
    return _mount_prefix(scope, "") + "/{path}"


def _takes_asgi(function: Any) -> bool:
    """Tell an ASGI function (scope, receive, send) from an endpoint (request) by its arguments."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and code.co_argcount >= _ASGI_ARGUMENTS


def _path_as_template(scope: Scope) -> str:
    """Put the names of the path parameters back where their values stand; unsure means unmatched.

    Routers hand parameters over in the order of the path. If their values can stand there in two ways, as `users` in
    `/users/users`, nobody can tell which segment is the route's own.
    """
    root = scope.get("app_root_path", scope.get("root_path", ""))
    path = f"{scope.get('path', '').removeprefix(root)}/"
    params = scope.get("path_params", {})
    values = [f"/{value}/" for value in params.values()]
    starts = _leftmost(path, values)
    if starts is None or starts != _rightmost(path, values):
        return ROUTE_UNMATCHED
    return _named(path, params, values, starts)


def _named(path: str, names: Iterable[str], values: list[str], starts: list[int]) -> str:
    """Put names where values stand; the path ends with a slash, what is returned does not."""
    template, done = "", 0
    for name, value, start in zip(names, values, starts, strict=True):
        template += f"{path[done:start]}/{{{name}}}"
        done = start + len(value) - 1  # its last slash may be the next one's first
    return (template + path[done:])[:-1]


def _leftmost(path: str, values: list[str]) -> list[int] | None:
    """Find where values stand one after the other, each as early as can be; None if they do not."""
    starts, after = [], 0
    for value in values:
        start = path.find(value, after)
        if start < 0:
            return None
        starts.append(start)
        after = start + len(value) - 1
    return starts


def _rightmost(path: str, values: list[str]) -> list[int]:
    """Find the same, each as late as can be, of values that do stand there."""
    starts, end = [], len(path)
    for value in reversed(values):
        start = path.rfind(value, 0, end)
        starts.append(start)
        end = start + 1
    return starts[::-1]


def _mounted(route: object, scope: Scope, path: str) -> str:
    """Name what a mount without routes of its own answered: one template for all that lies below."""
    if getattr(route, "routes", None):
        return ROUTE_UNMATCHED
    prefix = _mount_prefix(scope, "")
    return f"{prefix if prefix.endswith(path) else path}/{{path}}"


def _mount_prefix(scope: Scope, path: str) -> str:
    """Return what mounts added to `root_path`; the mounts' own parameters become names again.

    A value that stands there twice, as in `/users/users`, is taken for the later one: what is a mount's own comes first.
    """
    application_root = scope.get("app_root_path")
    if application_root is None:
        return ""
    prefix = str(scope.get("root_path", ""))[len(application_root) :]
    params = scope.get("path_params", {})
    whole = f"{prefix}/"
    names = [  # a converter may have written a value in another way than it came
        name for name, value in params.items() if f"{{{name}" not in path and f"/{value}/" in whole
    ]
    values = [f"/{params[name]}/" for name in names]
    if not names or _leftmost(whole, values) is None:
        return prefix
    return _named(whole, names, values, _rightmost(whole, values))
