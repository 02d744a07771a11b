"""A FastAPI process enqueues, a worker process runs: one id and one trace, at one receiver, for real queues on a real Redis."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from collector import Collector, attributes, collector
from prometheus_client.parser import text_string_to_metric_families
from redis_server import Redis
from servers import DEADLINE_S, Server, free_port, get, serving, wait_for

ARGUMENT = "a-customers-own-words"
WEB = """
from fastapi import FastAPI
from fastapi_spine import Spine
import tasks

app = FastAPI()
Spine(app, service="shop")

@app.get("/send/{kind}")
async def send(kind: str):
    await tasks.enqueue(kind)
"""
CELERY = f"""
import logging
import os
from celery import Celery
from fastapi_spine import Metrics, span
from fastapi_spine.jobs.celery import observe

queue = Celery("mailer", broker="REDIS")
observe(queue, service="mailer", metrics=Metrics(port=PORT))

@queue.task(bind=True, max_retries=1)
def send(self, kind, words):
    logging.getLogger("mailer").info("sending")
    with span("render"):
        pass
    if kind == "fail":
        raise ValueError("no such invoice")
    if kind == "again":
        raise self.retry(exc=OSError("smtp away"), countdown=0)
    if kind == "die":
        os.kill(os.getpid(), 9)

async def enqueue(kind):
    send.delay(kind, {ARGUMENT!r})
"""
TASKIQ = f"""
import asyncio
import logging
from redis.asyncio import Redis
from taskiq import AsyncBroker, SimpleRetryMiddleware
from fastapi_spine import Metrics, span
from fastapi_spine.jobs.taskiq import observe

class Queue(AsyncBroker):
    queue_name = "mail"

    async def kick(self, message):
        async with Redis.from_url("REDIS") as redis:
            await redis.lpush(self.queue_name, message.message)

    async def listen(self):
        async with Redis.from_url("REDIS") as redis:
            while True:  # not `brpop`: where the client swallows being cancelled, the worker would never end
                found = await redis.rpop(self.queue_name)
                if found:
                    yield found
                await asyncio.sleep(0 if found else 0.05)

queue = Queue().with_middlewares(SimpleRetryMiddleware(default_retry_count=2))
observe(queue, service="mailer", metrics=Metrics(port=PORT))

@queue.task(task_name="tasks.send")
async def send(kind, words):
    logging.getLogger("mailer").info("sending")
    with span("render"):
        pass
    if kind == "fail":
        raise ValueError("no such invoice")
    if kind == "again":
        raise OSError("smtp away")

async def enqueue(kind):
    await send.kicker().with_labels(retry_on_error=kind == "again").kiq(kind, {ARGUMENT!r})
"""
BESIDE = """
from fastapi import FastAPI
from fastapi_spine import Spine
Spine(FastAPI(), service="beside")
"""
"""An application in the module of the tasks, which the worker imports and does not serve."""
QUEUES = {
    "celery": (
        CELERY,
        (
            "-m",
            "celery",
            "-q",
            "-A",
            "tasks:queue",
            "worker",
            "-c",
            "2",
            "--max-tasks-per-child",
            "1",
        ),
        " ready.",
    ),
    "celery in one process": (
        *(
            BESIDE + CELERY,
            ("-m", "celery", "-q", "-A", "tasks:queue", "worker", "-P", "solo"),
            " ready.",
        ),
    ),
    "taskiq": (TASKIQ, ("-m", "taskiq", "worker", "tasks:queue", "-w", "2"), "Listening started."),
}


@contextmanager
def working(folder: Path, ready: str, *command: str) -> Iterator[Server]:
    """Start a worker, wait until it says that it is ready, and end it as a deployment does."""
    inner = folder / "worker"
    inner.mkdir()
    with (inner / "stdout").open("wb") as out, (inner / "stderr").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, stdout=out, stderr=err, start_new_session=True
        )
        try:
            worker = Server(inner, 0, process)
            wait_for(lambda: ready in worker.text() or process.poll() is not None, "the worker")
            assert process.poll() is None, worker.text()
            yield worker
            if process.poll() is None:
                worker.end(signal.SIGTERM)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(DEADLINE_S)


class Played:
    """What both processes wrote, and what one receiver was sent."""

    def __init__(
        self, web: Server, worker: Server, receiver: Collector, page: dict[str, float]
    ) -> None:
        self.page = page
        self.killed = "req-die" in {line["request_id"] for line in web.access()}
        self.access = {line["request_id"]: line for line in web.access()}
        self.lines = worker.lines()
        self.text = web.text() + worker.text()
        self.spans = [span for call in receiver.calls for span in call.spans]
        self.sent_numbers = numbers_of(receiver)
        self.sent = b"".join(call.request.SerializeToString() for call in receiver.calls)

    def of(self, request_id: str, logger: str) -> list[dict[str, Any]]:
        """The worker's lines of a request."""
        return [
            line
            for line in self.lines
            if line.get("request_id") == request_id and line["logger"] == logger
        ]

    def named(self, name: str, request_id: str) -> list[Any]:
        """The spans of a name in a request's trace, in their order."""
        trace = self.access[request_id]["trace_id"]
        found = [s for s in self.spans if s.name == name and s.trace_id.hex() == trace]
        return sorted(found, key=lambda span: span.start_time_unix_nano)


