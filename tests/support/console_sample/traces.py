"""Made-up traces: a tree of calls is written down, times and views come out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi_spine.console.views import (
    EventView,
    LogView,
    RequestRow,
    SpanView,
    Spread,
    TraceView,
)

SEVERITIES = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}
BOUNDS_US = [
    1e3, 2e3, 5e3, 10e3, 15e3, 20e3, 30e3, 50e3, 75e3, 100e3, 150e3, 200e3, 300e3, 500e3, 750e3, 1e6, 2e6, 5e6,
]  # fmt: skip


@dataclass
class Call:
    """One span to be: `at` and `took` in milliseconds, `at` after its caller's beginning."""

    title: str
    at: float
    took: float
    calls: list[Call] = field(default_factory=list)
    service: str = ""
    kind: int = 1
    attributes: dict[str, Any] = field(default_factory=dict)
    failed: bool = False
    message: str = ""
    scope: str = "fastapi-spine"
    request_id: str = ""
    lines: list[tuple[float, str, str]] = field(default_factory=list)
    """Milliseconds after the span's beginning, level, message."""
    events: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    stack: str = ""
    """Of the last line."""
    held: bool = False


def hexed(*parts: object, digits: int = 16) -> str:
    """An id that is the same on every run."""
    return hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()[:digits]


@dataclass
class Told:
    """A call with its place in time."""

    call: Call
    span_id: str
    parent_id: str
    start: float
    depth: int
    service: str


def flat(call: Call, trace_id: str) -> Iterator[Told]:
    """Callers before what they call."""
    numbers = iter(range(10**9))
    waiting = [(call, "", 0.0, 0, call.service)]
    while waiting:
        one, parent, start, depth, service = waiting.pop()
        service = one.service or service
        told = Told(one, hexed(trace_id, next(numbers)), parent, start + one.at, depth, service)
        yield told
        waiting.extend(
            (below, told.span_id, told.start, depth + 1, service)
            for below in sorted(one.calls, key=lambda c: -c.at)
        )


def on_critical_path(call: Call) -> set[int]:
    """Identities of the calls that the end had to wait for."""
    found: set[int] = set()
    waiting = [call]
    while waiting:
        one = waiting.pop()
        found.add(id(one))
        until = one.took
        for below in sorted(one.calls, key=lambda c: -(c.at + c.took)):
            if below.at + below.took <= until + 1e-9:
                waiting.append(below)
                until = below.at
    return found


def own_time(call: Call) -> float:
    """What no call below covers, milliseconds."""
    covered, until = 0.0, 0.0
    for below in sorted(call.calls, key=lambda c: c.at):
        start, end = max(below.at, until), min(below.at + below.took, call.took)
        covered += max(0.0, end - start)
        until = max(until, end)
    return max(0.0, call.took - covered)


def span_view(told: Told, critical: set[int]) -> SpanView:
    """One bar."""
    call = told.call
    events = [EventView((told.start + at) * 1e3, name, given) for at, name, given in call.events]
    return SpanView(
        told.span_id, told.parent_id, told.service, call.attributes.get("name", call.title), call.title,
        call.kind, told.start * 1e3, call.took * 1e3, own_time(call) * 1e3, id(call) in critical,
        told.depth, call.failed, call.message, call.scope, call.request_id,
        call.attributes, events, [],
    )  # fmt: skip


def log_views(told: Told, start_us: int, trace_id: str, request_id: str) -> Iterator[LogView]:
    """The lines that a span wrote."""
    call = told.call
    for number, (at, level, message) in enumerate(call.lines):
        last = number == len(call.lines) - 1
        at_us = start_us + int((told.start + at) * 1e3)
        yield LogView(
            f"{at_us}.{told.span_id}.{number}", at_us, SEVERITIES[level], level,
            f"shop.{told.service}", message, told.service, request_id, trace_id, told.span_id,
            {"user_id": 42}, call.held and level == "DEBUG", call.stack if last else "",
        )  # fmt: skip


def request_row(told: Told, trace_id: str, start_us: int) -> RequestRow:
    """The request that a server span is."""
    call, given = told.call, told.call.attributes
    return RequestRow(
        f"{start_us}.{told.span_id}", call.request_id, trace_id, told.span_id, told.service,
        str(given.get("http.request.method", "GET")), str(given.get("http.route", "")),
        str(given.get("url.path", "")), given.get("http.response.status_code"),
        start_us + int(told.start * 1e3), call.took * 1e3, call.failed,
        error=str(given.get("error.type", "")), entry=not told.parent_id,
    )  # fmt: skip


def trace_view(call: Call, trace_id: str, start_us: int, *, peers: Spread | None) -> TraceView:
    """Everything about one request."""
    told = list(flat(call, trace_id))
    critical = on_critical_path(call)
    requests = [request_row(one, trace_id, start_us) for one in told if one.call.kind == 2]
    logs = [line for one in told for line in log_views(one, start_us, trace_id, call.request_id)]
    facts = {
        "client": "203.0.113.0/24",
        "user agent": "shop-app/3.2 (iOS 19)",
        "user_id": "42",
        "host": "orders-7c9f",
        "version": "1.4.2",
    }
    return TraceView(
        trace_id, requests[0] if requests else None, requests, facts, start_us, call.took * 1e3,
        [span_view(one, critical) for one in told], sorted(logs, key=lambda line: line.at_us),
        list(dict.fromkeys(one.service for one in told)),
        sum(one.call.failed for one in told), peers=peers, slower_than=share(peers, call.took),
    )  # fmt: skip


def share(peers: Spread | None, took: float) -> float | None:
    """Which part of the others was quicker."""
    if peers is None:
        return None
    quicker = sum(
        count
        for bound, count in zip(peers.bounds_us, peers.counts, strict=False)
        if bound <= took * 1e3
    )
    return quicker / peers.count
