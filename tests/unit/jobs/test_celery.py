"""Tasks of a real Celery worker: under the request's id, in its trace, without a word of their arguments."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi import FastAPI
from jobs_seen import CARRIED, PARENT, TRACE, Seen, about, worker
from servers import wait_for

from fastapi_spine import SettingsError, carry, job, request_id, resume
from fastapi_spine.testing import capture

celery = pytest.importorskip("celery")
contrib = pytest.importorskip("celery.contrib.testing.worker")
observe = pytest.importorskip("fastapi_spine.jobs.celery").observe

log = logging.getLogger("mailer")
ARGUMENT = "a-customers-own-words"


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with worker(monkeypatch) as seen:
        yield seen


def send(words: str) -> str:
    log.info("sending")
    return words


def fail(words: str, kind: str) -> None:
    raise {"expected": KeyError, "other": ValueError}[kind]("no")


class RefusalError(Exception):
    """One that cannot be pickled, so Celery hands out another in its place."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)


def refuse(words: str) -> None:
    raise RefusalError(7, "no")


def again(self: Any, words: str) -> None:
    raise self.retry(exc=OSError("smtp away"), countdown=0)


def drop(words: str) -> None:
    raise celery.exceptions.Ignore


def chain(self: Any, words: str) -> None:
    self.app.tasks["send"].delay(words)


@pytest.fixture(name="app", scope="module")
def _app() -> Iterator[Any]:
    app = celery.Celery(
        "mailer", broker="memory://", backend="cache+memory://", set_as_current=False
    )
    for function in (send, fail, refuse, again, drop, chain):
        app.task(
            function,
            name=function.__name__,
            shared=False,
            bind=function in {again, chain},
            max_retries=1,
            throws=(KeyError,),
        )
    app.works = False
    with ExitStack() as app.until_all_have_run:
        yield observe(app, service="mailer")


def work(app: Any) -> None:
    """Start a worker in a thread, one for all tests; a layer has to be there, or it would set up its own."""
    if not app.works:
        worker = contrib.start_worker(
            app, pool="solo", perform_ping_check=False, shutdown_timeout=30
        )
        app.until_all_have_run.enter_context(worker)
        app.works = True


def run(app: Any, seen: Seen, name: str, *arguments: Any, ends: int = 1, **options: Any) -> str:
    """Enqueue a task, have a worker run it and all that it enqueues; return its id."""
    task_id: str = app.tasks[name].apply_async((ARGUMENT, *arguments), **options).id
    work(app)
    wait_for(lambda: len(seen.ends()) >= ends, f"{ends} jobs to end")
    return task_id


def test_a_task_runs_under_the_request_that_enqueued_it(app: Any, seen: Seen) -> None:
    """Its lines have the request's id and trace, its span is below that of the request."""
    with resume(CARRIED):
        task_id = run(app, seen, "send")
    (made,) = seen.spans
    assert (made.name, made.kind, made.trace_id, made.parent_span_id) == (
        "job: send", 5, TRACE, PARENT,
    )  # fmt: skip
    assert made.attributes == {
        "messaging.system": "celery",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "celery",
        "messaging.message.id": task_id,
        "spine.job": "send",
        "spine.request_id": "req-1",
    }
    (line,) = seen.lines.of("mailer")
    (end,) = seen.ends()
    ids = ("req-1", TRACE, made.span_id, "send", task_id)
    keys = ("request_id", "trace_id", "span_id", "job", "job_id")
    assert [about(line, *keys), about(end, *keys)] == [ids, ids]
    assert about(end, "level", "msg") == ("INFO", "job completed")


def test_no_line_holds_arguments_or_results(app: Any, seen: Seen) -> None:
    """Celery's own lines do: its fields are taken off, what our line says is left out, other lines stay."""
    run(app, seen, "send")
    run(app, seen, "fail", "other", ends=2)
    assert ARGUMENT not in seen.lines.text
    arrived, _ = seen.lines.of("celery.worker.strategy")
    assert about(arrived, "job", "data") == ("send", None)
    assert seen.lines.of("celery.app.trace") == []


def test_a_result_is_on_no_line_whatever_a_task_is_called(app: Any, seen: Seen) -> None:
    """An id that is no text."""
    app.tasks["send"].apply((ARGUMENT,), task_id=7)
    (end,) = seen.ends()
    assert end["job_id"] == "7"
    assert seen.lines.of("celery.app.trace") == []
    assert ARGUMENT not in seen.lines.text


