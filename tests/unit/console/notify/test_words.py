"""What people read when one tier takes over from another, and that nobody is woken twice for one trouble."""

from __future__ import annotations

from msgspec.structs import replace

from fastapi_spine.console.alert_views import Alert, Evidence, GuiltyRoute, Silence
from fastapi_spine.console.notify import payloads
from fastapi_spine.console.notify.due import Due, told_before
from fastapi_spine.console.notify.payloads import Group
from fastapi_spine.console.notify.ways import WaysOptions, ways_of

BASE = "https://console.example"
FIRED = 1_767_323_045_000_000
MINUTE_US = 60_000_000
FAST = Alert(
    "a1", "orders-x-availability", "orders", "GET /x · 99.9 % succeed", "fast", "page", "firing", FIRED - MINUTE_US,
    14.4, FIRED, burn_long=30.0, burn_short=40.0, budget_left=-1.5,
    evidence=Evidence(FIRED, 100, 30.0, [GuiltyRoute("GET", "/x", 100, 30.0)], [], [], []),
)  # fmt: skip
MEDIUM = replace(FAST, id="a2", tier="medium", factor=6.0)
SLOW = replace(FAST, id="a3", tier="slow", severity="ticket", factor=1.0)


def over(alert: Alert, minutes: float) -> Alert:
    """Return an alert that is over after some minutes."""
    return replace(alert, state="resolved", resolved_us=FIRED + round(minutes * MINUTE_US))


def events(group: Group, base: str = BASE) -> list[tuple[str, str, str]]:
    """Return what PagerDuty is told of a group: action, tier, key."""
    (way,) = ways_of(WaysOptions(base, pagerduty="k" * 32))
    return [
        (one["event_action"], one.get("payload", {}).get("class", ""), one["dedup_key"])
        for one in way.messages(group, 0)
    ]


def test_a_page_that_another_tier_takes_over_is_the_same_incident() -> None:
    """The fast alert ends, the medium one still holds the same bad minutes: nobody is woken a second time."""
    ((_, _, key),) = events(Group("orders", (FAST,), ()))
    turn = events(Group("orders", (MEDIUM,), (over(FAST, 9),)))
    end = events(Group("orders", (), (over(MEDIUM, 40),)))

    assert turn == [("trigger", "medium", key)]
    assert end == [("resolve", "", key)]


def test_a_ticket_is_another_incident_than_a_page() -> None:
    """What can wait for the morning does not keep the page open."""
    page = payloads.incident(MEDIUM, BASE)
    ticket = payloads.incident(SLOW, BASE)

    assert events(Group("orders", (SLOW,), (over(MEDIUM, 40),))) == [
        ("trigger", "slow", ticket),
        ("resolve", "", page),
    ]
    assert ticket != page


def test_two_consoles_with_one_routing_key_do_not_end_each_others_incidents() -> None:
    """A trial environment that is well says nothing about production."""
    assert payloads.incident(FAST, BASE) != payloads.incident(FAST, "https://staging.example")


def test_the_end_of_one_tier_is_not_told_as_the_end_of_the_trouble() -> None:
    """While another tier of the objective fires, nobody reads that the promise is kept again."""
    message = payloads.webhook(Group("orders", (MEDIUM,), (over(FAST, 9),)), BASE)

    assert [(one["status"], one["annotations"]["summary"]) for one in message["alerts"]] == [
        ("firing", "orders: GET /x · 99.9 % succeed is at risk"),
        (
            "resolved",
            "orders: GET /x · 99.9 % succeed is still at risk, but burns more slowly",
        ),
    ]


def test_silence_is_told_in_its_own_words() -> None:
    """It has the name of the same alert in Prometheus, and speaks of no budget."""
    silent = replace(FAST, tier="no_data", factor=0.0, burn_long=None, evidence=None)
    message = payloads.webhook(Group("orders", (silent,), ()), BASE)
    ended = payloads.summary(over(silent, 9))

    assert message["commonLabels"]["alertname"] == "SpineObjectiveNoData"
    assert message["commonAnnotations"] == {
        "summary": "orders: nothing is known of GET /x · 99.9 % succeed",
        "description": (
            "No request has been counted for too long: nobody asks, or telemetry does not arrive."
        ),
    }
    assert ended == "orders: GET /x · 99.9 % succeed is counted again"


def test_an_alert_that_is_over_says_how_long_it_lasted_and_not_how_fast_it_burns() -> None:
    """Its requests are no news any more; in seconds below two minutes, in hours above one."""
    told = [payloads.description(over(FAST, minutes), BASE) for minutes in (0.7, 9, 135)]

    assert told == [
        f"It fired for {lasted}.\nBudget spent 2.5 times over."
        for lasted in ("42 s", "9 min", "2 h 15 min")
    ]


def test_a_new_console_tells_of_what_was_quiet_from_its_first_moment() -> None:
    """A silence for a deploy ends after a restart, and it still fires; who had been told before is not told again."""
    deploy = Silence("s1", "", "", FIRED - MINUTE_US, FIRED + MINUTE_US, "web", "")
    asleep = replace(deploy, id="s2", starts_us=FIRED + MINUTE_US)
    never = replace(FAST, silenced_by="s1")
    before = replace(FAST, id="b", silenced_by="s2", service="stock")
    due = Due(told_before([never, before], [deploy, asleep]))
    loud = [replace(one, silenced_by="") for one in (never, before)]

    assert due.groups([never, before], 0.0) == []
    assert [one.service for one in due.groups(loud, 120.0)] == ["orders"]


def test_a_rate_below_one_reads_as_what_it_is() -> None:
    """An alert that lasts a while longer than its cause says half as fast, and not 0.5 times faster."""
    calming = replace(MEDIUM, burn_long=0.5, budget_left=0.46, evidence=None)

    assert payloads.description(calming, BASE) == (
        "The error budget burns 0.5 times as fast as allowed; the medium alert comes at 6.\n"
        "46.0 % of the budget left."
    )
