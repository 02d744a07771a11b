"""Tasks of taskiq: under the request's id, in its trace, without a word of their arguments."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from jobs_seen import CARRIED, PARENT, TRACE, Seen, about, worker

from fastapi_spine import SettingsError, carry, job, request_id, resume

taskiq = pytest.importorskip("taskiq")
observe = pytest.importorskip("fastapi_spine.jobs.taskiq").observe

log = logging.getLogger("mailer")
ARGUMENT = "a-customers-own-words"


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with worker(monkeypatch) as seen:
        yield seen


async def send(words: str) -> str:
    log.info("sending")
    return words


def send_in_a_thread(words: str) -> None:
    log.info("sending")


async def fail(words: str) -> None:
    raise ValueError("no")


async def skip(words: str) -> None:
    raise taskiq.NoResultError


async def count(number: int) -> None:
    pass


TASKS = {
    "count": count,
    "send": send,
    "send_in_a_thread": send_in_a_thread,
    "fail": fail,
    "skip": skip,
}
"""By name: taskiq gives functions other ones."""


def brokered(*middlewares: Any) -> Any:
    """A broker in memory with our tasks."""
    broker = taskiq.InMemoryBroker().with_middlewares(*middlewares)
    for name, function in TASKS.items():
        broker.register_task(function, task_name=name, retry_on_error=True)
    return observe(broker, service="mailer")


def run(broker: Any, name: str, **labels: Any) -> str:
    """Send a task and have it run; return its id."""

    async def both() -> str:
        await broker.startup()
        task = await broker.find_task(name).kicker().with_labels(**labels).kiq(ARGUMENT)
        await broker.wait_all()
        await broker.shutdown()
        return str(task.task_id)

    return asyncio.run(both())


@pytest.mark.parametrize("name", ["send", "send_in_a_thread"])
def test_a_task_runs_under_the_request_that_sent_it(seen: Seen, name: str) -> None:
    """Its lines have the request's id and trace, its span is below that of the request; threads too."""
    with resume(CARRIED):
        task_id = run(brokered(), name)
    (made,) = seen.spans
    assert (made.name, made.kind, made.trace_id, made.parent_span_id) == (
        f"job: {name}", 5, TRACE, PARENT,
    )  # fmt: skip
    assert made.attributes == {
        "messaging.system": "taskiq",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": task_id,
        "spine.job": name,
        "spine.request_id": "req-1",
    }
    (line,) = seen.lines.of("mailer")
    (end,) = seen.ends()
    ids = ("req-1", TRACE, made.span_id, name, task_id)
    keys = ("request_id", "trace_id", "span_id", "job", "job_id")
    assert [about(line, *keys), about(end, *keys)] == [ids, ids]
    assert about(end, "level", "msg") == ("INFO", "job completed")


def test_no_line_holds_arguments(seen: Seen) -> None:
    """Not at DEBUG either, where taskiq writes them."""
    logger = logging.getLogger("taskiq")
    logger.setLevel(logging.DEBUG)
    try:
        run(brokered(), "send")
    finally:
        logger.setLevel(logging.NOTSET)
    assert {line["level"] for line in seen.lines.lines} == {"DEBUG", "INFO"}
    assert ARGUMENT not in seen.lines.text


def test_a_message_that_cannot_be_read_is_told_without_itself(seen: Seen) -> None:
    """Its bytes are what a stranger or an older version sent."""
    broker = brokered()
    asyncio.run(broker.receiver.callback(f'{{"args": ["{ARGUMENT}"]}}'.encode()))
    (line,) = seen.lines.lines
    told = ("WARNING", "Cannot parse message: ValidationError (missing)", None)
    assert about(line, "level", "msg", "exc") == told
    assert ARGUMENT not in seen.lines.text


def test_a_message_that_is_no_json_is_told_without_itself(seen: Seen) -> None:
    """An error that is none of pydantic's is told by its class."""
    broker = brokered()
    asyncio.run(broker.receiver.callback(f"[{ARGUMENT}".encode()))
    (line,) = seen.lines.lines
    assert about(line, "msg") == ("Cannot parse message: JSONDecodeError",)
    assert ARGUMENT not in seen.lines.text


