"""`spine alerts`: what is promised, what burns, and what can be done about it; asks a running console."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi_spine.cli.alert_asking import AlertsConsole, NoConsoleError
from fastapi_spine.cli.alert_lines import alert_lines, moment, page_lines, quieted, replay_lines
from fastapi_spine.cli.asking import FOUND, NOTHING, as_json, hush, printed
from fastapi_spine.cli.terminal import clean
from fastapi_spine.console.alert_views import Alert, AlertsPage, Replay, Silence, Trial
from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.kind import Malformed
from fastapi_spine.settings.parse import DURATION


def alerts(options: argparse.Namespace) -> int:
    """Do what was asked.

    Returns:
        The exit code: 1 if something fires, a trial failed, or nothing would have fired.

    Raises:
        SpineError: no console answers, or what was asked makes no sense to it.
    """
    try:
        return int(_ACTIONS[options.action or "list"](AlertsConsole(options), options))
    except BrokenPipeError:
        hush()
        return FOUND


def _list(console: AlertsConsole, options: argparse.Namespace) -> int:
    page = console.ask("", AlertsPage)
    printed(as_json([page]) if options.json else page_lines(page))
    return NOTHING if any(one.state == "firing" for one in page.alerts) else FOUND


def _show(console: AlertsConsole, options: argparse.Namespace) -> int:
    if options.id:
        alert = _one(console, options.id)
    else:
        found = _latest(console.ask("", AlertsPage))
        if found is None:
            print("Nothing has fired.")
            return NOTHING
        alert = found
    printed(as_json([alert]) if options.json else alert_lines(alert, console.place))
    return FOUND


def _one(console: AlertsConsole, key: str) -> Alert:
    """Return the alert of an id, or of the beginning of one."""
    fitting = [one for one in console.ask("", AlertsPage).alerts if one.id.startswith(key)]
    if not fitting:
        return console.ask(f"/{quote(key, safe='')}", Alert)
    if len(fitting) > 1:
        ids = ", ".join(one.id for one in fitting[:5])
        raise NoConsoleError(f"{len(fitting)} alerts begin with {key!r}: {ids}; write more of it.")
    return fitting[0]


def _latest(page: AlertsPage) -> Alert | None:
    """Return what fires and speaks, the newest first; else what fired last."""
    fired = [one for one in page.alerts if one.fired_us is not None]
    if not fired:
        return None
    return max(
        fired,
        key=lambda one: (one.state == "firing", not one.inhibited_by, one.fired_us or 0),
    )


def _silence(console: AlertsConsole, options: argparse.Namespace) -> int:
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
        f"silence {made.id} keeps {quieted(made)} quiet until {moment(made.ends_us)}; "
        f"`spine alerts silence --end {made.id}` ends it"
    )
    return FOUND


def _acknowledge(console: AlertsConsole, options: argparse.Namespace) -> int:
    alert = _one(console, options.id)
    made = console.ask(f"/{quote(alert.id, safe='')}/ack", Alert, {"note": options.note})
    print(f"seen: {clean(made.service)}  {clean(made.title)}")
    return FOUND


def _test(console: AlertsConsole, options: argparse.Namespace) -> int:
    del options
    found = console.ask("/test", list[Trial], {})
    for one in found:
        verdict = "ok" if one.ok else "failed"
        print(f"{verdict:<7} {one.name} {clean(one.target)}: {clean(one.detail)}")
    if not found:
        print(
            "No way to people is set up: SPINE_CONSOLE_WEBHOOK, …_ALERTMANAGER, …_PAGERDUTY or …_APPRISE.",
            file=sys.stderr,
        )
    return FOUND if found and all(one.ok for one in found) else NOTHING


def _replay(console: AlertsConsole, options: argparse.Namespace) -> int:
    found = console.ask(f"/replay?{urlencode({'since': options.since})}", Replay)
    printed(as_json([found]) if options.json else replay_lines(found))
    return FOUND if found.alerts else NOTHING


_ACTIONS: Final[dict[str, Any]] = {
    "list": _list,
    "show": _show,
    "silence": _silence,
    "ack": _acknowledge,
    "test": _test,
    "replay": _replay,
}
