"""Rules that stand at a route: `@policy(log="errors", slow="200ms")`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar, cast

from fastapi_spine.core.conventions import POLICY_ATTRIBUTE
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.kind import Malformed
from fastapi_spine.settings.lists import log_policy
from fastapi_spine.settings.measures import BUCKETS
from fastapi_spine.settings.objective import OBJECTIVES, Objective
from fastapi_spine.settings.parse import DURATION_OR_OFF

_SECOND_NS = 1_000_000_000

LogKind = Literal["on", "off", "errors", "minute", "sample"]
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any] | type)


class LogRule(NamedTuple):
    """When an access line is written.

    Attributes:
        kind: `on` always, `off` never, `errors` failures and slow ones, `minute` once a minute and at every
            change of status and failure, `sample` a share and all failures.
        share: the share of `sample`, 0 to 1.
    """

    kind: LogKind
    share: float = 1.0


class RoutePolicy(NamedTuple):
    """What `@policy` says of one route; None leaves the setting in force.

    Attributes:
        log: when its access line is written.
        slow_ns: what counts as slow, nanoseconds; infinity never.
        buckets: upper bounds of the duration histogram's buckets, seconds.
        objectives: what is promised of it.
    """

    log: LogRule | None
    slow_ns: float | None
    buckets: tuple[float, ...] | None = None
    objectives: tuple[Objective, ...] = ()


def _several(objective: Objective | Sequence[Objective] | None) -> Sequence[Objective]:
    if objective is None:
        return ()
    return (objective,) if isinstance(objective, Objective) else objective


def log_rule(text: str) -> LogRule:
    """Read a rule such as `errors` or `sample:0.01`.

    Raises:
        Malformed: It is no such rule.
    """
    kind, _, share = log_policy(text).partition(":")
    return LogRule(cast("LogKind", kind), float(share) if share else 1.0)


def policy(
    *,
    log: str | None = None,
    slow: str | float | None = None,
    buckets: list[float] | tuple[float, ...] | None = None,
    objective: Objective | Sequence[Objective] | None = None,
) -> Callable[[_Endpoint], _Endpoint]:
    """Give a route rules of its own; they win over the settings.

    Put it below the route's decorator::

        @app.get("/healthz")
        @policy(log="errors", slow="200ms")
        async def healthz() -> dict[str, bool]: ...

    Args:
        log: when the access line is written: `on`, `off`, `errors` (failures and slow ones), `minute` (once
            a minute, and every failure and change of status) or `sample:0.01` (a share, and all failures).
        slow: above which duration a request is a WARNING and writes its held-back lines: `200ms`, `1.5s`, a
            number of seconds, or `off`.
        buckets: upper bounds of the buckets that its durations are counted in, seconds, ascending.
        objective: what is promised of it: `Objective(availability=0.999)`, or several.

    Returns:
        A decorator that leaves the endpoint as it is, with the rules attached.

    Raises:
        SettingsError: A rule cannot be read; raised where the decorator stands, at import.
    """
    try:
        rules = RoutePolicy(
            log_rule(log) if log is not None else None,
            DURATION_OR_OFF.parse(slow) * _SECOND_NS if slow is not None else None,
            BUCKETS.parse(buckets) if buckets is not None else None,
            OBJECTIVES.parse(_several(objective)),
        )
    except Malformed as error:
        wrong = f"log={log!r}, slow={slow!r}" + (f", buckets={buckets!r}" if buckets else "")
        wrong += f", objective={objective!r}" if objective else ""
        detail = str(error) or f"slow is {DURATION_OR_OFF.expected}"
        raise SettingsError(f"@policy({wrong}) cannot be read: {detail}.") from None
    if rules.slow_ns is not None and math.isnan(rules.slow_ns):
        raise SettingsError(f"@policy(slow={slow!r}) is not a number of seconds.")

    def attach(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, POLICY_ATTRIBUTE, rules)
        return endpoint

    return attach
