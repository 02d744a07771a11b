"""loguru, if the application has imported it: what its printing handlers would show reaches us as fields.

loguru is never imported here. Its handlers that print stay where they are, at a level that nothing reaches, so that the
`logger.remove(0)` that so many applications begin with still finds what it removes.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi_spine.logs.capture.events import Event, EventTaker
from fastapi_spine.logs.capture.loggers import MUTED
from fastapi_spine.logs.capture.printing import is_standard, prints

_DEFAULT_HANDLER: Final = 0
"""The handler that loguru itself adds; the only one whose number is documented."""
_FRAMES_TO_LOGGING: Final = 12
_CALL_HANDLERS: Final = logging.Logger.callHandlers.__code__


class LoguruBridge:
    """Stands in for loguru's handlers on standard output and standard error.

    A record reaches us if it would have reached at least one of them, by level and filter, and once however many. Sinks on
    files and elsewhere stay. Which handlers print is read from private attributes of loguru 0.7; where
    they are gone, the default handler (number 0) is removed instead and others are not found.

    Args:
        events: takes the events.
    """

    def __init__(self, events: EventTaker) -> None:
        self._events = events
        self._muted: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._id: int | None = None
        self._removed_default = False

    def install(self) -> None:
        """Take the place of handlers that print, again if the application has added others since."""
        logger = _logger()
        if logger is None:
            return
        handlers = handlers_of(logger)
        if handlers is None:
            self._replace_default(logger)
            return
        for handler in handlers.values():
            if handler_prints(handler) and handler._levelno is not MUTED:  # noqa: SLF001 - see the class
                self._muted[handler] = handler._levelno  # noqa: SLF001
                handler._levelno = MUTED  # noqa: SLF001
        anybody = any(handler in self._muted for handler in handlers.values())
        if anybody and self._id not in handlers:
            self._add(logger)

    def remove(self) -> None:
        """Give the handlers their levels back and go."""
        logger = _logger()
        if logger is None:
            return
        for handler, level in self._muted.items():
            if handler._levelno is MUTED:  # noqa: SLF001 - see the class
                handler._levelno = level  # noqa: SLF001
        self._muted.clear()
        if self._id is not None:
            _remove(logger, self._id)
            self._id = None
        if self._removed_default:
            logger.add(sys.stderr)
            self._removed_default = False

    def _replace_default(self, logger: Any) -> None:
        if self._id is None and _remove(logger, _DEFAULT_HANDLER):
            self._removed_default = True
            self._add(logger)

    def _add(self, logger: Any) -> None:
        """Add our handler.

        It takes records in its filter, which loguru calls before its lock and before it makes text of an exception: nothing
        is formatted twice, no local variable is read, and a record about a record cannot lock. The
        filter's answer is always no.
        """
        self._id = logger.add(
            _nothing,
            level=max(self._events.lowest, 0),
            format="{message}",
            filter=self._take,
            colorize=False,
            backtrace=False,
            diagnose=False,
        )

    def _take(self, record: Mapping[str, Any]) -> bool:
        threshold = self._threshold(record)
        if threshold is not None and not _came_through_logging():
            self._events.take(event_of(record), threshold)
        return False

    def _threshold(self, record: Mapping[str, Any]) -> int | None:
        """Return the lowest level among the handlers whose place we take and whose filter passes, None for none."""
        if self._removed_default:
            return logging.DEBUG
        levels = [
            level
            for handler, level in list(self._muted.items())
            if not handler._stopped and _passes(handler, record)  # noqa: SLF001 - see the class
        ]
        return min(levels, default=None)


def event_of(record: Mapping[str, Any]) -> Event:
    """Read a loguru record.

    Args:
        record: the dictionary that loguru hands to filters and sinks.

    Returns:
        The event; `extra` becomes its fields.
    """
    exception = record["exception"]
    return Event(
        record["level"].no,
        record["name"] or "loguru",
        record["time"].timestamp(),
        record["message"],
        dict(record["extra"]),
        exception.value if exception is not None else None,
    )


def handlers_of(logger: Any) -> Mapping[int, Any] | None:
    """Return loguru's handlers by number; None if this loguru keeps them otherwise than we know."""
    handlers = getattr(getattr(logger, "_core", None), "handlers", None)
    if not isinstance(handlers, dict):
        return None
    needed = ("_levelno", "_sink", "_filter", "_stopped")
    known = all(hasattr(handler, name) for handler in handlers.values() for name in needed)
    return handlers if known else None


def handler_prints(handler: Any) -> bool:
    """Tell whether a loguru handler ends on standard output or standard error."""
    sink = handler._sink  # noqa: SLF001 - see LoguruBridge
    inner = getattr(sink, "_handler", None)
    if isinstance(inner, logging.Handler):
        return prints(inner)
    return is_standard(_unwrapped(getattr(sink, "_stream", None)))


def _unwrapped(stream: Any) -> object:
    """Return the stream behind colorama's wrapper, which loguru uses on Windows."""
    converter = getattr(stream, "_StreamWrapper__convertor", None)
    return getattr(converter, "wrapped", stream)


def _logger() -> Any:
    """Return loguru's logger if the application has imported it."""
    return getattr(sys.modules.get("loguru"), "logger", None)


def _remove(logger: Any, number: int) -> bool:
    try:
        logger.remove(number)
    except ValueError:
        return False
    return True


def _passes(handler: Any, record: Mapping[str, Any]) -> bool:
    decide: Callable[[Mapping[str, Any]], object] | None = handler._filter  # noqa: SLF001 - see LoguruBridge
    return decide is None or bool(decide(record))


def _came_through_logging() -> bool:
    """Tell whether a handler of `logging` brought this record, as the usual `InterceptHandler` does.

    Then our own handler on the root sees the same record with its logger, its extras and its exception, and one line
    is enough. The call to the handler is a few frames up; walking them costs less than a microsecond.
    """
    frame = sys._getframe(2)  # noqa: SLF001 - the call stack is the only place that knows
    for _ in range(_FRAMES_TO_LOGGING):
        if frame.f_code is _CALL_HANDLERS:
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False


def _nothing(_message: object) -> None:
    """Write nothing; see `LoguruBridge._add`."""
