"""Failures by fingerprint: which are one, which are new, and that each counts once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stored import ALWAYS, MINUTE, NOW, ORDERS, SECOND, Store, child, line, raised, server, store

from fastapi_spine.console.filter import Window
from fastapi_spine.console.rows import EventRow, LogRow, SpanRow
from fastapi_spine.console.search import parse
from fastapi_spine.console.store import Keep
from fastapi_spine.console.store.fingerprint import Place, place_of
from fastapi_spine.console.views import ErrorGroup

THIS_MINUTE = NOW // MINUTE * MINUTE
LAST_THREE = Window(THIS_MINUTE - 2 * MINUTE, THIS_MINUTE + MINUTE)
ONLY_TYPE: Any = {"exception.type": "ValueError"}
TIMEOUT: Any = {"error.type": "timeout"}


def groups(kept: Store, window: Window = LAST_THREE) -> list[tuple[str, str, list[int]]]:
    """Return type, message and counts of each group."""
    return [(one.type, one.message, one.counts) for one in kept.reader.errors(window, MINUTE)]


def event(**more: str) -> EventRow:
    """Return the event of an exception."""
    return EventRow(NOW, "exception", {**raised(), **more})


def test_a_failure_is_told_whole(kept: Store) -> None:
    """Type, message, place, and the newest request that had it."""
    kept.put(line(1, "failed", severity=17, **raised()))
    (found,) = kept.reader.errors(LAST_THREE, MINUTE)
    assert found == ErrorGroup(
        fingerprint=place_of("ValueError", str(raised()["exception.stacktrace"])).fingerprint,
        type="ValueError",
        message="no such order",
        where="shop/orders.py:12 load",
        service="orders",
        route="",
        count=1,
        first_us=NOW // 1000,
        last_us=NOW // 1000,
        new=True,
        counts=[0, 0, 1],
        request_id="r-1",
        trace_id=f"{1:032x}",
    )


def test_a_failed_background_task_has_the_route_of_its_line(kept: Store) -> None:
    """The line says it under the log's own name; a search for the route finds the line, too."""
    told: dict[str, Any] = {"route": "/bg", "method": "GET", **raised()}
    kept.put(server(1, route="/bg"), line(1, "background task failed", severity=17, **told))
    (found,) = kept.reader.errors(LAST_THREE, MINUTE)
    assert (found.type, found.route) == ("ValueError", "/bg")
    wanted = parse("method:get route:/bg")
    assert [one.message for one in kept.reader.logs(wanted, ALWAYS).logs] == [
        "background task failed"
    ]


FAILED = server(1, status=500)
RAISED = server(1, status=500, events=[event()])
TOLD = line(1, "request failed", severity=17, **raised())
BARE = line(1, "request failed", severity=17, **ONLY_TYPE)


@pytest.mark.parametrize(
    "rows",
    [
        (TOLD,), (RAISED,), (TOLD, TOLD), (FAILED, TOLD), (TOLD, FAILED), (RAISED, TOLD), (TOLD, RAISED),
        (BARE, TOLD), (TOLD, BARE), (FAILED, BARE, RAISED, TOLD), (child(9, of=1, status=2), FAILED, TOLD),
    ],
)  # fmt: skip
def test_one_failure_of_one_request_counts_once(
    kept: Store, rows: tuple[SpanRow | LogRow, ...]
) -> None:
    """Whatever tells of it, in whatever order and however apart: its status, an event, a line."""
    for row in rows:
        kept.put(row)
    assert groups(kept) == [("ValueError", "no such order", [0, 0, 1])]


def test_failures_without_an_exception_group_by_status_and_route(kept: Store) -> None:
    """So does an error that only has a type."""
    kept.put(
        server(1, status=500), server(2, status=500), server(3, status=503), server(4, status=500, route="/stock"),
        server(5, status=504, **TIMEOUT), server(6, status=404),
    )  # fmt: skip
    found = kept.reader.errors(LAST_THREE, MINUTE)
    told = sorted((one.type, one.route, one.count) for one in found)
    assert told == [
        ("500", "/orders/{order_id}", 2), ("500", "/stock", 1), ("503", "/orders/{order_id}", 1),
        ("timeout", "/orders/{order_id}", 1),
    ]  # fmt: skip


def test_two_requests_fail_twice(kept: Store) -> None:
    """The group shows the newest message and request."""
    kept.put(line(1, "failed", at=NOW - MINUTE, **raised(message="order 1")))
    kept.put(line(3, "failed", at=NOW + SECOND, **raised(message="order 3")))
    kept.put(line(2, "failed", at=NOW, **raised(message="order 2")))
    (found,) = kept.reader.errors(LAST_THREE, MINUTE)
    assert (found.message, found.request_id, found.counts) == ("order 3", "r-3", [0, 1, 2])


