"""Objectives, alerts and what would have fired, as lines for people; strangers' text is made harmless."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from fastapi_spine.alerts.burn import budget_words
from fastapi_spine.cli.measures import took
from fastapi_spine.cli.terminal import clean
from fastapi_spine.cli.told import route_name
from fastapi_spine.console.alert_views import (
    Alert,
    AlertsPage,
    Evidence,
    ObjectiveView,
    Replay,
    Silence,
)

_US: Final = 1e6
_INDENT: Final = " " * 9
_CHANGES: Final = 3


def page_lines(page: AlertsPage) -> Iterator[str]:
    """Say everything in short: what is promised, what fired, what is quiet, who is told."""
    if not page.objectives:
        yield "Nothing is promised yet: Objective(…) in code, or `spine console --objectives FILE`."
    for one in page.objectives:
        left = budget_words(one.budget_left)
        yield f"{_state(one):<8} {clean(one.service)}  {clean(one.title)}  {left}  [{clean(one.id)}]"
        for burn in one.burns:
            if burn.state != "inactive":
                yield f"{_INDENT}{burn.tier} ({burn.severity}): burns {burn.long or 0:.1f} times as fast as allowed, {burn.state}"
    for alert in page.alerts:
        if alert.fired_us is not None:
            yield ""
            yield from _headline(alert)
            yield from _short(alert)
    for silence in page.silences:
        yield f"silence  {silence.id}  {quieted(silence)} until {moment(silence.ends_us)}  {clean(silence.note)}"
    for sender in page.senders:
        trouble = f", {clean(sender.last_error)}" if sender.last_error else ""
        yield f"sends    {sender.name} {clean(sender.target)}: {sender.sent} sent, {sender.failed} failed{trouble}"
    yield from (f"trouble  {clean(one)}" for one in page.trouble)


def alert_lines(alert: Alert, place: str) -> Iterator[str]:
    """Say everything about one alert.

    Args:
        alert: it.
        place: the console's address, for links.
    """
    yield from _headline(alert)
    if alert.burn_long is not None:
        yield (
            f"{_INDENT}burns {alert.burn_long:.1f} times as fast as allowed; alerts at {alert.factor:g}"
        )
    yield f"{_INDENT}{budget_words(alert.budget_left)}"
    if alert.evidence is not None:
        yield from _evidence(alert.evidence, place)
    yield f"{_INDENT}{place}/alerts#{alert.id}"


def replay_lines(found: Replay) -> Iterator[str]:
    """Say what would have fired, the oldest first."""
    for alert in reversed(found.alerts):
        lasted = (
            f"for {_minutes(alert.fired_us, alert.resolved_us)} min"
            if alert.resolved_us
            else "and still would"
        )
        quiet = f" (quiet: {alert.inhibited_by})" if alert.inhibited_by else ""
        yield (
            f"{moment(alert.fired_us or 0)}  {alert.tier} {alert.severity}  {clean(alert.service)}  {clean(alert.title)}  "
            f"{lasted}{quiet}"
        )
    heard = [one.severity for one in found.alerts if not one.inhibited_by]
    yield (
        f"{heard.count('page')} pages and {heard.count('ticket')} tickets would have come since "
        f"{moment(found.start_us)}."
    )
    if found.truncated:
        yield "The numbers that are kept do not go back so far."


def moment(moment_us: int) -> str:
    """Return a moment, UTC, to the second."""
    return f"{datetime.fromtimestamp(moment_us / _US, UTC):%Y-%m-%d %H:%M:%S}Z"


def quieted(silence: Silence) -> str:
    """Return what a silence keeps quiet."""
    return clean(silence.objective or silence.service) or "everything"


def _state(one: ObjectiveView) -> str:
    """Return how an objective stands; a budget that is spent is not ok, however slowly it burns now."""
    spent = one.state == "ok" and one.budget_left is not None and one.budget_left < 0
    return "spent" if spent else one.state


def _headline(alert: Alert) -> Iterator[str]:
    quiet = alert.inhibited_by or alert.silenced_by
    told = f" (quiet: {clean(quiet)})" if quiet else ""
    seen = f" (seen: {clean(alert.acked.note) or alert.acked.by})" if alert.acked else ""
    until = f" to {moment(alert.resolved_us)}" if alert.resolved_us else ""
    since = moment(alert.fired_us or alert.pending_us)
    yield f"{alert.state:<8} {alert.tier} {alert.severity}  {clean(alert.service)}  {clean(alert.title)}{told}{seen}"
    yield f"{_INDENT}{since}{until}  [{alert.id}]"


def _short(alert: Alert) -> Iterator[str]:
    if alert.evidence is None:
        return
    for route in alert.evidence.routes:
        yield f"{_INDENT}{route_name(route.method, route.route)}: {route.bad:g} of {route.total} bad"
    for change in alert.evidence.changes[:_CHANGES]:
        yield f"{_INDENT}changed: {clean(change.text)}"
    ids = [one.request_id or one.trace_id for one in alert.evidence.requests]
    yield from (f"{_INDENT}spine show {clean(one)}" for one in ids)


def _evidence(evidence: Evidence, place: str) -> Iterator[str]:
    for route in evidence.routes:
        yield f"worst    {route_name(route.method, route.route)}: {route.bad:g} of {route.total} bad"
    for change in evidence.changes:
        yield f"changed  {clean(change.text)}"
    for error in evidence.errors:
        where = f"  {clean(error.where)}" if error.where else ""
        yield f"error    {error.count} × {clean(error.type)}: {clean(error.message)}{where}"  # noqa: RUF001 - the sign of a multiple
    for one in evidence.requests:
        key = clean(one.request_id or one.trace_id)
        status = one.status if one.status is not None else "-"
        name = route_name(one.method, one.route)
        yield f"request  {status}  {took(one.duration_us):>8}  {name}  {place}/requests/{key}"


def _minutes(start_us: int | None, end_us: int) -> str:
    return f"{(end_us - (start_us or 0)) / _US / 60:.0f}"
