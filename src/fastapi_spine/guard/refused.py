"""Whose refusals they are: the route that a refused request was for, where a promise of that route calls them bad.

A guard answers before the router ran, so nobody has named the route, and a request without a route is nobody's promise.
An objective that calls 429 bad would never see the guard's own. To name every refusal would be no better: a single client
that asks in a loop would count as thousands of good answers, and hide that those of everybody else fail.

The router's own search costs 200 to 1,000 µs at 200 routes; to remember paths is no bound, because strangers choose them.
So templates stand in a tree of their segments: a look takes as many steps as the path has segments, 4 µs at 200 routes,
and remembers nothing. It is taken for a refusal only, and only where some promise speaks of its status.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from starlette.routing import compile_path

from fastapi_spine.core.asgi import Scope
from fastapi_spine.core.conventions import GUARD_BODY, GUARD_RATE, KNOWN_METHODS
from fastapi_spine.guard.reply import Answer

_GUARDS: Final = frozenset({GUARD_RATE, GUARD_BODY})
"""A wrong host and a preflight are no requests for a route; whoever is too late has passed the router."""
_STATUSES: Final = (413, 429, 503)
"""What they answer; 503 is that of a shared store out of reach, with `rate_failure="closed"`."""
_LONGEST: Final = 1_024
_NAME: Final = re.compile(r"\?P<\w+>")
_PARAMETER: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_WITHIN: Final = frozenset({None, "str", "int", "float", "uuid"})
"""Convertors whose values hold no slash; any other may."""

Bad = Callable[[str, str, int], bool]
"""Whether some promise calls an answer bad: method, template, status."""


class Route(Protocol):
    """One route of an application."""

    @property
    def methods(self) -> frozenset[str]:
        """What it answers; empty for all."""

    @property
    def path(self) -> str:
        """Its template."""

    @property
    def endpoint(self) -> object:
        """What answers; None for what is mounted, which has all below its path."""


class RefusedRoutes:
    """Names the routes of refused requests; until it has learnt of promises, none."""

    __slots__ = ("_bad", "_root", "_tree")

    def __init__(self) -> None:
        self._bad: Mapping[tuple[str, str], frozenset[int]] = {}
        self._tree = _Tree(())
        self._root = ""

    def learn(self, routes: Iterable[Route], bad: Bad, root: str) -> None:
        """Take the routes there are, and what is promised of them.

        Args:
            routes: in the order in which the router asks them.
            bad: see there.
            root: the path that the application says it is mounted at.
        """
        known = tuple(routes)
        found = {
            (method, route.path): frozenset(
                status for status in _STATUSES if bad(method, route.path, status)
            )
            for route in known
            for method in route.methods or KNOWN_METHODS
        }
        self._root = root
        self._tree = _Tree(known)
        self._bad = {key: statuses for key, statuses in found.items() if statuses}

    def mark(self, scope: Scope, answer: Answer) -> None:
        """Leave the route in the scope, as the router would have, if a promise calls the answer bad."""
        if not self._bad or answer.refusal.guard not in _GUARDS or scope["type"] != "http":
            return
        method = scope["method"]
        path = _below(scope["path"], self._root or scope.get("root_path", ""))
        route = self._tree.find(method, path) if len(path) <= _LONGEST else None
        if route is not None and answer.status in self._bad.get((method, route.path), ()):
            scope["route"] = route
            scope["endpoint"] = route.endpoint


class _End(NamedTuple):
    """Where a template ends: its place in the router's order, and the rest of a path that may hold slashes."""

    place: int
    rest: re.Pattern[str] | None


class _Node:
    """What may follow the segments so far: a word, a parameter, nothing."""

    __slots__ = ("ends", "parameters", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.parameters: dict[str, tuple[re.Pattern[str], _Node]] = {}
        self.ends: list[_End] = []

    def below(self, segment: str) -> _Node:
        """Return what follows a segment of a template; parameters of one kind share it, whatever they are called."""
        if "{" not in segment:
            return self.words.setdefault(segment, _Node())
        pattern = _pattern(segment)
        return self.parameters.setdefault(pattern.pattern, (pattern, _Node()))[1]

    def after(self, segment: str) -> Iterator[_Node]:
        """Go through what follows a segment of a path."""
        word = self.words.get(segment)
        if word is not None:
            yield word
        for pattern, node in self.parameters.values():
            if pattern.match("/" + segment):
                yield node


class _Tree:
    """Routes by the segments of their templates."""

    __slots__ = ("_routes", "_top")

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._routes = routes
        self._top = _Node()
        for place, route in enumerate(routes):
            self._plant(place, route)

    def find(self, method: str, path: str) -> Route | None:
        """Return the route that the router would ask: the first that fits."""
        best: int | None = None
        for place in _ends(self._top, path.split("/")[1:]):
            methods = self._routes[place].methods
            if (best is None or place < best) and (not methods or method in methods):
                best = place
        return None if best is None else self._routes[best]

    def _plant(self, place: int, route: Route) -> None:
        path = route.path
        if route.endpoint is None and path.endswith("/{path}"):
            path = path.removesuffix("}") + ":path}"
        node, segments = self._top, path.split("/")[1:]
        for index, segment in enumerate(segments):
            if any(kind not in _WITHIN for kind in _kinds(segment)):
                node.ends.append(_End(place, _pattern("/".join(segments[index:]))))
                return
            node = node.below(segment)
        node.ends.append(_End(place, None))


def _ends(top: _Node, segments: list[str]) -> Iterator[int]:
    """Go through the places of the templates that fit."""
    waiting = [(top, 0)]
    while waiting:
        node, index = waiting.pop()
        left = segments[index:]
        for place, rest in node.ends:
            if (not left) if rest is None else (left and rest.match("/" + "/".join(left))):
                yield place
        if left:
            waiting += [(below, index + 1) for below in node.after(left[0])]


def _kinds(segment: str) -> list[str | None]:
    return [match[2] for match in _PARAMETER.finditer(segment)]


def _pattern(part: str) -> re.Pattern[str]:
    """Return a part of a template as Starlette reads it, without names."""
    return re.compile(_NAME.sub("", compile_path("/" + part)[0].pattern))


def _below(path: str, root: str) -> str:
    """Return the path below where the application is mounted, as Starlette's router sees it."""
    root = root.rstrip("/")
    return path[len(root) :] if root and path.startswith(root + "/") else path
