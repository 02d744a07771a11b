"""What the services that tell people publish about the messages they take, as types that check a message."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Url = Annotated[str, Meta(pattern=r"^https?://\S+$")]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$")]


class PagerDutyLink(Struct, forbid_unknown_fields=True):
    """A link of an event."""

    href: Url
    text: str | UnsetType = UNSET


class PagerDutyPayload(Struct, forbid_unknown_fields=True, rename={"class_": "class"}):
    """PD-CEF, as the Events API v2 takes it ("PD-CEF", "Send an Alert Event")."""

    summary: Annotated[str, Meta(min_length=1, max_length=1024)]
    source: Annotated[str, Meta(min_length=1)]
    severity: Literal["critical", "error", "warning", "info"]
    timestamp: Moment | UnsetType = UNSET
    component: str | UnsetType = UNSET
    group: str | UnsetType = UNSET
    class_: str | UnsetType = UNSET
    custom_details: dict[str, Any] | UnsetType = UNSET


class PagerDutyEvent(Struct, forbid_unknown_fields=True):
    """An event of the Events API v2; only a trigger has a payload."""

    routing_key: Annotated[str, Meta(pattern=r"^[0-9a-zA-Z]{32}$")]
    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: Annotated[str, Meta(min_length=1, max_length=255)]
    payload: PagerDutyPayload | UnsetType = UNSET
    client: str | UnsetType = UNSET
    client_url: Url | UnsetType = UNSET
    links: list[PagerDutyLink] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.event_action == "trigger") is (self.payload is UNSET):
            raise ValueError("a trigger has a payload, and nothing else has")


class SlackText(Struct, forbid_unknown_fields=True):
    """A part of an attachment's text."""

    title: str | UnsetType = UNSET
    text: Annotated[str, Meta(max_length=40_000)] | UnsetType = UNSET
    ts: float | UnsetType = UNSET
    color: Annotated[str, Meta(pattern=r"^(good|warning|danger|#[0-9A-Fa-f]{6})$")] | UnsetType = (
        UNSET
    )
    fallback: str | UnsetType = UNSET
    footer: str | UnsetType = UNSET
    footer_icon: str | UnsetType = UNSET
    mrkdwn_in: list[str] | UnsetType = UNSET


class SlackMessage(Struct):
    """What an incoming webhook takes: a text, attachments or both; keys that it does not know are ignored."""

    text: Annotated[str, Meta(max_length=40_000)] | UnsetType = UNSET
    attachments: list[SlackText] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.text is UNSET and not self.attachments:
            raise ValueError("no_text")


def pagerduty_event(body: Any) -> PagerDutyEvent:
    """Check one event; raises `msgspec.ValidationError`, which says what is wrong and where."""
    return msgspec.convert(body, PagerDutyEvent)


def slack_message(body: Any) -> SlackMessage:
    """Check one message; raises `msgspec.ValidationError`."""
    return msgspec.convert(body, SlackMessage)
