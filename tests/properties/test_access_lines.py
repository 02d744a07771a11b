"""The line of an ordinary request, whatever strangers put into it."""

from __future__ import annotations

import logging
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.logs.access_line import AccessLines
from fastapi_spine.logs.lines.json_lines import JsonLines
from fastapi_spine.logs.output.sink import MemorySink
from fastapi_spine.logs.pipeline import Pipeline
from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.clients import Clients

REDACTOR = Redactor()
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PATHS = st.one_of(
    TEXT.map("/".__add__),
    st.sampled_from(
        ["/", "/items/42", '/é"\\\u2028\x7f', "/u/ghp_0123456789abcdefghijABCDEFGHIJ012345", "/" + "x" * 3_000]
    ),
)  # fmt: skip
CLIENTS = st.sampled_from(
    [None, ("10.1.2.3", 1), ("::1", 1), ("", 0), ("testclient", 5), ('"', 1), (None, None)]
)


def lines(service: str, limit: int = 32 * 1024) -> AccessLines:
    """Make what makes lines."""
    pipeline = Pipeline(
        sink=MemorySink(), redactor=REDACTOR, lines=JsonLines(limit), service=service
    )
    return AccessLines(pipeline, REDACTOR, Clients("network"), service)


def finished(path: str) -> Exchange:
    """Make a request that went well."""
    scope = {"method": "GET", "path": path}
    exchange = Exchange("http", scope, Identity("r-1", "a" * 32, "b" * 16), 10**18, 7)
    exchange.status = 200
    exchange.end_at(8)
    return exchange


@given(
    path=PATHS,
    method=st.sampled_from(["GET", "BREW", 'G"T', "X" * 50]),
    route=st.one_of(st.just("/items/{item_id}"), TEXT),
    service=TEXT,
    client=CLIENTS,
    started_at=st.integers(10**18, 2 * 10**18),
    elapsed=st.one_of(st.integers(0, 10**7), st.integers(0, 10**14)),
    sizes=st.tuples(st.integers(0, 2**62), st.integers(0, 2**62)),
    status=st.integers(100, 499),
)
@example("/a", "GET", "/a", "s", None, 10**18, 12_300_000, (0, 0), 200)
def test_the_short_way_writes_what_the_long_way_writes(
    path: str,
    method: str,
    route: str,
    service: str,
    client: Any,
    started_at: int,
    elapsed: int,
    sizes: tuple[int, int],
    status: int,
) -> None:
    """Byte for byte, the second time too, when pieces are known."""
    made = lines(service)
    for _ in range(2):
        exchange = Exchange(
            "http",
            {"method": method, "path": path, "client": client},
            Identity("r-1", "a" * 32, "b" * 16),
            started_at,
            7,
        )
        exchange.status, exchange.route = status, route
        exchange.bytes_in, exchange.bytes_out = sizes
        exchange.end_at(7 + elapsed)
        long = made.line(exchange, logging.INFO, 0, None)
        exchange.shown_path = exchange.shown_client = None
        assert made.plain_line(exchange) == long


def test_a_lone_surrogate_goes_the_long_way() -> None:
    """A server that decodes paths by itself may let one in; no line is lost for it."""
    exchange = finished("/\ud800")
    made = lines("s")
    assert made.plain_line(exchange) is None
    assert b'"path":"/\\\\ud800"' in made.line(exchange, logging.INFO, 0, None)


def test_a_line_that_would_be_too_long_goes_the_long_way() -> None:
    """There it is cut, and says so."""
    exchange = finished("/" + "x" * 1_500)
    made = lines("s", 1_024)
    assert made.plain_line(exchange) is None
    assert b'"truncated":true' in made.line(exchange, logging.INFO, 0, None)
