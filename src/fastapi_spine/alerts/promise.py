"""What a declared objective promises, one by one: an objective with a share and a latency makes two promises."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from fastapi_spine.alerts.judging import Badness
from fastapi_spine.alerts.matching import Selection
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.objective import Objective
from fastapi_spine.settings.parse import DURATION
from fastapi_spine.settings.targets import EVERYTHING, Silence

Kind = Literal["availability", "latency"]
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]+")
_PER_CENT: Final = 100


class Promise(NamedTuple):
    """One promise of one service.

    Attributes:
        id: names it for ever: service, target or name, and kind, in letters, digits and dashes.
        service: whose.
        target: its routes, for people.
        kind: whether requests shall succeed or be quick.
        ratio: the share that shall be good.
        allowed: the share that may be bad: the error budget.
        threshold_s: of `latency`, seconds; else None.
        window_s: over which time it holds, seconds.
        minimum_bad: so many bad requests in the long window before anybody is alerted.
        no_data: whether somebody is told that no request comes. Of two promises of one objective only the first says so:
            they are silent together.
        selection: which routes count.
        badness: which requests are bad; a latency leaves them out of its total.
    """

    id: str
    service: str
    target: str
    kind: Kind
    ratio: float
    allowed: float
    threshold_s: float | None
    window_s: int
    minimum_bad: int
    no_data: Silence
    selection: Selection
    badness: Badness

    @property
    def title(self) -> str:
        """Say it to people: `GET /orders/{order_id} · 99.9 % succeed`."""
        share = f"{Decimal(str(self.ratio)) * _PER_CENT:f}".rstrip("0").rstrip(".")
        if self.threshold_s is None:
            return f"{self.target} · {share} % succeed"
        limit = DURATION.show(self.threshold_s).strip('"')
        return f"{self.target} · {share} % within {limit}"


def promises_of(objectives: Iterable[Objective], service: str) -> tuple[Promise, ...]:
    """Return every promise of some objectives.

    Args:
        objectives: as declared.
        service: whose they are that name none.

    Raises:
        SettingsError: two have one id; one needs a name.
    """
    found: dict[str, Promise] = {}
    for objective in objectives:
        for promise in _promises(objective, objective.service or service):
            other = found.get(promise.id)
            if other is not None:
                raise SettingsError(
                    f"two objectives of {promise.service} would have the id {promise.id!r}: {other.title!r} and "
                    f'{promise.title!r}. Give one of them a name: Objective(…, name="…").'
                )
            found[promise.id] = promise
    return tuple(found.values())


def _promises(objective: Objective, service: str) -> Iterable[Promise]:
    target = objective.name or ", ".join(objective.target)
    selection = Selection(objective.target, objective.exclude)
    badness = Badness(objective.bad)
    if objective.availability is not None:
        yield _promise(
            "availability",
            objective.availability,
            None,
            service,
            target,
            objective,
            selection,
            badness,
        )
    if objective.latency is not None:
        threshold, ratio = objective.latency
        yield _promise("latency", ratio, threshold, service, target, objective, selection, badness)


def _promise(
    kind: Kind, ratio: float, threshold_s: float | None, service: str, target: str, objective: Objective,
    selection: Selection, badness: Badness,
) -> Promise:  # fmt: skip
    return Promise(
        slug(service, target if target != EVERYTHING else "all", kind),
        service,
        target if target != EVERYTHING else "every route",
        kind,
        ratio,
        float(1 - Decimal(repr(ratio))),
        threshold_s,
        round(objective.window),
        objective.minimum_bad,
        "info" if kind == "latency" and objective.availability is not None else objective.no_data,
        selection,
        badness,
    )


def slug(*parts: str) -> str:
    """Return parts as one id of small letters, digits and dashes."""
    return "-".join(_NO_LETTERS.sub("-", part.lower()).strip("-") or "x" for part in parts)
