"""The store against a plain list: whatever comes in comes out, and searches find what a naive look finds."""

from __future__ import annotations

import string
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import ALWAYS, NOW, SECOND, Store, batch, store

from fastapi_spine.console.filter import Between, Filter, Match, Window, Words
from fastapi_spine.console.rows import EventRow, LinkRow, LogRow, Source, SpanRow
from fastapi_spine.console.store import Keep

SOURCES = [
    Source("orders", "1", "1.0", {"service.name": "orders"}),
    Source("inventory", "", "", {"service.name": "inventory", "zone": [1, None, {"a": True}]}),
]
WORDS = ("pool", "exhausted", "order", "Loaded", "x_y", "42", "naïve")
KEYS = ("user_id", "tags", "k.with.dots", "a b", 'quo"te')
TEXT = st.text(max_size=12)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
SMALL = (
    st.sampled_from(["42", "4", "pool", "a b", "x*", ""])
    | st.integers(0, 50)
    | st.booleans()
    | st.lists(st.sampled_from(["42", "red"]), max_size=2)
)
ATTRIBUTES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(KEYS), SMALL, max_size=3
) | st.dictionaries(TEXT, VALUE, max_size=3)
TRACES = st.integers(1, 6).map(lambda number: number.to_bytes(16, "big"))
SPANS = st.integers(1, 2**63).map(lambda number: number.to_bytes(8, "big"))
TIMES = st.integers(0, 20).map(lambda number: NOW + number * SECOND // 4)
ROUTES = st.sampled_from(["/orders/{id}", "/stock", ""])


@st.composite
def spans(draw: st.DrawFn) -> SpanRow:
    """Make any span; half of them are requests."""
    kind = draw(st.sampled_from([2, 2, 1, 3]))
    attributes = dict(draw(ATTRIBUTES))
    if kind == 2:
        attributes |= {
            "http.request.method": draw(st.sampled_from(["GET", "POST"])),
            "http.route": draw(ROUTES),
            "url.path": draw(st.sampled_from(["/orders/1", "/orders/2", "/stock"])),
            "http.response.status_code": draw(st.sampled_from([200, 404, 500, 503])),
            "spine.request_id": draw(st.sampled_from(["r-1", "r-2", "r-3"])),
        }
    at = draw(TIMES)
    events = st.builds(EventRow, TIMES, TEXT, ATTRIBUTES)
    links = st.builds(LinkRow, TRACES, SPANS, ATTRIBUTES)
    return SpanRow(
        draw(TRACES), draw(SPANS), draw(st.just(b"") | SPANS), draw(TEXT), kind, at, at + draw(st.integers(0, 10**9)),
        draw(st.sampled_from([0, 1, 2])), draw(TEXT), attributes, draw(st.lists(events, max_size=2)),
        draw(st.lists(links, max_size=2)), draw(TEXT), draw(st.sampled_from(SOURCES)),
    )  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> LogRow:
    """Make any line, most of them of words that searches ask for."""
    body = draw(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | TEXT)
    attributes = dict(draw(ATTRIBUTES))
    if draw(st.booleans()):
        attributes["request_id"] = draw(st.sampled_from(["r-1", "r-9"]))
    if draw(st.booleans()):
        attributes["exception.message"] = draw(
            st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join)
        )
    trace = draw(st.just(b"") | TRACES)
    return LogRow(
        draw(TIMES), draw(st.sampled_from([0, 5, 9, 13, 17])), draw(TEXT), body, attributes, trace,
        draw(SPANS) if trace else b"", draw(st.sampled_from(["shop.orders", "shop", ""])),
        draw(st.sampled_from(SOURCES)),
    )  # fmt: skip


NEGATED = st.booleans()
MATCHES = st.builds(
    Match,
    st.sampled_from(["service", "route", "method", "path", "logger", "status", *KEYS]),
    st.lists(st.sampled_from(["orders", "/stock", "/orders/*", "GET", "shop*", "42", "4*", "*", "a b", "true", "5*"]),
             min_size=1, max_size=2).map(tuple),
    NEGATED,
)  # fmt: skip
SIZES = st.builds(
    Between,
    st.sampled_from(["status", "duration", "severity", "user_id"]),
    st.none() | st.sampled_from([0.0, 13.0, 42.5, 404.0, 5e8]),
    st.none() | st.sampled_from([17.0, 42.0, 503.0, 9e8]),
    NEGATED,
)
FILTERS = st.builds(
    Filter,
    st.lists(
        st.builds(
            Words, st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join), NEGATED
        ),
        max_size=2,
    ).map(tuple),
    st.lists(MATCHES, max_size=2).map(tuple),
    st.lists(SIZES, max_size=2).map(tuple),
    st.none() | st.booleans(),
    st.sampled_from(["", "", "", "r-1", "r-9"]),
    st.sampled_from(["", "", "", f"{1:032x}", f"{7:032x}"]),
)
BATCHES = st.lists(st.lists(spans() | lines(), max_size=8), min_size=1, max_size=4)


