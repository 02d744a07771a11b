"""Dates what comes in by a clock that somebody gave: `logging` and loguru read the machine's, whatever a test says."""

from __future__ import annotations

import logging
from copy import copy
from typing import Final

from fastapi_spine.core.clock import Clock
from fastapi_spine.core.conventions import LOGGER_ACCESS
from fastapi_spine.logs.capture.events import EmitFields, TakeRecord

_SECOND_NS: Final = 1_000_000_000


def records_by(clock: Clock, take: TakeRecord) -> TakeRecord:
    """Return what takes records with the clock's time on them; others that read a record see it as it was.

    An access record has the clock's time by itself: that of its request's end.
    """

    def dated(record: logging.LogRecord) -> None:
        if record.name != LOGGER_ACCESS:
            record = copy(record)
            record.created = clock.wall_ns() / _SECOND_NS
        take(record)

    return dated


def events_by(clock: Clock, emit: EmitFields) -> EmitFields:
    """Return what takes events, with the clock's time instead of theirs."""

    def dated(
        levelno: int,
        logger: str,
        _created: float,
        msg: str,
        fields: dict[str, object],
        error: BaseException | None,
    ) -> None:
        emit(levelno, logger, clock.wall_ns() / _SECOND_NS, msg, fields, error)

    return dated
