"""Our handler on the root logger, and the silence of every handler that prints beside it.

Handlers that print stay where they are, at a level that no record reaches: order, formatters, filters and whoever
holds a reference to them are untouched, `dictConfig` finds what it expects, and giving back is setting one number.
"""

from __future__ import annotations

import logging
import weakref
from typing import Final

from fastapi_spine.core.conventions import LOGGER_ROOT, REPORTED_ATTRIBUTE
from fastapi_spine.logs.capture.events import EventTaker, TakeRecord, event_in
from fastapi_spine.logs.capture.gate import Gate
from fastapi_spine.logs.capture.hold import HELD
from fastapi_spine.logs.capture.loggers import (
    MUTED,
    ROOT,
    Mark,
    anywhere_up,
    deciding,
    every_logger,
)
from fastapi_spine.logs.capture.printing import prints

ACCESS_LOGGERS: Final = ("uvicorn.access", "gunicorn.access", "hypercorn.access", "granian.access")
"""Loggers of servers' own access lines, which ours replace."""
_ACCESS: Final = frozenset(ACCESS_LOGGERS)
_SERVERS: Final = frozenset({"uvicorn.error", "gunicorn.error", "hypercorn.error", "_granian"})
"""Loggers that show the stack of an exception that came out of the application."""
_SPECIAL: Final = _ACCESS | _SERVERS
_SOCKET_LINE: Final = '%s - "WebSocket %s"'
_SOCKET_WORDS: Final = frozenset({"connection open", "connection closed"})


