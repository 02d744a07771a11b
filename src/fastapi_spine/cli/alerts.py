"""`spine alerts`: what is promised, what burns, and what can be done about it; asks a running console."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from fastapi_spine.alerts.burn import budget_words
from fastapi_spine.cli.asking import FOUND, NOTHING, data_folder
from fastapi_spine.cli.terminal import clean
from fastapi_spine.console.alert_views import Alert, AlertsPage, Replay, Silence, Trial
from fastapi_spine.console.door.access import read_access
from fastapi_spine.core.console_names import PATH_ALERTS_API
from fastapi_spine.core.conventions import ENV_CONSOLE_TOKEN
from fastapi_spine.core.errors import SettingsError, SpineError
from fastapi_spine.settings.kind import Malformed
from fastapi_spine.settings.load import environment
from fastapi_spine.settings.parse import DURATION

_TIMEOUT_S: Final = 60.0
_US: Final = 1e6
_GOOD: Final = range(200, 300)
_HOUR_S: Final = 3600
Answer = TypeVar("Answer")


class NoConsoleError(SpineError):
    """No console answers, or it refuses; the message says why and what to do."""


def alerts(options: argparse.Namespace) -> int:
    """Do what was asked; returns the exit code: 1 if something fires, or a trial failed."""
    console = _Console(options)
    return int(_ACTIONS[options.action or "list"](console, options))


class _Console:
    """The API of a running console."""

    def __init__(self, options: argparse.Namespace) -> None:
        folder = data_folder(options.data or "")
        access = read_access(folder)
        if access is None and not options.url:
            raise NoConsoleError(
                f"no console runs on {folder}; `spine console` starts one, --url names one elsewhere."
            )
        self._url = urlsplit(options.url or (access.web if access else ""))
        token = environment().get(ENV_CONSOLE_TOKEN, "")
        if access is not None and options.url in {"", None, access.web}:
            token = token or access.token
        self._headers = {"accept": "application/json", "content-type": "application/json"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    def ask(self, path: str, kind: type[Answer], body: object = None) -> Answer:
        """Ask, or change something if there is a body."""
        method = "GET" if body is None else "POST"
        target = f"{self._url.path.rstrip('/')}{PATH_ALERTS_API}{path}"
        try:
            line = http.client.HTTPConnection(
                self._url.hostname or "", self._url.port, timeout=_TIMEOUT_S
            )
            try:
                line.request(
                    method, target, None if body is None else json.dumps(body), self._headers
                )
                answer = line.getresponse()
                text = answer.read()
            finally:
                line.close()
        except (OSError, http.client.HTTPException) as error:
            raise NoConsoleError(
                f"the console at {self._url.geturl()} does not answer: {error}"
            ) from None
        if answer.status not in _GOOD:
            raise NoConsoleError(f"the console answers {answer.status}: {_detail(text)}")
        return msgspec.json.decode(text, type=kind)


def _detail(text: bytes) -> str:
    try:
        return clean(str(json.loads(text)["detail"]))
    except (ValueError, KeyError, TypeError):
        return "no reason given"


def _list(console: _Console, options: argparse.Namespace) -> int:
    page = console.ask("", AlertsPage)
    if options.json:
        print(msgspec.json.encode(page).decode())
    else:
        print("\n".join(_page(page)))
    return NOTHING if any(one.state == "firing" for one in page.alerts) else FOUND


def _page(page: AlertsPage) -> Iterator[str]:
    if not page.objectives:
        yield "Nothing is promised yet: Objective(…) in code, or `spine console --objectives FILE`."
    for one in page.objectives:
        left = budget_words(one.budget_left)
        yield f"{one.state:<8} {clean(one.service)}  {clean(one.title)}  {left}  [{one.id}]"
        burning = [burn for burn in one.burns if burn.state != "inactive"]
        for burn in burning:
            yield f"         {burn.tier} ({burn.severity}): burns {burn.long or 0:.1f} times too fast, {burn.state}"
    for alert in page.alerts:
        if alert.fired_us is not None:
            yield from _alert(alert)
    for silence in page.silences:
        until = _time(silence.ends_us)
        whom = silence.objective or silence.service or "everything"
        yield f"silence  {silence.id}  {clean(whom)} until {until}  {clean(silence.note)}"
    for sender in page.senders:
        trouble = f", {clean(sender.last_error)}" if sender.last_error else ""
        yield f"sends    {sender.name} {clean(sender.target)}: {sender.sent} sent, {sender.failed} failed{trouble}"
    yield from (f"trouble  {clean(one)}" for one in page.trouble)


def _alert(alert: Alert) -> Iterator[str]:
    quiet = (
        f" (quiet: {alert.inhibited_by or alert.silenced_by})"
        if alert.inhibited_by or alert.silenced_by
        else ""
    )
    seen = f" (seen: {clean(alert.acked.note) or alert.acked.by})" if alert.acked else ""
    until = f" to {_time(alert.resolved_us)}" if alert.resolved_us else ""
    since = _time(alert.fired_us or alert.pending_us)
    yield ""
    yield f"{alert.state:<8} {alert.tier} {alert.severity}  {clean(alert.service)}  {clean(alert.title)}{quiet}{seen}"
    yield f"         {since}{until}  [{alert.id}]"
    if alert.evidence is not None:
        for route in alert.evidence.routes:
            yield f"         {clean(route.method)} {clean(route.route)}: {route.bad:g} of {route.total} bad"
        for change in alert.evidence.changes[:3]:
            yield f"         changed: {clean(change.text)}"
        ids = [one.request_id or one.trace_id for one in alert.evidence.requests]
        yield from (f"         spine show {clean(one)}" for one in ids)


def _silence(console: _Console, options: argparse.Namespace) -> int:
    if options.end:
        made = console.ask(f"/silences/{quote(options.end, safe='')}/end", Silence, {})
        print(f"silence {made.id} has ended")
        return FOUND
    try:
        seconds = DURATION.parse(options.lasting)
    except Malformed:
        raise SettingsError(f"--for {options.lasting!r} is not {DURATION.expected}.") from None
    body = {
        "objective": options.objective,
        "service": options.service,
        "seconds": seconds,
        "note": options.note,
    }
    made = console.ask("/silences", Silence, body)
    print(
        f"silence {made.id} until {_time(made.ends_us)}; `spine alerts silence --end {made.id}` ends it"
    )
    return FOUND


def _acknowledge(console: _Console, options: argparse.Namespace) -> int:
    made = console.ask(f"/{quote(options.id, safe='')}/ack", Alert, {"note": options.note})
    print(f"seen: {clean(made.service)}  {clean(made.title)}")
    return FOUND


def _test(console: _Console, options: argparse.Namespace) -> int:
    del options
    found = console.ask("/test", list[Trial], {})
    for one in found:
        print(
            f"{'ok' if one.ok else 'failed':<7} {one.name} {clean(one.target)}: {clean(one.detail)}"
        )
    if not found:
        print(
            "No way to people is set up: SPINE_CONSOLE_WEBHOOK, …_ALERTMANAGER, …_PAGERDUTY or …_APPRISE.",
            file=sys.stderr,
        )
    return FOUND if found and all(one.ok for one in found) else NOTHING


def _replay(console: _Console, options: argparse.Namespace) -> int:
    query = urlencode({"since": options.since})
    found = console.ask(f"/replay?{query}", Replay)
    if options.json:
        print(msgspec.json.encode(found).decode())
        return FOUND if found.alerts else NOTHING
    for alert in reversed(found.alerts):
        lasted = "and still would" if not alert.resolved_us else f"for {_length(alert)}"
        print(
            f"{_time(alert.fired_us or 0)}  {alert.tier} {alert.severity}  {clean(alert.service)}  {clean(alert.title)}  {lasted}"
        )
    pages = sum(alert.severity == "page" for alert in found.alerts)
    print(
        f"{pages} pages and {len(found.alerts) - pages} tickets would have come since {_time(found.start_us)}."
    )
    if found.truncated:
        print("The numbers that are kept do not go back so far.")
    return FOUND if found.alerts else NOTHING


def _length(alert: Alert) -> str:
    return f"{((alert.resolved_us or 0) - (alert.fired_us or 0)) / _US / 60:.0f} min"


def _time(moment_us: int) -> str:
    return f"{datetime.fromtimestamp(moment_us / _US, UTC):%Y-%m-%d %H:%M:%S}Z"


_ACTIONS: Final[dict[str, Any]] = {
    "list": _list,
    "silence": _silence,
    "ack": _acknowledge,
    "test": _test,
    "replay": _replay,
}
