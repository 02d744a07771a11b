"""Which traces are sampled, and which the end of a request adds."""

from __future__ import annotations

import gc
from random import Random  # noqa: TID251 - a fixed sequence, no ids
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from opentelemetry.trace import StatusCode, use_span
from traced import Traced

from fastapi_spine.settings.route_policy import policy
from fastapi_spine.testing.clock import FrozenClock
from fastapi_spine.traces.keep import WARM_UP, Percentile, head_by_ratio, threshold_of
from fastapi_spine.traces.local import SPAN_COST, Bounds


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 1.0])
def test_a_ratio_of_traces_is_sampled_and_everywhere_the_same(ratio: float) -> None:
    """About that share; whoever samples more samples these too."""
    drawn = Random(7)  # noqa: S311 - a test's fixed sequence
    ids = [f"{drawn.getrandbits(128):032x}" for _ in range(4_000)]
    sampled = [one for one in ids if head_by_ratio(ratio).of_trace(one)]
    assert abs(len(sampled) / len(ids) - ratio) < 0.03
    assert all(map(head_by_ratio(min(1.0, ratio + 0.2)).of_trace, sampled))


@pytest.mark.parametrize(
    ("one_in", "threshold"),
    [
        (1, "0"), (2, "8"), (3, "aaab"), (4, "c"), (5, "cccd"), (8, "e"), (10, "e666"), (16, "f"), (100, "fd70a"),
        (1_000, "ffbe77"), (10_000, "fff9724"), (100_000, "ffff583a"), (1_000_000, "ffffef39"),
    ],
)  # fmt: skip
def test_thresholds_are_those_of_the_specification(one_in: int, threshold: str) -> None:
    """Its table for four digits of precision (OpenTelemetry, "TraceState: Probability Sampling")."""
    assert threshold_of(1 / one_in) == int(threshold.ljust(14, "0"), 16)


@pytest.mark.parametrize(
    ("ratio", "threshold"),
    [(0.0, 1 << 56), (2.0**-58, 1 << 56), (2.0**-56, (1 << 56) - 1), (1 - 2.0**-53, 8), (1.0, 0)],
)
def test_ratios_next_to_none_and_all_stay_what_they_are(ratio: float, threshold: int) -> None:
    """Rounding makes neither never nor always of them."""
    assert threshold_of(ratio) == threshold


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


def test_what_waits_is_bounded_for_the_whole_process() -> None:
    """A hundred pieces of work at once share the total; what does not fit is counted, and all room comes back."""
    total = 100_000
    traced = Traced(ratio=0.0, bounds=Bounds(total=total))
    tracer = traced.tracer()
    roots = [tracer.start_span("root") for _ in range(100)]
    for root in roots:
        with use_span(root):
            for _ in range(20):
                tracer.start_span("child").end()
    cost = SPAN_COST + len("child")
    assert total - cost < traced.room.outbox.waiting <= total
    for root in roots:
        root.set_status(StatusCode.ERROR)
        root.end()
    children = [span for span in traced.spans if span.name == "child"]
    assert len(children) == total // cost
    assert traced.room.outbox.left_out == {"span_limit": 100 * 20 - len(children)}
    assert traced.room.outbox.waiting == 0


def test_a_request_above_its_routes_running_p99_is_kept(drive: Any) -> None:
    """Far below any fixed limit, ten times slower than its route usually is; a route's own limit has no p99."""
    clock = FrozenClock()
    traced = Traced(ratio=0.0, operations=False, clock=clock)
    app = FastAPI()

    @app.get("/usual")
    async def usual(takes: float = 0.010) -> None:
        clock.advance(takes)

    @app.get("/limited")
    @policy(slow="5s")
    async def limited(takes: float = 0.010) -> None:
        clock.advance(takes)

    traced.around(app)
    for path in ("/usual", "/limited"):
        for _ in range(WARM_UP + 50):
            drive(app, path)
        usually = len(traced.spans)
        drive(app, path, query_string=b"takes=0.1")
        kept = [span.attributes["spine.kept"] for span in traced.spans[usually:]]
        assert kept == (["slow"] if path == "/usual" else [])


@pytest.mark.parametrize(("fails", "kept"), [(True, 2), (False, 0)])
def test_background_spans_follow_the_verdict_of_their_request(
    fails: bool, kept: int, drive: Any
) -> None:
    """They end after it was brought: passed on with a request that is kept, else dropped and counted."""
    traced = Traced(ratio=0.0, operations=False)
    app = FastAPI()

    @app.get("/", status_code=503 if fails else 200)
    async def answer(tasks: BackgroundTasks) -> None:
        tasks.add_task(lambda: traced.tracer().start_span("in background").end())

    drive(traced.around(app))
    assert len(traced.spans) == kept
    assert traced.room.outbox.left_out == ({} if kept else {"not_kept": 2})


def test_work_whose_root_never_ends_holds_nothing_back() -> None:
    """Sampled, its spans go out as they end; not sampled, they are forgotten with it and their room is free again."""
    for ratio, passed in ((1.0, 50), (0.0, 0)):
        traced = Traced(ratio=ratio)
        tracer = traced.tracer()
        for _ in range(50):
            with tracer.start_as_current_span("never ended", end_on_exit=False):
                tracer.start_span("child").end()
        gc.collect()
        assert len(traced.spans) == passed
        assert traced.room.outbox.waiting == 0


def test_work_without_a_request_says_how_much_of_it_was_cut() -> None:
    """The same limit as for a request, and the same count on the span of the whole."""
    traced = Traced()
    tracer = traced.tracer()
    with tracer.start_as_current_span("nightly job"):
        for _ in range(1_500):
            tracer.start_span("SELECT").end()
    assert len(traced.spans) == 1_001
    assert traced.spans[-1].attributes["spine.spans_dropped"] == 500
