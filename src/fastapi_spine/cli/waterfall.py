"""One trace as a picture for a terminal: who waited for whom, how long, and what was said meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi_spine.cli.measures import took
from fastapi_spine.cli.terminal import Terminal, cells, clip, pad
from fastapi_spine.cli.trace_rows import Row, rows_of
from fastapi_spine.console.views import TraceView
from fastapi_spine.core.conventions import ATTR_EXCEPTION_STACK, ATTR_EXCEPTION_TYPE

_AT: Final = 9
_TOOK: Final = 10
_LEAST_BAR: Final = 8
_LONGEST_TITLE: Final = 60
_LONGEST_SERVICE: Final = 14
MOST_ROWS: Final = 400
_ON_THE_WAY: Final = "━"
_BESIDE: Final = "─"
_MS: Final = 1_000.0


def waterfall(view: TraceView, terminal: Terminal, *, whole: bool = False) -> list[str]:
    """Draw a trace.

    Args:
        view: the trace.
        terminal: where it is shown; nothing is cut where nobody counts columns.
        whole: every span and line by itself; else repeated siblings are one row, and there are at most 400 rows.

    Returns:
        A head, then a row a span (when it began, its title below its caller's, a bar where it ran, heavy where the
        whole would have ended sooner had it been quicker, its duration, its service where that changes), a row a
        log line and a row an event at their time; what failed is marked.
    """
    rows = list(rows_of(view, whole=whole))
    if not rows:
        return []
    shown = rows if whole else rows[:MOST_ROWS]
    drawing = _Drawing(view, shown, terminal)
    left_out = len(rows) - len(shown)
    more = [f"… {left_out} more rows; --all shows them"] if left_out else []
    return [
        drawing.head(),
        *map(drawing.row, shown),
        *(terminal.paint("dim", text) for text in more),
    ]


class _Drawing:
    """The columns of one picture."""

    def __init__(self, view: TraceView, rows: list[Row], terminal: Terminal) -> None:
        self._terminal = terminal
        self._whole = max(view.duration_us, *(row.end_us for row in rows), 1.0)
        self._many = len({row.service for row in rows}) > 1
        services = max((cells(row.service) for row in rows if row.changes), default=0)
        self._service = min(services, _LONGEST_SERVICE) + 2 if self._many else 0
        titles = 1 + max(cells(row.lead) + cells(row.text) for row in rows if row.is_span)
        room = terminal.columns - _AT - _TOOK - self._service - 3
        cut = min(max(room * 6 // 10, room - 12), _LONGEST_TITLE)
        self._title = titles if terminal.width is None else min(titles, cut)
        self._bar = max(room - self._title, _LEAST_BAR)

    def head(self) -> str:
        """Return the names of the columns, and the axis."""
        end = took(self._whole)
        axis = f"0{pad(end, self._bar - 1, right=True)}"
        text = f"{pad('at ms', _AT, right=True)} {pad('', self._title + 1)} {axis}{pad('took', _TOOK, right=True)}"
        return self._terminal.paint("dim", text)

    def row(self, row: Row) -> str:
        """Return one row."""
        at = self._terminal.paint("dim", f"{row.at_us / _MS:>{_AT}.1f}")
        if not row.is_span:
            return self._terminal.fit(
                f"{at} {self._terminal.paint('dim', row.lead)}{self._said(row)}"
            )
        return f"{at} {self._named(row)} {self._drawn(row)}{self._measured(row)}".rstrip()

    def _said(self, row: Row) -> str:
        return self._terminal.paint(row.style, row.text)

    def _named(self, row: Row) -> str:
        lead = clip(row.lead, max(self._title - 8, 4)) if self._terminal.width else row.lead
        room = self._title - cells(lead)
        text = clip(row.text, room - 1) if self._terminal.width else row.text
        mark = self._terminal.paint("red", "✗") if row.failed else " "
        title = pad(text, room)
        painted = self._terminal.paint("red", title) if row.failed else self._colored(row, title)
        return f"{self._terminal.paint('dim', lead)}{painted}{mark}"

    def _drawn(self, row: Row) -> str:
        """Return the bar: at least one character, never over the edge."""
        left = min(int(row.at_us / self._whole * self._bar), self._bar - 1)
        left = max(left, 0)
        length = max(round((row.end_us - row.at_us) / self._whole * self._bar), 1)
        length = min(length, self._bar - left)
        line = (_ON_THE_WAY if row.critical else _BESIDE) * length
        painted = self._terminal.paint("red", line) if row.failed else self._colored(row, line)
        return f"{' ' * left}{painted}{' ' * (self._bar - left - length)}"

    def _measured(self, row: Row) -> str:
        time = pad(took(row.took_us), _TOOK, right=True)
        if not (self._many and row.changes):
            return time
        name = clip(row.service, _LONGEST_SERVICE) if self._terminal.width else row.service
        return f"{time}  {self._colored(row, name)}"

    def _colored(self, row: Row, text: str) -> str:
        return self._terminal.service(row.service, text)


def stacks(view: TraceView) -> Iterator[tuple[str, str, str]]:
    """Yield what failed, innermost first: a headline, the exception's type, the stack; each stack once."""
    told: set[str] = set()
    for span in sorted(view.spans, key=lambda span: -span.depth):
        for event in span.events:
            stack = str(event.attributes.get(ATTR_EXCEPTION_STACK) or "")
            if stack and _last_line(stack) not in told:
                told.add(_last_line(stack))
                kind = str(event.attributes.get(ATTR_EXCEPTION_TYPE) or "")
                yield f"{span.service} · {span.title}", kind, stack
    for line in view.logs:
        if line.stack and _last_line(line.stack) not in told:
            told.add(_last_line(line.stack))
            yield f"{line.service} · {line.logger}", "", line.stack


def _last_line(stack: str) -> str:
    return stack.rstrip().rpartition("\n")[2]
