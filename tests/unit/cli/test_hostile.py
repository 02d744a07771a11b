"""Telemetry is strangers' text: none of it reaches the terminal raw."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from views_by_hand import HOSTILE, failures, hostile_trace, line, overview, row

from fastapi_spine.cli.errors import drawn as drawn_errors
from fastapi_spine.cli.lines import LogLines, RequestLines
from fastapi_spine.cli.routes import drawn as drawn_routes
from fastapi_spine.cli.show import shown
from fastapi_spine.cli.terminal import Terminal, cells, clip, pad

OURS = re.compile(r"\x1b\[(?:\d+(?:;\d+)*)?m")
RAW = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

TERMINALS = [Terminal(), Terminal(color=True, width=80), Terminal(width=120)]


def everything(terminal: Terminal) -> Iterable[str]:
    """Every kind of output, each of its texts hostile."""
    view, word = hostile_trace(), HOSTILE
    assert view.request is not None
    yield from shown(view, terminal)
    yield from shown(view, terminal, whole=True)
    yield from RequestLines(terminal, [view.request]).lines(view.request)
    for log in view.logs:
        yield from LogLines(terminal).lines(log)
    numbers = overview()
    routes = [
        msgspec.structs.replace(one, service=word, method=word, route=word)
        for one in numbers.routes
    ]
    changes = [msgspec.structs.replace(one, service=word, text=word, search=word) for one in numbers.changes]  # fmt: skip
    yield from drawn_routes(msgspec.structs.replace(numbers, changes=changes), routes, terminal)
    groups = [
        msgspec.structs.replace(one, type=word, message=word, where=word, service=word, route=word, request_id=word)
        for one in failures()
    ]  # fmt: skip
    yield from drawn_errors(groups, terminal)


@pytest.mark.parametrize("terminal", TERMINALS, ids=["pipe", "colour", "plain"])
def test_nothing_raw_is_printed(terminal: Terminal) -> None:
    """No escape sequence but our own colours, no control character, no line break, no change of direction."""
    rows = [row for text in everything(terminal) for row in text.split("\n")]
    assert [text for text in rows if RAW.search(OURS.sub("", text))] == []
    if not terminal.color:
        assert [text for text in rows if "\x1b" in text] == []


def test_a_long_field_does_not_fill_the_screen() -> None:
    """A path of a megabyte is cut to 2,000 characters, a message to what the log itself shows."""
    [*_, request] = RequestLines(Terminal()).lines(row(0, path="/" + "x" * 1_000_000))
    [*_, said] = LogLines(Terminal()).lines(line(1, 0, "INFO", "x" * 1_000_000))
    assert (len(request) < 3_000, len(said) < 40_000) == (True, True)


@given(text=st.text(max_size=60), columns=st.integers(2, 40))
def test_a_cut_text_never_takes_more_columns_than_there_are(text: str, columns: int) -> None:
    """Wide and combining characters are counted as a terminal shows them."""
    assert cells(clip(text, columns)) <= max(columns, cells("…"))
    assert cells(pad(clip(text, columns), columns)) == columns


@given(text=st.text(max_size=80))
def test_any_text_is_shown_on_its_row(text: str) -> None:
    """Whatever a message, a path or an id holds, it stays in its row and moves nothing."""
    rows = [*RequestLines(Terminal()).lines(row(0, path=text, request_id=text, error=text))]
    rows += LogLines(Terminal()).lines(line(1, 0, "INFO", "m", attributes={text: text}))
    assert [one for one in rows if RAW.search(one)] == []
