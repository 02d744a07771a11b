"""Columns back to rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi_spine.console.rows import LogRow, SpanRow
from fastapi_spine.console.store.packing import unpacked, unpacked_events, unpacked_links
from fastapi_spine.console.store.slice_reader import SliceReader


class FoundSpan(NamedTuple):
    """A span, its number in its slice, and its trace's."""

    id: int
    trace: int
    row: SpanRow


class FoundLog(NamedTuple):
    """A line likewise; `trace` is None for a line that belongs to nothing."""

    id: int
    trace: int | None
    row: LogRow


def span_of(file: SliceReader, columns: tuple[Any, ...]) -> FoundSpan:
    """Return what `spans_of_trace` and its like select."""
    (
        id_, trace_id, span_id, parent_id, name, kind, start_ns, end_ns, status, message,
        attributes, events, links, scope, source, trace,
    ) = columns  # fmt: skip
    row = SpanRow(
        trace_id, span_id, parent_id, file.word(name), kind, start_ns, end_ns, status, message, unpacked(attributes),
        unpacked_events(events), unpacked_links(links), file.word(scope), file.source(source),
    )  # fmt: skip
    return FoundSpan(id_, trace, row)


def log_of(file: SliceReader, columns: tuple[Any, ...]) -> FoundLog:
    """Return what `logs_of_trace` and its like select."""
    (
        id_,
        trace_id,
        made,
        span_id,
        at_ns,
        severity,
        level,
        body,
        attributes,
        logger,
        source,
        trace,
    ) = columns
    row = LogRow(
        at_ns, severity, file.word(level), body, unpacked(attributes), b"" if made or trace_id is None else trace_id,
        span_id, file.word(logger), file.source(source),
    )  # fmt: skip
    return FoundLog(id_, trace, row)
