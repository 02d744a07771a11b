"""Every question that the API answers: one table for routing, for the OpenAPI document and for its page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from fastapi_spine.console.api.parameters import (
    NEWER,
    OLDER,
    SERVICE,
    SINCE,
    UNTIL,
    Parameter,
    Q,
    Query,
    limit,
)
from fastapi_spine.console.api.problem import PARAMETER, UNKNOWN_ID, ProblemError
from fastapi_spine.console.assemble import error_page, overview, trace_view
from fastapi_spine.console.ports import Reader
from fastapi_spine.console.search import until_now
from fastapi_spine.console.views import (
    ErrorPage,
    Health,
    LogPage,
    LogView,
    Overview,
    RequestPage,
    RequestRow,
    Spread,
    TraceView,
)

PREFIX: Final = "/api/v1"
LONGEST_ID: Final = 200
_LINES: Final = 200


Answer = Callable[[Reader, Query], Any]


class Endpoint(NamedTuple):
    """One question.

    Attributes:
        path: below `/api/v1`; `{key}` is a part of it.
        name: of the operation.
        sentence: what it answers.
        parameters: what the query may hold.
        kind: the type of the answer.
        answer: answers; called in a thread. None where only the whole API can: it knows more than the store.
        example: a query, or a path with its parts filled in, that works on any console.
    """

    path: str
    name: str
    sentence: str
    parameters: tuple[Parameter, ...]
    kind: Any
    answer: Answer | None
    example: str


def _requests(reader: Reader, query: Query) -> RequestPage:
    return reader.requests(
        query.search(),
        query.window(),
        older=query.text("older"),
        newer=query.text("newer"),
        limit=query.number("limit"),
    )


def _logs(reader: Reader, query: Query) -> LogPage:
    return reader.logs(
        query.search(),
        query.window(),
        older=query.text("older"),
        newer=query.text("newer"),
        limit=query.number("limit"),
    )


def _around(reader: Reader, query: Query) -> list[LogView]:
    cursor = query.text("cursor")
    if not cursor:
        raise ProblemError(
            PARAMETER.problem("cursor is missing; it names a line, see /api/v1/logs.")
        )
    return reader.around(
        cursor,
        before=query.number("before"),
        after=query.number("after"),
        service=query.text("service"),
    )


def _trace(reader: Reader, query: Query) -> TraceView:
    key = query.path["key"]
    known = 0 < len(key) <= LONGEST_ID and key.isprintable()
    found = trace_view(reader, key) if known else None
    if found is None:
        raise ProblemError(UNKNOWN_ID.problem(_not_found(reader, key)))
    return found


def _not_found(reader: Reader, key: str) -> str:
    oldest = reader.health().oldest_us
    shown = "".join(one if one.isprintable() else "·" for one in key[:60])
    looked = f"There is no request and no trace with the id {shown!r}."
    if oldest is None:
        return f"{looked} Nothing has come in yet."
    since = datetime.fromtimestamp(oldest // 1_000_000, UTC)
    return (
        f"{looked} Kept is what came since {since:%Y-%m-%d %H:%M:%S} UTC; the request may be older, "
        "not sampled, or younger than a few seconds."
    )


def _overview(reader: Reader, query: Query) -> Overview:
    return overview(reader, until_now(query.window(), query.text("until"), query.now_ns))


def _spread(reader: Reader, query: Query) -> Spread:
    service, method, route = (query.text(name) for name in ("service", "method", "route"))
    found = query.window()
    spread = reader.spread(service, method, route, found)
    if spread is not None:
        return spread
    start, end = found
    return Spread(
        service, method, route, start // 1000, end // 1000, 0, 0, None, None, None, [], [0]
    )


def _errors(reader: Reader, query: Query) -> ErrorPage:
    return error_page(
        reader, query.window(), service=query.text("service"), limit=query.number("limit")
    )


_LIST: Final = (Q, SINCE, UNTIL, OLDER, NEWER)
_METHOD: Final = Parameter("method", "The HTTP method.", "GET")
_ROUTE: Final = Parameter("route", "The route's template.", "/orders/{order_id}")
_CURSOR: Final = Parameter("cursor", "Of the line in the middle.", "")
_BEFORE: Final = Parameter(
    "before", f"How many lines before it, at most {_LINES}.", "10", "10", _LINES, 0
)
_AFTER: Final = Parameter(
    "after", f"How many lines after it, at most {_LINES}.", "10", "10", _LINES, 0
)

ENDPOINTS: Final = (
    Endpoint(
        "/requests", "requests", "Requests that fit a search, newest first.",
        (*_LIST, limit(50, 500)), RequestPage, _requests, "?q=status>=500&since=2h&limit=20",
    ),
    Endpoint(
        "/logs", "logs", "Log lines that fit a search, newest first.",
        (*_LIST, limit(100, 1000)), LogPage, _logs, "?q=level:warn&since=15m",
    ),
    Endpoint(
        "/logs/around", "around", "The lines around one, oldest first, it included.",
        (_CURSOR, _BEFORE, _AFTER, SERVICE), list[LogView], _around, "?cursor=…&before=5&after=5",
    ),
    Endpoint(
        "/traces/{key}", "trace", "One request, everything about it: by request id (its last 8 characters will do) or trace id.",
        (), TraceView, _trace, "/traces/0197f3c2-5b7e-7d90-8a4e-3f1b2c4d5e6f",
    ),
    Endpoint(
        "/overview", "overview", "Services and routes against the window before, and what changed.",
        (SINCE, UNTIL), Overview, _overview, "?since=1h",
    ),
    Endpoint(
        "/spread", "spread", "How long requests of one route took.",
        (SERVICE, _METHOD, _ROUTE, SINCE, UNTIL), Spread, _spread,
        "?service=orders&method=GET&route=/orders/{order_id}",
    ),
    Endpoint(
        "/errors", "errors", "Failures, those that are one failure together, most recent first.",
        (SINCE, UNTIL, SERVICE, limit(100, 500)), ErrorPage, _errors, "?since=24h",
    ),
)  # fmt: skip


class Tail(NamedTuple):
    """One live tail, for the documentation; `tails` answers it.

    Attributes:
        path: below `/api/v1`.
        name: of its events.
        sentence: what it shows.
        row: the type of one row.
        example: a query.
    """

    path: str
    name: str
    sentence: str
    row: Any
    example: str


TAILS: Final = (
    Tail("/requests/tail", "requests", "Requests as they come.", RequestRow, "?q=failed:yes"),
    Tail("/logs/tail", "logs", "Log lines as they come.", LogView, "?q=level:warn"),
)


HEALTH: Final = Endpoint(
    "/health", "health", "How the console itself is: received, refused, kept, and what senders say.",
    (), Health, None, "",
)  # fmt: skip
