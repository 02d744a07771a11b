"""Everything of one trace, over all slices."""

from __future__ import annotations

from functools import partial

from fastapi_spine.console.facts import SHORTEST_ENDING, is_request
from fastapi_spine.console.ports import Found
from fastapi_spine.console.rows import LogRow, SpanRow
from fastapi_spine.console.store.columns import log_of, span_of
from fastapi_spine.console.store.cursor import LOGS, Place, written
from fastapi_spine.console.store.identity import traces_named, traces_with_id
from fastapi_spine.console.store.shelf import Shelf
from fastapi_spine.console.store.slice_reader import SliceReader
from fastapi_spine.core.telemetry import STATUS_ERROR

_MOST_TRACES = 20
_MOST_LINES = 10_000
_WHOLE = 32
"""A trace id has as many characters and a UUID has more; they are no endings."""


def traces_of(shelf: Shelf, key: str) -> list[str]:
    """Return the trace ids (hex) behind an id, newest first.

    An id that names nothing is looked for as the ending of a request id, as lines for people show it; of several
    with that ending the newest is meant. No index helps there: it costs a walk through the ids that are kept, 0.2 s a million.
    """
    found = _named(shelf, key)
    if found or not SHORTEST_ENDING <= len(key) < _WHOLE:
        return found
    ending = {"ending": key, "length": len(key)}
    for file in reversed(shelf.slices()):
        row = shelf.guarded(file, partial(file.row, "request_id_ending", ending), None)
        if row is not None:
            return _named(shelf, row[0])
    return []


def _named(shelf: Shelf, key: str) -> list[str]:
    found: dict[str, None] = {}
    for file in reversed(shelf.slices()):
        nothing: list[str] = []
        for trace_id in shelf.guarded(file, partial(_in_slice, file, key), nothing):
            found.setdefault(trace_id)
        if len(found) >= _MOST_TRACES:
            break
    return list(found)[:_MOST_TRACES]


def _in_slice(file: SliceReader, key: str) -> list[str]:
    named = [trace_id.hex() for _, _, trace_id in traces_named(file, key)]
    lower = key.lower()
    if len(lower) == 32 and traces_with_id(file, lower):  # noqa: PLR2004 - hex digits of a trace id
        return [lower, *named]
    return named


def whole_trace(shelf: Shelf, trace_id: str, limit: int) -> Found | None:
    """Return everything of a trace; None if it is unknown."""
    spans: dict[bytes, SpanRow] = {}
    logs: list[tuple[str, LogRow]] = []
    known = False
    for file in shelf.slices():
        parts = shelf.guarded(file, partial(_parts, file, trace_id), None)
        if parts is not None:
            known = True
            for span in parts[0]:
                spans.setdefault(span.span_id, span)
            logs += parts[1]
    if not known:
        return None
    logs.sort(key=lambda found: found[1].at_ns)
    kept = chosen(list(spans.values()), limit)
    return Found(kept, logs[:_MOST_LINES], len(spans) - len(kept))


def _parts(
    file: SliceReader, trace_id: str
) -> tuple[list[SpanRow], list[tuple[str, LogRow]]] | None:
    numbers = traces_with_id(file, trace_id)
    if not numbers:
        return None
    spans: list[SpanRow] = []
    logs: list[tuple[str, LogRow]] = []
    for number in numbers:
        here = {"trace": number}
        for name in ("requests_of_trace", "spans_of_trace"):
            spans += [span_of(file, columns).row for columns in file.rows(name, here)]
        for columns in file.rows("logs_of_trace", here):
            found = log_of(file, columns)
            logs.append((written(LOGS, Place(found.row.at_ns, file.number, found.id)), found.row))
    return spans, logs


def chosen(spans: list[SpanRow], limit: int) -> list[SpanRow]:
    """Return at most `limit` spans: of failures and requests first, then the longest, each with its callers."""
    if len(spans) <= limit:
        return spans
    by_id = {span.span_id: span for span in spans}
    kept: dict[bytes, SpanRow] = {}
    for span in sorted(spans, key=_weight, reverse=True):
        line = _callers(span, by_id, kept)
        if len(kept) + len(line) <= limit:
            kept.update((one.span_id, one) for one in line)
        if len(kept) >= limit:
            break
    return list(kept.values())


def _weight(span: SpanRow) -> tuple[bool, bool, int]:
    return span.status == STATUS_ERROR, is_request(span), span.end_ns - span.start_ns


def _callers(
    span: SpanRow, by_id: dict[bytes, SpanRow], kept: dict[bytes, SpanRow]
) -> list[SpanRow]:
    """Return a span and those of its callers that are not kept yet."""
    line: dict[bytes, SpanRow] = {}
    one: SpanRow | None = span
    while one is not None and one.span_id not in kept and one.span_id not in line:
        line[one.span_id] = one
        one = by_id.get(one.parent_id)
    return list(line.values())