def test_an_argument_of_another_type_is_told_without_itself(seen: Seen) -> None:
    """The warning of it has pydantic's text, which repeats it; the task runs."""
    run(brokered(), "count")
    (line,) = seen.lines.of("taskiq.receiver.params_parser")
    assert about(line, "level", "msg", "exc") == (
        "WARNING",
        "Can't parse argument 0 for task count. Reason: ValidationError (int_parsing)",
        None,
    )
    assert ARGUMENT not in seen.lines.text


def test_a_failed_task_is_one_error_line_and_a_failed_span(seen: Seen) -> None:
    """With the exception, and nothing else at ERROR."""
    with resume(CARRIED):
        run(brokered(), "fail")
    errors = [line for line in seen.lines.lines if line["level"] == "ERROR"]
    assert [(line["msg"], line["exc"]["type"], line["request_id"]) for line in errors] == [
        ("job failed", "ValueError", "req-1")
    ]
    (made,) = seen.spans
    assert (made.status, [event.name for event in made.events]) == (2, ["exception"])


@pytest.mark.parametrize("no_result", [True, False])
def test_a_retried_task_is_told_as_such(seen: Seen, no_result: bool) -> None:
    """A WARNING, then the last word; the runs are siblings below the request, under one job id."""
    again = taskiq.SimpleRetryMiddleware(default_retry_count=2, no_result_on_retry=no_result)
    with resume(CARRIED):
        task_id = run(brokered(again), "fail")
    told = [about(line, "level", "msg", "attempt", "job_id", "request_id") for line in seen.ends()]
    assert told == [
        ("WARNING", "job will be retried", None, task_id, "req-1"),
        ("ERROR", "job failed", 2, task_id, "req-1"),
    ]
    assert [(made.trace_id, made.parent_span_id, made.status) for made in seen.spans] == [
        (TRACE, PARENT, 0),
        (TRACE, PARENT, 2),
    ]


def test_a_task_that_nobody_asked_for_keeps_one_id_through_its_runs(seen: Seen) -> None:
    """Sent outside any request, as by a schedule or by an older version that carried nothing."""
    run(brokered(taskiq.SimpleRetryMiddleware(default_retry_count=3)), "fail")
    assert len(seen.ends()) == 3
    assert len({about(line, "request_id", "trace_id") for line in seen.ends()}) == 1


def test_a_task_that_skips_its_result_has_not_failed(seen: Seen) -> None:
    """The task raised taskiq's `NoResultError`."""
    run(brokered(), "skip")
    assert [about(line, "level", "msg") for line in seen.ends()] == [("INFO", "job dropped")]


@pytest.mark.parametrize("value", ["x\ny", "x" * 9_000, "<b>", 7])
def test_a_hostile_message_is_checked(seen: Seen, value: Any) -> None:
    """Whoever can write to the broker chooses labels; what is no id is on no line."""
    run(brokered(), "send", **{"x-request-id": value, "traceparent": value, "_retries": "many"})
    (end,) = seen.ends()
    assert len(end["request_id"]) == 36


def test_nothing_of_a_task_is_left_in_its_process(seen: Seen) -> None:
    """What comes next belongs to nothing."""
    run(brokered(), "fail")
    assert (request_id(), carry()) == (None, {})


def test_a_second_line_changes_nothing(seen: Seen) -> None:
    """One run is one line, however often a module is read."""
    run(observe(brokered()), "send")
    assert len(seen.ends()) == 1


def test_a_wrong_setting_is_told_where_it_stands() -> None:
    """In the process that reads the line, and not first in the worker."""
    with pytest.raises(SettingsError, match="servise"):
        observe(taskiq.InMemoryBroker(), servise="mailer")


def test_a_fault_of_ours_does_not_reach_the_task(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told and counted, and the task runs."""

    def broken(self: job) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(job, "__enter__", broken)
    run(brokered(), "send")
    assert len(seen.lines.of("mailer")) == 1
    (line,) = seen.lines.of("spine.health")
    assert about(line, "level", "step", "count") == ("ERROR", "taskiq", 1)
