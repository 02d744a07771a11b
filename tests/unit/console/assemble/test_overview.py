"""The overview: numbers against the window before, and what changed."""

from __future__ import annotations

import pytest
from console_memory import Memory, S
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.console.assemble import error_page, overview
from fastapi_spine.console.assemble.halves import Half, added
from fastapi_spine.console.assemble.steps import MINUTE_NS, cut
from fastapi_spine.console.filter import Window
from fastapi_spine.console.ports import Instance, Series
from fastapi_spine.console.search import parse
from fastapi_spine.console.views import Change, ErrorGroup, Numbers, RouteNumbers, ServiceNumbers

START = 1_700_000_040 * S
BOUNDS = (1e6, 2e6, 4e6, 8e6)
WINDOW = Window(START, START + 10 * MINUTE_NS)
BEFORE_US = (START - 10 * MINUTE_NS) // 1000


def series(
    route: str,
    before: tuple[int, int, int],
    now: tuple[int, int, int],
    *,
    service: str = "orders",
) -> Series:
    """Return ten minutes before and ten now; each (requests a minute, failures a minute, bucket of all)."""
    counts = [before[0]] * 10 + [now[0]] * 10
    failures = [before[1]] * 10 + [now[1]] * 10
    buckets = [
        [count if place == bucket else 0 for place in range(5)]
        for count, bucket in [(before[0], before[2])] * 10 + [(now[0], now[2])] * 10
    ]
    return Series(service, "GET", route, "metrics", counts, failures, buckets, BOUNDS)


def group(*, new: bool) -> ErrorGroup:
    """Return a failure that happened three times."""
    return ErrorGroup(
        "f" * 16, "KeyError", "'a'", "shop/orders.py:12 get", "orders", "/x", 3,
        START // 1000 + 5, START // 1000 + 9, new, [3], "r-1", "0" * 32,
    )  # fmt: skip


def changes_of(*rows: Series, store: Memory | None = None) -> list[Change]:
    """Return what changed; each search is one that can be read."""
    store = store or Memory()
    store.given_series = list(rows)
    found = overview(store, WINDOW).changes
    for one in found:
        parse(one.search)
    return found


def test_numbers_stand_beside_those_before() -> None:
    """Rates by the second, percentiles from buckets, sparklines by the minute; a service is its routes."""
    store = Memory()
    store.given_series = [series("/x", (6, 0, 1), (12, 0, 1))]
    store.given_instances = [
        Instance("orders", "a", "1.0", START - 5, START + 5),
        Instance("orders", "b", "1.0", START - 4, START + 5),
        Instance("orders", "gone", "0.9", START - 9, START - 8),
    ]
    found = overview(store, WINDOW)
    now = Numbers(120, 0, 0.2, 1500.0, 1950.0, 1990.0)
    before = Numbers(60, 0, 0.1, 1500.0, 1950.0, 1990.0)
    p95 = [1950.0] * 10
    assert (found.start_us, found.end_us, found.step_us) == (
        START // 1000,
        START // 1000 + 600_000_000,
        60_000_000,
    )
    assert found.routes == [
        RouteNumbers("orders", "GET", "/x", "metrics", now, before, [12] * 10, [0] * 10, p95)  # type: ignore[arg-type]  # a list of floats is one of floats and None
    ]
    assert found.services == [
        ServiceNumbers("orders", "metrics", 2, ["1.0"], now, before, [12] * 10, [0] * 10, p95)  # type: ignore[arg-type]  # likewise
    ]
    assert found.changes == []


def test_more_errors_are_told_when_it_is_not_chance() -> None:
    """Ten percent after none: yes. One more failure, or few requests: no."""
    (one,) = changes_of(series("/x", (20, 0, 1), (20, 2, 1)))
    assert one == Change(
        "more_errors", "orders", "/x", "GET /x fails 10.0% of requests; it was 0.0%.",
        "failed:yes service:orders method:GET route:/x", START // 1000,
    )  # fmt: skip
    assert changes_of(series("/x", (1000, 10, 1), (1000, 11, 1))) == []
    assert changes_of(series("/x", (1, 0, 1), (1, 1, 1))) == []


def test_requests_that_met_no_route_are_named_and_found() -> None:
    """They have a method only; the search leaves out what has a route."""
    (one,) = changes_of(series("", (20, 0, 1), (20, 2, 1)))
    assert (one.text, one.search) == (
        "GET without a route fails 10.0% of requests; it was 0.0%.",
        "failed:yes service:orders method:GET -route:*",
    )


