"""What the numbers of a route say of a promise."""

from __future__ import annotations

from fastapi_spine.alerts.ledger import Ledger, Tally
from fastapi_spine.alerts.promise import Promise, promises_of
from fastapi_spine.console.ports import Series
from fastapi_spine.console.watch.counting import own, tallies
from fastapi_spine.settings.objective import Objective

MS = 1e6


def latency(*bad: str) -> Promise:
    """Return a promise that orders are answered within 300 ms."""
    declared = Objective("GET /orders", latency=("300ms", 0.99), bad=list(bad))
    return promises_of([declared], "shop")[0]


def orders(quick: int, slow: int, outcomes: dict[tuple[int, bool], int]) -> Series:
    """Return one minute of orders: how long they took, and how they ended."""
    count, failed = quick + slow, sum(many for (_, bad), many in outcomes.items() if bad)
    buckets = [[quick, slow, 0]]
    return Series(
        "shop",
        "GET",
        "/orders",
        "metrics",
        [count],
        [failed],
        buckets,
        (300 * MS, 1000 * MS),
        [outcomes],
    )


def test_a_refusal_that_came_at_once_is_no_quick_answer() -> None:
    """Of a thousand refused and ten slow ones all that were answered were slow, if refusals are bad."""
    minute = orders(1000, 10, {(429, False): 1000, (200, False): 10})

    assert tallies(latency("5xx", "429"), [minute], 1) == [Tally(10, 10)]
    assert tallies(latency("5xx"), [minute], 1) == [Tally(1010, 10)]


def test_failures_that_took_too_long_count_as_slow() -> None:
    """Nobody wrote down which of the slow ones failed: a window never has more slow ones than requests."""
    minute = orders(5, 20, {(503, True): 20, (200, False): 5})
    ledger = Ledger(0)
    ledger.put(0, tallies(latency("5xx"), [minute], 1))

    assert ledger.between(0, 1) == Tally(20, 20)


def test_connections_are_no_answers() -> None:
    """A promise of the whole service does not take a WebSocket of an hour for a slow answer."""
    whole = promises_of([Objective(latency=("300ms", 0.99))], "shop")[0]
    answer = orders(5, 0, {(200, False): 5})

    assert own(whole, [answer, answer._replace(method="WS", route="/ws")]) == [answer]


def test_numbers_without_outcomes_leave_failures_out() -> None:
    """Where only failures were counted, those are the bad ones."""
    minute = orders(20, 5, {(500, True): 10, (200, False): 15})._replace(outcomes=[])

    assert tallies(latency("5xx", "exception"), [minute], 1) == [Tally(15, 5)]
