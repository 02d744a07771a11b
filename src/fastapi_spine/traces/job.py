"""`job("name")`: one run of a background job, with the ids of the request that asked for it, one span and one line.

A job of a queue has no request of its own in its process. This puts one in its place: every line inside carries the
ids, and `bind`, `span`, `carry` and instrumented clients work as they do in a request.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from contextvars import Token
from functools import cache
from types import TracebackType
from typing import Final, NamedTuple, Self

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, SpanKind

from fastapi_spine.core.clock import SystemClock
from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import (
    ATTR_ERROR_TYPE,
    ATTR_SPINE_OUTCOME,
    ATTR_SPINE_REQUEST_ID,
    KEY_ELAPSED_MS,
    KEY_OUTCOME,
)
from fastapi_spine.core.exchange import Exchange, Identity
from fastapi_spine.core.ids import RandomIds
from fastapi_spine.core.job_names import (
    ATTR_ATTEMPT,
    ATTR_JOB,
    ATTR_MESSAGING_DESTINATION,
    ATTR_MESSAGING_MESSAGE_ID,
    ATTR_MESSAGING_OPERATION,
    ATTR_MESSAGING_OPERATION_TYPE,
    ATTR_MESSAGING_SYSTEM,
    KEY_ATTEMPT,
    KEY_JOB,
    KEY_JOB_ID,
    LOGGER_JOBS,
    OPERATION_PROCESS,
    SPAN_JOB_PREFIX,
    JobOutcome,
)
from fastapi_spine.core.job_runs import audiences
from fastapi_spine.traces.active import Active
from fastapi_spine.traces.carry import Ids, carried_id, context_of, served_elsewhere, told_by
from fastapi_spine.traces.local import RANDOM
from fastapi_spine.traces.manual import active_of, running_tracer
from fastapi_spine.traces.span import qualified
from fastapi_spine.traces.steps import end

_log: Final = logging.getLogger(LOGGER_JOBS)
_LONGEST: Final = 128
"""Characters that are written of what a message says of itself: its name, its id, and its queue."""
_MOST_RUNS: Final = 1_000_000
"""As which run one is written at most: a message may count to any number."""


class _Telling(NamedTuple):
    """What is said of an outcome.

    Attributes:
        level: of the line.
        msg: of the line.
        stack: whether the line and the span show the exception.
        failed: whether the span is marked as failed.
    """

    level: int
    msg: str
    stack: bool
    failed: bool


_TELLING: Final = {
    JobOutcome.COMPLETED: _Telling(logging.INFO, "job completed", stack=False, failed=False),
    JobOutcome.FAILED: _Telling(logging.ERROR, "job failed", stack=True, failed=True),
    JobOutcome.RETRIED: _Telling(logging.WARNING, "job will be retried", stack=True, failed=False),
    JobOutcome.EXPECTED: _Telling(logging.INFO, "job failed as expected", stack=True, failed=False),
    JobOutcome.DROPPED: _Telling(logging.INFO, "job dropped", stack=False, failed=False),
    JobOutcome.INTERRUPTED: _Telling(logging.WARNING, "job interrupted", stack=False, failed=False),
    JobOutcome.LOST: _Telling(logging.ERROR, "job lost", stack=True, failed=True),
}


class job:  # noqa: N801 - reads like `span`: `with job("send_invoice", carried):`
    """One run of a background job, in whatever process runs it.

    For every queue that has no adapter in `fastapi_spine.jobs`::

        queue.put({"number": 7, "carried": carry()})  # where the request is served
        ...
        with job("send_invoice", message["carried"], job_id=message["id"]):  # where the job runs
            send_invoice(message["number"])

    Inside, every log line carries the request id and trace id of the request that asked for the job, the job's own span
    id, and `job` and `job_id`. At the end one line of the logger `spine.jobs` says how it went: ERROR with the exception
    if it failed. The job's arguments are not known here, so they cannot be written.

    The span is a CONSUMER's, child of the span that was running at `carry()` and linked to it (OpenTelemetry semantic
    conventions for messaging spans: a consumer's span should link to the message's creation, and may be its child
    where it handles one message). What was carried is checked like headers from outside. Without anything carried a job
    is part of whatever runs around it, else it begins a trace and gets a request id of its own.

    Args:
        name: low in cardinality, such as the function's dotted name; the span is called `job: NAME`.
        carried: what `carry()` returned; names that are none of its own are not looked at.
        job_id: names this job among all; the same in each of its runs.
        system: what runs the job, such as `celery`.
        queue: where it waited.
        attempt: which run this is, from 1 on.

    Attributes:
        name: as given, cut to 128 characters, as are the next two.
        system: as given.
        queue: as given.
        job_id: as given; it is cut where it is written.
        outcome: how it ended; None as long as nobody has said.
        error: why, if an exception says so.
    """

    __slots__ = (
        "__weakref__", "_about", "_attempt", "_carried", "_entered", "error", "job_id", "name", "outcome", "queue", "system",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        carried: Mapping[str, object] | None = None,
        /,
        *,
        job_id: str = "",
        system: str = "",
        queue: str = "",
        attempt: int = 1,
    ) -> None:
        self.name = name = name[:_LONGEST]
        self.system = system = system[:_LONGEST]
        self.queue = queue[:_LONGEST]
        self._carried = told_by(carried or {})
        self.job_id = job_id
        self._attempt = attempt = min(attempt, _MOST_RUNS)
        self._about: dict[str, str | int] = {
            ATTR_MESSAGING_OPERATION: OPERATION_PROCESS,
            ATTR_MESSAGING_OPERATION_TYPE: OPERATION_PROCESS,
            ATTR_JOB: name,
        }
        if system:
            self._about[ATTR_MESSAGING_SYSTEM] = system
        if queue:
            self._about[ATTR_MESSAGING_DESTINATION] = self.queue
        if job_id:
            self._about[ATTR_MESSAGING_MESSAGE_ID] = job_id[:_LONGEST]
        if attempt > 1:
            self._about[ATTR_ATTEMPT] = attempt
        self.outcome: JobOutcome | None = None
        self.error: BaseException | None = None
        self._entered: _Entered | None = None

    def __enter__(self) -> Self:
        around = current.get()
        context = context_of(self._carried)
        creator = trace.get_current_span(context).get_span_context()
        request_id = carried_id(self._carried) or (around.request_id if around else None)
        fresh = _ids().fresh(_clock().wall_ns())
        self._about[ATTR_SPINE_REQUEST_ID] = request_id or fresh[0]
        span = running_tracer().start_span(
            f"{SPAN_JOB_PREFIX}{self.name}",
            context,
            SpanKind.CONSUMER,
            self._about,
            [Link(creator)] if creator.is_valid and self._carried else None,
        )
        inside = None if around is None or self._carried else around.identity
        ids = _ids_of(request_id or fresh[0], span.get_span_context(), creator, fresh, inside)
        exchange = served_elsewhere(ids, self._carried)
        exchange.bound = self._bound(around)
        active = active_of(span)
        token = active.enter_span(span, context)
        before = current.set(exchange)
        self._entered = _Entered(span, active, token, exchange, before, _clock().monotonic_ns())
        for audience in audiences():
            audience.began(self, exchange)
        return self

    def _bound(self, around: Exchange | None) -> dict[str, object]:
        """Return what all lines of the job carry: what the request around it has bound, if it runs in there."""
        bound: dict[str, object] = {}
        if around is not None and around.bound and not self._carried:
            bound.update(around.bound)
        bound[KEY_JOB] = self.name
        if self.job_id:
            bound[KEY_JOB_ID] = self.job_id[:_LONGEST]
        if self._attempt > 1:
            bound[KEY_ATTEMPT] = self._attempt
        return bound

    def ends(self, outcome: JobOutcome | str, error: BaseException | None = None) -> None:
        """Say how this run ended, where its block cannot tell: a queue's adapter knows, or the job itself.

        Args:
            outcome: `completed`, `failed`, `retried` (it will run again), `failed_as_expected`, `dropped`, `interrupted`, or
                `lost`: said by another process than the one that ran it, so there is no duration.
            error: why, if an exception says so.

        Raises:
            ValueError: there is no such outcome.
        """
        self.outcome, self.error = JobOutcome(outcome), error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is None:
            return
        elapsed_ns = _clock().monotonic_ns() - entered.since
        if self.outcome is None:
            self.ends(_outcome_of(error), error)
        outcome, why = self.outcome or JobOutcome.COMPLETED, self.error
        try:
            for audience in audiences():
                audience.ended(self, entered.exchange, elapsed_ns)
            _close(entered.span, outcome, why)
            _write(outcome, why, elapsed_ns)
        finally:
            with suppress(ValueError):  # left in another context than it was entered in
                current.reset(entered.before)
            entered.active.leave(entered.token)


class _Entered(NamedTuple):
    """What is given back at the end."""

    span: trace.Span
    active: Active
    token: Token[Context]
    exchange: Exchange
    before: Token[Exchange | None]
    since: int


def _outcome_of(error: BaseException | None) -> JobOutcome:
    if error is None:
        return JobOutcome.COMPLETED
    return JobOutcome.FAILED if isinstance(error, Exception) else JobOutcome.INTERRUPTED


def _ids_of(
    request_id: str,
    own: SpanContext,
    creator: SpanContext,
    fresh: tuple[str, str, str],
    inside: Identity | None,
) -> Ids:
    """Return the ids of the job's lines: those of its span, if there is one; else in the trace of what it runs inside."""
    _, trace_id, span_id = fresh
    if not own.is_valid:
        if inside is not None:
            return request_id, inside.trace_id, span_id, inside.span_id, inside.trace_flags
        return request_id, trace_id, span_id, None, RANDOM
    # Where nobody makes spans, the API hands out the creator's again.
    if own.span_id != creator.span_id:
        span_id = f"{own.span_id:016x}"
    parent = f"{creator.span_id:016x}" if creator.is_valid else None
    return request_id, f"{own.trace_id:032x}", span_id, parent, own.trace_flags & 3


