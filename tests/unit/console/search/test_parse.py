"""What a search means."""

from __future__ import annotations

import math

import pytest

from fastapi_spine.console.filter import EVERYTHING, Between, Filter, Match, Words
from fastapi_spine.console.search import parse, render
from fastapi_spine.console.search.keys import KEYS, nearest

MS = 1_000_000
UUID = "0197f3c2-5b7e-7d90-8a4e-3f1b2c4d5e6f"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        ("", EVERYTHING, ""),
        ("  \n", EVERYTHING, ""),
        ("pool exhausted", Filter(words=(Words("pool"), Words("exhausted"))), "pool exhausted"),
        ('"pool exhausted"', Filter(words=(Words("pool exhausted"),)), '"pool exhausted"'),
        ('-"a b" -c', Filter(words=(Words("a b", True), Words("c", True))), '-"a b" -c'),
        (r'"say \"hi\" \\ \n"', Filter(words=(Words('say "hi" \\ \\n'),)), r'"say \"hi\" \\ \\n"'),
        ("https://h/a?b=c", Filter(words=(Words("https://h/a?b=c"),)), "https://h/a?b=c"),
        ("service:orders", Filter(matches=(Match("service", ("orders",)),)), "service:orders"),
        ("service=orders", Filter(matches=(Match("service", ("orders",)),)), "service:orders"),
        (
            'route:/orders/{order_id},"/a, b" -method:get,p*',
            Filter(
                matches=(
                    Match("route", ("/orders/{order_id}", "/a, b")),
                    Match("method", ("GET", "P*"), negated=True),
                )
            ),
            'route:/orders/{order_id},"/a, b" -method:GET,P*',
        ),
        ("user_id:42", Filter(matches=(Match("user_id", ("42",)),)), "user_id:42"),
        ("http.route:*", Filter(matches=(Match("http.route", ("*",)),)), "http.route:*"),
        ("@servce:a", Filter(matches=(Match("servce", ("a",)),)), "@servce:a"),
        ("@user:a", Filter(matches=(Match("user", ("a",)),)), "user:a"),
        ('size:"1..2"', Filter(matches=(Match("size", ("1..2",)),)), 'size:"1..2"'),
        ("size:1..2.50", Filter(sizes=(Between("size", 1.0, 2.5),)), "size:1..2.5"),
        ("-size>=10", Filter(sizes=(Between("size", 10.0, None, True),)), "-size>=10"),
        ("size>10", Filter(sizes=(Between("size", math.nextafter(10, 11), None),)), "size>10"),
        ("size<0.5", Filter(sizes=(Between("size", None, math.nextafter(0.5, 0)),)), "size<0.5"),
        ("status:404", Filter(sizes=(Between("status", 404, 404),)), "status:404"),
        ("status:5XX", Filter(sizes=(Between("status", 500, 599),)), "status:5xx"),
        ("status=500", Filter(sizes=(Between("status", 500, 500),)), "status:500"),
        ("status>499", Filter(sizes=(Between("status", 500, None),)), "status>=500"),
        ("status<400", Filter(sizes=(Between("status", None, 399),)), "status<=399"),
        ("status:400..499", Filter(sizes=(Between("status", 400, 499),)), "status:4xx"),
        ("status:404,5xx", Filter(matches=(Match("status", ("404", "5*")),)), "status:404,5xx"),
        ("slower:300ms", Filter(sizes=(Between("duration", 300 * MS, None),)), "slower:300ms"),
        ("slower:0.3s", Filter(sizes=(Between("duration", 300 * MS, None),)), "slower:300ms"),
        ("faster:2m", Filter(sizes=(Between("duration", None, 120_000 * MS),)), "faster:120s"),
        ("duration>1.5s", Filter(sizes=(Between("duration", 1500 * MS, None),)), "slower:1.5s"),
        (
            "duration:1µs..2ns",
            None,
            "",
        ),
        (
            "duration:2us..1ms",
            Filter(sizes=(Between("duration", 2000, MS),)),
            "duration:2us..1ms",
        ),
        ("level:warning", Filter(sizes=(Between("severity", 13, None),)), "level:warn"),
        ("-level:ERROR", Filter(sizes=(Between("severity", 17, None, True),)), "-level:error"),
        ("severity:9..12", Filter(sizes=(Between("severity", 9, 12),)), "severity:9..12"),
        ("failed:yes", Filter(failed=True), "failed:yes"),
        ("-failed:yes", Filter(failed=False), "failed:no"),
        ("id:abc", Filter(request_id="abc"), "id:abc"),
        ("request_id:abc", Filter(request_id="abc"), "id:abc"),
        (UUID, Filter(request_id=UUID), f"id:{UUID}"),
        (f'"{UUID}"', Filter(words=(Words(UUID),)), f'"{UUID}"'),
        (TRACE.upper(), Filter(trace_id=TRACE), f"trace:{TRACE}"),
        ('"OR"', Filter(words=(Words("OR"),)), '"OR"'),
    ],
)  # fmt: skip
def test_a_search_is_read_and_written_back(
    text: str, expected: Filter | None, written: str
) -> None:
    """Its meaning, and the one spelling that every equal search has."""
    if expected is None:
        with pytest.raises(ValueError, match="From is more than to"):
            parse(text)
        return
    assert parse(text) == expected
    assert render(expected) == written
    assert parse(written) == expected


@pytest.mark.parametrize("example", [one for key in KEYS for one in key.examples])
def test_every_example_of_the_table_is_read(example: str) -> None:
    """And is read as the same filter once more when it was written back."""
    found = parse(example)
    assert found != EVERYTHING
    assert parse(render(found)) == found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("servce", "service"),
        ("Service", "service"),
        ("rotue", "route"),
        ("statsu", "status"),
        ("nmae", "name"),
        ("loger", "logger"),
        ("traces", "trace"),
        ("user_id", ""),
        ("game", ""),
        ("ip", ""),
        ("device", ""),
        ("http.route", ""),
    ],
)
def test_a_key_one_slip_away_is_known(name: str, expected: str) -> None:
    """What people mistype is found; what could well be an attribute is left alone."""
    assert nearest(name) == expected
