"""What is shown, wherever: the answers of the read side, and the JSON of the API to the letter.

Times are whole microseconds since the epoch (`*_us`; JavaScript counts no further exactly), durations microseconds with
fractions. Ids are lower-case hex. A field that does not apply is empty or null, never missing.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

Attributes: TypeAlias = dict[str, Any]
"""`rows.Attributes`, in words that msgspec can read back: a type that holds itself it cannot."""

Basis = Literal["metrics", "spans"]
"""Where rates and percentiles come from: the service's own metrics, or the spans that came.

The counts of metrics are exact, whatever was sampled. Percentiles are read from buckets, and never beyond the longest
that came.
"""


class RequestRow(Struct, frozen=True):
    """One request in a list: one server span.

    Attributes:
        cursor: names its place in the list; opaque.
        entry: whether it came from outside: its span has no parent.
        failed: 5xx, an exception, or a span with status error.
        outcome: how it ended, where the status does not say it (`disconnected`, `cancelled`); else empty.
        error: type of the exception or error; else empty.
    """

    cursor: str
    request_id: str
    trace_id: str
    span_id: str
    service: str
    method: str
    route: str
    path: str
    status: int | None
    start_us: int
    duration_us: float
    failed: bool
    outcome: str = ""
    error: str = ""
    entry: bool = True


class RequestPage(Struct, frozen=True):
    """Some requests, newest first.

    Attributes:
        older: cursor for what comes after the last one here; empty at the end.
        newer: cursor for what will come later than the first one here: a tail asks with it.
        whole: whether everything in the window was looked at; if not, the search was cut by time, and `older` goes on.
    """

    requests: list[RequestRow]
    older: str = ""
    newer: str = ""
    whole: bool = True


class EventView(Struct, frozen=True):
    """Something that happened at one moment of a span; `at_us` counts from the trace's beginning."""

    at_us: float
    name: str
    attributes: Attributes


class SpanView(Struct, frozen=True):
    """One bar of the waterfall.

    Attributes:
        parent_id: empty for a beginning, or for a span whose parent did not come.
        title: its name for people, by `core.title`.
        start_us: from the trace's beginning.
        self_us: its own time: what none of its children covers.
        critical: whether the whole would have ended sooner, had it been quicker.
        depth: how many callers it has here.
        failed: status error.
        request_id: of a server span.
    """

    span_id: str
    parent_id: str
    service: str
    name: str
    title: str
    kind: int
    start_us: float
    duration_us: float
    self_us: float
    critical: bool
    depth: int
    failed: bool
    status_message: str
    scope: str
    request_id: str
    attributes: Attributes
    events: list[EventView]
    links: list[str]


class LogView(Struct, frozen=True):
    """One log line.

    Attributes:
        cursor: names its place; opaque.
        severity: OTLP's number.
        level: DEBUG, INFO, WARN, ERROR, FATAL, or the sender's own word.
        held: whether it was held back and came because its request failed or was slow.
        stack: the exception as text; empty without one.
    """

    cursor: str
    at_us: int
    severity: int
    level: str
    logger: str
    message: str
    service: str
    request_id: str
    trace_id: str
    span_id: str
    attributes: Attributes
    held: bool = False
    stack: str = ""


class LogPage(Struct, frozen=True):
    """Some log lines, newest first; `older`, `newer` and `whole` as in `RequestPage`."""

    logs: list[LogView]
    older: str = ""
    newer: str = ""
    whole: bool = True


class Spread(Struct, frozen=True):
    """How long requests of one route took.

    Attributes:
        bounds_us: upper bounds of the buckets, growing; the last bucket is open.
        counts: one more than bounds.
    """

    service: str
    method: str
    route: str
    start_us: int
    end_us: int
    count: int
    errors: int
    p50_us: float | None
    p95_us: float | None
    p99_us: float | None
    bounds_us: list[float]
    counts: list[int]
    basis: Basis = "spans"


class TraceView(Struct, frozen=True):
    """One request, everything about it. Also the file that is downloaded and opened again.

    Attributes:
        format: names the file's form.
        request: the one that was asked for, else the trace's first.
        requests: every request of the trace, by time.
        facts: header facts of `request` by name, in the order to show them.
        start_us: the trace's beginning, since the epoch.
        spans: callers before what they called, siblings by time.
        logs: by time, oldest first.
        services: in the order they appear.
        errors: how many spans failed.
        others: other traces with the same request id, newest first.
        cut: how many spans were left out, because there are too many.
        peers: how long others of `request`'s route took in the hour around it.
        slower_than: the share of `peers` that were quicker, 0 to 1; null with fewer than five others.
    """

    trace_id: str
    request: RequestRow | None
    requests: list[RequestRow]
    facts: dict[str, str]
    start_us: int
    duration_us: float
    spans: list[SpanView]
    logs: list[LogView]
    services: list[str]
    errors: int
    others: list[str] = field(default_factory=list)
    cut: int = 0
    peers: Spread | None = None
    slower_than: float | None = None
    format: str = "spine-trace-1"


