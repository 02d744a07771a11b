"""The flight recorder's ear: DEBUG lines of chosen loggers go to it before any handler sees them.

A chosen logger's level becomes DEBUG, so that the records are made at all (`isEnabledFor(logging.DEBUG)` is
true from then on), and the first handler on their way takes what the logger's own level would have kept from
everybody. Having taken it, it sets the record's `levelno` to -1, which is below every handler's level:
`Logger.callHandlers` then passes all further handlers by, those added later included, and so do agents that watch
`callHandlers` from outside and ask the record's level, as Sentry's does.

It does not guarantee silence on handlers that somebody puts in front of ours, or on a child logger that is
made and given handlers after the last set-up; it costs a walk up the tree for each record below the threshold.
"""

from __future__ import annotations

import logging
from typing import Final

from fastapi_spine.logs.capture.events import TakeRecord, event_in, record_of
from fastapi_spine.logs.capture.gate import Gate
from fastapi_spine.logs.capture.loggers import ROOT, Mark, below, deciding, every_logger

HELD: Final = Mark(logging.DEBUG)
"""The level of a logger whose DEBUG lines are held. Anybody who sets a level since, DEBUG included, ends that."""

HIDDEN: Final = -1
"""Below `logging.NOTSET`, the lowest level a handler has."""


class HoldHandler(logging.Handler):
    """Takes the records that only the flight recorder is to see. Without a lock, as `SpineHandler`."""

    def __init__(self, hold: TakeRecord, gate: Gate, thresholds: HeldLoggers) -> None:
        super().__init__()
        self._hold = hold
        self._through = gate.through
        self._thresholds = thresholds

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """Make no lock."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Take a record below its logger's threshold out of sight; let any other pass."""
        levelno = record.levelno
        if levelno >= self._thresholds.highest:
            return True
        source = deciding(record.name)
        if source.level is not HELD or levelno >= self._thresholds.ours(source):
            return True
        self._through(self.emit, record)
        if levelno < self._thresholds.everybodys(source):
            record.levelno = HIDDEN
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record to the flight recorder."""
        event = event_in(record) if type(record.msg) is not str else None
        self._hold(record if event is None else record_of(event))


class HeldLoggers:
    """The loggers whose DEBUG lines are held.

    Args:
        hold: the flight recorder.
        gate: keeps a record about a record from recursing.
        names: the loggers' names; their children are meant too, except under one with a level of its own.
        level: the lowest level that is written from loggers without a level of their own.

    Attributes:
        highest: no record at or above this level is ever held.
    """

    def __init__(self, hold: TakeRecord, gate: Gate, names: tuple[str, ...], level: int) -> None:
        self._handler = HoldHandler(hold, gate, self)
        self._names = names
        self._level = level
        self._before: dict[logging.Logger, int] = {}
        self.highest = level

    def install(self) -> None:
        """Listen in, again if somebody has reset a level or the handlers since."""
        for name in self._names:
            logger = logging.getLogger(name)
            if logger is not ROOT:
                self._listen(logger)
        self.highest = max(map(self.ours, self._before), default=logging.NOTSET)

    def remove(self) -> None:
        """Give levels and handlers back; a level that somebody has set since stays."""
        for logger in every_logger():
            _take_out(logger, self._handler)
        for logger, level in self._before.items():
            if logger.level is HELD:
                logger.setLevel(level)
        self._before.clear()

    def ours(self, source: logging.Logger) -> int:
        """Return the level from which a held logger's records are written."""
        return self._before.get(source) or self._above(source, self._level)

    def everybodys(self, source: logging.Logger) -> int:
        """Return the level from which other handlers would see a held logger's records without us."""
        return self._before.get(source) or self._above(source, ROOT.level)

    def _above(self, logger: logging.Logger, at_root: int) -> int:
        """Walk up as `logging` does, taking for each held logger the level that it had."""
        one = logger.parent
        while one is not None and one is not ROOT:
            level = self._before.get(one, logging.NOTSET) if one.level is HELD else one.level
            if level != logging.NOTSET:
                return level
            one = one.parent
        return at_root

    def _listen(self, logger: logging.Logger) -> None:
        if logger.level is not HELD:
            if (logger.level or self._above(logger, self._level)) <= logging.DEBUG:
                return
            self._before[logger] = logger.level
            logger.setLevel(HELD)
        for one in (logger, *below(logger)):
            if one is logger or one.handlers or not one.propagate:
                _put_first(one, self._handler)


def _put_first(logger: logging.Logger, handler: logging.Handler) -> None:
    """Replace the list instead of changing it: another thread may be walking it right now."""
    if logger.handlers[:1] != [handler]:
        logger.handlers = [handler, *(one for one in logger.handlers if one is not handler)]


def _take_out(logger: logging.Logger, handler: logging.Handler) -> None:
    if handler in logger.handlers:
        logger.handlers = [one for one in logger.handlers if one is not handler]
