"""What is counted of background jobs, as the page tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import pytest
from fastapi import FastAPI

from fastapi_spine import Metrics, Spine, job
from fastapi_spine.core.job_names import JobOutcome
from fastapi_spine.core.job_runs import audiences

ENDED = ("job_runs_total", "job_duration_seconds_count", "job_exceptions_total")


class Works:
    """An application that is at work, and runs jobs in its own process."""

    def __init__(self, asked: Any, **metrics: Any) -> None:
        self.app = FastAPI()
        self.spine = Spine(self.app, metrics=Metrics(**metrics))
        self.asked = asked(self.app)
        self.asked.get("/")

    def numbers(self, *names: str) -> dict[str, float]:
        """What its page tells of jobs."""
        found: dict[str, float] = self.asked.numbers(*names)
        return found


@pytest.fixture(name="works")
def _works(asked: Any) -> Iterator[Callable[..., Works]]:
    made: list[Works] = []

    def make(**metrics: Any) -> Works:
        made.append(Works(asked, **metrics))
        return made[-1]

    yield make
    for one in made:
        one.spine.close()


def fail(error: BaseException, name: str = "send") -> None:
    """Run a job that raises."""
    with suppress(type(error)), job(name):
        raise error


def test_runs_are_counted_by_name_and_outcome(works: Callable[..., Works]) -> None:
    """Each run counts by itself; failures count from zero, so that an increase sees the first one."""
    shop = works()
    for _ in range(2):
        with job("send", system="celery", queue="mail"):
            pass
    fail(ValueError("private words"))
    with job("clean"):
        pass
    assert shop.numbers(*ENDED) == {
        'job_runs_total{job_name="send",outcome="completed"}': 2,
        'job_runs_total{job_name="send",outcome="failed"}': 1,
        'job_runs_total{job_name="clean",outcome="completed"}': 1,
        'job_runs_total{job_name="clean",outcome="failed"}': 0,
        'job_duration_seconds_count{job_name="send"}': 3,
        'job_duration_seconds_count{job_name="clean"}': 1,
        'job_exceptions_total{job_name="send",exception="ValueError"}': 1,
    }


@pytest.mark.parametrize(
    ("outcome", "exceptions"),
    [
        (JobOutcome.RETRIED, 1),
        (JobOutcome.EXPECTED, 1),
        (JobOutcome.DROPPED, 0),
        (JobOutcome.INTERRUPTED, 0),
    ],
)
def test_every_outcome_has_a_count(
    works: Callable[..., Works], outcome: JobOutcome, exceptions: int
) -> None:
    """Those that are no failure too; the exception is named where the span names it."""
    shop = works()
    with job("send") as run:
        run.ends(outcome, OSError("smtp away"))
    told = f'job_runs_total{{job_name="send",outcome="{outcome}"}}'
    assert shop.numbers(told.partition("{")[0])[told] == 1
    assert sum(shop.numbers("job_exceptions_total").values()) == exceptions


def test_a_lost_run_has_no_duration(works: Callable[..., Works]) -> None:
    """It is counted, with what became of its process."""
    shop = works(names="both")
    with job("send") as run:
        run.ends(JobOutcome.LOST, OSError("killed"))
    assert shop.numbers(*ENDED, "messaging_process_duration_seconds_count") == {
        'job_runs_total{job_name="send",outcome="completed"}': 0,
        'job_runs_total{job_name="send",outcome="failed"}': 0,
        'job_runs_total{job_name="send",outcome="lost"}': 1,
        'job_exceptions_total{job_name="send",exception="OSError"}': 1,
    }


def test_what_runs_now_is_in_progress(works: Callable[..., Works]) -> None:
    """Not what has ended, and not what was begun and forgotten."""
    shop = works()
    with job("send"):
        inside = shop.numbers("jobs_in_progress")
    copy_context().run(lambda: job("lost").__enter__())
    assert inside == {'jobs_in_progress{job_name="send"}': 1}
    assert shop.numbers("jobs_in_progress") == {
        'jobs_in_progress{job_name="send"}': 0,
        'jobs_in_progress{job_name="lost"}': 0,
    }


def test_jobs_have_buckets_of_their_own(works: Callable[..., Works]) -> None:
    """Up to an hour unless others are set."""
    usual, set_up = works(), works(job_buckets=[60, 600])
    with job("send"):
        pass
    bounds = [
        [key.partition('le="')[2].rstrip('"}') for key in shop.numbers("job_duration_seconds_bucket")]
        for shop in (usual, set_up)
    ]  # fmt: skip
    assert (bounds[0][-2:], bounds[1]) == (["3600.0", "+Inf"], ["60.0", "600.0", "+Inf"])


def test_opentelemetrys_names_are_those_of_messaging(works: Callable[..., Works]) -> None:
    """Semantic conventions 1.44: operation, system, destination, and what failed; job and outcome as on the span."""
    shop = works(names="otel")
    with job("send", system="celery", queue="mail"):
        pass
    with job("send", system="celery", queue="mail") as run:
        run.ends("retried", OSError("smtp away"))
    ids = 'messaging_operation_name="process",messaging_system="celery",messaging_destination_name="mail",spine_job="send"'
    name = "messaging_process_duration_seconds_count"
    assert shop.numbers(*ENDED, name) == {
        f'{name}{{{ids},spine_outcome="",error_type=""}}': 1,
        f'{name}{{{ids},spine_outcome="retried",error_type="OSError"}}': 1,
        'job_exceptions_total{job_name="send",exception="OSError"}': 1,
    }


def test_an_example_names_the_jobs_own_span(works: Callable[..., Works]) -> None:
    """The trace of the request that asked for it."""
    shop = works()
    trace, parent = "1" * 32, "2" * 16
    with job("send", {"x-request-id": "r", "traceparent": f"00-{trace}-{parent}-01"}):
        pass
    (example,) = shop.asked.examples("job_runs_total").values()
    assert (example["trace_id"], example["span_id"] != parent) == (trace, True)


def test_names_without_end_are_one_series_beyond_the_limit(works: Callable[..., Works]) -> None:
    """A program that puts ids into names of jobs, or a stranger who may."""
    shop = works(series_limit=6, names="both")
    for number in range(50):
        fail(ValueError(), f"job-{number}")
    for name in (*ENDED, "jobs_in_progress", "messaging_process_duration_seconds_count"):
        assert len(shop.numbers(name)) <= 7, name
    counted = shop.numbers("job_runs_total")
    assert sum(counted.values()) == 50
    assert counted['job_runs_total{job_name="__overflow__",outcome="__overflow__"}'] == 47
    with job("one more"):
        assert shop.numbers("jobs_in_progress")['jobs_in_progress{job_name="__overflow__"}'] == 1


def test_a_strangers_queues_do_not_use_up_the_series_of_a_job(works: Callable[..., Works]) -> None:
    """A message says where it waited; after fifty names the rest is one, and jobs are still told apart."""
    shop = works(names="otel")
    for number in range(200):
        with job("send", queue=f"queue-{number}"):
            pass
    counted = shop.numbers("messaging_process_duration_seconds_count")
    assert (len(counted), max(counted.values())) == (51, 150)
    assert all('spine_job="send"' in key for key in counted)


@pytest.mark.parametrize("name", ["x" * 9_000, "\ud800", 'a"b\\c\nd', ""])
def test_whatever_a_job_is_called_there_is_a_page(works: Callable[..., Works], name: str) -> None:
    """With one readable label of bounded length."""
    shop = works()
    with job(name, system=name, queue=name):
        pass
    ((told, count),) = shop.numbers("job_duration_seconds_count").items()
    assert (len(told) < 200, count) == (True, 1)


def test_jobs_of_several_threads_are_all_counted(works: Callable[..., Works]) -> None:
    """Celery's threads pool, taskiq's sync tasks."""
    shop = works()

    def some() -> None:
        for _ in range(200):
            with job("send"):
                pass

    async def all_at_once() -> None:
        await asyncio.gather(*(asyncio.to_thread(some) for _ in range(4)))

    asyncio.run(all_at_once())
    assert shop.numbers("job_duration_seconds_count") == {
        'job_duration_seconds_count{job_name="send"}': 800
    }


def test_who_does_not_count_is_not_asked(asked: Any) -> None:
    """Without logs and metrics a job finds nobody, and neither does one after the layer's end."""
    before = audiences()
    off = FastAPI()
    quiet = Spine(off, logs=False, metrics=False)
    asked(off).get("/")
    assert audiences() == before
    quiet.close()
    loud = Works(asked)
    assert len(audiences()) == len(before) + 1
    loud.spine.close()
    assert audiences() == before
