"""A trace in the terminal: nested, to scale, with what was said at its time, and readable however large it is."""

# ruff: noqa: RUF001 - the sign that people read as "times" is what is printed

from __future__ import annotations

import re

import pytest
from msgspec import structs
from views_by_hand import START_US, failed_order, line, span

from fastapi_spine.cli.show import shown
from fastapi_spine.cli.terminal import Terminal, cells
from fastapi_spine.cli.waterfall import MOST_ROWS, waterfall
from fastapi_spine.console.views import LogView, SpanView, TraceView

ORDER = """\
    at ms                            0                                        100 ms      took
      0.0 POST /orders             ✗ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━    100 ms  orders
      1.0 ├╌╌ INFO basket received  articles=5
      2.0 ├── auth: decode_jwt       ━                                                  3.0 ms
     10.0 ├── db: SELECT stock ×5        ─────────                                     15.0 ms
     10.0 │   └╌╌ … 1 line inside; --all shows them
     40.0 ├── http: POST /payments ✗                   ━━━━━━━━━━━━━━━━━━━━━━━━        50.0 ms
     45.0 │   └── POST /payments   ✗                      ━━━━━━━━━━━━━━━━━━━          40.0 ms  payments
     60.0 │       ├╌╌ ┆DEBUG bill is 4200 cents
     80.0 │       ├╌╌ ✗ ZeroDivisionError: integer division or modulo by zero
     84.0 │       └╌╌ ERROR request failed
     99.0 └╌╌ WARN the order is kept as unpaid"""


EMPTY = TraceView("", None, [], {}, 0, 0.0, [], [], [], 0)


def of(spans: list[SpanView], logs: list[LogView] | None = None) -> TraceView:
    """A trace of spans and lines."""
    long = max(one.start_us + one.duration_us for one in spans)
    return TraceView("ab" * 16, None, [], {}, START_US, long, spans, logs or [], ["orders"], 0)


def texts(view: TraceView, **more: bool) -> list[str]:
    """What the rows below the head say, without times and bars."""
    rows = waterfall(view, Terminal(), **more)[1:]
    found = [re.match(r"[ │]*\S+(?: \S+)*", row[10:]) for row in rows if not row.startswith("…")]
    return [one[0].rstrip(" ✗─━") for one in found if one]


def test_a_trace_is_nested_to_scale_with_its_lines_at_their_time() -> None:
    """Where the time went, who waited for whom, what was said, what failed, what repeats itself."""
    drawn = "\n".join(waterfall(failed_order(), Terminal(width=104)))
    assert drawn == ORDER


def test_everything_is_shown_when_it_is_asked_for() -> None:
    """Without folding each sibling has its row, with what was said in it."""
    rows = texts(failed_order(), whole=True)
    assert rows.count("├── db: SELECT stock") == 5
    assert "│   └╌╌ ┆DEBUG one of five" in rows


def test_lines_are_counted_as_on_the_page() -> None:
    """All of them; what the waterfall leaves out is said."""
    view = failed_order()
    access = line(1, 99, "INFO", "request completed", logger="spine.access")
    view = structs.replace(view, logs=[*view.logs, access])
    told = [
        row.partition("  ")[2].strip()
        for whole in (False, True)
        for row in shown(view, Terminal(), whole=whole)
        if row.startswith("holds")
    ]
    assert told == [
        "2 services, 9 spans, 6 log lines (1 access line left out), 3 failed",
        "2 services, 9 spans, 6 log lines, 3 failed",
    ]


def test_a_line_that_sums_up_a_request_is_not_told_twice() -> None:
    """Its span's row says the same; `--all` shows it."""
    said = [
        line(1, 9, "INFO", "request completed", logger="spine.access"),
        line(1, 3, "INFO", "hm"),
    ]
    view = of([span(1, 0, "GET /x", 0, 9)], said)
    assert texts(view) == ["GET /x", "└╌╌ INFO hm"]
    assert texts(view, whole=True) == ["GET /x", "├╌╌ INFO hm", "└╌╌ INFO request completed"]