class Numbers(Struct, frozen=True):
    """Rate, errors and durations over one window; percentiles are null where nothing came."""

    count: int
    errors: int
    per_second: float
    p50_us: float | None
    p95_us: float | None
    p99_us: float | None


class RouteNumbers(Struct, frozen=True):
    """One route of one service.

    Attributes:
        now: over the window.
        before: over the window of the same length before it.
        counts: requests a step of time, oldest first; what a sparkline draws.
        failures: failed ones of them.
        p95_us: their 95th percentile; null where none came.
    """

    service: str
    method: str
    route: str
    basis: Basis
    now: Numbers
    before: Numbers
    counts: list[int]
    failures: list[int]
    p95_us: list[float | None]


class ServiceNumbers(Struct, frozen=True):
    """One service: its routes together.

    Attributes:
        instances: how many sent something in the window.
        versions: `service.version`s seen in it, newest last.
    """

    service: str
    basis: Basis
    instances: int
    versions: list[str]
    now: Numbers
    before: Numbers
    counts: list[int]
    failures: list[int]
    p95_us: list[float | None]


class Change(Struct, frozen=True):
    """Something that is different from the window before.

    Attributes:
        kind: `new_error`, `more_errors`, `slower`, `faster`, `silent`, `new_route`, `version`.
        text: one sentence.
        search: finds what it tells of.
    """

    kind: str
    service: str
    route: str
    text: str
    search: str
    at_us: int


class Overview(Struct, frozen=True):
    """What the first page shows; lists are sorted, what needs eyes first."""

    start_us: int
    end_us: int
    step_us: int
    services: list[ServiceNumbers]
    routes: list[RouteNumbers]
    changes: list[Change]


class ErrorGroup(Struct, frozen=True):
    """Failures that are one failure: the same exception from the same place of the code.

    Attributes:
        fingerprint: 16 hex digits of type, and file and function of each frame of the application; no line numbers.
        message: of the newest one.
        where: `file:line function` of the newest one's innermost frame of the application.
        new: whether none came before the window.
        counts: how many a step of time.
        request_id: of the newest one; empty without one.
        search: finds requests that had it.
    """

    fingerprint: str
    type: str
    message: str
    where: str
    service: str
    route: str
    count: int
    first_us: int
    last_us: int
    new: bool
    counts: list[int]
    request_id: str
    trace_id: str
    search: str = ""


class ErrorPage(Struct, frozen=True):
    """Groups of failures, most recent first."""

    start_us: int
    end_us: int
    step_us: int
    errors: list[ErrorGroup]


class SignalHealth(Struct, frozen=True):
    """What came in of one signal since the console started."""

    signal: str
    bodies: int
    bytes: int
    items: int
    rejected: dict[str, int]
    """How many items were refused, by reason."""


class SenderHealth(Struct, frozen=True):
    """What one process says of its own telemetry, by its metrics: emitted, delivered, dropped, redacted."""

    service: str
    instance: str
    version: str
    last_us: int
    emitted: dict[str, int]
    delivered: dict[str, int]
    dropped: dict[str, int]
    """`signal reason` → how many."""
    redacted: dict[str, int]
    """Kind of secret → how many."""


class StoreHealth(Struct, frozen=True):
    """What is kept, and how much may be."""

    path: str
    bytes: int
    limit_bytes: int
    keep_seconds: int
    slices: int
    oldest_us: int | None
    newest_us: int | None
    requests: int
    spans: int
    logs: int
    free_bytes: int
    state: str
    """`ok`, or why nothing can be written."""
    set_aside: list[str]
    """Files that could not be read and were moved away."""
    engine: str


class Health(Struct, frozen=True):
    """How the console itself is."""

    version: str
    started_us: int
    signals: list[SignalHealth]
    senders: list[SenderHealth]
    store: StoreHealth
    notices: list[str]
    tails: int = 0
    receiver: str = ""
    """Where telemetry is to be sent, for `OTEL_EXPORTER_OTLP_ENDPOINT` on the console's machine."""
