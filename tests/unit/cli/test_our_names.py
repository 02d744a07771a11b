"""Lines of other schemas and loggers, as `spine tail FILE` shows and searches them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine import Logs
from fastapi_spine.cli.our_names import in_our_names
from fastapi_spine.testing import CountedIds, FrozenClock, capture

SHOWN = (
    "ts", "level", "logger", "msg", "request_id", "trace_id", "span_id", "service", "method", "path", "route", "status",
    "elapsed_ms", "outcome",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["ts", "@timestamp", "time", "level", "severity", "status", "logger.name", "message", "msg", "exc", "error.message",
     "stack_trace", "httpRequest", "labels", "ecs.version", "trace.id", "dd.span_id", "duration", "logger", "a"]
)  # fmt: skip


def failed(drive: Any, schema: Any) -> dict[str, Any]:
    """Let a request fail and return its access line."""
    app, clock = FastAPI(), FrozenClock()

    @app.get("/orders/{order_id}")
    async def order(order_id: int) -> None:
        clock.advance(0.004)
        raise TimeoutError(f"order {order_id}")

    with capture(app, clock=clock, id_source=CountedIds(), logs=Logs(schema=schema)) as lines:
        drive(app, "/orders/7")
    (line,) = (one for one in lines.lines if "spine.access" in str(one))
    return dict(line)


@pytest.mark.parametrize("schema", ["default", "ecs", "gcp", "datadog"])
def test_every_schema_of_ours_reads_like_the_default(drive: Any, schema: str) -> None:
    """Time, level, ids, the request and its exception, whatever a schema calls them."""
    ours = failed(drive, "default")
    read = in_our_names(failed(drive, schema))
    assert {key: read.get(key) for key in SHOWN} == {key: ours.get(key) for key in SHOWN}
    assert (read["exc"]["type"], read["exc"]["message"]) == ("TimeoutError", "order 7")
    assert "in order" in read["exc"]["stack"]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (
            {"time": 1796014800, "severity": "info", "message": "gcp", "logger": "x", "a": {"b": 1}},
            {"ts": "2026-11-30T05:00:00.000000Z", "level": "INFO", "logger": "x", "msg": "gcp", "a": {"b": 1}},
        ),
        (
            {"ts": "2026-11-30T05:00:00Z", "level": "INFO", "msg": "no fraction"},
            {"ts": "2026-11-30T05:00:00.000000Z", "level": "INFO", "msg": "no fraction"},
        ),
        (
            {"event": "structlog", "timestamp": "2026-11-30T06:00:00+01:00", "level": "warning"},
            {"ts": "2026-11-30T05:00:00.000000Z", "level": "WARNING", "msg": "structlog"},
        ),
        (
            {"ecs.version": "1.6.0", "message": "m", "labels": {"sku": "x1"}, "error.type": "lone"},
            {"msg": "m", "sku": "x1", "error.type": "lone"},
        ),
        ({"ts": "soon", "status": 200, "a": 1}, {"ts": "soon", "status": 200, "a": 1}),
    ],
)  # fmt: skip
def test_most_loggers_lines_are_understood(line: dict[str, Any], read: dict[str, Any]) -> None:
    """What is recognised goes by our names, the rest stays as it is."""
    assert in_our_names(line) == read


@given(st.dictionaries(KEYS, JSON, max_size=8))
def test_whatever_a_line_holds_something_comes_of_it(line: dict[str, Any]) -> None:
    """A log file may hold anything."""
    assert isinstance(in_our_names(line), dict)
