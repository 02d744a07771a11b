"""taskiq: `observe(broker)` beside the broker, and both of its ends are connected.

A middleware of taskiq's own kind: where a task is sent, `carry()` goes into the message's labels; where it runs, a `job` is
around it. A worker gets its logs, redaction, traces and export from here as well.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final, TypeVar, Unpack

from fastapi_spine.core.errors import MissingExtraError
from fastapi_spine.core.job_names import SYSTEM_TASKIQ, JobOutcome
from fastapi_spine.jobs.process import Process
from fastapi_spine.settings.model import Keywords
from fastapi_spine.traces.carry import carry
from fastapi_spine.traces.job import job

try:
    from pydantic import ValidationError
    from taskiq import AsyncBroker, TaskiqMiddleware
    from taskiq.exceptions import NoResultError
except ImportError as error:
    raise MissingExtraError(
        "fastapi_spine.jobs.taskiq needs taskiq, which is not installed here: pip install taskiq."
    ) from error

_Broker = TypeVar("_Broker", bound=AsyncBroker)
_STEP: Final = "taskiq"
_RETRIES: Final = "_retries"
"""The label in which taskiq's retry middlewares count."""


class _Run:
    """One run of a task here, and whether it was sent once more meanwhile."""

    __slots__ = ("again", "job")

    def __init__(self, run: job) -> None:
        self.job = run
        self.again = False


_runs: Final[ContextVar[tuple[_Run, ...]]] = ContextVar("fastapi_spine_taskiq", default=())
"""Those that go on in this context, the innermost last: a broker in memory runs tasks inside tasks."""


def observe(broker: _Broker, /, **keywords: Unpack[Keywords]) -> _Broker:
    """Connect a taskiq broker: one line, read by the process that sends and by the worker.

    ::

        broker = RedisStreamBroker("redis://localhost")
        observe(broker, service="mailer")

    A task that a request sends then runs under the request's id and in its trace: one span `job: NAME` a run, one line at
    its end, every line in between with the request's id. A worker writes its lines like the application. Arguments of
    tasks are in no line: taskiq's own lines that hold them are left out or shortened.

    Args:
        broker: a broker; it stays the same object. A second call for it changes nothing.
        **keywords: settings of the layer in the worker, as for `Spine`; in a process that has a layer they have no effect.

    Returns:
        The same broker.

    Raises:
        SettingsError: see `Spine`.
    """
    if not any(isinstance(one, _Middleware) for one in broker.middlewares):
        caller = sys._getframe(1)  # noqa: SLF001 - who sets us up names the application's package
        broker.add_middlewares(_Middleware(Process(caller, keywords, "", SYSTEM_TASKIQ)))
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(_without_arguments)
    return broker


class _Middleware(TaskiqMiddleware):
    """What taskiq calls; a fault of ours ends in `Health`.

    Args:
        process: sets a worker's layer up and catches our faults.
    """

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    def startup(self) -> None:
        """Set the worker's layer up."""
        if self.broker.is_worker_process:
            self._process.begins()

    def shutdown(self) -> None:
        """Write and ship what is queued."""
        self._process.health.guarded(_STEP, self._process.ends)

    def pre_send(self, message: Any) -> Any:
        """Put into a message whose request it belongs to."""
        self._process.health.guarded(_STEP, _address, message)
        return message

    def pre_execute(self, message: Any) -> Any:
        """Begin a run."""
        self._process.health.guarded(_STEP, self._begin, message)
        return message

    def _begin(self, message: Any) -> None:
        run = job(
            str(message.task_name),
            message.labels,
            job_id=str(message.task_id),
            system=SYSTEM_TASKIQ,
            queue=str(getattr(self.broker, "queue_name", None) or ""),
            attempt=_attempt_of(message.labels),
        )
        run.__enter__()
        _runs.set((*_runs.get(), _Run(run)))

    def on_error(self, message: Any, result: Any, exception: BaseException) -> None:
        """Take note of what a run raised."""
        del result
        run = _run_of(message)
        if run is not None:
            self._process.health.guarded(_STEP, run.job.ends, *_ending(exception))

    def post_execute(self, message: Any, result: Any) -> None:
        """End a run."""
        run = _run_of(message)
        if run is not None:
            _runs.set(_runs.get()[:-1])
            self._process.health.guarded(_STEP, _end, run, result)


def _address(message: Any) -> None:
    """Put what is carried into the labels; what is there already was meant by somebody.

    A message that is sent once more still has what it came with (taskiq hands its labels on), so the runs of a task are
    siblings in the waterfall.
    """
    run = _run_of(message)
    if run is not None:
        run.again = True
    for name, value in carry().items():
        message.labels.setdefault(name, value)


def _run_of(message: Any) -> _Run | None:
    """Return the run of a message that goes on here; None if it could not be begun, or is another's."""
    runs = _runs.get()
    return runs[-1] if runs and runs[-1].job.job_id == str(message.task_id) else None


def _attempt_of(labels: Any) -> int:
    try:
        return int(labels.get(_RETRIES, 0)) + 1
    except (TypeError, ValueError):
        return 1


def _ending(exception: BaseException) -> tuple[JobOutcome, BaseException]:
    if isinstance(exception, NoResultError):
        return JobOutcome.DROPPED, exception
    failed = isinstance(exception, Exception)
    return (JobOutcome.FAILED if failed else JobOutcome.INTERRUPTED), exception


def _end(run: _Run, result: Any) -> None:
    """Write how it ended; taskiq says by the kind of the result's error that there will be another run."""
    made = run.job
    again = run.again or isinstance(result.error, NoResultError)
    if made.outcome is JobOutcome.FAILED and again:
        made.ends(JobOutcome.RETRIED, made.error)
    made.__exit__(None, None, None)


_LOGGERS: Final = ("taskiq", "taskiq.receiver.receiver", "taskiq.receiver.params_parser")
_ARGUMENTS: Final = ("Kicking ", "Received message")
_UNREADABLE: Final = "Cannot parse message"
_UNFIT: Final = "Can't parse argument"
_RAISED: Final = "Exception found"


def _without_arguments(record: logging.LogRecord) -> bool:
    """Leave out DEBUG lines that hold arguments and the line of an exception that ours says; shorten what holds a message."""
    text = str(record.msg)
    if text.startswith(_UNREADABLE):
        record.msg, record.args = f"{_UNREADABLE}: %s", (_why(record),)
        record.exc_info = None
    elif text.startswith(_UNFIT) and isinstance(record.args, tuple):
        record.args = (*record.args[:-1], _why(record))
        record.exc_info = None
    told = text.startswith(_RAISED) and bool(_runs.get())
    return not told and not text.startswith(_ARGUMENTS)


def _why(record: logging.LogRecord) -> str:
    """Say what was wrong with a message without the error's own text, which repeats it; of pydantic's the kinds of mistakes."""
    error = record.exc_info[1] if record.exc_info else None
    name = type(error).__name__
    if not isinstance(error, ValidationError):
        return name
    kinds: set[str] = set()
    with suppress(Exception):  # a filter that raises would be the task's trouble
        found = error.errors(include_url=False, include_context=False, include_input=False)
        kinds.update(one["type"] for one in found)
    return f"{name} ({', '.join(sorted(kinds))})"
