"""One request on one time axis: a bar for each service's share of it, a tick for each line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi_spine.demo.capture import Line
from fastapi_spine.demo.look import Look, clip

ACCESS_LOGGER: Final = "spine.access"

_WHAT: Final = 40
_FIXED: Final = 12 + 11 + _WHAT + 12
_LEVEL_STYLE: Final = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the timeline; times in ms, `start` since the request began."""

    start: float
    length: float | None
    line: Line


def is_access(line: Line) -> bool:
    """Whether it is the one line that sums up a request."""
    return line.get("logger") == ACCESS_LOGGER and "elapsed_ms" in line


def access_lines(lines: Sequence[Line], key: str) -> list[Line]:
    """The access lines of one request id, one a service call."""
    return [line for line in lines if line.get("request_id") == key and is_access(line)]


def elapsed_ms(line: Line) -> float:
    """How long the request of an access line took, in ms."""
    return float(line["elapsed_ms"])


def timeline(lines: Sequence[Line], look: Look) -> list[str]:
    """The lines of one request id as aligned rows, each with its bar or tick.

    Args:
        lines: everything the services wrote for the id, in any order.
        look: what the output can show.
    """
    rows = ordered_rows(lines)
    end = max((row.start + (row.length or 0.0) for row in rows), default=0.0) or 1.0
    width = max(look.width - _FIXED - 2, 16)
    return [_text(row, end, width, look) for row in rows]


def ordered_rows(lines: Sequence[Line]) -> list[Row]:
    """Rows by the moment they begin: an access line begins when its request did."""
    moments = [(_begin(line, lines), line) for line in lines]
    zero = min((moment for moment, _ in moments), default=0.0)
    rows = [
        Row(moment - zero, elapsed_ms(line) if is_access(line) else None, line)
        for moment, line in moments
    ]
    return sorted(rows, key=lambda row: (row.start, -(row.length or 0.0)))


def _begin(line: Line, lines: Sequence[Line]) -> float:
    if not is_access(line):
        return _written_ms(line)
    # An access line is written once the request is over, and that can be after its background
    # tasks: whatever the same service wrote earlier under the id shows that it had begun by then.
    same = [_written_ms(other) for other in lines if other["service"] == line["service"]]
    calls = sum(is_access(other) for other in lines if other["service"] == line["service"])
    began = _written_ms(line) - elapsed_ms(line)
    return min(began, *same) if calls == 1 else began


def _written_ms(line: Line) -> float:
    return datetime.fromisoformat(str(line["ts"])).timestamp() * 1000


def _text(row: Row, end: float, width: int, look: Look) -> str:
    service = str(row.line["service"])
    what = f"{clip(_what(row), _WHAT):<{_WHAT}}"
    took = f"{row.length:8.1f} ms" if row.length is not None else " " * 11
    left = min(int(row.start / end * width), width - 1)
    if row.length is None:
        bar = look.paint("dim", f"{' ' * left}·")
        what = look.paint(_LEVEL_STYLE.get(str(row.line["level"]), "dim"), what)
    else:
        blocks = min(max(round(row.length / end * width), 1), width - left)
        bar = f"{' ' * left}{look.service(service, '█' * blocks)}"
        what = look.paint("bold", what)
    offset = look.paint("dim", f"{row.start:+8.1f} ms")
    return f"{offset} {look.service(service)}  {what} {took} {bar}"


def _what(row: Row) -> str:
    line = row.line
    if row.length is not None:
        return f"{line.get('method')} {line.get('path')} {line.get('status')}"
    return f"  {line['level'].lower()}: {line['msg']}"
