"""What people are sent, by which way, when, and where to it may go."""

from __future__ import annotations

import http.client
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from published import SlackText, pagerduty_event, slack_message
from receivers import alertmanager, receiver
from servers import wait_for

from fastapi_spine.alerts.windows import table
from fastapi_spine.backends.alertmanager import config
from fastapi_spine.console.alert_views import Ack, Alert, Evidence, GuiltyRoute
from fastapi_spine.console.notify import payloads
from fastapi_spine.console.notify.due import PAUSE_S, REPEAT_S, Due
from fastapi_spine.console.notify.payloads import Group
from fastapi_spine.console.notify.post import Poster, RefusedError
from fastapi_spine.console.notify.teller import Tellers
from fastapi_spine.console.notify.ways import Apprise, WaysOptions, ways_of
from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.errors import SettingsError

BASE = "http://127.0.0.1:4319"
LOOPBACK = ("127.0.0.0/8", "::1/128")
FIRED = 1_767_323_045_000_000
ALERT = Alert(
    "a1", "orders-x-availability", "orders", "GET /x · 99.9 % succeed", "fast", "page", "firing", FIRED - 60_000_000,
    14.4, FIRED, burn_long=30.0, burn_short=40.0, budget_left=-1.5,
    evidence=Evidence(FIRED, 100, 30.0, [GuiltyRoute("GET", "/x", 100, 30.0)], [], [], []),
)  # fmt: skip
SLOW = replace(ALERT, id="a2", tier="slow", severity="ticket")
OVER = replace(ALERT, state="resolved", resolved_us=FIRED + 60_000_000)


def test_the_webhook_is_alertmanagers_to_the_letter(tmp_path: Path) -> None:
    """A real Alertmanager, given the same alert, posts the same fields of the same types."""
    with receiver() as hook, alertmanager(tmp_path, quick(config(table(), hook.url))) as port:
        options = WaysOptions(BASE, alertmanager=f"http://127.0.0.1:{port}", networks=LOOPBACK)
        (way,) = ways_of(options)
        now_us = time.time_ns() // 1000  # noqa: TID251 - a real Alertmanager's clock is the real one
        fresh = replace(ALERT, fired_us=now_us - 60_000_000)
        for message in way.messages(Group("orders", (fresh,), ()), now_us):
            assert way.send(message).status == 200
        wait_for(lambda: bool(hook.bodies), "Alertmanager to post")
        theirs = hook.bodies[0]
    ours = payloads.webhook(Group("orders", (fresh,), ()), BASE)

    assert shape(ours) == shape(theirs)
    assert ours["alerts"][0]["labels"] == theirs["alerts"][0]["labels"]
    assert ours["alerts"][0]["annotations"] == theirs["alerts"][0]["annotations"]
    assert moment(ours["alerts"][0]["startsAt"]) == moment(theirs["alerts"][0]["startsAt"])


def moment(text: str) -> datetime:
    """Return a time; a fraction may end in noughts or not."""
    return datetime.fromisoformat(text)


def quick(text: str) -> str:
    """Return a configuration that does not wait."""
    return text.replace("group_wait: 30s", "group_wait: 10ms")


