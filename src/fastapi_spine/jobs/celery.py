"""Celery: `observe(app)` beside the Celery application, and both of its ends are connected.

Celery's own signals are all that is used. Where a task is enqueued, `carry()` goes into the message's headers; where it
runs, a `job` is around it. A worker gets its logs, redaction, traces and export from here as well, because there is no
FastAPI application in it.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Final, TypeVar, Unpack
from weakref import WeakKeyDictionary, ref

from fastapi_spine.core.conventions import REPORTED_ATTRIBUTE
from fastapi_spine.core.errors import MissingExtraError
from fastapi_spine.core.job_names import KEY_JOB, KEY_JOB_ID, SYSTEM_CELERY, JobOutcome
from fastapi_spine.jobs.process import Process
from fastapi_spine.settings.model import Keywords
from fastapi_spine.traces.carry import carry
from fastapi_spine.traces.job import job

try:
    from celery import Celery, current_task, signals
    from celery.exceptions import WorkerLostError
except ImportError as error:
    raise MissingExtraError(
        "fastapi_spine.jobs.celery needs Celery, which is not installed here: pip install celery."
    ) from error

_App = TypeVar("_App", bound=Celery)
_STEP: Final = "celery"
_FOUND_DEAD: Final = " Job: "
"""In the text of billiard's `WorkerLostError`, where the pool found a process dead."""
_NOT_TOLD: Final = frozenset({"args", "kwargs", "return_value"})
_STATES: Final = {
    "SUCCESS": JobOutcome.COMPLETED,
    "FAILURE": JobOutcome.FAILED,
    "RETRY": JobOutcome.RETRIED,
    "IGNORED": JobOutcome.DROPPED,
    "REJECTED": JobOutcome.DROPPED,
}
_observed: Final[WeakKeyDictionary[Any, _Adapter]] = WeakKeyDictionary()
_runs: Final[WeakKeyDictionary[Any, job]] = WeakKeyDictionary()
"""What goes on in this process, by the task's request."""


def observe(app: _App, /, **keywords: Unpack[Keywords]) -> _App:
    """Connect a Celery application: one line, read by the process that enqueues and by the worker.

    ::

        app = Celery("mailer", broker="redis://localhost")
        observe(app, service="mailer")

    A task that a request enqueues then runs under the request's id and in its trace: one span `job: NAME` a run, one
    line at its end, every line in between with the request's id. A worker writes its lines like the application, and
    Celery does not set up its own logging (`--loglevel` and `--logfile` have no effect). Arguments and results of tasks
    are in no line: Celery's own lines that hold them are left out or shortened.

    Args:
        app: a Celery application; it stays the same object. A second call for it changes nothing.
        **keywords: settings of the layer in the worker, as for `Spine`; in a process that has a layer they have no effect.

    Returns:
        The same application.

    Raises:
        SettingsError: see `Spine`.
    """
    if app not in _observed:
        caller = sys._getframe(1)  # noqa: SLF001 - who sets us up names the application's package
        process = Process(caller, keywords, str(app.main or ""), SYSTEM_CELERY)
        _observed[app] = adapter = _Adapter(app, process)
        adapter.connect()
    return app


class _Adapter:
    """What listens to Celery's signals for one application.

    Args:
        app: whose tasks are meant; others of the same process are none of ours.
        process: sets a worker's layer up and catches our faults.
    """

    def __init__(self, app: Celery, process: Process) -> None:
        self._app = ref(app)
        self._process = process

    def connect(self) -> None:
        """Listen; in a worker that is forked later as well, because signals go along."""
        for signal, listener in (
            (signals.before_task_publish, self._enqueued),
            (signals.setup_logging, self._worker_begins),
            (signals.worker_process_shutdown, self._process_ends),
            (signals.worker_shutdown, self._process_ends),
            (signals.task_prerun, self._begins),
            (signals.task_retry, self._retries),
            (signals.task_failure, self._fails),
            (signals.task_postrun, self._ends),
        ):
            signal.connect(listener, weak=False)
        forks = getattr(signals, "worker_before_create_process", None)  # not in every Celery 5
        if forks is not None:
            forks.connect(self._process_forks, weak=False)
        for name, take in _LINES.items():
            logging.getLogger(name).addFilter(take)  # once, however often it is added

    def _worker_begins(self, **_: Any) -> None:
        """Take the place of Celery's logging; that somebody listens to this signal keeps Celery from setting up its own."""
        self._process.begins()

    def _process_forks(self, **_: Any) -> None:
        self._process.health.guarded(_STEP, self._process.forks)

    def _process_ends(self, **_: Any) -> None:
        self._process.health.guarded(_STEP, self._process.ends)

    def _enqueued(self, headers: Any = None, **_: Any) -> None:
        self._process.health.guarded(_STEP, _address, headers)

    def _begins(self, task: Any, **_: Any) -> None:
        if task.app is self._app():
            self._process.health.guarded(_STEP, self._begin, task)

    @staticmethod
    def _begin(task: Any) -> None:
        run = _run_of(task)
        run.__enter__()
        _runs[task.request] = run

    def _retries(self, request: Any, reason: Any, **_: Any) -> None:
        run = _runs.get(request)
        if run is not None:
            why = getattr(reason, "exc", None)
            run.ends(JobOutcome.RETRIED, why if isinstance(why, BaseException) else reason)

    def _fails(self, sender: Any, exception: BaseException, **_: Any) -> None:
        run = _runs.get(sender.request)
        if run is not None:
            # Celery hands out another one, of a class that can be pickled; what was raised is being handled here.
            raised = sys.exc_info()[1] or exception
            expected = bool(sender.throws) and isinstance(raised, sender.throws)
            run.ends(JobOutcome.EXPECTED if expected else JobOutcome.FAILED, raised)
        elif sender.app is self._app() and _has_died(exception) and sender.request.id:
            self._process.health.guarded(_STEP, self._lose, sender, exception)

    @staticmethod
    def _lose(task: Any, why: BaseException) -> None:
        """Tell of a run whose process has died, in the main process, which found it dead; it said nothing itself."""
        with _run_of(task) as run:
            run.ends(JobOutcome.LOST, WorkerLostError(str(why)))  # without the pool's own stack
        setattr(why, REPORTED_ATTRIBUTE, True)

    def _ends(self, task: Any, state: Any, **_: Any) -> None:
        run = _runs.pop(task.request, None)
        if run is not None:
            self._process.health.guarded(_STEP, self._end, run, str(state))

    def _end(self, run: job, state: str) -> None:
        if run.outcome is None:
            run.ends(_STATES.get(state, JobOutcome.INTERRUPTED))
        run.__exit__(None, None, None)


