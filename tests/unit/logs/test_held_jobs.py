"""The flight recorder of a background job: its DEBUG lines, if it fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI

from fastapi_spine import Logs, Spine, bind, job
from fastapi_spine.core.context import current
from fastapi_spine.core.job_names import JobOutcome
from fastapi_spine.install.given import Given
from fastapi_spine.testing import CapturedLines, capture

log = logging.getLogger("mailer")


@pytest.fixture(name="lines")
def _lines() -> Iterator[CapturedLines]:
    lines = CapturedLines()
    layer = Spine.worker(given=Given(sink=lines), logs=Logs(recorder=["mailer"], recorder_lines=20))
    lines.clear()
    yield lines
    layer.close()


def told(lines: CapturedLines) -> list[tuple[Any, ...]]:
    """What was written, in its order."""
    keys = ("level", "msg", "held", "job", "request_id")
    return [tuple(line.get(key) for key in keys) for line in lines.lines]


def test_a_failed_job_brings_its_debug_lines(lines: CapturedLines) -> None:
    """Before the line of its end, marked as held, under the job's ids."""
    with suppress(ValueError), job("send", {"x-request-id": "r-1"}, job_id="j-1"):
        log.debug("rebate %s", 0.1)
        raise ValueError
    assert told(lines) == [
        ("DEBUG", "rebate 0.1", True, "send", "r-1"),
        ("ERROR", "job failed", None, "send", "r-1"),
    ]
    held, end = lines.lines
    assert (held["trace_id"], held["span_id"], held["job_id"]) == (
        end["trace_id"],
        end["span_id"],
        "j-1",
    )


@pytest.mark.parametrize(("outcome", "wanted"), [
    (JobOutcome.COMPLETED, False), (JobOutcome.FAILED, True), (JobOutcome.RETRIED, True),
    (JobOutcome.EXPECTED, False), (JobOutcome.DROPPED, False), (JobOutcome.INTERRUPTED, False),
])  # fmt: skip
def test_lines_are_written_if_the_run_went_wrong(
    lines: CapturedLines, outcome: JobOutcome, wanted: bool
) -> None:
    """A run that is repeated has failed too; what was expected, or the worker's doing, has not."""
    with job("send") as run:
        log.debug("rebate")
        run.ends(outcome)
    assert len(lines.of("mailer")) == wanted


def test_whoever_asks_for_a_job_gets_its_lines(lines: CapturedLines) -> None:
    """`bind(keep=True)`, as in a request."""
    with job("send"):
        log.debug("rebate")
        bind(keep=True)
    assert [line["msg"] for line in lines.of("mailer")] == ["rebate"]


def test_each_run_has_its_own_lines(lines: CapturedLines) -> None:
    """Jobs inside jobs, and beside each other on one loop."""
    with suppress(ValueError), job("outer"):
        log.debug("of outer")
        with job("inner"):
            log.debug("of inner")
        raise ValueError

    async def one(name: str, error: type[Exception] | None) -> None:
        with suppress(ValueError), job(name):
            log.debug("of %s", name)
            await asyncio.sleep(0)
            if error is not None:
                raise error

    async def both() -> None:
        await asyncio.gather(one("well", None), one("ill", ValueError))

    asyncio.run(both())
    assert [(line["msg"], line["job"]) for line in lines.of("mailer")] == [
        ("of outer", "outer"),
        ("of ill", "ill"),
    ]


def test_memory_is_bounded_as_that_of_a_request(lines: CapturedLines) -> None:
    """The last lines before a failure are kept."""
    with suppress(ValueError), job("send"):
        for number in range(100):
            log.debug("line %s", number)
        raise ValueError
    assert [line["msg"] for line in lines.of("mailer")] == [f"line {n}" for n in range(80, 100)]


@pytest.mark.usefixtures("lines")
def test_nothing_is_left_of_a_job_that_has_ended() -> None:
    """No ring for the garbage collector, whatever it had held."""

    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    gc.disable()
    try:
        with job("send"):
            bind(thing=thing)
            log.debug("rebate")
        del thing
        assert gone() is None
    finally:
        gc.enable()


def test_lines_after_the_end_are_below_the_threshold_again(lines: CapturedLines) -> None:
    """A task of the job's own that outlives it."""
    with suppress(ValueError), job("send"):
        exchange = current.get()
        raise ValueError
    token = current.set(exchange)
    log.debug("too late")
    current.reset(token)
    assert lines.of("mailer") == []


def test_a_job_that_a_request_runs_itself_keeps_its_lines_apart(drive: Any) -> None:
    """A failed job brings its own lines, though the request goes well."""
    app = FastAPI()

    @app.get("/")
    def here() -> None:
        log.debug("of the request")
        with suppress(ValueError), job("send"):
            log.debug("of the job")
            raise ValueError

    with capture(app, logs=Logs(recorder=["mailer"])) as lines:
        drive(app)
    assert [line["msg"] for line in lines.of("mailer")] == ["of the job"]