def test_new_is_what_was_never_there_before(tmp_path: Path) -> None:
    """A group is known after the rows that told of it are gone, and after a restart."""
    with store(tmp_path / "console", Keep(seconds=60)) as kept:
        kept.put(line(1, "failed", **raised()))
        kept.roll()
        kept.put(server(2, at=NOW + 3600 * SECOND))
        kept.roll()
    with store(tmp_path / "console", Keep(seconds=60)) as kept:
        kept.clock.advance(7200)
        later = NOW + 7200 * SECOND
        kept.put(line(2, "failed", at=later, **raised()))
        kept.put(line(3, "failed", at=later, **raised("KeyError", "x")))
        found = kept.reader.errors(Window(later - MINUTE, later + MINUTE), MINUTE)
        assert sorted((one.type, one.new) for one in found) == [
            ("KeyError", True),
            ("ValueError", False),
        ]


def test_a_service_s_failures(kept: Store) -> None:
    """Only those of one service, at most so many."""
    kept.put(line(1, "failed", **raised()), line(2, "failed", **raised("KeyError", "x")))
    assert kept.reader.errors(LAST_THREE, MINUTE, service="inventory") == []
    assert len(kept.reader.errors(LAST_THREE, MINUTE, service=ORDERS.service)) == 2
    assert len(kept.reader.errors(LAST_THREE, MINUTE, limit=1)) == 1


PYTHON = """Traceback (most recent call last):
  File "/srv/v1/shop/api.py", line {line}, in create
    order = load({line})
            ^^^^^^
  File "/usr/lib/python3.11/site-packages/sqlalchemy/engine.py", line 3, in execute
    raise
KeyError: 'x'
"""
CHAINED = (
    'Traceback (most recent call last):\n  File "/srv/a.py", line 1, in first\nKeyError: 1\n\n'
    "The above exception was the direct cause of the following exception:\n\n"
    + PYTHON.format(line=7)
)
JAVASCRIPT = """TypeError: x is undefined
    at load (/srv/app/orders.js:10:7)
    at async create (/srv/app/api.js:5:3)
    at /srv/app/node_modules/express/router.js:1:2
"""
JAVA = """java.lang.IllegalStateException: no
\tat com.shop.Orders.load(Orders.java:12)
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""


@pytest.mark.parametrize(
    ("stack", "where"),
    [
        (PYTHON.format(line=7), "shop/api.py:7 create"),
        (CHAINED, "shop/api.py:7 create"),
        (JAVASCRIPT, "app/orders.js:10 load"),
        (JAVA, "Orders.java:12 com.shop.Orders.load"),
        ("no traceback", ""),
        ("", ""),
    ],
)
def test_the_innermost_place_in_the_application(stack: str, where: str) -> None:
    """Packages and the language's own frames are passed over."""
    assert place_of("E", stack).where == where


def test_a_fingerprint_survives_edits_deploys_and_depth() -> None:
    """Line numbers, folders above the last one and the depth of a recursion do not matter; functions do."""
    one = PYTHON.format(line=7)
    same = [
        PYTHON.format(line=99),
        one.replace("/srv/v1/", "/srv/v2/"),
        one.replace('  File "/srv', '  File "/srv', 1),
    ]
    assert {place_of("KeyError", stack).fingerprint for stack in (one, *same)} == {
        place_of("KeyError", one).fingerprint
    }
    frame = '  File "/srv/a/b.py", line 1, in walk\n'
    assert place_of("E", frame * 3).fingerprint == place_of("E", frame * 900).fingerprint
    others = [
        place_of("ValueError", one),
        place_of("KeyError", one.replace("in create", "in change")),
    ]
    assert place_of("KeyError", one).fingerprint not in {other.fingerprint for other in others}


def test_foreign_frames_count_where_nothing_else_is() -> None:
    """An exception from a library's own thread still has a place."""
    stack = '  File "/usr/lib/python3.11/threading.py", line 5, in run\n'
    assert place_of("E", stack) == Place(
        place_of("E", stack).fingerprint, "python3.11/threading.py:5 run"
    )
    assert len(place_of("E", stack).fingerprint) == 16


def test_the_layers_own_frames_do_not_tell_failures_apart() -> None:
    """A log line's traceback passes through the layer, a span's does not; the demo shop inside of it is an application."""
    own = '  File "/x/src/fastapi_spine/demo/payments.py", line 74, in charge\n    pay()\n'
    layer = '  File "/x/src/fastapi_spine/request/spine.py", line 9, in __call__\n    await app()\n'
    head, end = "Traceback (most recent call last):\n", "ValueError: no"
    assert place_of("ValueError", head + layer + own + end) == place_of(
        "ValueError", head + own + end
    )
    assert place_of("ValueError", head + own + end).where == "demo/payments.py:74 charge"