def page(port: int) -> dict[str, float]:
    """What the worker's own port tells of its jobs; nothing while it does not answer."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    wanted = ("job_runs_total", "job_duration_seconds_count", "jobs_in_progress")
    return {
        f"{sample.name} {' '.join(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in wanted and sample.value
    }


def _tells_all(shown: dict[str, float], port: int) -> bool:
    """Read the page into a dictionary; whether it tells of four runs that have ended, and of none that goes on."""
    shown.clear()
    shown.update(page(port))
    ended = shown.get("job_duration_seconds_count tasks.send") == 4
    return ended and "jobs_in_progress tasks.send" not in shown


def numbers_of(receiver: Collector) -> Counter[tuple[tuple[str, str], ...]]:
    """How many runs were sent as OpenTelemetry's metric, by attributes: of each process its last word."""
    last: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    for call in receiver.calls:
        for group in getattr(call.request, "resource_metrics", ()):
            instance = attributes(group.resource)["service.instance.id"]
            for metric in (one for scope in group.scope_metrics for one in scope.metrics):
                for point in metric.histogram.data_points:
                    if metric.name == "messaging.process.duration":
                        told = {key: str(value) for key, value in attributes(point).items()}
                        last[instance, tuple(sorted(told.items()))] = point.count
    total: Counter[tuple[tuple[str, str], ...]] = Counter()
    for (_, attributed), count in last.items():
        total[attributed] += count
    return total