def shape(value: Any) -> Any:
    """Return the names and types of JSON."""
    if isinstance(value, dict):
        return {
            key: {} if key in {"groupLabels", "commonLabels", "commonAnnotations"} else shape(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_alertmanager_keeps_slower_tiers_quiet(tmp_path: Path) -> None:
    """With the generated configuration the fast tier inhibits the slow one of the same objective."""
    with alertmanager(tmp_path, config(table())) as port:
        (way,) = ways_of(
            WaysOptions(BASE, alertmanager=f"http://127.0.0.1:{port}", networks=LOOPBACK)
        )
        now_us = time.time_ns() // 1000  # noqa: TID251 - a real Alertmanager's clock is the real one
        both = [replace(one, fired_us=now_us - 60_000_000) for one in (ALERT, SLOW)]
        (message,) = way.messages(Group("orders", tuple(both), ()), now_us)
        assert way.send(message).status == 200
        wait_for(lambda: states(port) == {"fast": 0, "slow": 1}, "the slow tier to be inhibited")


def states(port: int) -> dict[str, int]:
    """Return by how many alerts each tier is inhibited."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    line.request("GET", "/api/v2/alerts")
    found = json.loads(line.getresponse().read())
    line.close()
    return {one["labels"]["tier"]: len(one["status"]["inhibitedBy"]) for one in found}


def test_pagerduty_hears_of_trigger_acknowledgement_and_end() -> None:
    """Events API v2: one dedup key an incident, required fields, severities of its own."""
    key = "k" * 32
    incident = payloads.incident(ALERT, BASE)
    trigger = payloads.pagerduty(ALERT, BASE, key, "trigger")

    assert {name: trigger[name] for name in ("routing_key", "event_action", "dedup_key")} == {
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": incident,
    }
    assert set(trigger["payload"]) >= {"summary", "source", "severity"}
    assert trigger["payload"]["severity"] in {"critical", "error", "warning", "info"}
    assert len(trigger["payload"]["summary"]) <= 1024
    assert payloads.pagerduty(OVER, BASE, key, "resolve") == {
        "routing_key": key,
        "event_action": "resolve",
        "dedup_key": incident,
    }


def test_events_are_accepted_by_a_stand_in_of_pagerduty() -> None:
    """202 is taken; the trial says what was answered, and tells of its own end."""
    told = b'{"status":"success","message":"Event processed","dedup_key":"x"}'
    with receiver() as stand_in:
        stand_in.answers = [(202, {}, told)]
        options = WaysOptions(
            BASE, pagerduty="k" * 32, networks=LOOPBACK, pagerduty_url=stand_in.url
        )
        tellers = Tellers(ways_of(options), [], SystemClock())
        (trial,) = tellers.trial()
        tellers.close()

    assert (trial.ok, trial.detail) == (True, "HTTP 202: Event processed")
    assert [pagerduty_event(one).event_action for one in stand_in.bodies] == ["trigger", "resolve"]


@pytest.mark.parametrize("action", ["trigger", "acknowledge", "resolve"])
@pytest.mark.parametrize("service", ["orders", "ä" * 4_000, 'x"\n\u2028'])
def test_every_event_is_as_pagerduty_publishes_it(action: str, service: str) -> None:
    """Also of a service whose name nobody should have."""
    alert = replace(ALERT, service=service, title=service)
    event = pagerduty_event(
        json.loads(json.dumps(payloads.pagerduty(alert, BASE, "k" * 32, action)))
    )
    assert (event.event_action, event.dedup_key) == (action, payloads.incident(alert, BASE))


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # its plugins import what Python deprecates
def test_slack_is_told_through_apprise_what_its_webhooks_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The installed package posts to a stand-in of Slack."""
    slack = pytest.importorskip("apprise.plugins.slack").NotifySlack
    with receiver() as stand_in:
        stand_in.answers = [(200, {}, b"ok")]
        monkeypatch.setattr(slack, "webhook_url", stand_in.url)
        way = Apprise("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts", BASE)
        answers = [way.send(one) for one in way.messages(Group("orders", (ALERT,), ()), 0)]

    (body,) = stand_in.bodies
    part = (slack_message(body).attachments or [SlackText()])[0]
    assert [answer.status for answer in answers] == [200]
    assert body["channel"] == "#alerts"
    assert part.title == "orders: GET /x · 99.9 % succeed is at risk"
    assert "GET /x: 30 of 100 requests were bad." in str(part.text)


def test_a_busy_receiver_is_asked_again_and_one_that_refuses_is_not() -> None:
    """429 with Retry-After is tried again; 400 is final, counted and shown."""
    with receiver() as hook:
        hook.answers = [
            (429, {"retry-after": "0"}, b""),
            (200, {}, b""),
            (400, {}, b'{"message":"no such thing"}'),
        ]
        tellers = Tellers(
            ways_of(WaysOptions(BASE, webhook=hook.url, networks=LOOPBACK)), [], SystemClock()
        )
        tellers.tell([ALERT])
        wait_for(lambda: tellers.senders()[0].sent == 1, "the second attempt")
        tellers.tell([replace(ALERT, id="b", service="stock")])
        wait_for(lambda: tellers.senders()[0].failed == 1, "the refusal")
        view = tellers.senders()[0]
        tellers.close()

    assert view.last_error == "HTTP 400: no such thing"
    assert view.target == f"http://127.0.0.1:{hook.port}/…"
    assert len(hook.bodies) == 3


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://localhost:9/x", "http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::1]:9/"],
)  # fmt: skip
def test_an_address_inside_is_not_asked_unless_it_is_allowed(url: str) -> None:
    """Neither loopback nor a neighbour nor a cloud's metadata service; the error says what to set."""
    with pytest.raises(RefusedError, match=r"console\.alert_networks"):
        Poster(url, (), "console.webhook").post({})


def test_a_redirect_leads_nowhere() -> None:
    """It is an answer like any other: what was allowed is asked, and nothing else."""
    with receiver() as first, receiver() as second:
        first.answers = [(302, {"location": second.url}, b"")]
        answer = Poster(first.url, LOOPBACK, "console.webhook").post({})

    assert (answer.status, second.bodies) == (302, [])


@pytest.mark.parametrize("url", ["ftp://a/", "http://", "http://user:secret@a/", "javascript:x"])
def test_a_strange_address_is_refused_without_showing_it(url: str) -> None:
    """An address may hold a secret; the error names the setting."""
    with pytest.raises(SettingsError, match=r"console\.webhook is no") as caught:
        Poster(url, (), "console.webhook")

    assert "secret" not in str(caught.value)


def test_apprise_is_given_title_and_text() -> None:
    """Everybody that Apprise knows is told the same; generic addresses go past our checks and are refused."""
    heard: list[tuple[str, str]] = []

    def notify(title: str, body: str) -> bool:
        heard.append((title, body))
        return True

    way = Apprise("slack://token", BASE, notify)
    for message in way.messages(Group("orders", (ALERT,), ()), 0):
        assert way.send(message).status == 200

    assert heard[0][0] == "orders: GET /x · 99.9 % succeed is at risk"
    assert "GET /x: 30 of 100 requests were bad." in heard[0][1]
    with pytest.raises(SettingsError, match=r"console\.webhook"):
        Apprise("json://127.0.0.1/", BASE, notify)


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # its plugins import what Python deprecates
def test_apprise_itself_takes_an_address() -> None:
    """The installed package knows the address's service, and refuses nonsense."""
    assert Apprise("mailto://user:pass@mail.example", BASE).shown == "mailto://…"
    with pytest.raises(SettingsError, match="does not know"):
        Apprise("nonsense://x", BASE)


def test_a_secret_that_a_sender_left_in_is_taken_out() -> None:
    """What goes to people passes the redactor."""
    leaky = replace(ALERT, title="password=hunter2secret")

    assert "hunter2secret" not in json.dumps(payloads.webhook(Group("orders", (leaky,), ()), BASE))


def test_a_group_is_told_once_then_of_news_then_again_after_hours() -> None:
    """Nothing twice, news at most once a minute a service, a repetition after four hours."""
    due = Due()
    stock = replace(ALERT, id="s", service="stock")
    first = due.groups([ALERT, stock], 0.0)
    again = due.groups([ALERT, SLOW, stock], 1.0)
    later = due.groups([ALERT, SLOW, stock], PAUSE_S)
    repeated = due.groups([ALERT, SLOW, stock], PAUSE_S + REPEAT_S)

    assert [(one.service, len(one.firing)) for one in first] == [("orders", 1), ("stock", 1)]
    assert again == []
    assert [(one.service, len(one.firing)) for one in later] == [("orders", 2)]
    assert [one.service for one in repeated] == ["orders", "stock"]


def test_the_end_is_told_also_when_it_came_too_soon() -> None:
    """An alert that is over within the pause is told as resolved when its turn comes."""
    due = Due()
    due.groups([ALERT], 0.0)
    assert due.groups([OVER], 1.0) == []

    assert due.groups([], PAUSE_S) == [Group("orders", (), (OVER,))]


@pytest.mark.parametrize(
    "quiet",
    [replace(ALERT, inhibited_by="fast"), replace(ALERT, silenced_by="s1")],
    ids=["inhibited", "silenced"],
)
def test_a_quiet_alert_is_not_told(quiet: Alert) -> None:
    """Inhibited and silenced alerts are shown, not sent."""
    assert Due().groups([quiet], 0.0) == []


def test_an_acknowledged_alert_is_not_repeated_nor_told_again_by_a_new_process() -> None:
    """Somebody knows; and a console that starts anew does not wake them again."""
    due = Due()
    seen = replace(ALERT, acked=Ack(FIRED, "web", ""))
    due.groups([ALERT], 0.0)

    assert due.groups([seen], REPEAT_S * 2) == []
    assert Due([ALERT]).groups([ALERT], 0.0) == []


def test_pagerduty_is_told_that_somebody_has_seen_it() -> None:
    """An acknowledgement is news there and nowhere else, and once: on-call's escalation ends with it."""
    due = Due(acks=True)
    seen = replace(ALERT, acked=Ack(FIRED, "web", "looking"))
    due.groups([ALERT], 0.0)
    (way,) = ways_of(WaysOptions(BASE, pagerduty="k" * 32))
    told = [message for group in due.groups([seen], PAUSE_S) for message in way.messages(group, 0)]

    assert [(one["event_action"], one["dedup_key"]) for one in told] == [
        ("acknowledge", payloads.incident(ALERT, BASE))
    ]
    assert due.groups([seen], PAUSE_S * 3) == []
    assert Due([ALERT], acks=True).groups([seen], 0.0) != []
