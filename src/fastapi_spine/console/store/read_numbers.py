"""Rates, percentiles, failures and processes: what the file of numbers answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from msgspec import json, msgpack

from fastapi_spine.console.facts import METHOD_WEBSOCKET
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Instance, Outcome, Series
from fastapi_spine.console.quantiles import percentiles
from fastapi_spine.console.store.meta_shelf import MetaShelf
from fastapi_spine.console.store.rollup import (
    BASIS_METRICS,
    LONGEST,
    MINUTE_NS,
    outcome_of,
    rebucketed,
)
from fastapi_spine.console.views import Basis, ErrorGroup, SenderHealth, Spread

_numbers = msgpack.Decoder(list[int]).decode
_bounds = json.Decoder(tuple[float, ...]).decode
_said = msgpack.Decoder(dict[str, dict[str, int]]).decode
_MOST_STEPS: Final = 10_000
_BASES: Final[tuple[Basis, Basis]] = ("spans", "metrics")

Key = tuple[str, str, str]


def steps_of(window: Window, step_ns: int) -> tuple[int, int, int]:
    """Return the first minute of a window, the one after its last, and how many minutes a step is.

    As many minutes as the window is long, and the one that holds its end is the last: an hour until now is sixty minutes,
    the one that is not over yet included. Windows side by side share no minute.
    """
    last = -(-window.end // MINUTE_NS)
    first = max(last - -(-max(window.end - window.start, 0) // MINUTE_NS), 0)
    wide = max(step_ns // MINUTE_NS, 1, -(-(last - first) // _MOST_STEPS))
    return first, last, wide


def series(meta: MetaShelf, window: Window, step_ns: int, wanted: Key) -> list[Series]:
    """Return the numbers of each route: of a service's own metrics where it sends any, which do not know WebSockets."""
    first, last, wide = steps_of(window, step_ns)
    here = {"first": first, "last": last, "service": wanted[0]}
    rows = list(meta.rows("series_in_window", here))
    if any(wanted):
        rows = [row for row in rows if _is(row[1:4], wanted)]
    measured = {row[1] for row in rows if row[4] == BASIS_METRICS}
    grouped: dict[Key, list[tuple[Any, ...]]] = defaultdict(list)
    spans: dict[Key, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_spans = row[1] not in measured or row[2] == METHOD_WEBSOCKET
        if by_spans == (row[4] != BASIS_METRICS):
            grouped[row[1:4]].append(row)
        if row[4] != BASIS_METRICS:
            spans[row[1:4]].append(row)
    bounds = {number: _bounds(text) for number, text in meta.rows("all_bounds")}
    steps = -(-(last - first) // wide)
    return [
        _series(key, found, bounds, first, wide, steps)._replace(
            longest_ns=_longest(found, spans[key], first, wide, steps)
        )
        for key, found in sorted(grouped.items())
    ]


def _is(key: tuple[Any, ...], wanted: Key) -> bool:
    return all(not want or want == has for want, has in zip(wanted, key, strict=True))


def _series(
    key: Key, rows: list[tuple[Any, ...]], bounds: dict[int, tuple[float, ...]], first: int, wide: int, steps: int
) -> Series:  # fmt: skip
    number = max(rows, key=lambda row: row[0])[7]
    edges = bounds[number]
    counts, failures = [0] * steps, [0] * steps
    buckets = [[0] * (len(edges) + 1) for _ in range(steps)]
    outcomes: list[dict[Outcome, int]] = [{} for _ in range(steps)]
    for minute, _, _, _, _, count, failed, their, blob, ended in rows:
        step = (minute - first) // wide
        counts[step] += count
        failures[step] += failed
        _add_outcomes(outcomes[step], _numbers(ended))
        flat = _numbers(blob)
        into = buckets[step]
        if their == number:
            for bucket, many in _counted(flat):
                into[bucket] += many
        else:
            _add_other(into, flat, bounds[their], edges)
    return Series(
        *key, _BASES[rows[0][4] == BASIS_METRICS], counts, failures, buckets, edges, outcomes
    )


def _longest(
    rows: list[tuple[Any, ...]], spans: list[tuple[Any, ...]], first: int, wide: int, steps: int
) -> list[int]:
    """Return the longest duration of each step; empty where fewer spans came than requests were counted."""
    if sum(row[5] for row in spans) < sum(row[5] for row in rows):
        return []
    longest = [0] * steps
    for row in spans:
        step = (row[0] - first) // wide
        flat = _numbers(row[8])
        if flat[0] == LONGEST:
            longest[step] = max(longest[step], flat[1])
    return longest


def _add_outcomes(into: dict[Outcome, int], flat: list[int]) -> None:
    for code, many in zip(flat[::2], flat[1::2], strict=True):
        outcome = outcome_of(code)
        into[outcome] = into.get(outcome, 0) + many


def _add_other(
    into: list[int], flat: list[int], their: tuple[float, ...], edges: tuple[float, ...]
) -> None:
    dense = [0] * (len(their) + 1)
    for bucket, many in _counted(flat):
        dense[bucket] += many
    for bucket, many in enumerate(rebucketed(their, dense, edges)):
        into[bucket] += many


def _counted(flat: list[int]) -> Iterator[tuple[int, int]]:
    """Return a cell's buckets, each with its count."""
    start = 2 if flat[:1] == [LONGEST] else 0
    return zip(flat[start::2], flat[start + 1 :: 2], strict=True)


def spread(meta: MetaShelf, key: Key, window: Window) -> Spread | None:
    """Return how long requests of a route took."""
    whole = window.end - window.start + 2 * MINUTE_NS
    found = [
        one
        for one in series(meta, window, whole, key)
        if (one.service, one.method, one.route) == key
    ]
    if not found or not found[0].buckets:
        return None
    one = found[0]
    bounds_us = [bound / 1000 for bound in one.bounds_ns]
    counts = [sum(column) for column in zip(*one.buckets, strict=True)]
    p50, p95, p99 = percentiles(bounds_us, counts, max(one.longest_ns, default=0) / 1000)
    return Spread(
        *key, window.start // 1000, window.end // 1000, sum(one.counts), sum(one.failures), p50, p95, p99,
        bounds_us, counts, one.basis,
    )  # fmt: skip


def errors(
    meta: MetaShelf, window: Window, step_ns: int, service: str, limit: int
) -> list[ErrorGroup]:
    """Return failures by fingerprint, most recent first."""
    first, last, wide = steps_of(window, step_ns)
    steps = -(-(last - first) // wide)
    counts: dict[tuple[str, str], list[int]] = {}
    told: dict[tuple[str, str], tuple[Any, ...]] = {}
    here = {"first": first, "last": last, "service": service}
    for minute, count, *rest in meta.rows("failures_in_window", here):
        key = (rest[0], rest[1])
        told[key] = tuple(rest)
        counts.setdefault(key, [0] * steps)[(minute - first) // wide] += count
    newest = sorted(told.values(), key=lambda row: row[9], reverse=True)[:limit]
    return [_group(row, counts[row[0], row[1]], first) for row in newest]


def _group(row: tuple[Any, ...], counts: list[int], first: int) -> ErrorGroup:
    print_, service, kind, message, place, route, request_id, trace_id, first_ns, last_ns = row
    new = first_ns >= first * MINUTE_NS
    return ErrorGroup(
        print_, kind, message, place, service, route, sum(counts), first_ns // 1000, last_ns // 1000, new, counts,
        request_id, trace_id,
    )  # fmt: skip


def instances(meta: MetaShelf, window: Window) -> list[Instance]:
    """Return who sent something, the thousand heard of last."""
    here = {"start": window.start, "end": window.end}
    return sorted(Instance(*row) for row in meta.rows("instances", here))


def senders(meta: MetaShelf) -> list[SenderHealth]:
    """Return what senders say of their own telemetry."""
    found = []
    for service, instance, version, at_ns, blob in meta.rows("senders"):
        said = _said(blob)
        parts = (said.get(field, {}) for field in ("emitted", "delivered", "dropped", "redacted"))
        found.append(SenderHealth(service, instance, version, at_ns // 1000, *parts))
    return found
