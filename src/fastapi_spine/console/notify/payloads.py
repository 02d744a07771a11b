"""What is sent, in the shapes that others have published."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from fastapi_spine.alerts.burn import budget_words
from fastapi_spine.alerts.windows import NO_DATA
from fastapi_spine.console.alert_views import Alert
from fastapi_spine.core.console_names import ALERT_NAME, ALERT_NO_DATA
from fastapi_spine.redaction import redact

_US: Final = 1_000_000
_NEVER: Final = "0001-01-01T00:00:00Z"
_IDS: Final = 10
_SUMMARY: Final = 1024
_MINUTE_S: Final = 60
RECEIVER: Final = "spine-console"


class Group(NamedTuple):
    """What one message tells of: alerts of one service.

    Attributes:
        service: whose.
        firing: those that fire.
        resolved: those that were told of and are over.
    """

    service: str
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]

    @property
    def status(self) -> str:
        """`firing` while one does."""
        return "firing" if self.firing else "resolved"

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All of them."""
        return (*self.firing, *self.resolved)

    @property
    def at_risk(self) -> frozenset[str]:
        """Objectives of which something fires, so that none of them is told to be kept again."""
        return frozenset(one.objective for one in self.firing)


def labels(alert: Alert) -> dict[str, str]:
    """Return the labels that the Prometheus rules of the same objective have."""
    return {
        "alertname": ALERT_NO_DATA if alert.tier == NO_DATA else ALERT_NAME,
        "objective": alert.objective,
        "service": alert.service,
        "severity": alert.severity,
        "tier": alert.tier,
    }


def notes(alert: Alert, base: str, at_risk: Container[str] = ()) -> dict[str, str]:
    """Return what people read; secrets that a sender left in are taken out.

    Args:
        alert: of which.
        base: address of the console's pages.
        at_risk: objectives of which another tier still fires.
    """
    told = {"summary": summary(alert, at_risk), "description": description(alert, base)}
    return {key: str(redact(text)) for key, text in told.items()}


def summary(alert: Alert, at_risk: Container[str] = ()) -> str:
    """Say it in one line."""
    if alert.tier == NO_DATA:
        known = f"{alert.title} is counted again"
        told = f"nothing is known of {alert.title}" if alert.state == "firing" else known
        return f"{alert.service}: {told}"[:_SUMMARY]
    if alert.state == "firing":
        verb = "is at risk"
    elif alert.objective in at_risk:
        verb = "is still at risk, but burns more slowly"
    else:
        verb = "is kept again"
    return f"{alert.service}: {alert.title} {verb}"[:_SUMMARY]


def description(alert: Alert, base: str) -> str:
    """Say how much, where, and which requests; of one that is over, how long it lasted."""
    lines = []
    if alert.resolved_us is not None:
        lines.append(f"It fired for {_lasted(alert.resolved_us - (alert.fired_us or 0))}.")
    elif alert.tier == NO_DATA:
        lines.append(
            "No request has been counted for too long: nobody asks, or telemetry does not arrive."
        )
    elif alert.burn_long is not None:
        lines.append(
            f"The error budget burns {alert.burn_long:.1f} times as fast as allowed; "
            f"the {alert.tier} alert comes at {alert.factor:g}."
        )
    if alert.budget_left is not None and alert.tier != NO_DATA:
        lines.append(f"{budget_words(alert.budget_left).capitalize()}.")
    if alert.evidence is not None and alert.resolved_us is None:
        for route in alert.evidence.routes:
            name = f"{route.method} {route.route}".strip()
            lines.append(f"{name}: {route.bad:g} of {route.total} requests were bad.")
        lines += [f"Changed: {change.text}" for change in alert.evidence.changes[:3]]
        lines += [
            f"{base}/requests/{row.request_id or row.trace_id}"
            for row in alert.evidence.requests[:_IDS]
        ]
    return "\n".join(lines)


def _lasted(length_us: int) -> str:
    seconds = max(round(length_us / _US), 1)
    minutes = round(seconds / _MINUTE_S)
    if minutes < 2:  # noqa: PLR2004 - one minute is better told in seconds
        return f"{seconds} s"
    hours, rest = divmod(minutes, _MINUTE_S)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def link(alert: Alert, base: str) -> str:
    """Return the page of an alert."""
    return f"{base}/alerts#{alert.id}"


