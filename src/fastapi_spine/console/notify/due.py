"""What one way to people has to be told now: grouped by service, not too often, nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from fastapi_spine.console.alert_views import Alert, Silence
from fastapi_spine.console.notify.payloads import Group

PAUSE_S: Final = 60.0
"""Between two messages about one service: what happens meanwhile goes into the next."""
REPEAT_S: Final = 4 * 3600.0
"""One that still fires is told again, unless somebody acknowledged it (Alertmanager's repeat_interval)."""


def told_before(alerts: Iterable[Alert], silences: Sequence[Silence]) -> list[Alert]:
    """Return what people know of when a console begins: what fires, unless it has been quiet from its first moment.

    Args:
        alerts: that an earlier process remembered.
        silences: that have not ended.
    """
    begun = {one.id: one.starts_us for one in silences}
    return [
        one
        for one in alerts
        if one.state == "firing"
        and not one.inhibited_by
        and (one.fired_us or 0) <= begun.get(one.silenced_by, one.fired_us or 0)
    ]


class Due:
    """Remembers what was told.

    Args:
        told: alerts that fired before this process began: they were told of then.
        repeat_s: after how long one that fires is told again.
        acks: whether an acknowledgement is news there, too.
    """

    def __init__(
        self, told: Iterable[Alert] = (), repeat_s: float = REPEAT_S, *, acks: bool = False
    ) -> None:
        self._acks = acks
        self._told = {one.id: one for one in told}
        self._at: dict[str, float] = {}
        self._repeat_s = repeat_s

    def groups(self, alerts: Iterable[Alert], now_s: float) -> list[Group]:
        """Return what is to be told now, and take it as told.

        Args:
            alerts: all that fire, and those that were just resolved.
            now_s: of a clock that never steps.
        """
        by_service: dict[str, list[Alert]] = {}
        for one in alerts:
            by_service.setdefault(one.service, []).append(one)
        for one in self._told.values():
            by_service.setdefault(one.service, [])
        found = []
        for service, mine in sorted(by_service.items()):
            group = self._group(service, mine, now_s)
            if group is not None:
                found.append(group)
        return found

    def _group(self, service: str, alerts: list[Alert], now_s: float) -> Group | None:
        now = {one.id: one for one in alerts}
        for one in alerts:  # what is over before its turn came is remembered until then
            if one.state == "resolved" and one.id in self._told:
                self._told[one.id] = one
        firing = [one for one in alerts if one.state == "firing" and _speaks(one)]
        resolved = [
            one
            for one in self._told.values()
            if one.service == service and (one.state == "resolved" or one.id not in now)
        ]
        news = [one for one in firing if self._is_news(one)]
        since = now_s - self._at.get(service, float("-inf"))
        again = since >= self._repeat_s and any(one.acked is None for one in firing)
        if (
            service not in self._at and not news
        ):  # told by an earlier process: no repetition at once
            self._at[service] = now_s
            again = False
        if since < PAUSE_S or not (news or resolved or again):
            return None
        self._at[service] = now_s
        for one in firing:
            self._told[one.id] = one
        for one in resolved:
            del self._told[one.id]
        ended = [one for one in resolved if one.state == "resolved"]
        return Group(service, tuple(firing), tuple(ended)) if firing or ended else None

    def _is_news(self, alert: Alert) -> bool:
        known = self._told.get(alert.id)
        if known is None:
            return True
        return self._acks and alert.acked is not None and known.acked is None


def _speaks(alert: Alert) -> bool:
    return not alert.inhibited_by and not alert.silenced_by