def test_a_pools_line_of_arguments_is_left_out_at_debug(app: Any, seen: Seen) -> None:
    """It says nothing else; what the pool says besides stays."""
    pool = logging.getLogger("celery.pool")
    pool.setLevel(logging.DEBUG)
    try:
        pool.debug("TaskPool: Apply %s (args:%s kwargs:%s)", "send", (ARGUMENT,), {})
        pool.debug("growing")
    finally:
        pool.setLevel(logging.NOTSET)
    assert [line["msg"] for line in seen.lines.lines] == ["growing"]


def test_a_message_that_nobody_can_run_is_told_without_itself(app: Any, seen: Seen) -> None:
    """An unknown task's line keeps its name; the body and the headers, which repeat the arguments, go."""
    app.send_task("unknown", (ARGUMENT,))
    work(app)
    wait_for(lambda: seen.lines.of("celery.worker.consumer.consumer"), "the line")
    (line,) = seen.lines.of("celery.worker.consumer.consumer")
    assert about(line, "level", "msg") == ("ERROR", "Received unregistered task of type 'unknown'.")
    assert ARGUMENT not in seen.lines.text


def test_a_failed_task_is_one_error_line_and_a_failed_span(app: Any, seen: Seen) -> None:
    """With the exception, and nothing else at ERROR."""
    with resume(CARRIED):
        run(app, seen, "fail", "other")
    errors = [line for line in seen.lines.lines if line["level"] == "ERROR"]
    assert [(line["msg"], line["exc"]["type"], line["request_id"]) for line in errors] == [
        ("job failed", "ValueError", "req-1")
    ]
    (made,) = seen.spans
    assert (made.status, [event.name for event in made.events]) == (2, ["exception"])


def test_an_exception_is_told_as_it_was_raised(app: Any, seen: Seen) -> None:
    """Celery passes on what can be pickled, a wrapper of its own."""
    run(app, seen, "refuse")
    (end,) = seen.ends()
    assert end["exc"]["type"].endswith("RefusalError")
    assert "raise RefusalError" in end["exc"]["stack"]
    assert str(seen.spans[0].attributes["error.type"]).endswith("RefusalError")


@pytest.mark.parametrize(("why", "told"), [
    ("Worker exited prematurely: signal 9 (SIGKILL) Job: 8.", True),
    ("Worker exited prematurely: exitcode 3.", False),
])  # fmt: skip
def test_a_run_whose_process_was_found_dead_is_told(
    app: Any, seen: Seen, why: str, told: bool
) -> None:
    """As Celery's main process does it: the message's context is on the stack, then the signal, then its line.

    What a task ended itself by `SystemExit` has told of it in its own process.
    """
    task, error = app.tasks["send"], celery.exceptions.WorkerLostError(why)
    task.push_request(id="j-1", retries=1, args=(ARGUMENT,), **CARRIED)
    try:
        celery.signals.task_failure.send(sender=task, task_id="j-1", exception=error)
    finally:
        task.pop_request()
    logging.getLogger("celery.worker.request").error("Task handler raised error: %r", error)
    keys = ("level", "msg", "request_id", "trace_id", "job_id", "attempt", "elapsed_ms")
    lost = ("ERROR", "job lost", "req-1", TRACE, "j-1", 2, None)
    assert [about(line, *keys) for line in seen.ends()] == ([lost] if told else [])
    assert len(seen.lines.of("celery.worker.request")) == (not told)
    assert [made.status for made in seen.spans] == ([2] if told else [])


def test_what_a_task_declares_to_throw_is_no_error(app: Any, seen: Seen) -> None:
    """Celery's `throws`."""
    run(app, seen, "fail", "expected")
    assert [about(line, "level", "msg") for line in seen.ends()] == [
        ("INFO", "job failed as expected")
    ]
    assert [made.status for made in seen.spans] == [0]


def test_a_retried_task_is_told_as_such(app: Any, seen: Seen) -> None:
    """A WARNING, then the last word; the runs are siblings below the request, under one job id."""
    with resume(CARRIED):
        task_id = run(app, seen, "again", ends=2)
    told = [about(line, "level", "msg", "attempt", "job_id", "request_id") for line in seen.ends()]
    assert told == [
        ("WARNING", "job will be retried", None, task_id, "req-1"),
        ("ERROR", "job failed", 2, task_id, "req-1"),
    ]
    assert [(made.trace_id, made.parent_span_id, made.status) for made in seen.spans] == [
        (TRACE, PARENT, 0),
        (TRACE, PARENT, 2),
    ]


def test_a_task_that_nobody_asked_for_keeps_one_id_through_its_runs(app: Any, seen: Seen) -> None:
    """Enqueued outside any request, as by celery beat or by an older version that carried nothing."""
    run(app, seen, "again", ends=2)
    assert len({about(line, "request_id", "trace_id") for line in seen.ends()}) == 1
    first, _ = seen.spans
    assert first.parent_span_id is None


