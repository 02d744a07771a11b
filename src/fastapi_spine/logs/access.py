"""The access line: one per request, whatever happened to it. Here it is decided whether, when and how loud."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import partial
from types import TracebackType

from fastapi_spine.core.conventions import (
    GUARD_DEADLINE,
    KEY_METHOD,
    KEY_ROUTE,
    LOGGER_ACCESS,
    LOGGER_APPLICATION,
    MSG_AFTER_RESPONSE_FAILED,
    MSG_BACKGROUND_FAILED,
    MSG_COMPLETED,
    MSG_FAILED,
    POLICY_ATTRIBUTE,
    REPORTED_ATTRIBUTE,
    TYPE_WEBSOCKET,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.logs.access_line import AccessLines
from fastapi_spine.logs.capture.record import FIELDS_ATTRIBUTE
from fastapi_spine.logs.noise import Noise
from fastapi_spine.logs.pipeline import Fields, Pipeline
from fastapi_spine.logs.recorder import Recorder
from fastapi_spine.redaction import Redactor
from fastapi_spine.settings.route_policy import RoutePolicy

_SECOND_NS = 1_000_000_000
LATE_COST = 700
"""Bytes that a request is taken for while its line waits to be made: the line it becomes. What the request holds
on to itself is bounded by the few lines that may wait so (`sink.LATE_BATCH`)."""


class AccessLog:
    """Writes the access line when a request has finished.

    With nobody else listening to `spine.access` the line goes straight to the sink; as soon as a handler of the user's would see it (Sentry, a file, pytest's caplog) it becomes a
    regular log record.

    Args:
        pipeline: takes lines.
        lines: makes them.
        redactor: masks what was bound.
        noise: leaves out what nobody would read.
        recorder: holds the request's DEBUG lines, if the flight recorder is on.
        slow_ns: a request slower than this is a WARNING; None for never. A route's own limit wins.
        alone: tells whether only we would see the record.
    """

    name = "access_log"

    def __init__(
        self,
        pipeline: Pipeline,
        lines: AccessLines,
        *,
        redactor: Redactor,
        noise: Noise,
        recorder: Recorder | None,
        slow_ns: int | None,
        alone: Callable[[], bool],
    ) -> None:
        self._pipeline = pipeline
        self._lines = lines
        self._redactor = redactor
        self._noise = noise
        self._recorder = recorder
        self._slow = slow_ns if slow_ns is not None else math.inf
        self._plain_line = lines.plain_line
        self._exported = pipeline.outlet is not None
        self._alone = alone
        self._ruled = noise.ruled
        self._logger = logging.getLogger(LOGGER_ACCESS)

    def finish(self, exchange: Exchange) -> None:
        """Write the line of a finished request, after the lines that were held for it."""
        ruled, alone, plain_line = self._ruled, self._alone, self._plain_line
        policy = getattr(exchange.endpoint, POLICY_ATTRIBUTE, None)
        if (  # nothing about the request is unusual: its line takes the short way
            policy is None
            and exchange.ordinary
            and exchange.elapsed_ns <= self._slow
            and exchange.bound is None
            and exchange.held is None
            and not exchange.streamed
            and not exchange.invalid
            and exchange.identity.refused is None
            and not ruled(exchange.scope["path"])
            and self._pipeline.plain_limit
            and alone()
            and self._logger.isEnabledFor(logging.INFO)
        ):
            line = plain_line(exchange)
            if line is not None:
                self._pipeline.sink.put(line, True)
                if self._exported:
                    self._lines.export(exchange)
                return
        failed = exchange.failed
        slow = not failed and self._is_slow(exchange, policy)
        if exchange.held is not None and self._recorder is not None:
            wanted = failed or slow or exchange.forced or exchange.kept is not None
            self._recorder.release(exchange, write=wanted)
        skipped = self._noise.skipped(exchange, policy, notable=failed or slow)
        if skipped is None:
            if failed:
                self._tell_of_error(exchange)
            return
        only_ours = alone()  # first, because it mends a logger that somebody has disabled since
        level = logging.ERROR if failed else logging.WARNING if slow else logging.INFO
        if not self._logger.isEnabledFor(level):
            if failed:
                self._tell_of_error(exchange)
            return
        self._write(exchange, level, skipped, alone=only_ours)

    def failed_after(self, exchange: Exchange, error: BaseException, background: bool) -> None:
        """Write the error record of what failed once the caller had its answer."""
        if self._recorder is not None:
            self._recorder.release(exchange, write=True)
        msg = MSG_BACKGROUND_FAILED if background else MSG_AFTER_RESPONSE_FAILED
        _write_error(exchange, msg, error, error.__traceback__)

    def leave(self, exchange: Exchange) -> None:
        """Write or forget what was held after the response, as what was held before it."""
        if self._recorder is not None:
            self._recorder.release(exchange, write=exchange.forced or exchange.kept is not None)

    @staticmethod
    def _tell_of_error(exchange: Exchange) -> None:
        """Write the exception of a request whose line is left out: the server's own line of it would have no id."""
        if exchange.error is not None:
            _write_error(exchange, MSG_FAILED, exchange.error, exchange.traceback)

    def _is_slow(self, exchange: Exchange, policy: object) -> bool:
        if exchange.refusal is not None:
            return exchange.refusal.guard == GUARD_DEADLINE
        limit = self._slow
        if isinstance(policy, RoutePolicy) and policy.slow_ns is not None:
            limit = policy.slow_ns
        if exchange.kind == TYPE_WEBSOCKET:
            return False
        end = exchange.first_byte if exchange.streamed else exchange.ended
        return end - exchange.started > limit

    def _write(self, exchange: Exchange, level: int, skipped: int, *, alone: bool) -> None:
        """Write a line with something unusual about it; one with an exception at once."""
        bound = self._redactor.record(dict(exchange.bound)) if exchange.bound else None
        if not alone:
            self._write_as_record(exchange, level, self._lines.fields(exchange, skipped, bound))
        elif exchange.error is None:
            once = [None] if self._exported else None
            make = partial(self._lines.line, exchange, level, skipped, bound, once)
            self._pipeline.later(make, LATE_COST)
        else:
            self._pipeline.put(self._lines.line(exchange, level, skipped, bound), keep=True)
        if exchange.error is not None:
            _mark_reported(exchange.error)

    def _write_as_record(self, exchange: Exchange, level: int, fields: Fields) -> None:
        error = exchange.error if level == logging.ERROR else None
        info = (type(error), error, exchange.traceback) if error is not None else None
        msg = MSG_FAILED if level == logging.ERROR else MSG_COMPLETED
        record = self._logger.makeRecord(LOGGER_ACCESS, level, __file__, 0, msg, (), info)
        attributes = record.__dict__
        for key, value in fields.items():
            attributes.setdefault(key, value)
        attributes[FIELDS_ATTRIBUTE] = fields
        record.created = exchange.ended_at / _SECOND_NS
        self._logger.handle(record)


def _write_error(
    exchange: Exchange, msg: str, error: BaseException, traceback: TracebackType | None
) -> None:
    """Write an error record that is no access line; if somebody has silenced those, the server's line stays."""
    logger = logging.getLogger(LOGGER_APPLICATION)
    if not logger.isEnabledFor(logging.ERROR):
        return
    fields = {KEY_METHOD: exchange.scope.get("method"), KEY_ROUTE: exchange.route}
    logger.error(msg, exc_info=(type(error), error, traceback), extra=fields)
    _mark_reported(error)


def _mark_reported(error: BaseException) -> None:
    """Leave a mark on an exception whose stack has been shown, so that the server's own line need not."""
    try:
        setattr(error, REPORTED_ATTRIBUTE, True)
    except AttributeError:
        return
