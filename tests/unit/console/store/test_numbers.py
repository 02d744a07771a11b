"""Rates, errors and percentiles a minute, and what senders say of themselves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from stored import (
    INVENTORY,
    MINUTE,
    NOW,
    ORDERS,
    SECOND,
    Store,
    histogram,
    server,
    store,
    total,
)

from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Instance, Series
from fastapi_spine.console.rows import PointRow, Source
from fastapi_spine.console.store.rollup import BOUNDS_NS, rebucketed
from fastapi_spine.console.views import SenderHealth

THIS_MINUTE = NOW // MINUTE * MINUTE
LAST_THREE = Window(THIS_MINUTE - 2 * MINUTE, THIS_MINUTE + MINUTE)
STATUS_500: Any = {"http.response.status_code": 500}
ROUTE_NEW: Any = {"http.route": "/new"}


def counts(
    kept: Store, window: Window = LAST_THREE
) -> list[tuple[str, str, list[int], list[int], str]]:
    """Return what the list of routes begins with."""
    return [
        (one.service, one.route, one.counts, one.failures, one.basis)
        for one in kept.reader.series(window, MINUTE)
    ]


def test_requests_are_counted_by_minute_and_route(kept: Store) -> None:
    """Spans of servers make the numbers of a service that sends no metrics."""
    kept.put(
        server(1, at=NOW - 2 * MINUTE),
        server(2, at=NOW - 2 * MINUTE, status=500),
        server(3, at=NOW, route="/stock", source=INVENTORY),
        server(4, at=NOW),
    )
    assert counts(kept) == [
        ("inventory", "/stock", [0, 0, 1], [0, 0, 0], "spans"),
        ("orders", "/orders/{order_id}", [2, 0, 1], [1, 0, 0], "spans"),
    ]
    assert [one.service for one in kept.reader.series(LAST_THREE, MINUTE, service="orders")] == [
        "orders"
    ]
    assert kept.reader.series(LAST_THREE, MINUTE, method="POST") == []


def test_an_hour_until_now_is_sixty_steps(kept: Store) -> None:
    """The minute that is not over yet counts; the hour before shares none with it."""
    kept.put(server(1, at=NOW - 60 * MINUTE), server(2, at=NOW - 59 * MINUTE), server(3, at=NOW))
    now = counts(kept, Window(NOW - 60 * MINUTE, NOW))
    before = counts(kept, Window(NOW - 120 * MINUTE, NOW - 60 * MINUTE))
    assert [len(one[2]) for one in (*now, *before)] == [60, 60]
    assert [sum(one[2]) for one in (*now, *before)] == [2, 1]


def test_percentiles_are_no_further_off_than_a_bucket(kept: Store) -> None:
    """A bucket is 9 % wide."""
    kept.put(*(server(n, at=NOW, ms=float(n)) for n in range(1, 101)))
    spread = kept.reader.spread("orders", "GET", "/orders/{order_id}", LAST_THREE)
    assert spread is not None
    assert (spread.count, spread.errors, spread.basis, sum(spread.counts)) == (100, 0, "spans", 100)
    assert len(spread.counts) == len(spread.bounds_us) + 1
    for value, exact in ((spread.p50_us, 50_000), (spread.p95_us, 95_000), (spread.p99_us, 99_000)):
        assert value == pytest.approx(exact, rel=0.09)
    assert kept.reader.spread("orders", "GET", "/other", LAST_THREE) is None


def test_few_requests_have_percentiles_that_can_be(kept: Store) -> None:
    """One request of 502 ms has no p99 of 991 ms, whoever counted it; nor after the file was read again."""
    kept.put(server(1, ms=502.0))
    kept.put(histogram((0, 1, 0)))
    found = kept.reader.spread("orders", "GET", "/orders/{order_id}", LAST_THREE)
    assert found is not None
    assert (found.count, found.basis) == (1, "metrics")
    assert (found.p50_us, found.p95_us, found.p99_us) == (502_000.0, 502_000.0, 502_000.0)


def test_the_longest_lasts(tmp_path: Path) -> None:
    """It is kept with the minute, through a restart, and quicker requests do not change it."""
    for ms in (502.0, 3.0, 480.0):
        with store(tmp_path / "console") as kept:
            kept.put(server(round(ms), ms=ms))
            (found,) = kept.reader.series(LAST_THREE, MINUTE)
    assert (found.counts, found.longest_ns) == ([0, 0, 3], [0, 0, 502_000_000])
    assert sum(map(sum, found.buckets)) == 3


def test_of_requests_without_spans_nobody_knows_the_longest(kept: Store) -> None:
    """Two were counted, one sent its span: the other may have taken longer."""
    kept.put(server(1, ms=502.0))
    kept.put(histogram((0, 2, 0)))
    found = kept.reader.spread("orders", "GET", "/orders/{order_id}", LAST_THREE)
    assert found is not None
    assert (found.p50_us, found.p95_us, found.p99_us) == (550_000.0, 955_000.0, 991_000.0)


def test_websockets_of_a_measured_service_are_counted_by_spans(kept: Store) -> None:
    """Its metrics of requests do not know them, and know everything else better."""
    kept.put(server(1), server(2, route="/ws/{room}", method="WS"), histogram((0, 3, 0)))
    assert counts(kept) == [
        ("orders", "/orders/{order_id}", [0, 0, 3], [0, 0, 0], "metrics"),
        ("orders", "/ws/{room}", [0, 0, 1], [0, 0, 0], "spans"),
    ]


def test_a_restart_goes_on_counting(tmp_path: Path) -> None:
    """The minute that was open is added to, not replaced."""
    for number in range(1, 4):
        with store(tmp_path / "console") as kept:
            kept.put(server(number))
            shown = counts(kept)
    assert shown == [("orders", "/orders/{order_id}", [0, 0, 3], [0, 0, 0], "spans")]


def test_what_comes_late_is_added_where_it_belongs(kept: Store) -> None:
    """Rows of earlier minutes count there, after many later ones too; rows of another year do not count."""
    for minute in range(8):
        kept.put(server(minute + 1, at=NOW - minute * MINUTE))
    kept.put(server(20, at=NOW - 2 * MINUTE), server(21, at=0), server(22, at=(1 << 63) - 1, ms=0))
    assert counts(kept) == [("orders", "/orders/{order_id}", [2, 1, 1], [0, 0, 0], "spans")]


def test_a_service_s_own_metrics_win(kept: Store) -> None:
    """Where durations come as metrics they are the numbers, and the answer says so."""
    kept.put(server(1), server(2, source=INVENTORY, route="/stock"))
    kept.put(histogram((3, 1, 0)), histogram((0, 2, 0), **STATUS_500))
    assert counts(kept) == [
        ("inventory", "/stock", [0, 0, 1], [0, 0, 0], "spans"),
        ("orders", "/orders/{order_id}", [0, 0, 6], [0, 0, 2], "metrics"),
    ]
    (found,) = kept.reader.series(LAST_THREE, MINUTE, service="orders")
    assert found == Series(
        "orders", "GET", "/orders/{order_id}", "metrics", [0, 0, 6], [0, 0, 2],
        [[0, 0, 0], [0, 0, 0], [3, 3, 0]], (1e8, 1e9), [{}, {}, {(200, False): 4, (500, True): 2}],
        [],
    )  # fmt: skip


def after(
    point: PointRow, seconds: int, buckets: tuple[int, ...], start: int | None = None
) -> PointRow:
    """Return a later point of the same series."""
    begun = point.start_ns if start is None else start
    return point._replace(
        at_ns=point.at_ns + seconds * SECOND, start_ns=begun, buckets=buckets, observed=sum(buckets)
    )


def test_cumulative_histograms_count_what_they_have_grown_by(kept: Store) -> None:
    """A restart of the process, a point that comes twice, and one that comes late are understood."""
    first = histogram((1, 0, 0), at=THIS_MINUTE, start=THIS_MINUTE - SECOND)
    restarted = THIS_MINUTE + 40 * SECOND
    kept.put(first)
    kept.put(after(first, 10, (3, 1, 0)))
    kept.put(after(first, 10, (3, 1, 0)))
    kept.put(after(first, 5, (2, 1, 0)))
    kept.put(after(first, 50, (5, 0, 0), start=restarted))
    assert counts(kept)[0][2] == [0, 0, 9]


def test_what_was_before_the_store_is_not_counted(kept: Store) -> None:
    """The first point of a process that has run for hours only serves to count from; its later series count whole."""
    old = histogram((1_000, 0, 0), start=NOW - 3600 * SECOND)
    kept.put(old)
    kept.put(after(old, 10, (1_001, 0, 0)))
    kept.put(histogram((2, 0, 0), at=NOW + 10 * SECOND, start=NOW - 3600 * SECOND, **ROUTE_NEW))
    assert [(one[1], one[2]) for one in counts(kept)] == [
        ("/new", [0, 0, 2]),
        ("/orders/{order_id}", [0, 0, 1]),
    ]


def test_a_restart_of_the_store_counts_on(tmp_path: Path) -> None:
    """What a histogram had at last is kept with the numbers."""
    old = histogram((1_000, 0, 0), start=NOW - 3600 * SECOND)
    with store(tmp_path / "console") as kept:
        kept.put(old)
    with store(tmp_path / "console") as kept:
        kept.put(after(old, 10, (1_007, 0, 0)))
        assert counts(kept)[0][2] == [0, 0, 7]


@pytest.mark.parametrize(
    ("point", "bounds"),
    [
        (histogram((1, 0, 0), delta=True), (1e8, 1e9)),
        (histogram((1, 0, 0), delta=True, unit="ms"), (1e5, 1e6)),
        (histogram((1, 0, 0), delta=True, unit="", name="http.server.duration"), (1e5, 1e6)),
    ],
)
def test_units_and_deltas(kept: Store, point: PointRow, bounds: tuple[float, ...]) -> None:
    """Seconds and milliseconds, the old name and the new one; deltas add up."""
    kept.put(point)
    kept.put(point)
    (found,) = kept.reader.series(LAST_THREE, MINUTE)
    assert (found.counts, found.bounds_ns) == ([0, 0, 2], bounds)


@pytest.mark.parametrize(
    "point",
    [
        histogram((1, 0, 0), delta=True, name="http.client.request.duration"),
        histogram((1, 0, 0), delta=True, unit="By"),
        histogram((1, 0), delta=True),
        histogram((0, 0, 0), delta=True),
        total("http_requests_total", 4),
    ],
)
def test_other_points_are_not_kept(kept: Store, point: PointRow) -> None:
    """They are taken and leave nothing; a histogram that contradicts itself likewise."""
    kept.put(point)
    assert counts(kept) == []


def test_new_buckets_are_shown_in_the_newest_ones(kept: Store) -> None:
    """After a deploy with other buckets, older counts go to the bucket that holds their upper bound."""
    kept.put(histogram((1, 2, 3), delta=True, at=NOW - MINUTE))
    kept.put(histogram((1, 1, 1, 1), delta=True, bounds=(0.05, 0.5, 5.0)))
    (found,) = kept.reader.series(LAST_THREE, MINUTE)
    assert found.bounds_ns == (5e7, 5e8, 5e9)
    assert found.buckets == [[0, 0, 0, 0], [0, 1, 2, 3], [1, 1, 1, 1]]
    assert rebucketed((1.0, 2.0), [1, 2, 3], (1.0, 2.0)) == [1, 2, 3]


def test_buckets_reach_from_microseconds_to_an_hour() -> None:
    """Eight an octave."""
    assert (BOUNDS_NS[0], len(BOUNDS_NS)) == (8_000.0, 233)
    assert BOUNDS_NS[-1] > 3600 * SECOND
    assert max(b / a for a, b in pairwise(BOUNDS_NS)) == pytest.approx(2 ** (1 / 8))


def test_senders_say_how_they_are(kept: Store) -> None:
    """The last of each number, with and without `_total`, by signal, reason and kind."""
    kept.put(
        total("spine_emitted_total", 10, signal="logs"),
        total("spine_emitted", 12, at=NOW + SECOND, signal="logs"),
        total("spine_delivered", 9, signal="traces"),
        total("spine_dropped", 2, signal="logs", reason="queue_full"),
        total("spine_dropped", 3, delta=True, signal="logs", reason="queue_full"),
        total("spine_redactions_total", 4, kind="jwt"),
    )
    assert kept.reader.senders() == [
        SenderHealth(
            "orders", "orders-1", "1.0", (NOW + SECOND) // 1000, {"logs": 12}, {"traces": 9},
            {"logs queue_full": 5}, {"jwt": 4},
        )
    ]  # fmt: skip


def test_who_sent_something(kept: Store) -> None:
    """Processes by the time they were heard of."""
    kept.put(server(1))
    kept.clock.advance(100)
    kept.put(server(2), server(3, source=Source("orders", "orders-2", "1.1", {})))
    later = NOW + 100 * SECOND
    assert kept.reader.instances(Window(NOW, later + 1)) == [
        Instance("orders", "orders-1", "1.0", NOW, later),
        Instance("orders", "orders-2", "1.1", later, later),
    ]
    assert kept.reader.instances(Window(NOW - SECOND, NOW)) == []
    assert ORDERS.instance == "orders-1"


def test_health_says_what_is_kept(kept: Store) -> None:
    """Counts, times and places."""
    kept.put(server(1), server(2, at=NOW + SECOND))
    health = kept.reader.health()
    assert (health.requests, health.spans, health.logs, health.slices) == (2, 2, 0, 1)
    assert (health.oldest_us, health.newest_us) == (NOW // 1000, (NOW + SECOND) // 1000)
    assert (health.path, health.state, health.set_aside) == (str(kept.path), "ok", [])
    assert health.bytes > 0
    assert health.free_bytes > 0
    assert health.engine.startswith("SQLite 3.")
