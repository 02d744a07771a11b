"""Servers under load: what the load tool says, and that spans are counted where they arrive."""

from __future__ import annotations

import httpx
import pytest
from benchmarks import overhead
from benchmarks.end_to_end import Row, Serving, Turn, read_turn, rows_table, targets
from benchmarks.rounds import BenchmarkError, Drain

REPORT = """Running 2s test @ http://127.0.0.1:39999/items/7
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.05ms    1.06ms  20.31ms   87.65%
    Req/Sec     3.19k   202.51     3.44k    71.43%
  Latency Distribution
     50%    4.71ms
     75%    5.27ms
     90%    6.14ms
     99%  912.00us
  6649 requests in 2.10s, 1.20MB read
Requests/sec:   3166.51
Transfer/sec:    584.38KB
"""


def test_the_load_tools_report_is_read() -> None:
    """Requests, their rate, the median and the slowest hundredth, in milliseconds."""
    assert read_turn(REPORT) == Turn(requests=6649, rate=3166.51, p50=4.71, p99=0.912)


@pytest.mark.parametrize("said", ["  Non-2xx or 3xx responses: 7", "  Socket errors: read 3", ""])
def test_a_load_that_failed_gives_no_figures(said: str) -> None:
    """Errors, and a report of something else, end the benchmark."""
    with pytest.raises(BenchmarkError):
        read_turn(said and REPORT + said)


def rows(spans: int, rate: float) -> list[Row]:
    """The bare application, and everything, exported."""
    turn = Turn(100, 1000.0, 5.0, 9.0)
    return [
        Row(overhead.BARE, [turn]),
        Row(overhead.EXPORTED, [Turn(100, rate, 5.0, 9.0)], spans=spans, due=100),
    ]


def test_a_stack_that_lost_spans_is_void() -> None:
    """It shows how many are missing instead of figures, and keeps no promise."""
    assert rows_table(rows(spans=99, rate=900.0)).splitlines()[3] == (
        "| fastapi-spine, everything, one span exported | void: 99 of 100 spans came | - | - | - |"
    )
    assert [one.met for one in targets(rows(99, 900.0))] == [False]


@pytest.mark.parametrize(("rate", "met"), [(750.0, True), (749.0, False)])
def test_three_quarters_of_the_bare_rate_are_promised(rate: float, met: bool) -> None:
    """With every span delivered."""
    assert [one.met for one in targets(rows(100, rate))] == [met]


def test_two_services_answer_and_all_their_spans_arrive() -> None:
    """One request through two processes brings two server spans to the receiver."""
    drain = Drain()
    with Serving("ours", "exported:app_as_it_comes", 2, drain) as serving:
        said = httpx.get(f"{serving.url}/chain", timeout=30).content
    drain.close()
    assert (said, serving.row.spans) == (b'{"services":2}', 2)