def webhook(group: Group, base: str) -> dict[str, Any]:
    """Return Alertmanager's webhook, version 4 (prometheus.io/docs/alerting/latest/configuration, webhook_config)."""
    every = [_webhook_alert(one, base, group.at_risk) for one in group.alerts]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{service="{group.service}"}}',
        "truncatedAlerts": 0,
        "status": group.status,
        "receiver": RECEIVER,
        "groupLabels": {"service": group.service},
        "commonLabels": _common([one["labels"] for one in every]),
        "commonAnnotations": _common([one["annotations"] for one in every]),
        "externalURL": base,
        "alerts": every,
    }


def _webhook_alert(alert: Alert, base: str, at_risk: Container[str]) -> dict[str, Any]:
    return {
        "status": "resolved" if alert.state == "resolved" else "firing",
        **_timed(alert, base, at_risk),
        "fingerprint": blake2b(
            str(sorted(labels(alert).items())).encode(), digest_size=8
        ).hexdigest(),
    }


def alertmanager(group: Group, base: str, ends_us: int) -> list[dict[str, Any]]:
    """Return a body of Alertmanager's `POST /api/v2/alerts`.

    Args:
        group: what to tell of.
        base: address of the console's pages.
        ends_us: when a firing one is over unless it is told again.
    """
    every = []
    for alert in group.alerts:
        one = _timed(alert, base, group.at_risk)
        over = alert.state == "resolved"
        if not over:
            one["endsAt"] = _time(ends_us)
        every.append(one)
    return every


def pagerduty(alert: Alert, base: str, key: str, action: str) -> dict[str, Any]:
    """Return one event of PagerDuty's Events API v2 ("Send an event to PagerDuty").

    Args:
        alert: what happened; `incident` is the key that later events of it have too.
        base: address of the console's pages.
        key: the integration's routing key.
        action: `trigger`, `acknowledge` or `resolve`.
    """
    event: dict[str, Any] = {
        "routing_key": key,
        "event_action": action,
        "dedup_key": incident(alert, base),
    }
    if action == "trigger":
        told = notes(alert, base)
        event["payload"] = {
            "summary": told["summary"],
            "source": alert.service,
            "severity": "critical" if alert.severity == "page" else "warning",
            "timestamp": _time(alert.fired_us),
            "component": alert.objective,
            "group": alert.service,
            "class": alert.tier,
            "custom_details": {"description": told["description"]},
        }
        event["client"] = "fastapi-spine console"
        event["client_url"] = link(alert, base)
        event["links"] = [{"href": link(alert, base), "text": "Evidence"}]
    return event


def incident(alert: Alert, base: str) -> str:
    """Return the key of the incident that an alert is part of.

    One for all tiers of a severity: when the fast one is over, the medium one still holds the same bad minutes and speaks.
    A second incident for them would wake people again who have just mended it.
    The address keeps consoles apart that share a routing key.
    """
    told = f"{base}/{alert.objective}/{alert.severity}"
    return blake2b(told.encode(), digest_size=16).hexdigest()


def text(group: Group, base: str) -> tuple[str, str]:
    """Return title and body for people."""
    alerts = group.alerts
    title = (
        summary(alerts[0])
        if len(alerts) == 1
        else f"{group.service}: {len(alerts)} alerts {group.status}"
    )
    parts = [
        f"{told['summary']}\n{told['description']}\n{link(one, base)}"
        for one in alerts
        for told in (notes(one, base, group.at_risk),)
    ]
    return str(redact(title)), "\n\n".join(parts)


def _timed(alert: Alert, base: str, at_risk: Container[str]) -> dict[str, Any]:
    return {
        "labels": labels(alert),
        "annotations": notes(alert, base, at_risk),
        "startsAt": _time(alert.fired_us),
        "endsAt": _time(alert.resolved_us),
        "generatorURL": link(alert, base),
    }


def _time(moment_us: int | None) -> str:
    if moment_us is None:
        return _NEVER
    moment = datetime.fromtimestamp(moment_us / _US, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _common(tables: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first: Iterable[tuple[str, str]] = tables[0].items() if tables else ()
    return {key: value for key, value in first if all(one.get(key) == value for one in tables)}
