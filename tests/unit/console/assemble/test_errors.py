"""Each failure has the search that finds its requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from stored import ALWAYS, MINUTE, NOW, Store, line, raised, server, store

from fastapi_spine.console.assemble import error_page, overview
from fastapi_spine.console.filter import Window
from fastapi_spine.console.rows import EventRow, LogRow, SpanRow
from fastapi_spine.console.search import parse

HOUR = Window(NOW - 60 * MINUTE, NOW + MINUTE)
RAISED = EventRow(NOW, "exception", {**raised()})
LINE = line(1, "background task failed", severity=17, **raised())


def searches(kept: Store) -> list[str]:
    """The searches of the page, each of which finds the request."""
    found = [one.search for one in error_page(kept.reader, HOUR).errors]
    for search in found:
        page = kept.reader.requests(parse(search), ALWAYS)
        assert "r-1" in [row.request_id for row in page.requests]
    return found


@pytest.mark.parametrize(
    ("rows", "search"),
    [
        ((server(1, status=500, events=[RAISED]), LINE), "failed:yes error:ValueError service:orders"),
        ((server(1), LINE), "exception.type:ValueError service:orders"),
        ((server(1, status=500), LINE), "failed:yes service:orders"),
        ((server(1, status=502),), "failed:yes status:502 service:orders"),
    ],
    ids=["it failed by it", "its background task failed", "it failed otherwise", "only a status"],
)  # fmt: skip
def test_the_search_of_a_failure_finds_its_request(
    rows: tuple[SpanRow | LogRow, ...], search: str, tmp_path: Path
) -> None:
    """A request whose background task raised went well itself, so `failed:yes` would not find it."""
    with store(tmp_path / "console") as kept:
        kept.put(*rows)
        assert searches(kept) == [search]


def test_a_failure_without_a_request_is_searched_by_its_type(tmp_path: Path) -> None:
    """A job's line: no request is there to be looked at."""
    with store(tmp_path / "console") as kept:
        kept.put(LINE._replace(trace_id=b"", attributes={**raised()}))
        (found,) = error_page(kept.reader, HOUR).errors
        assert found.search == "failed:yes error:ValueError service:orders"


def test_new_failures_of_one_type_have_each_their_own_search(tmp_path: Path) -> None:
    """They are told apart by their routes."""
    with store(tmp_path / "console") as kept:
        for number, route in enumerate(("/a", "/b"), 1):
            failure = EventRow(NOW, "exception", {**raised(file=f"shop{route}.py")})
            kept.put(server(number, route=route, status=500, events=[failure]))
        changes = overview(kept.reader, HOUR).changes
        assert sorted(one.search for one in changes if one.kind == "new_error") == [
            "failed:yes error:ValueError service:orders route:/a",
            "failed:yes error:ValueError service:orders route:/b",
        ]
