"""`job("name")`: the run of a background job under the ids of the request that asked for it."""

from __future__ import annotations

import logging
import re
from asyncio import CancelledError
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from jobs_seen import CARRIED, PARENT, TRACE, Seen, about, worker

from fastapi_spine import bind, carry, job, request_id, span
from fastapi_spine.core.ids import is_request_id
from fastapi_spine.core.job_names import JobOutcome
from fastapi_spine.testing import capture

log = logging.getLogger("mailer")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with worker(monkeypatch) as seen:
        yield seen


def test_a_job_runs_under_the_ids_of_its_request(seen: Seen) -> None:
    """One CONSUMER span below the one that carried and linked to it; every line has its id, the job's name and id."""
    with job("send", CARRIED, job_id="j-7", system="rq", queue="mail", attempt=2):
        bind(order=3)
        log.info("sending")
    (made,) = seen.spans
    assert (made.name, made.kind, made.trace_id, made.parent_span_id, made.status) == (
        "job: send", 5, TRACE, PARENT, 0,
    )  # fmt: skip
    assert [(link.trace_id, link.span_id) for link in made.links] == [(TRACE, PARENT)]
    assert made.attributes == {
        "messaging.system": "rq",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "mail",
        "messaging.message.id": "j-7",
        "spine.job": "send",
        "spine.attempt": 2,
        "spine.request_id": "req-1",
    }
    ids = {"request_id": "req-1", "trace_id": TRACE, "span_id": made.span_id, "service": "mailer"}
    told = {"job": "send", "job_id": "j-7", "attempt": 2, "order": 3}
    lines = [{k: v for k, v in line.items() if k != "ts"} for line in seen.lines.lines]
    assert lines[1].pop("elapsed_ms") >= 0
    assert lines == [
        {"level": "INFO", "logger": "mailer", "msg": "sending", **ids, **told},
        {"level": "INFO", "logger": "spine.jobs", "msg": "job completed", **ids, **told, "outcome": "completed"},
    ]  # fmt: skip


def test_what_a_job_calls_and_enqueues_belongs_to_it(seen: Seen) -> None:
    """Spans inside are below the job's, and so is the next job; the request id goes on."""
    with job("first", CARRIED):
        with span("render"):
            pass
        carried = carry()
    with job("second", carried):
        assert request_id() == "req-1"
    render, first, second = seen.traced.spans
    assert [one.parent_span_id for one in (render, first, second)] == [
        first.span_id, PARENT, first.span_id,
    ]  # fmt: skip
    assert {one.trace_id for one in (render, first, second)} == {TRACE}


def test_a_failed_job_is_one_error_line_and_a_failed_span(seen: Seen) -> None:
    """The exception goes on; it stands on the line with its stack, secrets masked, and on the span."""
    with pytest.raises(ValueError, match="no"), job("send", CARRIED):
        raise ValueError("no such password=hunter22hunter")
    (line,) = seen.lines.lines
    assert about(line, "level", "msg", "outcome", "request_id") == (
        "ERROR", "job failed", "failed", "req-1",
    )  # fmt: skip
    assert line["exc"]["type"] == "ValueError"
    assert "test_job.py" in line["exc"]["stack"]
    (made,) = seen.spans
    assert (made.status, [event.name for event in made.events]) == (2, ["exception"])
    assert (made.attributes["error.type"], made.attributes["spine.outcome"]) == (
        "ValueError",
        "failed",
    )
    assert "hunter22" not in seen.lines.text + repr(made.events[0].attributes)


@pytest.mark.parametrize(
    ("outcome", "level", "msg", "stack"),
    [
        (JobOutcome.RETRIED, "WARNING", "job will be retried", True),
        (JobOutcome.EXPECTED, "INFO", "job failed as expected", True),
        (JobOutcome.DROPPED, "INFO", "job dropped", False),
        (JobOutcome.INTERRUPTED, "WARNING", "job interrupted", False),
    ],
)
def test_a_queue_says_what_its_block_cannot(
    seen: Seen, outcome: JobOutcome, level: str, msg: str, stack: bool
) -> None:
    """What is no failure for good is told as what it is, and the span is no failed one."""
    with job("send", CARRIED) as run:
        run.ends(outcome, OSError("smtp away"))
    (line,) = seen.lines.lines
    assert (*about(line, "level", "msg", "outcome"), "exc" in line) == (level, msg, outcome, stack)
    (made,) = seen.spans
    assert (made.status, made.attributes["spine.outcome"], len(made.events)) == (0, outcome, stack)


def test_a_job_that_is_called_off_has_not_failed(seen: Seen) -> None:
    """A cancellation is the worker's doing."""
    with pytest.raises(CancelledError), job("send", CARRIED):
        raise CancelledError
    assert [about(line, "level", "msg") for line in seen.lines.lines] == [
        ("WARNING", "job interrupted")
    ]


