"""Requests and log lines, one a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fastapi_spine.cli.measures import clock, day, stamp, took
from fastapi_spine.cli.terminal import Terminal, cells, clean, clip, pad
from fastapi_spine.cli.told import fields_of
from fastapi_spine.console.views import LogView, RequestRow
from fastapi_spine.core.conventions import (
    EXC_STACK,
    KEY_EXC,
    KEY_HELD,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_MSG,
    KEY_REQUEST_ID,
    KEY_SPAN_ID,
    KEY_TRACE_ID,
    KEY_TS,
)
from fastapi_spine.logs.lines.human import HumanLines

_LEVELS: Final = {"WARN": "WARNING", "FATAL": "CRITICAL"}
"""The console's words, and the log's own."""
_CLASSES: Final = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_SERVICE: Final = 10
_LONGEST_SERVICE: Final = 16
_LEAST_TARGET: Final = 30


class RequestLines:
    """Writes requests: when, status, duration, service, method and path, why it failed, its id.

    The id stands last and whole: it is what one copies. Where it does not fit beside the path it has a row of its own.

    Args:
        terminal: where they are written.
        rows: known ahead, for the width of a column; none for a tail.
    """

    def __init__(self, terminal: Terminal, rows: Iterable[RequestRow] = ()) -> None:
        self._terminal = terminal
        longest = max((cells(clean(row.service)) for row in rows), default=_SERVICE)
        self._service = min(longest, _LONGEST_SERVICE)
        self._days = _Days(terminal)

    def lines(self, row: RequestRow) -> Iterator[str]:
        """Yield the rows of one request."""
        terminal, paint = self._terminal, self._terminal.paint
        yield from self._days.before(row.start_us)
        service = clean(row.service)
        cut = clip(service, self._service) if terminal.width else service
        style = _CLASSES.get((row.status or 0) // 100, "red" if row.failed else "")
        status = paint("red" if row.failed else style, pad(self._status(row), 3))
        head = (
            f"{paint('dim', clock(row.start_us))} {status} {pad(took(row.duration_us), 9, right=True)}  "
            f"{terminal.service(row.service, pad(cut, self._service))}  "
        )
        key = row.request_id or row.trace_id
        yield from self._placed(head, self._target(row), clean(key))

    def _placed(self, head: str, target: str, key: str) -> Iterator[str]:
        dimmed = self._terminal.paint("dim", key)
        if self._terminal.width is None:
            yield f"{head}{target}  {key}"
            return
        room = self._terminal.width - cells(head) - cells(key) - 2
        if room >= _LEAST_TARGET:
            yield f"{head}{pad(clip(target, room), room)}  {dimmed}"
        else:
            yield self._terminal.fit(f"{head}{target}")
            yield f"{' ' * cells(clock(0))} {dimmed}"

    def _target(self, row: RequestRow) -> str:
        """Return method and path; why it failed comes first, for it must not be cut."""
        words = [f"{row.method} {row.path or row.route}".strip()]
        if row.route and row.path and row.route != row.path:
            words.append(self._terminal.paint("dim", f"({clean(row.route)})"))
        text = f"{clean(words[0])}{''.join(f'  {word}' for word in words[1:])}"
        why = " ".join(filter(None, (row.error, row.outcome)))
        return f"{self._terminal.paint('red', clean(why))}  {text}" if why else text

    def _status(self, row: RequestRow) -> str:
        if row.status is None:
            return "✗" if row.failed else "-"
        return str(row.status)


class LogLines:
    """Writes log lines as the log's own renderer for people does, the service before each.

    Args:
        terminal: where they are written.
        services: whether to name the service.
    """

    def __init__(self, terminal: Terminal, *, services: bool = True) -> None:
        self._terminal = terminal
        self._services = _SERVICE if services else 0
        width = None if terminal.width is None else terminal.width - self._services - 1
        self._human = HumanLines(color=terminal.color, width=width)
        self._days = _Days(terminal)

    def lines(self, view: LogView) -> Iterator[str]:
        """Yield the rows of one line; a stack or a long message makes it several."""
        yield from self._days.before(view.at_us)
        first, *rest = self._human.text(plain_line(view)).split("\n")
        if not self._services:
            yield from (first, *rest)
            return
        name = clip(clean(view.service), self._services)
        yield f"{self._terminal.service(view.service, pad(name, self._services))} {first}"
        yield from (f"{' ' * self._services} {row}" for row in rest)


def plain_line(view: LogView) -> dict[str, object]:
    """Return a line in the log's own keys."""
    line: dict[str, object] = {
        KEY_TS: stamp(view.at_us),
        KEY_LEVEL: _LEVELS.get(view.level, view.level),
        KEY_LOGGER: view.logger,
        KEY_MSG: view.message,
        KEY_REQUEST_ID: view.request_id,
        KEY_TRACE_ID: view.trace_id,
        KEY_SPAN_ID: view.span_id,
    }
    line |= {key: value for key, value in fields_of(view).items() if key not in line}
    if view.held:
        line[KEY_HELD] = True
    if view.stack:
        line[KEY_EXC] = {EXC_STACK: view.stack}
    return line


class _Days:
    """Says when the day changes: rows tell the time of day alone."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._last = ""

    def before(self, at_us: int) -> Iterator[str]:
        """Yield a rule before the first row and before each that is of another day than the last."""
        today = day(at_us)
        if today != self._last:
            self._last = today
            yield self._terminal.paint("dim", f"── {today} UTC ──")
