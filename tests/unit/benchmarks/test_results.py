"""The tables and verdicts of the results page."""

from __future__ import annotations

import pytest
from benchmarks import log_line, overhead
from benchmarks.overhead import Overhead
from benchmarks.table import table
from benchmarks.targets import Target, targets_table


def overhead_of(
    *, ours: float, many: float = 21.0, calls: int = 120, metrics: float = 4.0
) -> Overhead:
    """Make results in which only what ours adds varies."""
    costs = {
        overhead.BARE: [50.0, 52.0],
        overhead.FLOOR: [60.0, 62.0],
        overhead.OURS: [50.0 + ours, 52.0 + ours],
        overhead.RED: [50.0 + ours + metrics, 52.0 + ours + metrics],
        overhead.METRICS: [50.0 + ours + metrics + 3.0, 52.0 + ours + metrics + 3.0],
        overhead.EXPORTED: [90.0, 92.0] if ours < 25 else [95.0, 97.0],
        overhead.OPERATIONS: [105.0, 107.0] if ours < 25 else [115.0, 117.0],
        overhead.FULL_FLOOR: [70.0, 72.0],
        overhead.NATIVE_ALL: [382.0, 384.0],
        overhead.HELD: [50.0 + ours + 9.0, 52.0 + ours + 15.0],
        overhead.LINE: [50.0 + ours + 10.0, 52.0 + ours + 10.0],
        overhead.BASE_HTTP: [250.0, 252.0],
    }
    return Overhead(
        costs=dict.fromkeys(overhead.ROUTES, costs),
        flat={1: [20.0], 200: [20.5], 500: [many]},
        flat_floor={1: [10.0], 200: [10.0], 500: [10.0]},
        flat_exported={1: [40.0], 200: [40.0 if ours < 25 else 50.0], 500: [41.0]},
        calls={1: 120, 200: 120, 500: calls},
    )


def test_a_table_is_markdown() -> None:
    """Text stands left, numbers right, and a bar in a cell does not end it."""
    assert table(("Stack", "µs"), [("a|b", "1.0")]) == (
        "| Stack | µs |\n| --- | ---: |\n| a\\|b | 1.0 |\n"
    )


def test_a_row_of_another_length_is_refused() -> None:
    """A cell too few or too many is an error, not a crooked table."""
    with pytest.raises(ValueError, match="1 cells under 2 titles"):
        table(("Stack", "µs"), [("bare",)])


def test_each_stack_shows_what_it_adds() -> None:
    """Cost, added cost, its spread, and the ratios to the floor and to ours."""
    drawn = overhead.stacks_table(overhead_of(ours=20.0), 1).splitlines()
    assert drawn[2:5] == [
        "| bare application | 51.0 | - | - | - | - |",
        "| hand-tight floor: id and one JSON line | 61.0 | 10.0 | 10.0 to 10.0 | 1.00 | 0.50 |",
        "| **fastapi-spine, logs only** | 71.0 | 20.0 | 20.0 to 20.0 | 2.00 | 1.00 |",
    ]


def test_a_held_line_costs_a_third_of_what_three_add() -> None:
    """The flight recorder's figure is for one line."""
    drawn = overhead.single_lines(overhead_of(ours=20.0)).splitlines()
    assert drawn[2].endswith("| 4.0 | 3.5 to 4.5 |")


def test_flatness_is_shown_beside_the_floor() -> None:
    """Ours, the floor, and how many functions are called, for each number of routes."""
    drawn = overhead.flat_table(overhead_of(ours=20.0)).splitlines()
    assert drawn[-1] == "| 500 | 21.0 | 21.0 to 21.0 | 1.05 | 10.0 | 2.10 | 120 | 41.0 |"


def test_all_targets_can_be_met() -> None:
    """A layer that adds 20 µs, an eighth or less of its peer, whatever the routes, keeps its word."""
    assert [one.met for one in overhead.targets(overhead_of(ours=20.0))] == [True] * 19


def test_every_target_can_be_missed() -> None:
    """A layer that adds more, and more with more routes, breaks its word in each point."""
    found = overhead_of(ours=26.0, many=22.5, calls=140, metrics=5.0)
    assert [one.met for one in overhead.targets(found)] == [False] * 19


def test_a_redacted_line_must_be_cheaper_than_structlogs() -> None:
    """Both of structlog's set-ups are compared with, each by itself."""
    costs = {
        log_line.OURS: [9.0],
        log_line.STRUCTLOG_ORJSON: [8.0],
        log_line.STRUCTLOG_LOGGING: [20.0],
    }
    assert [(one.measured, one.met) for one in log_line.targets(costs)] == [
        ("1.12", False),
        ("0.45", True),
    ]


def test_a_broken_promise_stands_out() -> None:
    """The page says of each promise whether it was kept."""
    drawn = targets_table([Target("quick", "1 µs", 1.0, 2.0), Target("small", "3 kB", 3.0, 2.0)])
    assert drawn.splitlines()[2:] == ["| quick | 1 µs | met |", "| small | 3 kB | **not met** |"]
