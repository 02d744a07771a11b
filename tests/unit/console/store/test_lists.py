"""Lists of requests and lines: what fits a search, newest first, page by page, and as it comes in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from stored import (
    ALWAYS,
    INVENTORY,
    MINUTE,
    NOW,
    ORDERS,
    SECOND,
    Store,
    child,
    line,
    raised,
    server,
    store,
)

from fastapi_spine.console.filter import EVERYTHING, Between, Filter, Match, Window, Words
from fastapi_spine.console.ports import CursorError
from fastapi_spine.console.views import LogView, RequestRow


def ids(kept: Store, wanted: Filter = EVERYTHING, window: Window = ALWAYS) -> list[str]:
    """Return the ids of the requests that fit, in the order of the answer."""
    return [row.request_id for row in kept.reader.requests(wanted, window).requests]


def bodies(kept: Store, wanted: Filter = EVERYTHING, window: Window = ALWAYS) -> list[str]:
    """Return the messages of the lines that fit, in the order of the answer."""
    return [row.message for row in kept.reader.logs(wanted, window).logs]


def test_a_request_comes_back_as_it_is_shown(kept: Store) -> None:
    """A server span is a row of the list, whole."""
    kept.put(server(7, ms=12.5))
    (row,) = kept.reader.requests(EVERYTHING, ALWAYS).requests
    assert row == RequestRow(
        cursor=row.cursor,
        request_id="r-7",
        trace_id=f"{7:032x}",
        span_id=f"{7:016x}",
        service="orders",
        method="GET",
        route="/orders/{order_id}",
        path="/orders/7",
        status=200,
        start_us=NOW // 1000,
        duration_us=12_500.0,
        failed=False,
    )


def test_a_line_comes_back_as_it_is_shown(kept: Store) -> None:
    """A line is a row of its list, whole."""
    kept.put(line(7, "order loaded", user_id=42))
    (row,) = kept.reader.logs(EVERYTHING, ALWAYS).logs
    assert row == LogView(
        cursor=row.cursor,
        at_us=NOW // 1000,
        severity=9,
        level="INFO",
        logger="shop.orders",
        message="order loaded",
        service="orders",
        request_id="r-7",
        trace_id=f"{7:032x}",
        span_id=f"{7:016x}",
        attributes={"spine.request_id": "r-7", "user_id": 42},
    )


def test_the_newest_come_first_over_slices_whose_times_overlap(kept: Store) -> None:
    """What came late stands where it happened, not where it came."""
    kept.put(server(1, at=NOW), server(3, at=NOW + 2 * SECOND))
    kept.roll()
    kept.put(server(2, at=NOW + SECOND), server(4, at=NOW + 3 * SECOND))
    assert ids(kept) == ["r-4", "r-3", "r-2", "r-1"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_together_are_the_whole(kept: Store, size: int) -> None:
    """Going on with `older` shows every request once, also where many began at the same moment."""
    for part in range(3):
        kept.put(*(server(part * 10 + n, at=NOW + n // 4) for n in range(1, 11)))
        kept.roll()
    shown: list[str] = []
    older = ""
    while True:
        page = kept.reader.requests(EVERYTHING, ALWAYS, older=older, limit=size)
        shown += [row.request_id for row in page.requests]
        older = page.older
        if not older:
            break
    assert shown == ids(kept)
    assert len(set(shown)) == len(shown) == 30


REQUESTS = (
    server(1, at=NOW),
    server(2, at=NOW + 1, ms=350.0, user_id=42, tags=["red", "blue"]),
    server(3, at=NOW + 2, status=500, method="POST"),
    server(4, at=NOW + 3, status=404, route="/stock", source=INVENTORY),
    line(1, "waiting for the connection pool", severity=13, user_id=42),
    line(3, "pool exhausted", severity=17, **raised("PoolError", "no connection left")),
    line(4, "-> nothing", logger="shop.stock"),
)


def test_slow_requests_are_found_at_every_limit(kept: Store) -> None:
    """Around powers of two as well, where the index changes its term; and among many that are as slow."""
    limits = [
        bits_ns + more for bits in (26, 28, 34) for bits_ns in (1 << bits,) for more in (-1, 0, 1)
    ]
    kept.put(*(server(n, at=NOW + n, ms=ns / 1e6) for n, ns in enumerate(limits, 1)), server(99))
    for limit in limits:
        wanted = Filter(sizes=(Between("duration", limit, None),))
        page = kept.reader.requests(wanted, ALWAYS)
        slow = [f"r-{n}" for n, ns in enumerate(limits, 1) if ns >= limit]
        assert [one.request_id for one in page.requests] == slow[::-1]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EVERYTHING, [4, 3, 2, 1]),
        (Filter(failed=True), [3]),
        (Filter(failed=False), [4, 2, 1]),
        (Filter(request_id="r-2"), [2]),
        (Filter(request_id="r-"), []),
        (Filter(trace_id=f"{2:032x}"), [2]),
        (Filter(trace_id="no hex"), []),
        (Filter(matches=(Match("service", ("inventory",)),)), [4]),
        (Filter(matches=(Match("service", ("inv*", "none")),)), [4]),
        (Filter(matches=(Match("service", ("inventory",), negated=True),)), [3, 2, 1]),
        (Filter(matches=(Match("route", ("/stock",)),)), [4]),
        (Filter(matches=(Match("route", ("/nowhere",)),)), []),
        (Filter(matches=(Match("method", ("POST",)),)), [3]),
        (Filter(matches=(Match("path", ("/orders/2",)),)), [2]),
        (Filter(matches=(Match("path", ("/orders/*",)),)), [4, 3, 2, 1]),
        (Filter(matches=(Match("status", ("404", "5*")),)), [4, 3]),
        (Filter(matches=(Match("user_id", ("42",)),)), [2, 1]),
        (Filter(matches=(Match("user_id", ("42",), negated=True),)), [4, 3]),
        (Filter(matches=(Match("user_id", ("4",)),)), []),
        (Filter(matches=(Match("user_id", ("4*",)),)), [2, 1]),
        (Filter(matches=(Match("user_id", ("*",)),)), [2, 1]),
        (Filter(matches=(Match("tags", ("blue",)),)), [2]),
        (Filter(matches=(Match("logger", ("shop.stock",)),)), [4]),
        (Filter(sizes=(Between("status", 500, 599),)), [3]),
        (Filter(sizes=(Between("status", 500, 599, negated=True),)), [4, 2, 1]),
        (Filter(sizes=(Between("duration", 3e8, None),)), [2]),
        (Filter(sizes=(Between("duration", None, 3e8),)), [4, 3, 1]),
        (Filter(sizes=(Between("user_id", 40, 44),)), [2, 1]),
        (Filter(sizes=(Between("severity", 13, None),)), [3, 1]),
        (Filter(words=(Words("pool"),)), [3, 1]),
        (Filter(words=(Words("POOL exhausted"),)), [3]),
        (Filter(words=(Words("exhausted pool"),)), []),
        (Filter(words=(Words("no connection left"),)), [3]),
        (Filter(words=(Words("pool"), Words("exhausted", negated=True))), [1]),
        (Filter(words=(Words("pool", negated=True),)), [4, 2]),
        (Filter(words=(Words("->"),)), [4]),
        (Filter(words=(Words("->", negated=True),)), [3, 2, 1]),
        (Filter(failed=True, words=(Words("pool"),), matches=(Match("method", ("POST",)),)), [3]),
    ],
)
def test_a_search_finds_the_requests_that_fit(
    some_requests: Store, wanted: Filter, expected: list[int]
) -> None:
    """Every kind of condition, alone and together."""
    assert ids(some_requests, wanted) == [f"r-{number}" for number in expected]


@pytest.fixture(name="some_requests", scope="module")
def _some_requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store(tmp_path_factory.mktemp("requests") / "console") as kept:
        kept.put(*REQUESTS)
        yield kept


LINES = (
    line(1, "first of all", at=NOW),
    line(2, "second, for user 42", at=NOW + 1, user_id=42, severity=13),
    line(3, 'third: "quoted" pool_size=3', at=NOW + 2, severity=17, logger="shop.pool"),
    line(4, "->", at=NOW + 3, source=INVENTORY, **raised("KeyError", "the key of all")),
    line(5, "untraced", at=NOW + 4, traced=False),
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EVERYTHING, [5, 4, 3, 2, 1]),
        (Filter(failed=True), [3]),
        (Filter(failed=False), [5, 4, 2, 1]),
        (Filter(request_id="r-2"), [2]),
        (Filter(request_id="r-5"), [5]),
        (Filter(trace_id=f"{3:032x}"), [3]),
        (Filter(matches=(Match("service", ("inventory",)),)), [4]),
        (Filter(matches=(Match("logger", ("shop.*",)),)), [5, 4, 3, 2, 1]),
        (Filter(matches=(Match("logger", ("shop.pool",)),)), [3]),
        (Filter(matches=(Match("error", ("KeyError",)),)), [4]),
        (Filter(matches=(Match("user_id", ("42",)),)), [2]),
        (Filter(sizes=(Between("severity", 13, None),)), [3, 2]),
        (Filter(sizes=(Between("severity", None, 12),)), [5, 4, 1]),
        (Filter(words=(Words("of all"),)), [4, 1]),
        (Filter(words=(Words("quoted"),)), [3]),
        (Filter(words=(Words('"quoted"'),)), [3]),
        (Filter(words=(Words("pool_size"),)), [3]),
        (Filter(words=(Words("pool"),)), []),
        (Filter(words=(Words("of all"), Words("key", negated=True))), [1]),
        (Filter(words=(Words("all", negated=True),)), [5, 3, 2]),
        (Filter(words=(Words("->"),)), [4]),
    ],
)
def test_a_search_finds_the_lines_that_fit(
    some_lines: Store, wanted: Filter, expected: list[int]
) -> None:
    """Every kind of condition, alone and together."""
    by_body = {row.body: number for number, row in enumerate(LINES, start=1)}
    assert [by_body[body] for body in bodies(some_lines, wanted)] == expected


@pytest.fixture(name="some_lines", scope="module")
def _some_lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store(tmp_path_factory.mktemp("lines") / "console") as kept:
        kept.put(*LINES)
        yield kept


@pytest.mark.parametrize(
    "text",
    [
        '"', '""', "'", "* OR *", "NEAR(a b)", "a AND", "body:x", "^a", "a*", "-", "(", ")", "\0", "a\0b", "\ud800",
        "'; DROP TABLE log; --", "%", "_", "\\", "{}", "a" * 10_000, "é", "🦄", ":x", "?", "@x", "$x",
    ],
)  # fmt: skip
def test_hostile_words_are_words(kept: Store, text: str) -> None:
    """No text means anything to the database; what it looks for is found if it is there."""
    kept.put(server(1), line(1, f"before {text} after"))
    found = [ids(kept, Filter(words=(Words(text),))), bodies(kept, Filter(words=(Words(text),)))]
    assert [len(rows) for rows in found] in ([1, 1], [0, 0])
    for where in ("service", "route", "user_id", text):
        wanted = Filter(matches=(Match(where, (text, f"{text}*")),))
        assert (len(ids(kept, wanted)), len(bodies(kept, wanted))) == (0, 0)
    assert ids(kept) == ["r-1"]


def test_websockets_and_what_met_no_route_are_found(kept: Store) -> None:
    """Requests and lines by the method WS; what met no route by having none."""
    websocket: dict[str, Any] = {"network.protocol.name": "websocket"}
    get: dict[str, Any] = {"http.request.method": "GET"}
    socket = server(2, route="/ws/{room}", **websocket)
    lost = server(3)
    del socket.attributes["http.request.method"]
    del lost.attributes["http.route"]
    kept.put(
        server(1), socket, lost,
        line(2, "request completed", **websocket),
        line(3, "request completed", **get),
    )  # fmt: skip
    of_method = Filter(matches=(Match("method", ("WS",)),))
    of_none = Filter(matches=(Match("method", ("GET",)), Match("route", ("*",), negated=True)))
    assert (ids(kept, of_method), ids(kept, of_none)) == (["r-2"], ["r-3"])
    (found,) = kept.reader.logs(of_method, ALWAYS).logs
    assert found.request_id == "r-2"


def test_a_window_holds_its_beginning_and_not_its_end(kept: Store) -> None:
    """Windows side by side show everything once."""
    kept.put(*(server(number, at=NOW + number) for number in range(1, 5)))
    assert ids(kept, EVERYTHING, Window(NOW + 2, NOW + 4)) == ["r-3", "r-2"]
    assert ids(kept, Filter(failed=False), Window(NOW, NOW + 2)) == ["r-1"]


def test_a_tail_shows_what_comes_in_the_order_it_comes(kept: Store) -> None:
    """Each poll goes on where the last one ended, over the end of a slice, and misses nothing."""
    page = kept.reader.requests(EVERYTHING, ALWAYS)
    assert (page.requests, bool(page.newer)) == ([], True)
    seen: list[str] = []
    for number in range(1, 7):
        kept.put(server(number, at=NOW - number), server(number + 10, at=NOW + number))
        if number % 2:
            kept.roll()
        while True:
            page = kept.reader.requests(EVERYTHING, ALWAYS, newer=page.newer, limit=1)
            if not page.requests:
                break
            seen += [row.request_id for row in page.requests]
    assert seen == [f"r-{number + more}" for number in range(1, 7) for more in (0, 10)]


def test_a_tail_filters(kept: Store) -> None:
    """Rows that do not fit are passed over, and the tail moves on."""
    newer = kept.reader.logs(EVERYTHING, ALWAYS).newer
    kept.put(*(line(n, f"line {n}", severity=17 if n % 2 else 9) for n in range(1, 6)))
    wanted = Filter(failed=True, words=(Words("line"),))
    page = kept.reader.logs(wanted, ALWAYS, newer=newer)
    assert [row.message for row in page.logs] == ["line 5", "line 3", "line 1"]
    assert kept.reader.logs(wanted, ALWAYS, newer=page.newer).logs == []


def test_a_tail_begins_where_its_page_was_read(kept: Store) -> None:
    """A page and the tail after it show everything once, whatever the filter of the page."""
    kept.put(server(1), server(2, status=500))
    page = kept.reader.requests(Filter(failed=True), ALWAYS)
    kept.put(server(3))
    later = kept.reader.requests(EVERYTHING, ALWAYS, newer=page.newer)
    assert [row.request_id for row in (*page.requests, *later.requests)] == ["r-2", "r-3"]


def test_a_cut_search_says_where_it_goes_on(kept: Store) -> None:
    """A search that may take no time at all still comes to its end, in steps."""
    kept.put(*(server(number, at=NOW + number) for number in range(1, 2001)))
    kept.reader._patience = 0.0  # noqa: SLF001 - the shortest patience there is
    wanted = Filter(
        matches=(Match("user_id", ("1", "2*"), negated=True), Match("path", ("/orders/3",)))
    )
    older, steps, shown = "", 0, []
    while True:
        page = kept.reader.requests(wanted, ALWAYS, older=older)
        shown += [row.request_id for row in page.requests]
        older, steps = page.older, steps + 1
        if not older:
            break
    assert shown == ["r-3"]
    assert page.whole


@pytest.mark.parametrize(
    "cursor",
    ["x", "rt", "rt1-2", "rt1-2-3-4", "rt-1-2-3", "lt1-2-3", "rtffffffff-1-1", "rt1-ffffffffffffffff-1", "rt1-2-3\n", "r\0"],
)  # fmt: skip
def test_a_foreign_cursor_is_refused(kept: Store, cursor: str) -> None:
    """A cursor that this list did not give is an error that says so, not an empty page."""
    with pytest.raises(CursorError, match="is no cursor of this list"):
        kept.reader.requests(EVERYTHING, ALWAYS, older=cursor)
    with pytest.raises(CursorError, match="is no cursor of this list"):
        kept.reader.requests(EVERYTHING, ALWAYS, newer=cursor)


def test_the_lines_around_one(kept: Store) -> None:
    """Lines before and after by time, over slices, of one service or of all."""
    kept.put(
        *(line(n, f"{n}", at=NOW + n, source=INVENTORY if n % 2 else ORDERS) for n in range(6))
    )
    kept.roll()
    kept.put(*(line(n, f"{n}", at=NOW + n) for n in range(6, 10)))
    (middle,) = [row for row in kept.reader.logs(EVERYTHING, ALWAYS).logs if row.message == "5"]
    found = kept.reader.around(middle.cursor, before=2, after=3)
    assert [row.message for row in found] == ["3", "4", "5", "6", "7", "8"]
    found = kept.reader.around(middle.cursor, before=2, after=3, service="inventory")
    assert [row.message for row in found] == ["1", "3", "5"]
    assert [row.message for row in kept.reader.around(middle.cursor, before=0, after=0)] == ["5"]


def test_an_empty_store_has_empty_lists(kept: Store) -> None:
    """Nothing is no error."""
    assert (ids(kept), bodies(kept)) == ([], [])
    assert kept.reader.trace(f"{1:032x}", 10) is None
    assert kept.reader.traces_of("r-1") == []


def test_children_are_no_requests(kept: Store) -> None:
    """Only server spans are in the list."""
    kept.put(server(1), child(2, of=1, at=NOW + MINUTE))
    assert ids(kept) == ["r-1"]