def _write(outcome: JobOutcome, error: BaseException | None, elapsed_ns: int) -> None:
    told = _TELLING[outcome]
    fields: dict[str, object] = {KEY_OUTCOME: outcome.value}
    if outcome is not JobOutcome.LOST:
        fields[KEY_ELAPSED_MS] = elapsed_ns // 1000 / 1000
    stack = (type(error), error, error.__traceback__) if told.stack and error is not None else None
    _log.log(told.level, told.msg, exc_info=stack, extra=fields)


def _close(span: trace.Span, outcome: JobOutcome, error: BaseException | None) -> None:
    """Say on the span how the run ended, and end it."""
    told = _TELLING[outcome]
    if outcome is not JobOutcome.COMPLETED:
        span.set_attribute(ATTR_SPINE_OUTCOME, outcome.value)
    if error is not None and told.stack:
        span.set_attribute(ATTR_ERROR_TYPE, qualified(type(error)))
        if not told.failed:
            with suppress(Exception):  # another provider's span may ask the exception for its text
                span.record_exception(error)
    if told.failed and error is None:
        span.set_status(trace.StatusCode.ERROR)
    end(span, error if told.failed else None)


@cache
def _ids() -> RandomIds:
    return RandomIds()


@cache
def _clock() -> SystemClock:
    return SystemClock()
