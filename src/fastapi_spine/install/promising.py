"""Objectives at start-up: those of settings and of `@policy`, checked against the routes that there are."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from fastapi_spine.alerts.matching import fits
from fastapi_spine.alerts.promise import Promise, promises_of
from fastapi_spine.core.console_names import LOGGER_ALERTS, RESOURCE_OBJECTIVES
from fastapi_spine.core.conventions import POLICY_ATTRIBUTE
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.core.health import Health
from fastapi_spine.request.routes import Known, RouteTable, route_table
from fastapi_spine.settings.complaint import nearest
from fastapi_spine.settings.objective import Objective
from fastapi_spine.settings.targets import EVERYTHING

_log: Final = logging.getLogger(LOGGER_ALERTS)
_LONGEST: Final = 32 * 1024
_HEAD: Final = "HEAD"
Bounds = tuple[float, ...]


class Counting(Protocol):
    """What counts requests."""

    def promised(
        self, method: str, route: str, threshold_s: float | None, buckets: Bounds | None
    ) -> None:
        """Count a route from zero, and how many of its requests take longer than a threshold exactly."""


class Refusing(Protocol):
    """Who answers some requests before the router ran."""

    def learn(
        self, routes: Iterable[Known], bad: Callable[[str, str, int], bool], root: str
    ) -> None:
        """Name the route of what is refused, where a promise calls that bad."""


class Declaring(Protocol):
    """Who the process is, as telemetry says it."""

    def declare(self, attributes: Mapping[str, Any]) -> None:
        """Say more."""


class Promising:
    """What a service promises.

    Args:
        app: the application, whose routes are read when it starts.
        objectives: of settings.
        service: the service's name.
        health: catches faults; only what a user wrote wrongly keeps an application from starting.
        counting: counts requests, if anything does.
        declaring: tells receivers of telemetry, if there are any.
        refusing: answers some requests before the router ran, if anything does.
    """

    def __init__(
        self,
        app: Any,
        objectives: Sequence[Objective],
        service: str,
        health: Health,
        *,
        counting: Counting | None,
        declaring: Declaring | None,
        refusing: Refusing | None = None,
    ) -> None:
        self._app = app
        self._objectives = tuple(objectives)
        self._service = service
        self._guarded = health.guarded
        self._counting = counting
        self._declaring = declaring
        self._refusing = refusing
        promises_of(
            self._objectives, service
        )  # two of one name are an error where the layer is set up
        self._tell(self._objectives)

    def promises(self) -> tuple[Promise, ...]:
        """Return every promise, those of policies included, as far as the routes are there by now.

        Raises:
            SettingsError: as `check`.
        """
        table = self._guarded("objectives", route_table, self._app) or RouteTable((), whole=False)
        objectives = (*self._objectives, *_of_policies(table.routes))
        for objective in objectives:
            if objective.service in {"", self._service}:
                self._match(objective, table)
        return promises_of(objectives, self._service)

    def check(self) -> None:
        """Match every objective with routes; called when the application's own start-up code has run.

        Raises:
            SettingsError: an objective of this service matches no route, or two have one name.
        """
        table = self._guarded("objectives", route_table, self._app) or RouteTable((), whole=False)
        objectives = (*self._objectives, *_of_policies(table.routes))
        self._guarded("objectives", self._arrange, self.promises(), table)
        self._tell(objectives)

    def _match(self, objective: Objective, table: RouteTable) -> None:
        for target in objective.target:
            if target == EVERYTHING or any(means(target, one) for one in table.routes):
                continue
            message = _no_route(target, table)
            if table.whole:
                raise SettingsError(message)
            _log.warning(message)

    def _arrange(self, promises: Sequence[Promise], table: RouteTable) -> None:
        own = [one for one in promises if one.service == self._service]
        if self._refusing is not None:
            root = getattr(self._app, "root_path", "")
            self._refusing.learn(table.routes, partial(_is_bad, own), root)
        if self._counting is None:
            return
        # Thresholds first: a histogram keeps the buckets that it begins with.
        for promise in sorted(own, key=lambda one: one.threshold_s is None):
            for method, route in _served(table):
                if promise.selection.fits(method, route.path):
                    buckets = getattr(_policy(route), "buckets", None)
                    self._counting.promised(method, route.path, promise.threshold_s, buckets)

    def _tell(self, objectives: Sequence[Objective]) -> None:
        """Put the objectives where receivers of telemetry find them."""
        if not objectives or self._declaring is None:
            return
        text = json.dumps([one.table() for one in objectives], separators=(",", ":"))
        if len(text) > _LONGEST:
            _log.warning(
                "objectives are not sent along with telemetry: they are longer than 32 KiB"
            )
            return
        self._declaring.declare({RESOURCE_OBJECTIVES: text})


def _is_bad(promises: Sequence[Promise], method: str, route: str, status: int) -> bool:
    """Whether some promise that requests succeed calls an answer bad; no exception made it."""
    return any(
        one.threshold_s is None
        and one.badness.bad(status, failed=False)
        and one.selection.fits(method, route)
        for one in promises
    )


def _served(table: RouteTable) -> Iterator[tuple[str, Known]]:
    """Go through every method of every route; HEAD is GET without a body."""
    for route in table.routes:
        for method in sorted(route.methods - {_HEAD}):
            yield method, route


def means(target: str, route: Known) -> bool:
    """Whether a target means a route."""
    return any(fits(target, method, route.path) for method in route.methods or {""}) or (
        not route.methods and fits(target.rpartition(" ")[2], "", route.path)
    )


def _pairs(routes: Sequence[Known]) -> Iterator[tuple[str, str]]:
    for route in routes:
        for method in sorted(route.methods - {_HEAD}):
            yield method, route.path


def _of_policies(routes: Sequence[Known]) -> Iterator[Objective]:
    """Find what `@policy(objective=…)` says; the route gives it its target."""
    for route in routes:
        for objective in getattr(_policy(route), "objectives", ()):
            methods = sorted(route.methods - {_HEAD}) or [""]
            yield objective.at(target=tuple(f"{one} {route.path}".strip() for one in methods))


def _policy(route: Known) -> Any:
    return getattr(route.endpoint, POLICY_ATTRIBUTE, None)


def _no_route(target: str, table: RouteTable) -> str:
    known = [f"{method} {path}" for method, path in _pairs(table.routes)]
    near = next((one for one in known if one.startswith(target)), None) or nearest(target, known)
    hint = f"did you mean {near!r}?" if near else f"known are {', '.join(known[:10])}."
    return (
        f"the objective {target!r} matches no route, so it would promise nothing; {hint} "
        'A target is written like "GET /orders/{order_id}", with the names of path parameters.'
    )