def _run_of(task: Any) -> job:
    request = task.request
    return job(
        str(task.name),
        vars(request),
        job_id=str(request.id or ""),
        system=SYSTEM_CELERY,
        queue=_queue_of(request.delivery_info),
        attempt=request.retries + 1 if isinstance(request.retries, int) else 1,
    )


def _queue_of(delivery: object) -> str:
    """Return what a message says of its way; whoever wrote it may have put anything there."""
    return str(delivery.get("routing_key") or "") if isinstance(delivery, dict) else ""


def _has_died(error: BaseException) -> bool:
    """Tell a process that was found dead from one that a task ended by `SystemExit`: that one has told of it."""
    return isinstance(error, WorkerLostError) and _FOUND_DEAD in str(error)


def _address(headers: Any) -> None:
    """Put into a message whose request it belongs to; what is there already was meant by somebody.

    A run that asks for its repetition sends on the headers it came with (Celery does that), so the runs of a job are
    siblings in the waterfall.
    """
    if isinstance(headers, dict):
        for name, value in carry().items():
            headers.setdefault(name, value)


def _running() -> job | None:
    """Return the run that goes on here."""
    request = getattr(current_task, "request", None)
    return None if request is None else _runs.get(request)


def _of_a_run(record: logging.LogRecord) -> bool:
    """Let Celery's line of a run's end go where ours says it; take arguments and result off any other."""
    data = record.__dict__.pop("data", None)
    run = _running()
    if isinstance(data, dict) and run is not None and str(data.get("id")) == run.job_id:
        return False
    if isinstance(record.args, dict):  # of a run that could not be begun: its text holds the result
        record.args = {**record.args, **dict.fromkeys(_NOT_TOLD & record.args.keys(), "…")}
    return True


def _of_an_arrival(record: logging.LogRecord) -> bool:
    """Take the arguments off the line that a task has come, and say which it is as our lines do."""
    data = record.__dict__.pop("data", None)
    if isinstance(data, dict):
        vars(record).update({KEY_JOB: data.get("name"), KEY_JOB_ID: data.get("id")})
    return True


def _of_a_message(record: logging.LogRecord) -> bool:
    """Keep what a line says of a message that cannot be run, and take the message itself off it."""
    first, _, more = str(record.msg).partition("\n")
    if "body" in more and isinstance(record.args, tuple):
        record.msg = first.partition(" [type")[0]
        record.args = record.args[: record.msg.count("%")]
    return True


def _of_a_loss(record: logging.LogRecord) -> bool:
    """Leave out the line of a dead process where ours says which job that was."""
    args = record.args
    return not (isinstance(args, tuple) and args and hasattr(args[0], REPORTED_ATTRIBUTE))


def _of_a_pool(record: logging.LogRecord) -> bool:
    """Leave out a DEBUG line that is nothing but a task's arguments."""
    return "args:" not in str(record.msg)


_LINES: Final = {
    "celery.app.trace": _of_a_run,
    "celery.worker.strategy": _of_an_arrival,
    "celery.worker.consumer.consumer": _of_a_message,
    "celery.worker.request": _of_a_loss,
    "celery.pool": _of_a_pool,
}
"""Celery's loggers whose lines hold arguments or results, or say what ours say."""
