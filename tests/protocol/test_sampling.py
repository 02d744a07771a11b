"""Consistent probability sampling: what a sampled trace says of the ratio, and what of a caller's is passed on."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from traced import Traced

from fastapi_spine.core.context import outgoing_headers
from fastapi_spine.core.trace_formats import TraceFormats
from fastapi_spine.testing import CountedIds

LOW, HIGH = f"{'a' * 18}7{'f' * 13}", f"{'a' * 18}8{'0' * 13}"
"""Trace ids whose right-most 56 bits lie just below and above one half."""
PARENT = f"00-{'b' * 32}-{'c' * 16}"


class Drawn(CountedIds):
    """Ids as they are counted, but for one trace id."""

    def __init__(self, trace_id: str) -> None:
        super().__init__()
        self._trace_id = trace_id

    def fresh(self, wall_ns: int) -> tuple[str, str, str]:
        """Return a request id, the trace id and a span id."""
        request_id, _, span_id = super().fresh(wall_ns)
        return request_id, self._trace_id, span_id


def serve(
    drive: Any, traced: Traced, path: str = "/", **sent: str
) -> tuple[dict[str, str], list[str | None]]:
    """Send a request; return the headers of a call it would make, and the states of its spans."""
    app = FastAPI()
    going: dict[str, str] = {}

    @app.get("/")
    async def call() -> None:
        with traced.tracer().start_as_current_span("below"):
            going.update(outgoing_headers())

    @app.get("/missing")
    async def missing() -> None:
        going.update(outgoing_headers())
        raise HTTPException(503)

    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    drive(traced.around(app), path, headers=headers)
    return going, [span.tracestate for span in traced.spans]


@pytest.mark.parametrize(
    ("ratio", "trace_id", "state", "flags"),
    [
        (0.5, HIGH, "ot=th:8", "03"),
        (0.5, LOW, None, "02"),
        (0.25, f"{'a' * 18}c{'0' * 13}", "ot=th:c", "03"),
        (0.25, f"{'a' * 18}b{'f' * 13}", None, "02"),
        (0.01, f"{'a' * 18}{'f' * 14}", "ot=th:fd70a", "03"),
        (1.0, LOW, None, "03"),
        (0.0, f"{'a' * 18}{'f' * 14}", None, "02"),
    ],
)
def test_a_sampled_trace_says_by_which_ratio(
    ratio: float, trace_id: str, state: str | None, flags: str, drive: Any
) -> None:
    """On every span and every call; not where all or none are sampled, and not on a trace that is not."""
    traced = Traced(ratio=ratio, ids=Drawn(trace_id))
    going, states = serve(drive, traced)
    assert going.get("tracestate") == state
    assert going["traceparent"].split("-")[1::2] == [trace_id, flags]
    assert states == ([state] * len(states) if flags == "03" else [])
    assert (len(states) >= 2) is (flags == "03")


def test_what_the_end_of_a_request_keeps_says_no_ratio(drive: Any) -> None:
    """It was kept because it failed: it stands for no other trace, and a backend that counts leaves it out."""
    going, states = serve(drive, Traced(ratio=0.5, ids=Drawn(LOW)), "/missing")
    assert "tracestate" not in going
    assert set(states) == {None}


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_a_callers_threshold_and_randomness_are_passed_on(ratio: float, drive: Any) -> None:
    """We follow its decision, so what it says stays true, in its order and beside others' entries."""
    state = "vendor=1,ot=th:fd70a;rv:fe123456789abc;x:y"
    traced = Traced(ratio=ratio)
    going, states = serve(drive, traced, traceparent=f"{PARENT}-01", tracestate=state)
    assert going["tracestate"] == state
    assert set(states) == {state}


def test_a_state_without_a_parent_is_no_randomness_of_ours(drive: Any) -> None:
    """It belongs to a trace that is not continued; the new one is decided by its own id."""
    traced = Traced(ratio=0.5, ids=Drawn(HIGH))
    going, _ = serve(drive, traced, tracestate="ot=rv:00000000000000")
    assert going["tracestate"] == "ot=th:8"


def test_work_without_a_request_says_its_ratio_too() -> None:
    """A trace that begins with a span of its own, and what is below it."""
    traced = Traced(ratio=0.5, ids=Drawn(HIGH))
    with traced.tracer().start_as_current_span("job"):
        traced.tracer().start_span("step").end()
    assert [(span.name, span.tracestate) for span in traced.spans] == [
        ("step", "ot=th:8"),
        ("job", "ot=th:8"),
    ]


def test_a_caller_of_b3_that_has_not_decided_leaves_it_to_the_ratio(drive: Any) -> None:
    """The ids are its own, the decision ours, so the spans say by which ratio; B3 has no word for that on calls."""
    formats = TraceFormats(["b3"])
    traced = Traced(ratio=0.5, formats=formats)
    going, states = serve(drive, traced, b3=f"{HIGH}-{'c' * 16}")
    assert going["b3"].endswith("-1")
    assert set(going) == {"x-request-id", "b3"}
    assert set(states) == {"ot=th:8"}
