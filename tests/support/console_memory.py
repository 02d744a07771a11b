"""A store in memory: the reading door over plain lists, as slow as it is simple."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from fastapi_spine.console.facts import SEVERITY_ERROR, is_request, log_view, request, request_row
from fastapi_spine.console.filter import Between, Filter, Match, Window
from fastapi_spine.console.ports import CursorError, Found, Instance, Series
from fastapi_spine.console.quantiles import percentiles
from fastapi_spine.console.rows import Attributes, EventRow, LogRow, Source, SpanRow
from fastapi_spine.console.views import (
    ErrorGroup,
    LogPage,
    LogView,
    RequestPage,
    SenderHealth,
    Spread,
    StoreHealth,
)

S = 1_000_000_000
MS = 1_000_000
BOUNDS_NS = tuple(float(MS * 2**power) for power in range(14))
Row = TypeVar("Row")
WORD = re.compile(r"\w+")


def span(
    number: int,
    parent: int | None,
    start_ms: float,
    took_ms: float,
    *,
    name: str = "work",
    kind: int = 1,
    trace: int = 1,
    status: int = 0,
    attributes: Attributes | None = None,
    events: Sequence[EventRow] = (),
    source: Source | None = None,
    base: int = 1_700_000_000 * S,
) -> SpanRow:
    """Make a span that begins some milliseconds after the base."""
    start = base + round(start_ms * MS)
    return SpanRow(
        trace.to_bytes(16, "big"),
        number.to_bytes(8, "big"),
        b"" if parent is None else parent.to_bytes(8, "big"),
        name,
        kind,
        start,
        start + round(took_ms * MS),
        status,
        "",
        attributes or {},
        list(events),
        [],
        "test",
        source or ORDERS,
    )


ORDERS = Source("orders", "orders-1", "2.0", {})
STOCK = Source("stock", "stock-1", "1.0", {})


class Memory:
    """Rows in lists; answers what tests ask."""

    def __init__(self) -> None:
        self.spans: list[SpanRow] = []
        self.lines: list[LogRow] = []
        self.groups: list[ErrorGroup] = []
        self.given_series: list[Series] = []
        self.given_instances: list[Instance] = []
        self.trouble: Exception | None = None
        self.asked = 0

    def _ask(self) -> None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble

    def traces_of(self, key: str) -> list[str]:
        """Return traces by either id, newest first."""
        self._ask()
        found = [
            one.trace_id.hex()
            for one in sorted(self.spans, key=lambda one: -one.start_ns)
            if key in {one.trace_id.hex(), request(one).request_id}
        ]
        return list(dict.fromkeys(found))[:20]

    def trace(self, trace_id: str, limit: int) -> Found | None:
        """Return a trace; the longest spans if there are too many."""
        self._ask()
        spans = [one for one in self.spans if one.trace_id.hex() == trace_id]
        lines = [
            (str(place + 1), one)
            for place, one in enumerate(self.lines)
            if one.trace_id.hex() == trace_id
        ]
        if not spans and not lines:
            return None
        kept = sorted(spans, key=lambda one: one.start_ns - one.end_ns)[:limit]
        return Found(kept, sorted(lines, key=lambda pair: pair[1].at_ns), len(spans) - len(kept))

    def requests(
        self, wanted: Filter, window: Window, *, older: str = "", newer: str = "", limit: int = 50
    ) -> RequestPage:
        """Return requests in the order they came in."""
        self._ask()
        rows, before, after, whole = _page(
            self.spans,
            lambda one: (
                is_request(one)
                and window.start <= one.start_ns < window.end
                and _fits_request(wanted, one, self.lines)
            ),
            older,
            newer,
            limit,
        )
        found = [request_row(one, cursor) for cursor, one in rows]
        return RequestPage(found, before, after, whole)

    def logs(
        self, wanted: Filter, window: Window, *, older: str = "", newer: str = "", limit: int = 100
    ) -> LogPage:
        """Return lines in the order they came in."""
        self._ask()
        rows, before, after, whole = _page(
            self.lines,
            lambda one: window.start <= one.at_ns < window.end and _fits_line(wanted, one),
            older,
            newer,
            limit,
        )
        return LogPage([log_view(one, cursor) for cursor, one in rows], before, after, whole)

    def around(self, cursor: str, *, before: int, after: int, service: str = "") -> list[LogView]:
        """Return the lines around one."""
        self._ask()
        middle = _place(cursor)
        near = [
            (place, one)
            for place, one in enumerate(self.lines, 1)
            if not service or one.source.service == service
        ]
        below = [pair for pair in near if pair[0] < middle][-before:] if before else []
        above = [pair for pair in near if pair[0] >= middle][: after + 1]
        return [log_view(one, str(place)) for place, one in [*below, *above]]

    def series(
        self, window: Window, step_ns: int, *, service: str = "", method: str = "", route: str = ""
    ) -> list[Series]:
        """Return what was given, else what the spans say."""
        self._ask()
        if self.given_series:
            return self.given_series
        steps = -(-(window.end - window.start) // step_ns)
        found: dict[tuple[str, str, str], Series] = {}
        for one in self.spans:
            facts = request(one)
            key = (one.source.service, facts.method, facts.route)
            asked = (service, method, route)
            inside = window.start <= one.start_ns < window.end
            if not (is_request(one) and inside) or any(
                a and a != b for a, b in zip(asked, key, strict=True)
            ):
                continue
            empty = Series(
                *key, "spans", [0] * steps, [0] * steps,
                [[0] * (len(BOUNDS_NS) + 1) for _ in range(steps)], BOUNDS_NS,
            )  # fmt: skip
            row = found.setdefault(key, empty)
            step = (one.start_ns - window.start) // step_ns
            row.counts[step] += 1
            row.failures[step] += facts.failed
            took = one.end_ns - one.start_ns
            bucket = next(
                (at for at, bound in enumerate(BOUNDS_NS) if took <= bound), len(BOUNDS_NS)
            )
            row.buckets[step][bucket] += 1
        return list(found.values())

    def spread(self, service: str, method: str, route: str, window: Window) -> Spread | None:
        """Return how long a route took."""
        whole = window.end - window.start
        rows = [
            row
            for row in self.series(window, whole, service=service, method=method, route=route)
            if (row.service, row.method, row.route) == (service, method, route)
        ]
        if not rows:
            return None
        buckets = rows[0].buckets[0]
        bounds = [bound / 1000 for bound in BOUNDS_NS]
        return Spread(
            service, method, route, window.start // 1000, window.end // 1000,
            sum(buckets), sum(rows[0].failures), *percentiles(bounds, buckets), bounds, buckets,
        )  # fmt: skip

    def errors(
        self, window: Window, step_ns: int, *, service: str = "", limit: int = 100
    ) -> list[ErrorGroup]:
        """Return what was given."""
        self._ask()
        return [one for one in self.groups if not service or one.service == service][:limit]

    def instances(self, window: Window) -> list[Instance]:
        """Return what was given."""
        self._ask()
        return self.given_instances

    def senders(self) -> list[SenderHealth]:
        """Return none."""
        return []

    def health(self) -> StoreHealth:
        """Return what is kept."""
        starts = [one.start_ns // 1000 for one in self.spans]
        return StoreHealth(
            "memory", 0, 0, 0, 1, min(starts, default=None), max(starts, default=None),
            sum(is_request(one) for one in self.spans), len(self.spans), len(self.lines), 0, "ok", [], "memory",
        )  # fmt: skip

    def close(self) -> None:
        """Do nothing."""


def _place(cursor: str) -> int:
    if not cursor.isdigit() or not cursor.isascii():
        raise CursorError(f"{cursor[:40]!r} is no cursor.")
    return int(cursor)


def _page(
    rows: Sequence[Row], fits: Callable[[Row], bool], older: str, newer: str, limit: int
) -> tuple[list[tuple[str, Row]], str, str, bool]:
    """Return rows with their cursors (their places, from 1), newest first, and both cursors."""
    before = _place(older) if older else len(rows) + 1
    after = _place(newer) if newer else 0
    fitting = [
        (place, row) for place, row in enumerate(rows, 1) if after < place < before and fits(row)
    ]
    found = fitting[:limit] if newer else fitting[-limit:]
    more = len(fitting) > len(found) and not newer
    last = str(found[0][0]) if found and more else ""
    first = str(found[-1][0]) if found else newer or str(len(rows))
    return [(str(place), row) for place, row in reversed(found)], last, first, True


def _fits_request(wanted: Filter, one: SpanRow, lines: Iterable[LogRow]) -> bool:
    """Whether a request fits; words, attributes, logger and severity may also fit a line of its trace."""
    facts = request(one)
    own: dict[str, Any] = {
        "service": one.source.service, "route": facts.route, "method": facts.method, "path": facts.path,
        "outcome": facts.outcome, "error": facts.error, "name": one.name, "status": facts.status,
        "duration": one.end_ns - one.start_ns,
    }  # fmt: skip
    told = [line for line in lines if line.trace_id == one.trace_id]
    values = [one.attributes | own, *(_of_line(line) for line in told)]
    return (
        (wanted.failed is None or wanted.failed == facts.failed)
        and wanted.request_id in {"", facts.request_id}
        and wanted.trace_id in {"", one.trace_id.hex()}
        and all(
            any(_says(line, word.text) for line in told) != word.negated for word in wanted.words
        )
        and _fits(wanted, own, values)
    )


def _fits_line(wanted: Filter, one: LogRow) -> bool:
    values = _of_line(one) | {"service": one.source.service}
    return (
        (wanted.failed is None or wanted.failed == (one.severity >= SEVERITY_ERROR))
        and wanted.request_id in {"", log_view(one).request_id}
        and wanted.trace_id in {"", one.trace_id.hex()}
        and all(_says(one, word.text) != word.negated for word in wanted.words)
        and _fits(wanted, values, [values])
    )


def _of_line(line: LogRow) -> dict[str, Any]:
    return line.attributes | {"logger": line.logger, "severity": line.severity}


def _says(line: LogRow, text: str) -> bool:
    """Whether a line holds words in this order."""
    said, asked = (f" {' '.join(WORD.findall(one.lower()))} " for one in (line.body, text))
    return asked in said


def _fits(wanted: Filter, own: dict[str, Any], values: Sequence[dict[str, Any]]) -> bool:
    def among(key: str) -> Sequence[dict[str, Any]]:
        return [own] if key in own else values

    return all(
        any(_holds(match, one) for one in among(match.key)) != match.negated
        for match in wanted.matches
    ) and all(
        any(_between(size, one) for one in among(size.key)) != size.negated for size in wanted.sizes
    )


def _holds(match: Match, values: dict[str, Any]) -> bool:
    value = values.get(match.key)
    return value not in {None, ""} and any(
        str(value).startswith(one[:-1]) if one.endswith("*") else str(value) == one
        for one in match.values
    )


def _between(size: Between, values: dict[str, Any]) -> bool:
    value = values.get(size.key)
    if not isinstance(value, int | float):
        return False
    return (size.low is None or value >= size.low) and (size.high is None or value <= size.high)
