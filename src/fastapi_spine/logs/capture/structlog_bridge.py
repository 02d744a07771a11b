"""structlog, if the application has imported it: its events reach us as fields, not as printed text.

structlog is never imported here: who does not use it does not have it, and who does has it in `sys.modules`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from types import FrameType
from typing import Any, Final

from fastapi_spine.core.clock import Clock
from fastapi_spine.logs.capture.events import EventTaker, FieldText, event_from
from fastapi_spine.logs.capture.printing import is_standard

_PRINTING: Final = ("PrintLoggerFactory", "WriteLoggerFactory", "BytesLoggerFactory")
_SECOND_NS: Final = 1_000_000_000

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "msg": logging.INFO,
    "log": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "err": logging.ERROR,
    "error": logging.ERROR,
    "failure": logging.ERROR,
    "exception": logging.ERROR,
    "fatal": logging.CRITICAL,
    "critical": logging.CRITICAL,
}
"""structlog's method names; `PrintLogger` has them all."""


class StructlogBridge:
    """Leads structlog to us.

    Not configured: it gets a configuration that ends here. Configured to print to standard output or error: the
    user's processors stay, except those that render (the last one, and those that make text of exceptions, whose frames may
    show local variables). Configured on `logging`: it stays as it is, but the text that its renderer makes carries the
    event along. Any other logger factory is left alone.

    Loggers that structlog has bound and cached before are not reached; `uncovered` names them.

    Args:
        events: takes the events.
        clock: dates them.
    """

    def __init__(self, events: EventTaker, clock: Clock) -> None:
        self._factory = Factory(events, clock)
        self._before: dict[str, Any] | None = None
        self._placed: dict[str, Any] | None = None

    def install(self) -> None:
        """Configure structlog, again if the application has done so since."""
        structlog = _structlog()
        if structlog is None:
            return
        config = structlog.get_config()
        if self._placed is not None and _same(config, self._placed):
            return
        if not structlog.is_configured():
            before, processors = None, [*_defaults(structlog), as_event]
            factory: Any = self._factory
        elif _prints(config, self._factory):
            before = self._with_their_factory(config)
            processors = [*_without_renderers(structlog, config["processors"]), as_event]
            factory = self._factory
        elif isinstance(config["logger_factory"], structlog.stdlib.LoggerFactory):
            before, factory = config, config["logger_factory"]
            processors = _carrying(config["processors"])
        else:
            return
        self._before = before
        structlog.configure(processors=processors, logger_factory=factory)
        self._placed = structlog.get_config()

    def remove(self) -> None:
        """Give structlog its configuration back, unless the application has set another one since."""
        structlog = _structlog()
        placed, self._placed = self._placed, None
        if structlog is None or placed is None or not _same(structlog.get_config(), placed):
            return
        if self._before is None:
            structlog.reset_defaults()
        else:
            structlog.configure(**self._before)

    def _with_their_factory(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return what to give back: somebody who changed only the processors still has our factory in there."""
        if config["logger_factory"] is not self._factory:
            return config
        structlog = _structlog()
        theirs = self._before["logger_factory"] if self._before else structlog.PrintLoggerFactory()
        return {**config, "logger_factory": theirs}


class Factory:
    """Makes the logger that structlog wraps.

    Args:
        events: takes the events.
        clock: dates them.
    """

    def __init__(self, events: EventTaker, clock: Clock) -> None:
        self._events = events
        self._clock = clock

    def __call__(self, *args: object) -> EventLogger:
        """Make a logger named by `get_logger`'s first argument, else after the module that calls."""
        name = args[0] if args and isinstance(args[0], str) else _calling_module()
        return EventLogger(name, self._events, self._clock)


class EventLogger:
    """What structlog calls at the end of its processors: a method named like the level, with the event."""

    __slots__ = ("_clock", "_events", "name")

    def __init__(self, name: str, events: EventTaker, clock: Clock) -> None:
        self.name = name
        self._events = events
        self._clock = clock

    def __getattr__(self, method: str) -> Callable[..., None]:
        """Return the method for a level; one that structlog does not know counts as INFO."""
        if method.startswith("_"):
            raise AttributeError(method)
        levelno = _LEVELS.get(method, logging.INFO)

        def take(*args: object, **keywords: object) -> None:
            self._take(levelno, args, keywords)

        return take

    def _take(self, levelno: int, args: tuple[object, ...], keywords: dict[str, object]) -> None:
        """Take an event, as `as_event` hands it over or as some other last processor has rendered it."""
        first = args[0] if args else ""
        event_dict = first if isinstance(first, dict) else {"event": first, **keywords}
        self._events.take(
            event_from(
                event_dict,
                levelno=levelno,
                logger=self.name,
                created=self._clock.wall_ns() / _SECOND_NS,
            )
        )


def as_event(
    _logger: object, method: str, event_dict: MutableMapping[str, Any]
) -> tuple[tuple[dict[str, Any]], dict[str, Any]]:
    """End a chain of structlog processors: the event goes on as it is."""
    event = dict(event_dict)
    if method == "exception":
        event.setdefault("exc_info", True)
    return (event,), {}


class CarryingRenderer:
    """A renderer of the user's whose text carries the event it was made from.

    Args:
        renderer: the last processor of a chain that ends in `logging`.
    """

    def __init__(self, renderer: Callable[..., Any]) -> None:
        self.renderer = renderer

    def __call__(self, logger: object, method: str, event_dict: MutableMapping[str, Any]) -> Any:
        """Render; anything but text is handed on as it is."""
        event = dict(event_dict)
        rendered = self.renderer(logger, method, event_dict)
        return FieldText.carrying(rendered, event) if type(rendered) is str else rendered


def _structlog() -> Any:
    """Return structlog if the application has imported it, and completely."""
    module = sys.modules.get("structlog")
    return module if hasattr(module, "get_config") and hasattr(module, "stdlib") else None


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[key] is other[key] for key in ("processors", "logger_factory"))


def _prints(config: Mapping[str, Any], ours: Factory) -> bool:
    factory = config["logger_factory"]
    if factory is ours:
        return True
    if type(factory).__name__ not in _PRINTING:
        return False
    stream = getattr(factory, "_file", None)
    return stream is None or is_standard(stream)


def _defaults(structlog: Any) -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.StackInfoRenderer(),
    ]


def _without_renderers(structlog: Any, processors: Any) -> list[Any]:
    kept = [one for one in processors if one is not as_event]
    if len(kept) == len(list(processors)):
        kept = kept[:-1]
    names = ("ExceptionRenderer", "ExceptionPrettyPrinter")
    kinds = tuple(
        kind for kind in (getattr(structlog.processors, name, None) for name in names) if kind
    )
    return [one for one in kept if not isinstance(one, kinds)]


def _carrying(processors: Any) -> list[Any]:
    chain = list(processors)
    if chain and not isinstance(chain[-1], CarryingRenderer):
        chain[-1] = CarryingRenderer(chain[-1])
    return chain


def _calling_module() -> str:
    """Return the module that logs: the first frame that is neither structlog's nor ours."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - logging and structlog find callers the same way
    while frame is not None:
        name = str(frame.f_globals.get("__name__") or "")
        if name != "structlog" and not name.startswith("structlog."):
            return name or "structlog"
        frame = frame.f_back
    return "structlog"
