"""One trace as a picture for a terminal: who waited for whom, and how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fastapi_spine.core.telemetry import STATUS_ERROR, SpanData
from fastapi_spine.core.title import title

_MS: Final = 1_000_000
_SHORTEST_FOLD: Final = 4
_LEAST_BAR: Final = 10
_LONGEST_TITLE: Final = 52
_TIME: Final = 10
_DEEPEST: Final = 64


class Traced(NamedTuple):
    """A span and the service that made it."""

    service: str
    span: SpanData


Paint = Callable[[str, str], str]
"""Takes a service's name, or `error` or `dim`, and a text; returns it in its colour."""


@dataclass(slots=True)
class _Row:
    text: str
    service: str
    start: int
    end: int
    failed: bool
    took: int
    children: list[_Row] = field(default_factory=list)


def waterfall(spans: Iterable[Traced], *, width: int, paint: Paint | None = None) -> list[str]:
    """Draw one trace.

    Args:
        spans: its spans, in any order; one whose parent is missing is drawn as a beginning.
        width: columns to fill.
        paint: colours; none if there are none to show.

    Returns:
        A row a span: title below its caller's, a bar where it ran, its duration in ms; failed ones marked, four or
        more siblings of one title folded into one row with their times added up.
    """
    roots = _tree(list(spans))
    if not roots:
        return []
    begin = min(row.start for row in roots)
    end = max(_last(row) for row in roots)
    drawn = [pair for root in roots for pair in _walk(root, "", "", 0)]
    titles = min(max(len(text) for text, _ in drawn), _LONGEST_TITLE)
    bar = max(width - titles - _TIME - 2, _LEAST_BAR)
    return [
        _drawn(text, row, begin, max(end - begin, 1), titles, bar, paint or _plain)
        for text, row in drawn
    ]


def _tree(spans: Sequence[Traced]) -> list[_Row]:
    rows = {
        one.span.span_id: _Row(
            title(one.span.name, one.span.kind, one.span.attributes),
            one.service,
            one.span.start_ns,
            max(one.span.end_ns, one.span.start_ns),
            one.span.status == STATUS_ERROR,
            max(one.span.end_ns - one.span.start_ns, 0),
        )
        for one in spans
    }
    roots: list[_Row] = []
    for one in sorted(spans, key=lambda one: one.span.start_ns):
        row = rows[one.span.span_id]
        parent = rows.get(one.span.parent_span_id or "")
        (roots if parent is None or parent is row else parent.children).append(row)
    return roots


def _walk(row: _Row, lead: str, below: str, depth: int) -> Iterator[tuple[str, _Row]]:
    yield f"{lead}{row.text}", row
    if depth >= _DEEPEST:
        return
    children = _folded(row.children)
    for place, child in enumerate(children):
        last = place == len(children) - 1
        branch, under = ("└── ", "    ") if last else ("├── ", "│   ")
        yield from _walk(child, below + branch, below + under, depth + 1)


def _folded(rows: list[_Row]) -> list[_Row]:
    """Join siblings of one title: forty queries in a loop are one finding, not forty rows."""
    by_title: dict[str, list[_Row]] = {}
    for row in rows:
        by_title.setdefault(row.text, []).append(row)
    shown: list[_Row] = []
    for row in rows:
        same = by_title[row.text]
        if len(same) < _SHORTEST_FOLD:
            shown.append(row)
        elif row is same[0]:
            failed = any(one.failed for one in same)
            end = max(_last(one) for one in same)
            took = sum(one.took for one in same)
            many = f"{row.text} ×{len(same)}"  # noqa: RUF001 - the sign people read as "times"
            shown.append(_Row(many, row.service, row.start, end, failed, took))
    return shown


def _last(row: _Row) -> int:
    return max([row.end, *(_last(child) for child in row.children)])


def _drawn(
    text: str, row: _Row, begin: int, whole: int, titles: int, bar: int, paint: Paint
) -> str:
    left = min(int((row.start - begin) / whole * bar), bar - 1)
    length = min(max(round((row.end - row.start) / whole * bar), 1), bar - left)
    shown = text if len(text) <= titles else f"{text[: titles - 1]}…"
    took = f"{row.took / _MS:>{_TIME - 3}.1f} ms"
    color = "error" if row.failed else row.service
    mark = "✗" if row.failed else " "
    line = paint("dim", " " * left) + paint(color, "─" * length) + " " * (bar - left - length)
    return f"{paint(color, f'{shown:<{titles}}')}{mark}{line} {took}"


def _plain(_style: str, text: str) -> str:
    return text