def test_a_line_stands_in_the_step_that_said_it() -> None:
    """Lines name their request's span; they are shown in the step of it that was going on, unless that is not sure."""
    spans = [
        span(1, 0, "GET /x", 0, 90, kind=2), span(2, 1, "endpoint", 5, 80), span(3, 2, "render", 10, 20),
        span(4, 2, "db: SELECT", 40, 10, kind=3), span(5, 2, "one", 60, 10), span(6, 2, "two", 60, 10),
    ]  # fmt: skip
    said = [line(1, at, "INFO", f"at {at}") for at in (2, 20, 45, 65)]
    assert texts(of(spans, said)) == [
        "GET /x",
        "├╌╌ INFO at 2",
        "└── endpoint",
        "    ├── render",
        "    │   └╌╌ INFO at 20",
        "    ├── db: SELECT",
        "    ├╌╌ INFO at 45",
        "    ├── one",
        "    ├── two",
        "    └╌╌ INFO at 65",
    ]


def test_a_folded_row_tells_of_failures_and_warnings_inside() -> None:
    """What went wrong in one of forty is not hidden by the thirty-nine."""
    calls = [span(n, 1, "db: SELECT x", n, 1, failed=n == 9) for n in range(2, 42)]
    view = of([span(1, 0, "root", 0, 50), *calls], [line(9, 9.5, "WARN", "slow")])
    assert texts(view) == ["root", "└── db: SELECT x ×40, 1 failed", "    └╌╌ WARN slow"]


def test_a_bar_is_as_long_as_its_span() -> None:
    """Half of the time is half of the axis; nothing is invisible, nothing passes the edge."""
    view = of([span(1, 0, "a", 0, 100), span(2, 0, "b", 50, 50), span(3, 0, "c", 100, 0)])
    drawn = waterfall(view, Terminal(width=80))[1:]
    whole, half, point = (row.count("─") for row in drawn)
    assert (whole, half, point) == (56, 28, 1)
    assert {row.rindex("─") for row in drawn} == {drawn[0].rindex("─")}


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    """Whatever the width, down to sixty columns."""
    wide = "終" * 30
    view = of(
        [span(1, 0, wide, 0, 9), *(span(n, n - 1, wide, 0, 9, service=f"s{n}" * 9) for n in range(2, 40))],
        [line(30, 3, "ERROR", wide * 9)],
    )  # fmt: skip
    rows = waterfall(view, Terminal(width=width))
    assert max(map(cells, rows)) <= max(width, 60)


def test_nothing_is_cut_in_a_pipe() -> None:
    """Titles and lines are whole where nobody counts columns; there is no colour and no ellipsis."""
    view = of([span(1, 0, "t" * 119, 0, 9)], [line(1, 3, "INFO", "m" * 900)])
    drawn = "\n".join(waterfall(view, Terminal()))
    assert "t" * 119 in drawn
    assert "m" * 900 in drawn
    assert ("…" in drawn, "\x1b" in drawn) == (False, False)


def test_colours_say_nothing_that_the_text_does_not() -> None:
    """Without its colours a row is the plain one."""
    colored = waterfall(failed_order(), Terminal(color=True, width=104))
    assert [re.sub("\x1b\\[[0-9;]*m", "", row) for row in colored] == ORDER.split("\n")
    assert any("\x1b[" in row for row in colored)


def test_a_huge_trace_is_cut_and_says_so() -> None:
    """Ten thousand different spans do not fill the screen until somebody wants them to."""
    view = of([span(1, 0, "root", 0, 9), *(span(n, 1, f"s{n}", 0, 1) for n in range(2, 10_001))])
    rows = waterfall(view, Terminal())
    assert (len(rows), rows[-1]) == (MOST_ROWS + 2, "… 9600 more rows; --all shows them")
    assert len(waterfall(view, Terminal(), whole=True)) == 10_001


def test_a_chain_of_ten_thousand_calls_is_drawn_to_a_depth() -> None:
    """The deepest ones are told of, and nothing breaks."""
    view = of([span(n, n - 1, f"s{n}", 0, 9) for n in range(1, 10_001)])
    assert texts(view)[-1].endswith("… s50 and what is below it")


def test_spans_whose_callers_did_not_come_are_beginnings() -> None:
    """Even two that name each other are drawn, once each."""
    view = of([span(1, 2, "a", 0, 9), span(2, 1, "b", 1, 3), span(3, 99, "c", 2, 3)])
    assert texts(view) == ["a", "└── b", "c"]


def test_a_line_of_an_unknown_span_is_the_whole_requests() -> None:
    """It stands below the first beginning, at its time."""
    assert texts(of([span(1, 0, "a", 0, 9)], [line(77, 2, "INFO", "hm")])) == ["a", "└╌╌ INFO hm"]


def test_a_trace_without_spans_has_no_picture() -> None:
    """Nothing in, nothing out."""
    assert waterfall(EMPTY, Terminal()) == []