def test_slower_is_told_beyond_what_buckets_blur() -> None:
    """A p95 two buckets up: yes. The next bucket may be the same duration: no. Faster is told likewise."""
    assert [(one.kind, one.text) for one in changes_of(series("/x", (20, 0, 1), (20, 0, 3)))] == [
        ("slower", "GET /x has a p95 of 7.8 ms; it was 1.95 ms.")
    ]
    assert [one.kind for one in changes_of(series("/x", (20, 0, 3), (20, 0, 1)))] == ["faster"]
    assert changes_of(series("/x", (1, 0, 1), (1, 0, 3))) == []


def test_silence_is_told_once_for_a_service() -> None:
    """A route that should have had requests and had none; of a whole service that fell silent, one sentence."""
    one = changes_of(series("/x", (20, 0, 1), (0, 0, 1)), series("/y", (20, 0, 1), (20, 0, 1)))
    assert [(c.kind, c.route, c.text, c.at_us) for c in one] == [
        (
            "silent",
            "/x",
            "GET /x had 200 requests in the window before, and none now.",
            START // 1000,
        )
    ]
    both = changes_of(series("/x", (20, 0, 1), (0, 0, 1)), series("/y", (20, 0, 1), (0, 0, 1)))
    assert [(c.kind, c.route, c.text, c.search) for c in both] == [
        ("silent", "", "orders has sent no request since.", "service:orders")
    ]
    rare = Series(
        "orders", "GET", "/x", "metrics", [3] + [0] * 19, [0] * 20, [[0] * 5] * 20, BOUNDS
    )
    assert changes_of(rare, series("/y", (20, 0, 1), (20, 0, 1))) == []


