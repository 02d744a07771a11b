"""A promise to users, as it is declared: `Objective("GET /orders/{order_id}", availability=0.999)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Never, cast

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.complaint import clipped, nearest
from fastapi_spine.settings.kind import Kind, Malformed
from fastapi_spine.settings.parse import COUNT
from fastapi_spine.settings.section import Section, Setting, setting
from fastapi_spine.settings.targets import (
    BAD,
    EVERYTHING,
    EXCLUDED,
    LATENCY,
    NO_DATA,
    OBJECTIVE_NAME,
    SHARE_GOOD,
    TARGETS,
    WINDOW,
    Latency,
    Silence,
)

Texts = list[str] | tuple[str, ...]
_MOST: Final = 200
USUAL_BAD: Final = ("5xx", "exception")


class Objective(Section):
    """A promise: how many of the requests of some routes succeed, or are answered in time.

    ``Objective("GET /orders/{order_id}", availability=0.999, latency=("300ms", 0.99))``

    Args:
        target: the routes, by method and template: `"GET /orders/{order_id}"`, `"/orders/*"` for a group (`*` stands for
            any characters, no method for any), `"*"` for the whole service, or a list of these. Requests that no route
            answers are nobody's promise. With `@policy(objective=…)` it is the route below the decorator.
        availability: the share that must not be bad, above 0 and below 1.
        latency: a duration and the share that must be answered within it.
        window: over which time the promise holds, 3 to 90 days.
        bad: which requests are bad for `availability`, and no quick answers for `latency`: status codes, classes such as
            `"5xx"`, and `"exception"` for those that raised. `"499"` stands for clients that left before an answer, too.
        minimum_bad: so many bad requests at least before anybody is alerted: one of ten is no news.
        no_data: what it means that no request comes for an hour: `"info"` shows it and tells nobody, since a shop may
            sleep at night; `"ticket"` or `"page"` alerts, where silence is trouble.
        name: names it in alerts; the target by default.
        service: whose routes; the service that declares it by default.
        exclude: targets that do not count.

    Raises:
        SettingsError: a value does not fit, or nothing is promised; the message names the field and what to write.
    """

    target: Setting[str | Texts, tuple[str, ...]] = setting(
        default=EVERYTHING, doc="The routes, by method and template.", kind=TARGETS
    )
    availability: Setting[float | None, float | None] = setting(
        default=None, doc="The share of requests that must not be bad.", kind=SHARE_GOOD
    )
    latency: Setting[tuple[str | float, float] | None, Latency | None] = setting(
        default=None, doc="A duration, and the share that must be answered within it.", kind=LATENCY
    )
    window: Setting[str | float, float] = setting(
        default="30d", doc="Over which time the promise holds.", kind=WINDOW
    )
    bad: Setting[Texts, tuple[str, ...]] = setting(
        default=USUAL_BAD, doc="Which requests are bad.", kind=BAD
    )
    minimum_bad: Setting[int, int] = setting(
        default=5, doc="So many bad requests before anybody is alerted.", kind=COUNT
    )
    no_data: Setting[Silence, Silence] = setting(
        default="info", doc="Whether somebody is told that no request comes.", kind=NO_DATA
    )
    name: Setting[str, str] = setting(default="", doc="Names it in alerts.", kind=OBJECTIVE_NAME)
    service: Setting[str, str] = setting(default="", doc="Whose routes.", kind=OBJECTIVE_NAME)
    exclude: Setting[str | Texts, tuple[str, ...]] = setting(
        default=(), doc="Targets that do not count.", kind=EXCLUDED
    )

    def __init__(
        self,
        target: str | Texts | None = None,
        *,
        availability: float | None = None,
        latency: tuple[str | float, float] | list[str | float] | None = None,
        window: str | float | None = None,
        bad: Texts | None = None,
        minimum_bad: int | None = None,
        no_data: Silence | None = None,
        name: str | None = None,
        service: str | None = None,
        exclude: str | Texts | None = None,
        **unknown: Never,
    ) -> None:
        given: dict[str, Any] = {
            **unknown,
            "target": target,
            "availability": availability,
            "latency": latency,
            "window": window,
            "bad": bad,
            "minimum_bad": minimum_bad,
            "no_data": no_data,
            "name": name,
            "service": service,
            "exclude": exclude,
        }
        super().__init__(**{key: value for key, value in given.items() if value is not None})
        if self.availability is None and self.latency is None:
            shown = f"Objective({clipped(target)})" if target is not None else "Objective(…)"
            raise SettingsError(
                f'{shown} promises nothing: give it availability=0.999, latency=("300ms", 0.99), or both.'
            )

    def table(self) -> dict[str, Any]:
        """Return what was given, as TOML and JSON have it; `objective_of` reads it again."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in self.given.items()
        }

    def at(self, *, target: tuple[str, ...] = (), service: str = "") -> Objective:
        """Return it for a route or a service, where it names none itself."""
        table = self.table()
        if target and "target" not in table:
            table["target"] = list(target)
        if service and not self.service:
            table["service"] = service
        return Objective(**table)


def objective_of(table: Mapping[str, Any]) -> Objective:
    """Read one objective from a table of TOML or JSON.

    Raises:
        SettingsError: a key is unknown or a value does not fit.
    """
    for key in table:
        if key not in Objective.declared:
            near = nearest(str(key), Objective.declared)
            known = (
                f"did you mean {near}?" if near else f"known are {', '.join(Objective.declared)}."
            )
            raise SettingsError(f"an objective has no field {clipped(key)}; {known}")
    return Objective(**table)


def _objectives(value: object) -> tuple[Objective, ...]:
    if isinstance(value, Objective | str | Mapping) or not isinstance(value, Iterable):
        raise Malformed("one objective is not a list; put it into [ ]")
    found = []
    for place, one in enumerate(value, 1):
        if not isinstance(one, Objective | Mapping):
            raise Malformed(f"entry {place} is neither an Objective nor a table")
        try:
            found.append(one if isinstance(one, Objective) else objective_of(cast("Any", one)))
        except SettingsError as error:
            raise Malformed(f"entry {place}: {error}") from None
    if len(found) > _MOST:
        raise Malformed(f"there are more than {_MOST}")
    return tuple(found)


def _show(value: tuple[Objective, ...]) -> str:
    return f"[{', '.join(repr(one) for one in value)}]"


OBJECTIVES: Final[Kind[tuple[Objective, ...]]] = Kind(
    expected='a list of objectives: [Objective("GET /orders/{order_id}", availability=0.999)], [[objectives]] in TOML',
    parse=_objectives,
    show=_show,
    text=None,
    merge=lambda lower, upper: (*lower, *upper),
)
Objectives = list[Objective] | tuple[Objective, ...]
