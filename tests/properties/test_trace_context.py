"""W3C Trace Context: what is parsed is valid, and what is valid is parsed."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fastapi_spine.core.trace_context import parse_traceparent, parse_tracestate

HEX = st.sampled_from("0123456789abcdef")


def hexes(length: int) -> st.SearchStrategy[str]:
    return st.text(HEX, min_size=length, max_size=length)


@given(st.binary(max_size=80))
def test_no_bytes_break_the_parser(value: bytes) -> None:
    """Any header gives a valid parent or none."""
    parsed = parse_traceparent(value)
    if parsed is not None:
        trace_id, span_id, flags = parsed
        assert re.fullmatch(r"[0-9a-f]{32}", trace_id)
        assert re.fullmatch(r"[0-9a-f]{16}", span_id)
        assert flags in range(4)


@given(hexes(32), hexes(16), st.integers(0, 255))
def test_a_valid_parent_is_read_whole(trace_id: str, span_id: str, flags: int) -> None:
    """Version 00: ids as sent, known flag bits only; all-zero ids are no parent."""
    parsed = parse_traceparent(f"00-{trace_id}-{span_id}-{flags:02x}".encode())
    valid = set(trace_id) != {"0"} and set(span_id) != {"0"}
    assert parsed == ((trace_id, span_id, flags & 3) if valid else None)


KEYS = st.from_regex(r"[a-z0-9][a-z0-9_\-*/]{0,40}(@[a-z][a-z0-9_\-*/]{0,13})?", fullmatch=True)
VALUES = st.from_regex(r"[ -+\--<>-~]{0,40}[!-+\--<>-~]", fullmatch=True)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=32))
def test_a_valid_state_is_passed_on_in_order(members: dict[str, str]) -> None:
    """Members come out as they went in."""
    text = ",".join(f"{key}={value.lstrip() or '!'}" for key, value in members.items())
    assert parse_tracestate([text.encode()]) == text


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_break_the_state_parser(values: list[bytes]) -> None:
    """Any headers give printable ASCII of at most 32 members, or nothing."""
    state = parse_tracestate(values)
    if state is not None:
        assert state.isascii()
        assert state.isprintable()
        assert 1 <= len(state.split(",")) <= 32


def test_a_repeated_or_33rd_member_drops_the_state() -> None:
    """The rules of section 3.3: one entry a key, at most 32."""
    assert parse_tracestate([b"a=1,b=2,a=3"]) is None
    assert parse_tracestate([",".join(f"k{n}=1" for n in range(33)).encode()]) is None
    assert parse_tracestate([b"a=1", b"b=2"]) == "a=1,b=2"
