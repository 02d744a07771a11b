"""B3: whatever comes, nothing breaks, and what we write is read as it was meant."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from traced import Traced

from fastapi_spine.core.b3 import multi_headers, parse_b3, single_header
from fastapi_spine.core.trace_formats import TraceFormats, formats_from
from fastapi_spine.traces.ids import span_context

NAMES = [b"b3", b"x-b3-traceid", b"x-b3-spanid", b"x-b3-sampled", b"x-b3-flags"]
TRACES = st.integers(1, 2**128 - 1).map(lambda n: f"{n:032x}")
SPANS = st.integers(1, 2**64 - 1).map(lambda n: f"{n:016x}")
PIECES = st.sampled_from([b"0", b"1", b"d", b"a" * 16, b"a" * 32, b"0" * 16, b"A" * 16, b"-", b""])
ALMOST = st.lists(PIECES, max_size=5).map(b"-".join)
ORDERS = st.permutations(["tracecontext", "b3", "b3multi"]).flatmap(
    lambda names: st.integers(1, 3).map(lambda most: names[:most])
)


@given(
    st.dictionaries(
        st.sampled_from([*NAMES, b"traceparent"]),
        st.lists(st.binary(max_size=80) | ALMOST, max_size=3),
    )
)
def test_no_bytes_break_the_reader(sent: dict[bytes, list[bytes]]) -> None:
    """Any headers give a valid parent, a bare decision, or nothing."""
    found = parse_b3(sent)
    if found is not None:
        trace_id, span_id, state = found
        ids = re.fullmatch(r"[0-9a-f]{32}/[0-9a-f]{16}", f"{trace_id}/{span_id}")
        assert state in {"", "0", "1", "d"}
        if ids is None:
            assert (trace_id, span_id, bool(state)) == ("", "", True)
        else:
            assert int(trace_id, 16) * int(span_id, 16)
    TraceFormats(["tracecontext", "b3"]).read(sent)


@given(TRACES, SPANS, st.sampled_from(["", "0", "1", "d"]))
def test_what_is_written_is_read_as_it_was(trace_id: str, span_id: str, state: str) -> None:
    """In both encodings, with every decision."""
    for write in (single_header, multi_headers):
        headers = write(trace_id, span_id, state)
        sent = {name.encode(): [value.encode()] for name, value in headers.items()}
        assert parse_b3(sent) == (trace_id, span_id, state)


@given(TRACES, SPANS, st.integers(0, 3), st.sampled_from([None, "a=1", "ot=th:8,b=2"]), ORDERS)
def test_a_context_comes_back_as_it_went(
    trace_id: str, span_id: str, flags: int, state: str | None, names: list[str]
) -> None:
    """Through any formats in any order, extraction finds the span that was injected, whole if one of them can say all."""
    propagator = Traced(formats=TraceFormats(names)).room.propagator
    if "tracecontext" not in names:
        flags, state = flags & 1, None
    sent = span_context(trace_id, span_id, flags, state, remote=True)
    carrier: dict[str, str] = {}
    propagator.inject(carrier, trace.set_span_in_context(trace.NonRecordingSpan(sent), Context()))
    back = propagator.extract(carrier, Context())
    assert trace.get_current_span(back).get_span_context() == sent


@given(TRACES, SPANS)
def test_debug_comes_back_as_it_went(trace_id: str, span_id: str) -> None:
    """The flag goes on with what is extracted, and only for that trace."""
    propagator = Traced(formats=TraceFormats(["b3"])).room.propagator
    context = propagator.extract({"b3": f"{trace_id}-{span_id}-d"})
    carrier: dict[str, str] = {}
    propagator.inject(carrier, context)
    assert carrier == {"b3": f"{trace_id}-{span_id}-d"}
    other = trace.NonRecordingSpan(span_context("f" * 31 + trace_id[0], "e" * 16, 0, None))
    propagator.inject(carrier, trace.set_span_in_context(other, Context()))
    assert carrier["b3"].endswith("-0")


@given(st.text(max_size=60))
def test_no_variable_breaks_the_start(text: str) -> None:
    """Any value names known formats, each once, and says what it left out."""
    formats, complaint = formats_from({"OTEL_PROPAGATORS": text})
    assert set(formats.names) <= {"tracecontext", "baggage", "b3", "b3multi"}
    assert len(set(formats.names)) == len(formats.names)
    assert complaint is None or len(complaint) < 300
