"""Everything that brings log records of the process to the pipeline, put in and taken out as one."""

from __future__ import annotations

import logging
import logging.config
from collections.abc import Callable
from typing import Any, Protocol

from fastapi_spine.core.clock import Clock, SystemClock
from fastapi_spine.core.conventions import LOGGER_ACCESS
from fastapi_spine.logs.capture.events import EmitFields, EventTaker, TakeRecord
from fastapi_spine.logs.capture.gate import Gate
from fastapi_spine.logs.capture.hold import HeldLoggers
from fastapi_spine.logs.capture.hooks import UncaughtExceptions, UncaughtInThreads, Warnings
from fastapi_spine.logs.capture.loggers import ROOT, anywhere_up
from fastapi_spine.logs.capture.loguru_bridge import LoguruBridge
from fastapi_spine.logs.capture.root import RootCapture, SpineHandler, is_a_layers
from fastapi_spine.logs.capture.structlog_bridge import StructlogBridge

STEP = "log_capture"
"""The step's name in health counters."""

Guarded = Callable[[str, Callable[[], None]], object]
"""Runs a step of ours so that its fault ends there; `Health.guarded` has this shape."""


class Source(Protocol):
    """One place that records come from."""

    def install(self) -> None:
        """Take our place there, again if somebody has put theirs back."""

    def remove(self) -> None:
        """Give it back as it was, as far as nobody has changed it since."""


def _reaches(logger: logging.Logger) -> bool:
    return anywhere_up(logger, is_a_layers)


def _plainly(_step: str, action: Callable[[], None]) -> None:
    action()


class LogCapture:
    """Brings records of `logging`, structlog, loguru, `warnings` and uncaught exceptions to the pipeline.

    Args:
        emit: writes a record; called without any lock, its faults are its own.
        emit_fields: writes an event that was never a record.
        hold: keeps a record for the flight recorder; None without one.
        level: the lowest level that is written from loggers without a level of their own.
        recorder: names of loggers whose lines below that level are held.
        warnings: whether `warnings` become records.
        excepthook: whether uncaught exceptions become records.
        structlog: whether a structlog that prints is led to us.
        loguru: whether loguru's printing sinks are led to us.
        clock: dates events that carry no time.
        guarded: runs each step of setting up, so that a fault of ours stays ours.

    Attributes:
        gate: counts records given up because one record brought about too many others.
    """

    def __init__(
        self,
        *,
        emit: TakeRecord,
        emit_fields: EmitFields,
        hold: TakeRecord | None,
        level: int,
        recorder: tuple[str, ...],
        warnings: bool,
        excepthook: bool,
        structlog: bool,
        loguru: bool,
        clock: Clock | None = None,
        guarded: Guarded = _plainly,
    ) -> None:
        self._guarded = guarded
        self.gate = Gate()
        events = EventTaker(emit, emit_fields, hold, level, recorder, self.gate)
        self.root = RootCapture(SpineHandler(emit, events, self.gate, level), level)
        self.sources: list[Source] = [self.root]
        if hold is not None and recorder:
            self.sources.append(HeldLoggers(hold, self.gate, recorder, level))
        if warnings:
            self.sources.append(Warnings())
        if excepthook:
            self.sources += [UncaughtExceptions(_reaches), UncaughtInThreads(_reaches)]
        if structlog:
            self.sources.append(StructlogBridge(events, clock or SystemClock()))
        if loguru:
            self.sources.append(LoguruBridge(events))
        self.sources.append(DictConfigWatch(self._again))
        self._installed = False
        self._access = logging.getLogger(LOGGER_ACCESS)
        self._seen: list[logging.Handler] = []
        self._alone = False

    def install(self) -> None:
        """Take our place everywhere; called again, take it back where somebody has put theirs since."""
        self._installed = True
        for source in self.sources:
            self._guarded(STEP, source.install)
        self._look_around()

    def remove(self) -> None:
        """Give everything back as it was, as far as nobody has changed it since."""
        self._installed = False
        for source in reversed(self.sources):
            self._guarded(STEP, source.remove)

    def covers_access_alone(self) -> bool:
        """Tell whether a record of the access logger would be seen by our handler and nobody else.

        Called once a request. If our handler has been thrown out meanwhile (`basicConfig(force=True)`), it is put back.

        Returns:
            True if no handler, filter, record factory or patch of anybody else's could notice that no record was made.
        """
        if ROOT.handlers != self._seen or self._access.disabled:
            self._look_again()
        access = self._access
        return (
            self._alone
            and access.parent is ROOT
            and access.propagate
            and not access.handlers
            and not access.filters
            and not access.disabled
        )

    def _look_again(self) -> None:
        gone = not any(map(is_a_layers, ROOT.handlers))
        if self._installed and (gone or self._access.disabled):
            self.install()
        else:
            self._look_around()

    def _look_around(self) -> None:
        self._seen = list(ROOT.handlers)
        self._alone = (
            any(map(is_a_layers, self._seen))
            and all(self.root.is_ours_or_silent(handler) for handler in self._seen)
            and not self.root.handler.filters
            and logging.getLogRecordFactory() is logging.LogRecord
            and logging.Logger.callHandlers.__module__ == logging.__name__
        )

    def _again(self) -> None:
        if self._installed:
            self.install()


class DictConfigWatch:
    """Takes our place back as soon as somebody has called `logging.config.dictConfig`.

    uvicorn does so with its default configuration after the application was built, and logs two lines before the application
    hears of its start. `dictConfigClass` is the documented way to change what `dictConfig` does; whatever class
    stands there, ours inherits from it. `fileConfig` has no such way.

    Args:
        then: takes our place back.
    """

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self._before: Any = None
        self._ours: Any = None

    def install(self) -> None:
        """Watch `dictConfig`."""
        module: Any = logging.config
        if module.dictConfigClass is not self._ours:
            self._before = module.dictConfigClass
            self._ours = _watched(self._before, self._then)
            module.dictConfigClass = self._ours

    def remove(self) -> None:
        """Watch no more; a class that inherits from ours by now finds nothing to do."""
        module: Any = logging.config
        if self._ours is not None and module.dictConfigClass is self._ours:
            module.dictConfigClass = self._before
        self._ours = None


def _watched(before: Any, then: Callable[[], None]) -> Any:
    def configure(self: Any) -> None:
        before.configure(self)
        then()

    return type(before.__name__, (before,), {"configure": configure})
