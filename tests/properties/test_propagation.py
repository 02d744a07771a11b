"""What goes out of a request is valid whatever came in, and comes back as it was."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, trace
from opentelemetry.context import Context
from traced import Traced

from fastapi_spine.core.trace_context import parse_traceparent, parse_tracestate
from fastapi_spine.traces.baggage import parsed, written
from fastapi_spine.traces.destinations import Destinations
from fastapi_spine.traces.headers import shortened

HEX = st.sampled_from("0123456789abcdef")
IDS = st.integers(1, 2**128 - 1).map(lambda n: f"{n:032x}")
KEYS = st.from_regex(r"[a-z0-9][a-z0-9_\-*/]{0,40}(@[a-z][a-z0-9_\-*/]{0,13})?", fullmatch=True)
VALUES = st.from_regex(r"[!-+\--<>-~]{1,200}", fullmatch=True)
STATES = st.dictionaries(KEYS, VALUES, min_size=1, max_size=32).map(
    lambda members: ",".join(f"{key}={value}" for key, value in members.items())
)
TRACED = Traced()


@given(
    st.dictionaries(
        st.sampled_from(["traceparent", "tracestate", "baggage"]), st.text(max_size=200)
    )
)
def test_no_headers_break_extraction(carrier: dict[str, str]) -> None:
    """Any text gives a context; a parent in it is valid."""
    context = TRACED.room.propagator.extract(carrier)
    given_parent = trace.get_current_span(context).get_span_context()
    assert given_parent.is_valid or given_parent == trace.INVALID_SPAN_CONTEXT


@given(IDS, st.integers(1, 2**64 - 1), st.integers(0, 255), STATES)
def test_a_trace_passes_through_unchanged(
    trace_id: str, span_id: int, flags: int, state: str
) -> None:
    """Trace id, known flags and state leave as they came; the parent is the span that made the call."""
    propagator = TRACED.room.propagator
    sent = {"traceparent": f"00-{trace_id}-{span_id:016x}-{flags:02x}", "tracestate": state}
    span = TRACED.tracer().start_span("work", context=propagator.extract(sent))
    carrier: dict[str, str] = {}
    propagator.inject(carrier, trace.set_span_in_context(span, Context()))
    parent = parse_traceparent(carrier["traceparent"].encode())
    assert parent == (trace_id, f"{span.get_span_context().span_id:016x}", flags & 3)
    passed = carrier.get("tracestate", "")
    assert len(passed) <= 512
    members = {member.partition("=")[0]: member for member in state.split(",")}
    assert all(member in members.values() for member in passed.split(",") if member)


@given(STATES, st.integers(0, 600))
def test_a_state_is_cut_at_whole_members_in_order(state: str, most: int) -> None:
    """What is left is valid, short enough, and in the order it had."""
    cut = shortened(state, most)
    assert len(cut) <= most or cut == ""
    if cut:
        assert parse_tracestate([cut.encode()]) == cut
    every = iter(state.split(","))
    assert all(member in every for member in cut.split(",") if member)


@given(
    st.dictionaries(
        st.from_regex(r"[a-zA-Z0-9_.-]{1,20}", fullmatch=True), st.text(max_size=50), max_size=80
    )
)
def test_baggage_comes_back_as_it_was(members: dict[str, str]) -> None:
    """Within 64 members and 8192 bytes, any text survives; over them whole members go."""
    header = written({k: v for k, v in members.items() if v.isprintable()})
    back = parsed([header])
    assert len(header) <= 8192
    assert len(back) <= 64
    assert all(members[name] == text for name, text in back.items())


@given(st.lists(st.text(max_size=300), max_size=4))
def test_no_baggage_breaks_its_parser(values: list[str]) -> None:
    """Any headers give at most 64 members."""
    assert len(parsed(values)) <= 64


PUBLIC = st.from_regex(r"[a-z]{3,12}\.(com|org|io|dev|co\.uk)", fullmatch=True)


@given(
    PUBLIC,
    st.sampled_from(["api.shop.example", "shop.example", "shop.co.uk", "shop.herokuapp.com"]),
)
def test_no_public_stranger_is_ours(host: str, own: str) -> None:
    """A public host is told the request id only if it was named or is a sibling."""
    assert Destinations((), [own]).is_ours(host) is False


def _call(host: str | None, **options: Any) -> dict[str, str]:
    """The headers of a call out of a request."""
    from_context = baggage.set_baggage("k", "v", Context())
    span = TRACED.tracer().start_span(
        "GET", context=from_context, kind=trace.SpanKind.CLIENT, **options
    )
    carrier: dict[str, str] = {}
    TRACED.room.propagator.inject(carrier, trace.set_span_in_context(span, from_context))
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", carrier["traceparent"])
    assert host is None or carrier["baggage"] == "k=v"
    return carrier


@given(st.text(max_size=60))
def test_no_url_breaks_a_call(url: str) -> None:
    """Whatever an instrumentation wrote as the URL, the trace goes along."""
    _call(None, attributes={"http.url": url})
