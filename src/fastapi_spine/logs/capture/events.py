"""An event of another logging library, and how it reaches the pipeline."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fastapi_spine.logs.capture.gate import Gate
from fastapi_spine.logs.capture.record import FIELDS_ATTRIBUTE

EmitFields = Callable[[int, str, float, str, dict[str, object], BaseException | None], None]
"""Takes level number, logger, seconds since the epoch, message, fields, exception."""
TakeRecord = Callable[[logging.LogRecord], None]

_MESSAGE_KEYS = ("event", "message", "msg")
"""structlog's own key, and what `structlog.processors.EventRenamer` usually makes of it."""
_LOGGER_KEYS = ("logger", "logger_name")
_SPENT = frozenset({"level", "_record", "_from_structlog", "_name", "_logger"})
"""Keys that only repeat what a line says anyway."""


class Event(NamedTuple):
    """What happened; `created` is seconds since the epoch, `msg` what was said, as text or as an object."""

    levelno: int
    logger: str
    created: float
    msg: object
    fields: dict[str, object]
    error: BaseException | None


class FieldText(str):
    """A rendered line that still carries the event it was made from, for whoever prefers fields to text.

    Attributes:
        event: structlog's event dictionary as it was before rendering.
    """

    __slots__ = ("event",)

    event: dict[str, object]

    @classmethod
    def carrying(cls, text: str, event: dict[str, object]) -> FieldText:
        """Make the text; `event` is kept as it is."""
        made = cls(text)
        made.event = event
        return made


def event_from(
    event_dict: Mapping[str, object], *, levelno: int, logger: str, created: float
) -> Event:
    """Read a structlog event dictionary.

    Args:
        event_dict: what the processors have made of the call; it is not changed.
        levelno: logging's number of the level.
        logger: the logger's name if the dictionary has none.
        created: seconds since the epoch.

    Returns:
        The event: message from `event`, logger from `logger` or `logger_name`, exception from `exc_info`, the rest
        as fields.
    """
    fields = {key: value for key, value in event_dict.items() if key not in _SPENT}
    error = error_from(fields.pop("exc_info", None))
    msg = _pop_first(fields, _MESSAGE_KEYS)
    name = _pop_first(fields, _LOGGER_KEYS)
    return Event(
        levelno,
        name if isinstance(name, str) else logger,
        created,
        "" if msg is None else msg,
        fields,
        error,
    )


def error_from(exc_info: object) -> BaseException | None:
    """Return the exception that `exc_info` means: itself, a triple's, or with any other truth the current one."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        found = exc_info[1] if len(exc_info) > 1 else None
        return found if isinstance(found, BaseException) else None
    return sys.exc_info()[1] if exc_info else None


def event_in(record: logging.LogRecord) -> Event | None:
    """Return the structlog event that a standard library record carries, or None for any other record.

    structlog's `ProcessorFormatter.wrap_for_formatter` makes the event dictionary the record's message and marks the
    record with `_logger` and `_name`; `FieldText` is what our own bridge makes of a rendered line.
    """
    msg: Any = record.msg
    if isinstance(msg, FieldText):
        event_dict = msg.event
    elif isinstance(msg, dict) and "_logger" in record.__dict__ and "_name" in record.__dict__:
        event_dict = msg
    else:
        return None
    event = event_from(
        event_dict, levelno=record.levelno, logger=record.name, created=record.created
    )
    if event.error is not None or not record.exc_info:
        return event
    return event._replace(error=error_from(record.exc_info))


def record_of(event: Event) -> logging.LogRecord:
    """Return the event as a standard library record, for the flight recorder."""
    error = event.error
    return logging.makeLogRecord(
        {
            "name": event.logger,
            "levelno": event.levelno,
            "levelname": logging.getLevelName(event.levelno),
            "msg": event.msg,
            "args": (),
            "created": event.created,
            "exc_info": (type(error), error, error.__traceback__) if error is not None else None,
            FIELDS_ATTRIBUTE: event.fields,
        }
    )


class EventTaker:
    """Decides about an event as `logging` would about a record: write it, hold it, or let it go.

    Args:
        emit: writes a record.
        emit_fields: writes an event.
        hold: keeps a record for the flight recorder; None without one.
        level: the lowest level that is written.
        recorder: names whose lines below that level are held.
        gate: lets one at a time through.
    """

    __slots__ = ("_emit", "_emit_fields", "_gate", "_hold", "_level", "_names", "_prefixes")

    def __init__(
        self,
        emit: TakeRecord,
        emit_fields: EmitFields,
        hold: TakeRecord | None,
        level: int,
        recorder: tuple[str, ...],
        gate: Gate,
    ) -> None:
        self._emit = emit
        self._emit_fields = emit_fields
        self._hold = hold
        self._level = level
        self._names = frozenset(recorder)
        self._prefixes = tuple(f"{name}." for name in recorder)
        self._gate = gate

    @property
    def lowest(self) -> int:
        """The lowest level that is worth making an event for."""
        return min(self._level, logging.DEBUG) if self._holds_anything else self._level

    @property
    def _holds_anything(self) -> bool:
        return self._hold is not None and bool(self._names)

    def take(self, event: Event, threshold: int = logging.NOTSET) -> None:
        """Take an event.

        Args:
            event: what happened.
            threshold: a stricter lowest level than ours, if its own library had one.
        """
        if event.levelno >= max(self._level, threshold):
            self._gate.through(self.write, event)
        elif self._hold is not None and self._is_held(event.logger):
            self._gate.through(self._hold, record_of(event))

    def write(self, event: Event) -> None:
        """Write an event whatever its level; the caller sees to the gate.

        A message that is an object goes the way of records, whose formatting is prepared for a `__str__` that fails.
        """
        levelno, logger, created, msg, fields, error = event
        if isinstance(msg, str):
            self._emit_fields(levelno, logger, created, msg, fields, error)
        else:
            self._emit(record_of(event))

    def _is_held(self, name: str) -> bool:
        return self._holds_anything and (name in self._names or name.startswith(self._prefixes))


def _pop_first(fields: dict[str, object], keys: tuple[str, ...]) -> object:
    for key in keys:
        if key in fields:
            return fields.pop(key)
    return None