@pytest.mark.parametrize("carried", [None, {}, {"unrelated": "x"}])
def test_a_job_nobody_asked_for_begins_a_trace(seen: Seen, carried: Any) -> None:
    """A schedule's job has a request id of its own, so that one key finds all it did."""
    with job("nightly", carried):
        log.info("cleaning")
        told = carry()
    (made,) = seen.spans
    assert (made.parent_span_id, list(made.links)) == (None, [])
    (ids,) = {about(line, "request_id", "trace_id", "span_id") for line in seen.lines.lines}
    assert UUID7.fullmatch(ids[0])
    assert ids[1:] == (made.trace_id, made.span_id)
    assert told["x-request-id"] == ids[0]


@pytest.mark.parametrize(
    "carried",
    [
        {"x-request-id": "a\nb", "traceparent": CARRIED["traceparent"]},
        {"x-request-id": "<script>", "traceparent": CARRIED["traceparent"]},
        {"x-request-id": "x" * 129, "traceparent": CARRIED["traceparent"]},
        {"x-request-id": 7, "traceparent": CARRIED["traceparent"]},
        {"traceparent": CARRIED["traceparent"]},
    ],
)
def test_a_carried_id_that_is_none_is_replaced(seen: Seen, carried: dict[str, Any]) -> None:
    """The trace goes on; the id is a new one."""
    with job("send", carried):
        assert UUID7.fullmatch(request_id() or "")
    assert [made.trace_id for made in seen.spans] == [TRACE]


def test_what_a_message_says_of_itself_is_cut(seen: Seen) -> None:
    """Whoever can write to a broker may choose a job's name and id; each line would repeat them."""
    with job(
        "w" * 9_000, job_id="x" * 9_000, queue="y" * 9_000, system="z" * 9_000, attempt=10**30
    ):
        pass
    (made,) = seen.spans
    (line,) = seen.lines.lines
    assert made.attributes["messaging.message.id"] == line["job_id"] == "x" * 128
    assert made.attributes["messaging.destination.name"] == "y" * 128
    assert made.attributes["messaging.system"] == "z" * 128
    assert made.attributes["spine.job"] == line["job"] == "w" * 128
    assert made.attributes["spine.attempt"] == line["attempt"] == 1_000_000
    assert made.name == "job: " + "w" * 128


def test_headers_may_be_bytes(seen: Seen) -> None:
    """Some brokers hand them out so (Kafka)."""
    with job("send", {name: value.encode() for name, value in CARRIED.items()}):
        assert request_id() == "req-1"
    (made,) = seen.spans
    assert (made.trace_id, made.parent_span_id) == (TRACE, PARENT)


def test_a_carried_trace_that_is_none_is_left(seen: Seen) -> None:
    """The id goes on; the trace is a new one."""
    with job("send", {"x-request-id": "req-1", "traceparent": f"00-{'0' * 32}-{PARENT}-01"}):
        assert request_id() == "req-1"
    (made,) = seen.spans
    assert (made.parent_span_id, made.trace_id != "0" * 32) == (None, True)


@given(st.dictionaries(st.sampled_from(["x-request-id", "traceparent", "tracestate", "baggage"]), st.text() | st.integers() | st.binary()))  # fmt: skip
def test_whatever_is_carried_a_job_runs(carried: dict[str, Any]) -> None:
    """With an id that is one."""
    with job("send", carried):
        assert is_request_id(request_id() or "")
    assert request_id() is None


def test_without_anybody_to_take_spans_lines_have_their_ids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The carried trace, and a span id of the job's own."""
    with worker(monkeypatch, traces=False) as seen, job("send", CARRIED):
        log.info("sending")
    (ids,) = {about(line, "request_id", "trace_id", "span_id") for line in seen.lines.lines}
    assert ids[:2] == ("req-1", TRACE)
    assert re.fullmatch("[0-9a-f]{16}", ids[2])
    assert ids[2] != PARENT


def test_a_job_that_a_request_runs_itself_is_part_of_it(drive: Any) -> None:
    """A queue's test mode: the request's ids and what it has bound, without anything carried and without any span."""
    app = FastAPI()

    @app.get("/")
    def here() -> None:
        bind(user=3)
        with job("send"):
            log.info("sending")
        log.info("sent")

    with capture(app) as lines:
        answer = drive(app)
    sending, sent = lines.of("mailer")
    assert about(sending, "request_id", "user", "job") == (answer.request_id, 3, "send")
    assert about(sent, "request_id", "user", "job") == (answer.request_id, 3, None)
    assert sending["trace_id"] == sent["trace_id"]
    assert sending["span_id"] != sent["span_id"]