class SpineHandler(logging.Handler):
    """Takes records to the pipeline.

    It has no lock: the pipeline needs none, and a lock here is what froze services whose records log
    (getsentry/sentry-python#803). Filters that somebody adds are honoured; `flush` and `close`, which `dictConfig`
    calls on every handler of the process, change nothing.

    Args:
        emit: takes a record; its faults are its own.
        events: takes the structlog event that a record may carry.
        gate: keeps a record about a record from recursing.
        level: the lowest level that is written from loggers without a level of their own.

    Attributes:
        active: whether its capture is installed.
    """

    def __init__(self, emit: TakeRecord, events: EventTaker, gate: Gate, level: int) -> None:
        super().__init__()
        self._emit = emit
        self._events = events
        self._through = gate.through
        self._level = level
        self.active = False

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """Make no lock."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Take a record, if filters and level let it pass."""
        if self.filters:
            verdict: object = self.filter(record)
            if not verdict:
                return False
            if isinstance(verdict, logging.LogRecord):  # since Python 3.12 a filter may replace it
                record = verdict
        if record.levelno < self._level and not _has_own_level(record.name):
            return False
        if record.name in _SPECIAL and _is_told_already(record):
            return False
        self._through(self._emit if type(record.msg) is str else self.emit, record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record on, as the event it carries or as itself."""
        event = event_in(record)
        if event is not None:
            self._events.write(event)
        else:
            self._emit(record)


def is_a_layers(handler: logging.Handler) -> bool:
    """Tell whether a handler is ours, or another layer's in the same process."""
    return isinstance(handler, SpineHandler)


def _has_own_level(name: str) -> bool:
    """Tell whether somebody gave this logger, or one above it but the root, a level of its own."""
    source = deciding(name)
    return source is not ROOT and source.level is not HELD


def _is_told_already(record: logging.LogRecord) -> bool:
    """Tell whether our access line says what a server's record says."""
    if record.name in _ACCESS or _is_of_a_socket(record.msg):
        return True
    info = record.exc_info
    return isinstance(info, tuple) and hasattr(info[1], REPORTED_ATTRIBUTE)


def _is_of_a_socket(msg: object) -> bool:
    """Tell uvicorn's own access lines of WebSockets, which it writes to its error logger, address and query included."""
    return isinstance(msg, str) and (msg in _SOCKET_WORDS or msg.startswith(_SOCKET_LINE))


class RootCapture:
    """Our place in the standard library's logging.

    A process with several layers has one handler at a time, or every line would be written once for each: the
    layer that set up last. When it goes, the one before is back.

    Args:
        handler: the one handler of ours.
        level: the root logger's level while we are there.
    """

    def __init__(self, handler: SpineHandler, level: int) -> None:
        self.handler = handler
        self.level = Mark(level)
        self._muted: weakref.WeakKeyDictionary[logging.Handler, int] = weakref.WeakKeyDictionary()
        self._root_level = ROOT.level
        self._disabled: set[logging.Logger] = set()
        self._displaced: list[tuple[logging.Logger, SpineHandler]] = []

    def install(self) -> None:
        """Take our place, or take it again where somebody has put theirs back."""
        self.handler.active = True
        loggers = every_logger()
        for logger in loggers:
            self._displace(logger)
            self._mute(logger)
        for logger in loggers:
            self._place(logger)
        self._set_root_level()
        _enable_ours(loggers)
        for name in ACCESS_LOGGERS:
            self._disable_unread(logging.getLogger(name))

    def remove(self) -> None:
        """Give everything back that nobody has changed since."""
        self.handler.active = False
        for logger in every_logger():
            logger.removeHandler(self.handler)
        for logger, other in self._displaced:
            if other.active and not any(map(is_a_layers, logger.handlers)):
                logger.addHandler(other)
        self._displaced.clear()
        for handler, level in self._muted.items():
            if handler.level is MUTED:
                handler.setLevel(level)
        self._muted.clear()
        for logger in self._disabled:
            logger.disabled = False
        self._disabled.clear()
        if ROOT.level is self.level:
            ROOT.setLevel(self._root_level)

    def is_ours_or_silent(self, handler: logging.Handler) -> bool:
        """Tell whether a handler is a layer's or one that is silenced."""
        return is_a_layers(handler) or handler.level is MUTED

    def _displace(self, logger: logging.Logger) -> None:
        for handler in list(logger.handlers):
            if isinstance(handler, SpineHandler) and handler is not self.handler:
                if (logger, handler) not in self._displaced:
                    self._displaced.append((logger, handler))
                logger.removeHandler(handler)

    def _mute(self, logger: logging.Logger) -> None:
        for handler in logger.handlers:
            if handler.level is not MUTED and prints(handler):
                self._muted[handler] = handler.level
                handler.setLevel(MUTED)

    def _place(self, logger: logging.Logger) -> None:
        """Stand on the root, and wherever a silenced handler's records would not come up to us."""
        above = logger.parent if logger.propagate else None
        wanted = logger is ROOT or (
            any(handler.level is MUTED for handler in logger.handlers)
            and not anywhere_up(above, is_a_layers)
        )
        if wanted:
            logger.addHandler(self.handler)
        else:
            logger.removeHandler(self.handler)

    def _set_root_level(self) -> None:
        """Set the root's level; a lower one stays while others read there, and our handler does the sifting.

        So a file that wants DEBUG keeps getting it, and so does pytest's `caplog` when it asks.
        """
        if isinstance(ROOT.level, Mark):
            return
        others = any(_reads(h) and not self.is_ours_or_silent(h) for h in ROOT.handlers)
        if ROOT.level < self.level and others:
            return
        self._root_level = ROOT.level
        ROOT.setLevel(self.level)

    def _disable_unread(self, access: logging.Logger) -> None:
        """Switch a server's access logger off unless a handler of the user's reads it.

        `disabled` is what counts: uvicorn asks `hasHandlers()` once a connection and remembers the answer.
        """
        read = anywhere_up(access, lambda h: _reads(h) and not self.is_ours_or_silent(h))
        if read and access in self._disabled:
            self._disabled.discard(access)
            access.disabled = False
        elif not read and not access.disabled:
            self._disabled.add(access)
            access.disabled = True


def _reads(handler: logging.Handler) -> bool:
    return not isinstance(handler, logging.NullHandler)


def _enable_ours(loggers: list[logging.Logger]) -> None:
    """Undo what `disable_existing_loggers` does to our own loggers."""
    for logger in loggers:
        if logger.name == LOGGER_ROOT or logger.name.startswith(f"{LOGGER_ROOT}."):
            logger.disabled = False