def test_new_routes_errors_and_versions_are_told() -> None:
    """What needs eyes first stands first; a service that is new altogether is no news by route."""
    store = Memory()
    store.groups = [group(new=True), group(new=False)]
    store.given_instances = [
        Instance("orders", "a", "1.0", START - 5, START + 5),
        Instance("orders", "b", "1.1", START + 60 * S, START + 70 * S),
        Instance("fresh", "c", "7", START + 1, START + 2),
    ]
    rows = [
        series("/old", (9, 0, 1), (9, 0, 1)),
        series("/new", (0, 0, 1), (9, 0, 1)),
        series("/z", (0, 0, 1), (9, 0, 1), service="fresh"),
    ]
    assert changes_of(*rows, store=store) == [
        Change(
            "new_error", "orders", "/x",
            "KeyError in shop/orders.py:12 get, 3 times; it did not happen before.",
            "failed:yes error:KeyError service:orders route:/x", START // 1000 + 5,
        ),
        Change("version", "orders", "", "orders runs 1.1; it was 1.0.", "service:orders", START // 1000 + 60_000_000),
        Change(
            "new_route", "orders", "/new", "GET /new was not asked before; 90 requests now.",
            "service:orders method:GET route:/new", START // 1000,
        ),
    ]  # fmt: skip


def test_an_error_of_a_new_service_is_told_without_a_past() -> None:
    """The console has just been started: what was before, nobody knows."""
    store = Memory()
    store.groups = [group(new=True)]
    (one,) = changes_of(series("/x", (0, 0, 1), (9, 1, 1)), store=store)
    assert one.text == "KeyError in shop/orders.py:12 get, 3 times."


def test_what_needs_eyes_stands_first() -> None:
    """Routes in trouble, then those with failures, then those that take most time; services likewise."""
    store = Memory()
    store.given_series = [
        series("/busy", (50, 0, 2), (50, 0, 2)),
        series("/quiet", (1, 0, 1), (1, 0, 1)),
        series("/failing", (20, 0, 1), (20, 5, 1)),
        series("/some", (50, 1, 1), (50, 1, 1)),
        series("/z", (500, 0, 1), (500, 0, 1), service="stock"),
    ]
    found = overview(store, WINDOW)
    assert [one.route for one in found.routes] == ["/failing", "/some", "/z", "/busy", "/quiet"]
    assert [one.service for one in found.services] == ["orders", "stock"]


def test_services_with_different_buckets_are_added_up() -> None:
    """Each count keeps the upper bound that it was counted under."""
    one = Half([3], [1], [[1, 2, 0]], (1.0, 3.0))
    other = Half([4], [0], [[2, 1, 1]], (2.0, 3.0))
    assert added([one, other]) == Half([7], [1], [[1, 2, 3, 1]], (1.0, 2.0, 3.0))


def test_connections_are_rows_and_no_part_of_a_service() -> None:
    """How long a WebSocket lasted says nothing of how long answers took; a service of nothing else has its own."""
    answers = series("/x", (6, 0, 1), (12, 0, 1))
    lasting = series("/ws", (1, 0, 3), (1, 1, 3))._replace(method="WS", basis="spans")
    store = Memory()
    store.given_series = [answers, lasting, lasting._replace(service="chat")]
    found = overview(store, WINDOW)

    assert {(one.service, one.route, one.basis) for one in found.routes} == {
        ("orders", "/x", "metrics"), ("orders", "/ws", "spans"), ("chat", "/ws", "spans"),
    }  # fmt: skip
    assert {one.service: (one.basis, one.now.count, one.now.errors) for one in found.services} == {
        "orders": ("metrics", 120, 0), "chat": ("spans", 10, 10),
    }  # fmt: skip


def test_a_service_took_no_longer_than_the_longest_of_its_routes() -> None:
    """Known if that of every route with requests is; then no percentile is beyond it, in no minute either."""
    one = Half([1], [0], [[0, 1, 0]], (1e6, 3e6), 1_500_000)
    other = Half([1], [0], [[0, 1, 0]], (1e6, 3e6), 2_000_000)
    silent = Half([0], [0], [[0, 0, 0]], (1e6, 3e6))
    whole = added([one, other, silent])
    assert whole.longest_ns == 2_000_000
    assert whole.numbers(60) == Numbers(2, 0, 2 / 60, 2000.0, 2000.0, 2000.0)
    assert whole.p95_us() == [2000.0]
    assert added([one, Half([1], [0], [[0, 1, 0]], (1e6, 3e6))]).longest_ns == 0


def test_now_and_before_each_have_a_longest_of_their_own() -> None:
    """What was slow an hour ago says nothing about now."""
    store = Memory()
    given = series("/x", (1, 0, 2), (1, 0, 2))
    longest = [3_000_000] + [2_500_000] * 9 + [2_100_000] * 9 + [2_200_000]
    store.given_series = [given._replace(longest_ns=longest)]
    (found,) = overview(store, WINDOW).routes
    assert (found.now.p99_us, found.before.p99_us) == (2200.0, 3000.0)
    assert found.p95_us == [2200.0] * 10


def test_errors_stand_most_recent_first() -> None:
    """With the window that was really looked at."""
    store = Memory()
    older = ErrorGroup("a" * 16, "A", "", "", "stock", "", 1, 1, 2, False, [], "", "")
    store.groups = [older, group(new=True)]
    found = error_page(store, Window(START + 1, START + 5))
    assert [one.type for one in found.errors] == ["KeyError", "A"]
    assert (found.start_us, found.end_us) == (START // 1000, START // 1000 + 60_000_000)
    assert [one.type for one in error_page(store, WINDOW, service="stock").errors] == ["A"]


@pytest.mark.parametrize(
    ("seconds", "minutes", "number"),
    [
        (1, 1, 1),
        (3600, 1, 60),
        (3660, 1, 61),
        (86_400, 30, 48),
        (7 * 86_400, 180, 56),
        (365 * 86_400, 8640, 61),
    ],
)
def test_windows_are_cut_into_steps_that_people_read(
    seconds: int, minutes: int, number: int
) -> None:
    """Minutes for an hour, half hours for a day, whole days for a year."""
    steps = cut(Window(0, seconds * S))
    assert (steps.step_ns // MINUTE_NS, steps.number) == (minutes, number)


@given(st.integers(0, 2**61), st.integers(1, 10**18))
def test_steps_cover_what_was_asked_for(start: int, length: int) -> None:
    """Whole steps since the epoch, few of them, and none too many."""
    window = Window(start, start + length)
    steps = cut(window)
    assert steps.window.start <= window.start < window.end <= steps.window.end
    assert steps.window.start % steps.step_ns == 0 == steps.step_ns % MINUTE_NS
    assert steps.window.end - steps.window.start == steps.number * steps.step_ns
    assert 1 <= steps.number <= 62
