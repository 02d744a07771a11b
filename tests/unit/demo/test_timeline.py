"""The timeline puts every line of a request where it belongs on one axis."""

from __future__ import annotations

from typing import Any

from fastapi_spine.demo.look import Look
from fastapi_spine.demo.timeline import ordered_rows, timeline

Line = dict[str, Any]


def of(lines: list[Line], key: str) -> list[Line]:
    """The lines of the request whose id ends with `key`."""
    return [line for line in lines if line["request_id"].endswith(key)]


def test_rows_start_when_their_request_did(lines: list[Line]) -> None:
    """An access line stands where its request began, other lines where they were written."""
    rows = [
        (round(row.start), row.length, row.line["service"]) for row in ordered_rows(of(lines, "b"))
    ]
    assert rows == [
        (0, 320.0, "orders"),
        (0, None, "orders"),
        (2, 300.0, "inventory"),
        (307, 3.0, "payments"),
        (312, None, "orders"),
    ]


def test_a_line_written_after_background_tasks_does_not_start_late(lines: list[Line]) -> None:
    """What a service wrote earlier under the id shows that its request had begun."""
    late = [
        {**line, "elapsed_ms": 1.0} if line.get("elapsed_ms") == 320.0 else line
        for line in of(lines, "b")
    ]
    orders = next(row for row in ordered_rows(late) if row.length == 1.0)
    assert round(orders.start) == 0


def test_bars_are_as_long_as_what_they_stand_for(lines: list[Line], plain: Look) -> None:
    """The caller's bar fills the axis; what it waited for lies inside; nothing is invisible."""
    rows = timeline(of(lines, "b"), plain)
    bars = {row.split()[2]: row.count("█") for row in rows if "█" in row}
    assert bars["orders"] == max(bars.values())
    assert 0.9 < bars["inventory"] / bars["orders"] < 1.0
    assert bars["payments"] == 1
    assert max(len(row) for row in rows) <= plain.width


def test_a_request_without_lines_has_no_timeline(plain: Look) -> None:
    """Nothing in, nothing out."""
    assert timeline([], plain) == []