@pytest.fixture(name="played", scope="module", params=list(QUEUES))
def _played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Requests that enqueue one job each: it goes well, it fails, it is run twice, and it dies where that ends one child."""
    kinds = ("well", "fail", "again", *(["die"] if request.param == "celery" else []))
    source, command, ready = QUEUES[request.param]
    pytest.importorskip(command[1])
    folder = tmp_path_factory.mktemp("jobs")
    redis, port = Redis(folder), free_port()
    (folder / "app.py").write_text(WEB)
    (folder / "tasks.py").write_text(source.replace("REDIS", redis.url).replace("PORT", str(port)))
    with collector() as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        try:
            with working(folder, ready, *command) as worker, serving(
                folder, "-m", "uvicorn", "app:app", "--port", "{port}"
            ) as web:  # fmt: skip
                for kind in kinds:
                    get(web.port, f"/send/{kind}", **{"x-request-id": f"req-{kind}"})
                runs = len(kinds) + 1
                wait_for(lambda: len(worker.lines_of("spine.jobs")) == runs, "all runs of jobs")
                shown: dict[str, float] = {}
                wait_for(lambda: _tells_all(shown, port), "all runs on the page")
                web.end()
                worker.end()
                return Played(web, worker, receiver, shown)
        finally:
            redis.kill()


def test_lines_of_both_processes_have_one_id_and_one_trace(played: Played) -> None:
    """The access line, every line of the job, and the line of its end."""
    access = played.access["req-well"]
    (sending,) = played.of("req-well", "mailer")
    (end,) = played.of("req-well", "spine.jobs")
    told = ("request_id", "trace_id", "service", "job", "outcome")
    ids = ("req-well", access["trace_id"])
    assert [tuple(line.get(key) for key in told) for line in (access, sending, end)] == [
        (*ids, "shop", None, "completed"),
        (*ids, "mailer", "tasks.send", None),
        (*ids, "mailer", "tasks.send", "completed"),
    ]
    assert sending["span_id"] == end["span_id"] != access["span_id"]
    assert sending["job_id"] == end["job_id"] != ""


def test_the_job_is_one_span_below_the_request(played: Played) -> None:
    """Below FastAPI's operation that enqueued it, with its own spans below it, and nothing of the queue's own."""
    (server,) = played.named("GET /send/{kind}", "req-well")
    (endpoint,) = played.named("fastapi.endpoint", "req-well")
    (job,) = played.named("job: tasks.send", "req-well")
    (render,) = played.named("render", "req-well")
    assert [endpoint.parent_span_id, job.parent_span_id, render.parent_span_id] == [
        server.span_id,
        endpoint.span_id,
        job.span_id,
    ]
    assert (job.kind, [link.span_id for link in job.links]) == (5, [endpoint.span_id])
    assert [span.name for span in played.spans if span.kind != 2 and not span.parent_span_id] == []


def test_a_failure_is_one_error_line_and_a_failed_span(played: Played) -> None:
    """Whatever the queue itself writes of it."""
    errors = [line for line in played.lines if line.get("request_id") == "req-fail"]
    assert [
        (line["logger"], line["exc"]["type"]) for line in errors if line["level"] == "ERROR"
    ] == [("spine.jobs", "ValueError")]
    (job,) = played.named("job: tasks.send", "req-fail")
    assert job.status.code == 2


def test_runs_of_one_job_are_siblings(played: Played) -> None:
    """Told as repeated, then as failed; under one id."""
    ends = sorted(played.of("req-again", "spine.jobs"), key=lambda line: line.get("attempt", 1))
    assert [(line["level"], line["outcome"], line.get("attempt")) for line in ends] == [
        ("WARNING", "retried", None),
        ("ERROR", "failed", 2),
    ]
    first, second = played.named("job: tasks.send", "req-again")
    assert (first.parent_span_id, first.status.code) == (second.parent_span_id, 0)
    assert second.status.code == 2


def test_a_job_whose_process_was_killed_is_told_under_its_request(played: Played) -> None:
    """By Celery's main process, in one line and one failed span; how long it took nobody knows."""
    if not played.killed:
        return
    (line,) = (
        line
        for line in played.lines
        if line.get("request_id") == "req-die"
        if line["level"] == "ERROR"
    )
    told = ("msg", "job", "outcome", "elapsed_ms", "span_id")
    (job,) = played.named("job: tasks.send", "req-die")
    assert tuple(line.get(key) for key in told) == (
        "job lost", "tasks.send", "lost", None, job.span_id.hex(),
    )  # fmt: skip
    assert "SIGKILL" in line["exc"]["message"]
    assert job.status.code == 2
    assert [one["msg"] for one in played.lines if "WorkerLost" in one["msg"]] == []


def test_one_page_tells_of_all_the_processes_of_a_worker(played: Played) -> None:
    """On the port that was asked for: of Celery's children that have ended too, and of what the main process saw."""
    assert played.page == {
        **({"job_runs_total tasks.send lost": 1} if played.killed else {}),
        "job_runs_total tasks.send completed": 1,
        "job_runs_total tasks.send failed": 2,
        "job_runs_total tasks.send retried": 1,
        "job_duration_seconds_count tasks.send": 4,
    }


def test_numbers_are_sent_by_opentelemetrys_names(played: Played) -> None:
    """`messaging.process.duration`, from every process, the ones that end after one job included."""
    (queue,) = {dict(told)["messaging.destination.name"] for told in played.sent_numbers}
    assert {
        (told.get("spine.outcome"), told.get("error.type"), told["spine.job"]): count
        for told, count in ((dict(told), count) for told, count in played.sent_numbers.items())
    } == {
        (None, None, "tasks.send"): 1,
        ("failed", "ValueError", "tasks.send"): 1,
        ("failed", "OSError", "tasks.send"): 1,
        ("retried", "OSError", "tasks.send"): 1,
    }
    assert queue in {"celery", "mail"}


def test_everything_was_written_and_sent_when_the_worker_had_ended(played: Played) -> None:
    """By SIGTERM; each of Celery's children ends after one job, without its exit hooks. No argument was in any of it."""
    runs = [span for span in played.spans if span.name == "job: tasks.send"]
    assert len(runs) == 4 + played.killed
    assert [line for line in played.lines if line["logger"] in {"spine.health", "spine.export"}] == [
        line for line in played.lines if line["msg"] == "telemetry is exported"
    ]  # fmt: skip
    assert ARGUMENT not in played.text
    assert ARGUMENT.encode() not in played.sent
