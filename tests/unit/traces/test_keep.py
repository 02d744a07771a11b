"""Which traces are sampled, and which the end of a request adds."""

from __future__ import annotations

from random import Random  # noqa: TID251 - a fixed sequence, no ids

import pytest
from traced import Traced

from fastapi_spine.traces.keep import Percentile, head_by_ratio


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 1.0])
def test_a_ratio_of_traces_is_sampled_and_everywhere_the_same(ratio: float) -> None:
    """About that share; whoever samples more samples these too."""
    drawn = Random(7)  # noqa: S311 - a test's fixed sequence
    ids = [f"{drawn.getrandbits(128):032x}" for _ in range(4_000)]
    sampled = [one for one in ids if head_by_ratio(ratio)(one)]
    assert abs(len(sampled) / len(ids) - ratio) < 0.03
    assert all(map(head_by_ratio(min(1.0, ratio + 0.2)), sampled))


def test_a_running_percentile_finds_the_slowest_hundredth() -> None:
    """Of exponential durations about one in a hundred lies above, before and after they get ten times slower."""
    drawn = Random(7)  # noqa: S311 - a test's fixed sequence
    running = Percentile()
    shares = []
    for scale in (1e6, 1e7):
        for _ in range(5_000):
            running.add(drawn.expovariate(1 / scale))
        above = sum(running.add(drawn.expovariate(1 / scale)) for _ in range(20_000))
        shares.append(above / 20_000)
    assert all(0.005 < share < 0.02 for share in shares)


def test_work_without_a_request_is_kept_if_it_failed() -> None:
    """A trace that begins here and is not sampled is dropped whole, unless its root ends as an error."""
    traced = Traced(ratio=0.0)
    tracer = traced.tracer()
    with tracer.start_as_current_span("fine"):
        tracer.start_span("child").end()

    @tracer.start_as_current_span("failed")  # type: ignore[untyped-decorator]
    def fail() -> None:
        tracer.start_span("child").end()
        raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert [(span.name, span.flags) for span in traced.spans] == [("child", 2), ("failed", 2)]
    assert traced.room.outbox.left_out == {"not_kept": 2}


def test_spans_of_long_work_do_not_wait_for_its_end() -> None:
    """In a sampled trace that is open for longer than a second, spans are passed on meanwhile."""
    traced = Traced()
    tracer = traced.tracer()
    with tracer.start_as_current_span("consumer"):
        tracer.start_span("first").end()
        traced.clock.advance(2)
        tracer.start_span("second").end()
        assert [span.name for span in traced.spans] == ["first", "second"]
    assert [span.name for span in traced.spans] == ["first", "second", "consumer"]


def test_what_waits_is_bounded_in_bytes() -> None:
    """Spans of megabytes are cut to length, and to the request's share."""
    traced = Traced(ratio=0.0)
    tracer = traced.tracer()
    root = tracer.start_span("root")
    with tracer.start_as_current_span("root"):
        for _ in range(500):
            tracer.start_span("big", attributes={"text": "x" * 1_000_000}).end()
        assert traced.room.outbox.waiting <= 4 << 20
    root.end()
    assert traced.room.outbox.waiting == 0