# --- the naive look ---------------------------------------------------------------------------


def folded(text: str) -> list[str]:
    """Return the words of a text, as the index has them."""
    text = "".join(letter if letter.isalnum() or letter == "_" else " " for letter in text)
    return text.lower().replace("ï", "i").split()


def says(row: LogRow, wanted: str) -> bool:
    """Whether a line's message, or its exception's, has these words in this order."""
    found = row.attributes.get("exception.message")
    texts = [row.body, found if isinstance(found, str) else ""]
    words = folded(wanted)
    return any(
        have[at : at + len(words)] == words
        for have in map(folded, texts)
        for at in range(len(have) - len(words) + 1)
    )


def shown(value: Any) -> list[str]:
    """Return a value as conditions see it."""
    if isinstance(value, list):
        return [shown(item)[0] if not isinstance(item, list) else "[list]" for item in value]
    if isinstance(value, bool):
        return [str(value).lower()]
    return [value if isinstance(value, str) else str(value)]


def equal(value: str, wanted: str) -> bool:
    """Whether a value is one that was asked for."""
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def number(value: Any) -> list[float]:
    """Return a value as numbers."""
    if isinstance(value, list):
        return [found for item in value for found in number(item)]
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return []
    try:
        return [float(value)]
    except ValueError:
        return []


def fields(row: SpanRow | LogRow, key: str, own: list[LogRow]) -> list[str]:
    """Return every value that a condition on a key looks at."""
    found = {
        "service": [row.source.service],
        "route": shown(row.attributes.get("http.route", "")),
        "method": shown(row.attributes.get("http.request.method", "")),
        "path": shown(row.attributes.get("url.path", "")),
        "status": shown(row.attributes["http.response.status_code"]) if "http.response.status_code" in row.attributes else [],
        "logger": [line.logger for line in own],
    }  # fmt: skip
    if key in found:
        return [value for value in found[key] if value]
    return [
        text
        for attributes in [row.attributes, *(line.attributes for line in own)]
        if key in attributes
        for text in shown(attributes[key])
    ]


def numbers(row: SpanRow | LogRow, key: str, own: list[LogRow]) -> list[float]:
    """Return every number likewise."""
    if key == "duration" and isinstance(row, SpanRow):
        return [float(row.end_ns - row.start_ns)]
    if key == "severity":
        return [float(line.severity) for line in own]
    if key == "status":
        return number(row.attributes.get("http.response.status_code"))
    rows = [row.attributes, *(line.attributes for line in own)]
    return [found for attributes in rows for found in number(attributes.get(key))]


def fits(wanted: Filter, row: SpanRow | LogRow, rows: list[SpanRow | LogRow]) -> bool:
    """Whether a row is what was looked for."""
    if isinstance(row, LogRow):
        own = [row]
        failed = row.severity >= 17
        request_id = row.attributes.get("request_id", "")
    else:
        own = [one for one in rows if isinstance(one, LogRow) and one.trace_id == row.trace_id]
        failed = row.status == 2 or row.attributes["http.response.status_code"] >= 500  # type: ignore[operator] # made so above
        request_id = row.attributes["spine.request_id"]
    return (
        all(any(says(line, one.text) for line in own) != one.negated for one in wanted.words)
        and all(
            any(equal(has, value) for has in fields(row, one.key, own) for value in one.values)
            != one.negated
            for one in wanted.matches
        )
        and all(
            any(
                (one.low is None or has >= one.low) and (one.high is None or has <= one.high)
                for has in numbers(row, one.key, own)
            )
            != one.negated
            for one in wanted.sizes
        )
        and wanted.failed in (None, failed)
        and wanted.request_id in ("", request_id)
        and wanted.trace_id in ("", row.trace_id.hex())
    )


# --- the comparison -----------------------------------------------------------------------------


def fill(
    kept: Store, batches: list[list[SpanRow | LogRow]], *, rolled: bool
) -> list[SpanRow | LogRow]:
    """Put rows in, a commit a batch; return those that came first where a span came twice."""
    for rows in batches:
        kept.put(*rows)
        if rolled:
            kept.roll()
    return [row for rows in batches for row in rows]


def first_of_each(rows: list[SpanRow]) -> dict[bytes, SpanRow]:
    """Return spans by id: a span that was sent twice is one."""
    found: dict[bytes, SpanRow] = {}
    for row in rows:
        found.setdefault(row.span_id, row)
    return found


