"""Whoever reads the state of a sampled trace comes to the same verdict, and to about the ratio that was set."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from fastapi_spine.core.exchange import Identity
from fastapi_spine.core.trace_context import parse_tracestate
from fastapi_spine.traces.keep import head_by_ratio

SPACE = 1 << 56
RATIOS = st.floats(0.0, 1.0) | st.floats(-50, 0).map(lambda power: 2.0**power)
TRACES = st.integers(1, 2**128 - 1).map(lambda n: f"{n:032x}")


@given(RATIOS, TRACES)
def test_the_state_explains_the_verdict(ratio: float, trace_id: str) -> None:
    """Read as the specification says: at or above the threshold means sampled, and only then there is a state."""
    head = head_by_ratio(ratio)
    identity = Identity("r", trace_id, "b" * 16)
    sampled = head.of_request(identity)
    assert sampled is head.of_trace(trace_id)
    if head.state is None:
        assert sampled is (ratio > 0.5)
        assert identity.tracestate is None
        return
    assert parse_tracestate([head.state.encode()]) == head.state
    key, _, digits = head.state.partition(":")
    assert key == "ot=th"
    assert 1 <= len(digits) <= 14
    threshold = int(digits.ljust(14, "0"), 16)
    assert sampled is (int(trace_id[-14:], 16) >= threshold)
    assert identity.tracestate == (head.state if sampled else None)


@given(RATIOS)
def test_the_threshold_is_close_to_the_ratio(ratio: float) -> None:
    """Within two tenths of a thousandth of it; so is what a backend counts."""
    head = head_by_ratio(ratio)
    assume(head.state is not None)
    digits = (head.state or "").partition(":")[2]
    share = (SPACE - int(digits.ljust(14, "0"), 16)) / SPACE
    assert abs(share - ratio) <= max(2e-4 * ratio, 2.0**-56)


@given(RATIOS, RATIOS, TRACES)
def test_whoever_samples_more_has_what_others_have(one: float, other: float, trace_id: str) -> None:
    """A trace sampled by the smaller ratio is sampled by the larger."""
    smaller, larger = sorted((one, other))
    if head_by_ratio(smaller).of_trace(trace_id):
        assert head_by_ratio(larger).of_trace(trace_id)
