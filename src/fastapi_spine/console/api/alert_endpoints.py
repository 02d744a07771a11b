"""What can be asked of alerts and done to them: one table for the OpenAPI document and for its page; `alerts` answers."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from fastapi_spine.console.alert_views import Alert, AlertsPage, Replay, Silence, Trial
from fastapi_spine.console.api.endpoints import Endpoint
from fastapi_spine.console.api.parameters import SINCE, UNTIL

REPLAY_SINCE: Final = SINCE._replace(default="7d")
_ID: Final = "9f2c41d07ab3e865"


class NoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """What an acknowledgement says.

    Attributes:
        note: for people, at most 500 printable characters.
    """

    note: str = ""


class SilenceBody(msgspec.Struct, forbid_unknown_fields=True):
    """What shall be quiet, and how long.

    Attributes:
        seconds: from now on, at most 30 days.
        objective: only this one's alerts; empty for all.
        service: only this one's; empty for all.
        note: why, at most 500 printable characters.
    """

    seconds: float
    objective: str = ""
    service: str = ""
    note: str = ""


class EmptyBody(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing: `{}`."""


class Deed(NamedTuple):
    """One thing that can be done: a POST with a JSON body.

    Attributes:
        path: below `/api/v1`; `{key}` is a part of it.
        name: of the operation.
        sentence: what it does.
        body: the type of the body.
        kind: the type of the answer.
        status: of an answer when it is done.
        example: a body.
    """

    path: str
    name: str
    sentence: str
    body: type[msgspec.Struct]
    kind: Any
    status: int
    example: str


PAGE: Final = Endpoint(
    "/alerts", "alerts", "Objectives and how they stand, alerts with their evidence, silences, who is told.",
    (), AlertsPage, None, "",
)  # fmt: skip
REPLAY: Final = Endpoint(
    "/alerts/replay", "alerts_replay", "What would have fired, by today's objectives on the numbers that are kept.",
    (REPLAY_SINCE, UNTIL), Replay, None, "?since=7d",
)  # fmt: skip
ONE: Final = Endpoint("/alerts/{key}", "alert", "One alert.", (), Alert, None, f"/alerts/{_ID}")
ACKNOWLEDGE: Final = Deed(
    "/alerts/{key}/ack", "alert_acknowledge", "Say that an alert was seen: it is not sent again while it fires.",
    NoteBody, Alert, 200, '{"note": "looking"}',
)  # fmt: skip
SILENCE: Final = Deed(
    "/alerts/silences", "alert_silence", "Keep alerts from being sent for a while; they are evaluated all the same.",
    SilenceBody, Silence, 201, '{"seconds": 3600, "service": "orders", "note": "deploy"}',
)  # fmt: skip
END_SILENCE: Final = Deed(
    "/alerts/silences/{key}/end", "alert_silence_end", "End a silence now.", EmptyBody, Silence, 200, "{}"
)  # fmt: skip
TEST: Final = Deed(
    "/alerts/test", "alerts_test", "Send a trial by every way to people; the answer is what each of them answered.",
    EmptyBody, list[Trial], 200, "{}",
)  # fmt: skip
QUESTIONS: Final = (PAGE, REPLAY, ONE)
DEEDS: Final = (ACKNOWLEDGE, SILENCE, END_SILENCE, TEST)