def test_a_task_that_drops_itself_has_not_failed(app: Any, seen: Seen) -> None:
    """Celery's `Ignore`."""
    run(app, seen, "drop")
    assert [about(line, "level", "msg") for line in seen.ends()] == [("INFO", "job dropped")]


def test_a_task_of_a_task_is_below_it(app: Any, seen: Seen) -> None:
    """The id goes on, too."""
    with resume(CARRIED):
        run(app, seen, "chain", ends=2)
    outer, inner = seen.spans
    assert (inner.trace_id, inner.parent_span_id) == (TRACE, outer.span_id)
    assert [about(line, "request_id", "job") for line in seen.ends()] == [
        ("req-1", "chain"),
        ("req-1", "send"),
    ]


@pytest.mark.parametrize("value", ["x\ny", "x" * 9_000, "<b>"])
def test_a_hostile_message_is_checked(app: Any, seen: Seen, value: str) -> None:
    """Whoever can write to the broker chooses headers; what is no id is on no line."""
    run(app, seen, "send", headers={"x-request-id": value, "traceparent": value})
    (end,) = seen.ends()
    assert value not in seen.lines.text
    assert len(end["request_id"]) == 36


def test_a_message_may_say_anything_of_itself(app: Any, seen: Seen) -> None:
    """The run is told all the same."""
    task = app.tasks["send"]
    task.push_request(id="j-1", retries="many", delivery_info="somewhere", **CARRIED)
    try:
        celery.signals.task_prerun.send(sender=task, task=task)
        celery.signals.task_postrun.send(sender=task, task=task, state="SUCCESS")
    finally:
        task.pop_request()
    (end,) = seen.ends()
    assert about(end, "outcome", "job_id", "attempt") == ("completed", "j-1", None)


def test_headers_that_somebody_set_are_kept(app: Any, seen: Seen) -> None:
    """A caller that names another request means it."""
    with resume(CARRIED):
        run(app, seen, "send", headers={"x-request-id": "mine"})
    (end,) = seen.ends()
    assert about(end, "request_id", "trace_id") == ("mine", TRACE)


def test_a_task_that_runs_in_the_request_is_part_of_it(app: Any, drive: Any) -> None:
    """As with `task_always_eager`: the request's id, and no arguments in its lines either."""
    web = FastAPI()

    @web.get("/")
    def endpoint() -> None:
        app.tasks["send"].apply((ARGUMENT,))
        log.info("answered")

    with capture(web) as lines:
        answer = drive(web)
    sending, answered = lines.of("mailer")
    assert about(sending, "request_id", "job") == (answer.request_id, "send")
    assert about(answered, "request_id", "job") == (answer.request_id, None)
    assert ARGUMENT not in lines.text


def test_nothing_of_a_task_is_left_in_its_worker(app: Any, seen: Seen) -> None:
    """The next line of the process belongs to nothing."""
    app.tasks["fail"].apply((ARGUMENT, "other"))
    assert (request_id(), carry(), len(seen.ends())) == (None, {}, 1)


def test_tasks_of_another_application_are_none_of_ours(seen: Seen) -> None:
    """Only what was observed is."""
    other = celery.Celery("other", set_as_current=False)

    other.task(send, name="alien", shared=False).apply((ARGUMENT,))
    assert seen.ends() == []


def test_a_second_line_changes_nothing(app: Any, seen: Seen) -> None:
    """One run is one line, however often a module is read."""
    assert observe(app) is app
    app.tasks["send"].apply((ARGUMENT,))
    assert len(seen.ends()) == 1


def test_a_wrong_setting_is_told_where_it_stands() -> None:
    """In the process that reads the line, and not first in the worker."""
    app = celery.Celery("mailer", set_as_current=False)
    with pytest.raises(SettingsError, match="servise"):
        observe(app, servise="mailer")


def test_a_fault_of_ours_does_not_reach_the_task(
    app: Any, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told once and counted, and the task runs; Celery's line of its end is there then, without the result."""

    def broken(self: job) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(job, "__enter__", broken)
    assert app.tasks["send"].apply((ARGUMENT,)).get() == ARGUMENT
    (line,) = seen.lines.of("spine.health")
    assert about(line, "level", "step", "count") == ("ERROR", "celery", 1)
    assert json.dumps(line).count("RuntimeError") > 0
    (end,) = seen.lines.of("celery.app.trace")
    assert end["msg"].endswith("s: …")
    assert ARGUMENT not in seen.lines.text
