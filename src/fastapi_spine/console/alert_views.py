"""What is shown of objectives and alerts: the API's JSON to the letter. Times as in `views`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from fastapi_spine.console.views import Change, ErrorGroup, RequestRow

Phase = Literal["pending", "firing", "resolved"]


class BurnView(Struct, frozen=True):
    """How one tier of an objective stands.

    Attributes:
        factor: how many times faster than allowed both windows must burn.
        long: burn rate of the long window; null without requests.
        short: of the short one.
        enough: whether so many requests were bad that the rates say something.
        state: `inactive`, `pending` or `firing`.
    """

    tier: str
    severity: str
    factor: float
    long_s: int
    short_s: int
    long: float | None
    short: float | None
    enough: bool
    state: str


class BudgetChart(Struct, frozen=True):
    """What was left of the budget at the end of each step; null where nothing had come yet."""

    start_us: int
    step_us: int
    left: list[float | None]


class ObjectiveView(Struct, frozen=True):
    """One promise.

    Attributes:
        ratio: the share that shall be good.
        threshold_us: of a latency; else null.
        declared_by: `service` or `file`.
        routes: `METHOD template` of those that had requests.
        basis: where the counts come from: `metrics`, `spans`, or empty.
        state: `ok`, `pending`, `firing` or `no_data`.
        severity: of the worst tier that fires or is pending; empty for none.
        budget_left: 1 untouched, 0 spent, below 0 overspent; null without requests.
        covered_s: for how much of its window there are numbers.
    """

    id: str
    service: str
    target: str
    kind: str
    title: str
    ratio: float
    threshold_us: float | None
    window_s: int
    declared_by: str
    routes: list[str]
    basis: str
    state: str
    severity: str
    total: int
    bad: float
    good_share: float | None
    budget_left: float | None
    covered_s: int
    burns: list[BurnView]
    chart: BudgetChart


class GuiltyRoute(Struct, frozen=True):
    """One route's part of what went wrong."""

    method: str
    route: str
    total: int
    bad: float


class Evidence(Struct, frozen=True):
    """Why it fired, as it was then: the store forgets, this does not."""

    at_us: int
    total: int
    bad: float
    routes: list[GuiltyRoute]
    requests: list[RequestRow]
    errors: list[ErrorGroup]
    changes: list[Change]


class Ack(Struct, frozen=True):
    """Somebody has seen it."""

    at_us: int
    by: str
    note: str


class Alert(Struct, frozen=True):
    """One alert from pending to resolved.

    Attributes:
        inhibited_by: a faster tier of the same objective that speaks for it; empty for none.
        silenced_by: the silence that keeps it quiet; empty for none.
    """

    id: str
    objective: str
    service: str
    title: str
    tier: str
    severity: str
    state: Phase
    pending_us: int
    factor: float
    fired_us: int | None = None
    resolved_us: int | None = None
    burn_long: float | None = None
    burn_short: float | None = None
    budget_left: float | None = None
    inhibited_by: str = ""
    silenced_by: str = ""
    acked: Ack | None = None
    evidence: Evidence | None = None


class Silence(Struct, frozen=True):
    """Keeps alerts from being sent; they are evaluated and shown all the same.

    Attributes:
        objective: only this one's; empty for all.
        service: only this one's; empty for all.
    """

    id: str
    objective: str
    service: str
    starts_us: int
    ends_us: int
    by: str
    note: str


class SenderView(Struct, frozen=True):
    """One way to people; its address is shown without secrets."""

    name: str
    target: str
    sent: int = 0
    failed: int = 0
    waiting: int = 0
    last_us: int | None = None
    last_error: str = ""


class Trial(Struct, frozen=True):
    """What came of one trial message."""

    name: str
    target: str
    ok: bool
    detail: str


class AlertsPage(Struct, frozen=True):
    """The page of alerts."""

    at_us: int | None
    every_s: float
    table: str
    objectives: list[ObjectiveView]
    alerts: list[Alert]
    silences: list[Silence]
    senders: list[SenderView]
    trouble: list[str]


class Replay(Struct, frozen=True):
    """What would have fired on stored numbers; `truncated` if they do not go back so far."""

    start_us: int
    end_us: int
    step_s: int
    truncated: bool
    alerts: list[Alert] = field(default_factory=list)