def comparable(row: SpanRow | LogRow) -> tuple[Any, ...]:
    """Return a row as values: a sender is what it says."""
    source = row.source
    return (*row[:-1], source.service, source.instance, source.version, source.attributes)


def whole(batches: list[list[SpanRow | LogRow]]) -> None:
    """Everything of a trace comes back equal."""
    with TemporaryDirectory() as folder, store(Path(folder) / "console") as kept:
        rows = fill(kept, batches, rolled=True)
        for trace in {row.trace_id for row in rows if row.trace_id}:
            mine = [row for row in rows if row.trace_id == trace]
            found = kept.reader.trace(trace.hex(), 10_000)
            assert found is not None
            there = {span.span_id: comparable(span) for span in found.spans}
            sent = [row for row in mine if isinstance(row, SpanRow)]
            assert set(there) == {span.span_id for span in sent}
            assert all(
                any(comparable(span) == there[span.span_id] for span in sent)
                for span in sent
                if there
            )
            have = sorted(repr(comparable(row)) for _, row in found.logs)
            assert have == sorted(repr(comparable(row)) for row in mine if isinstance(row, LogRow))


def agrees(batches: list[list[SpanRow | LogRow]], wanted: Filter, window: Window) -> None:
    """A search finds what a naive look at the same rows finds, newest first, by page and by tail."""
    with (
        TemporaryDirectory() as folder,
        store(Path(folder) / "console", Keep(slice_bytes=1)) as kept,
    ):
        begin = kept.reader.requests(wanted, window).newer, kept.reader.logs(wanted, window).newer
        rows = fill(kept, batches, rolled=False)
        expected_requests = [
            (row.start_ns // 1000, row.span_id.hex())
            for row in rows
            if isinstance(row, SpanRow)
            and row.kind == 2
            and window.start <= row.start_ns < window.end
            if fits(wanted, row, rows)
        ]
        expected_lines = [
            (row.at_ns // 1000, row.body)
            for row in rows
            if isinstance(row, LogRow)
            and window.start <= row.at_ns < window.end
            and fits(wanted, row, rows)
        ]
        requests = kept.reader.requests(wanted, window, limit=1_000)
        logs = kept.reader.logs(wanted, window, limit=1_000)
        assert (requests.whole, logs.whole, requests.older, logs.older) == (True, True, "", "")
        have = [(row.start_us, row.span_id) for row in requests.requests]
        assert sorted(have) == sorted(expected_requests)
        assert [at for at, _ in have] == sorted((at for at, _ in have), reverse=True)
        told = [(row.at_us, row.message) for row in logs.logs]
        assert sorted(told) == sorted(expected_lines)
        assert [at for at, _ in told] == sorted((at for at, _ in told), reverse=True)
        tail = kept.reader.logs(wanted, window, newer=begin[1], limit=1_000)
        assert [(row.at_us, row.message) for row in tail.logs] == expected_lines[::-1]
        came = kept.reader.requests(wanted, window, newer=begin[0], limit=1_000)
        assert [(row.start_us, row.span_id) for row in came.requests] == expected_requests[::-1]


@settings(max_examples=25, deadline=None)
@given(BATCHES)
def test_everything_comes_back_as_it_was(batches: list[list[SpanRow | LogRow]]) -> None:
    """Any rows, over slices, with any text and any values."""
    whole(batches)


@settings(max_examples=40, deadline=None)
@given(BATCHES, FILTERS, st.just(ALWAYS) | st.builds(lambda a, b: Window(NOW + a, NOW + a + b), st.integers(0, 4 * SECOND), st.integers(0, 4 * SECOND)))  # fmt: skip
def test_a_search_finds_what_a_naive_look_finds(
    batches: list[list[SpanRow | LogRow]], wanted: Filter, window: Window
) -> None:
    """Any rows, any filter, any window."""
    agrees(batches, wanted, window)


@pytest.mark.soak(examples=2_000)
@settings(max_examples=2_000, deadline=None)
@given(BATCHES, FILTERS)
def test_many_searches_find_what_a_naive_look_finds(
    batches: list[list[SpanRow | LogRow]], wanted: Filter
) -> None:
    """A console's store: any rows come back as they were, and any search finds what a naive look finds."""
    whole(batches)
    agrees(batches, wanted, ALWAYS)


def test_letters_of_the_naive_look() -> None:
    """It takes a text apart as the index does."""
    assert folded('Naïve x_y, "42"!') == ["naive", "x_y", "42"]
    assert set(string.punctuation) - set("_") == {
        mark for mark in string.punctuation if not folded(mark)
    }
    assert batch() == ([], [], [])
