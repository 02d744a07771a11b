"""What Python tells outside `logging`: warnings, and exceptions that nobody caught."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any

from fastapi_spine.core.conventions import LOGGER_UNCAUGHT, MSG_UNCAUGHT

Reaches = Callable[[logging.Logger], bool]
"""Tells whether a record of that logger would come to us."""
_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


class Warnings:
    """Sends `warnings` to the logger `py.warnings`, as `logging.captureWarnings` does."""

    def __init__(self) -> None:
        self._ours: Callable[..., object] | None = None

    def install(self) -> None:
        """Capture warnings, unless the application does so already."""
        if _are_captured():
            return
        before = warnings.showwarning
        logging.captureWarnings(True)
        if warnings.showwarning is before:
            # logging thinks it captures, but somebody put the old function back (catch_warnings)
            logging.captureWarnings(False)
            logging.captureWarnings(True)
        self._ours = warnings.showwarning

    def remove(self) -> None:
        """Stop capturing, if it was us who began."""
        if self._ours is not None and warnings.showwarning is self._ours:
            logging.captureWarnings(False)
        self._ours = None


def _are_captured() -> bool:
    return getattr(warnings.showwarning, "__module__", None) == logging.__name__


class UncaughtExceptions:
    """Makes a record of an exception that ends the main thread; the interpreter's own print is replaced.

    A hook that somebody has set, before us or after us, is still called. A keyboard interrupt is no failure and goes to
    the hook before us, and so does everything while no record would come to us.

    Args:
        reaches: tells whether a record of a logger would come to us.
    """

    def __init__(self, reaches: Reaches) -> None:
        self._reaches = reaches
        self._before: _Hook = sys.__excepthook__
        self._placed = False
        self._active = False

    def install(self) -> None:
        """Put our hook in, once: one that came after ours may call ours, and a second time would be a loop."""
        self._active = True
        if not self._placed and not isinstance(_owner(sys.excepthook), UncaughtExceptions):
            self._before = sys.excepthook
            sys.excepthook = self.hook
            self._placed = True

    def remove(self) -> None:
        """Put the hook back; if another one stands in front by now, ours only passes on."""
        self._active = False
        if self._placed and sys.excepthook == self.hook:
            sys.excepthook = self._before
            self._placed = False

    def hook(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Tell of an exception; the shape of `sys.excepthook`."""
        told = self._active and not issubclass(kind, KeyboardInterrupt)
        told = told and _tell(logging.CRITICAL, (kind, error, trace), self._reaches)
        if not told or self._before is not sys.__excepthook__:
            self._before(kind, error, trace)


class UncaughtInThreads:
    """Makes a record of an exception that ends a thread; otherwise as `UncaughtExceptions`.

    Args:
        reaches: tells whether a record of a logger would come to us.
    """

    def __init__(self, reaches: Reaches) -> None:
        self._reaches = reaches
        self._before: Callable[[threading.ExceptHookArgs], Any] = threading.__excepthook__
        self._placed = False
        self._active = False

    def install(self) -> None:
        """Put our hook in, once."""
        self._active = True
        if not self._placed and not isinstance(_owner(threading.excepthook), UncaughtInThreads):
            self._before = threading.excepthook
            threading.excepthook = self.hook
            self._placed = True

    def remove(self) -> None:
        """Put the hook back; if another one stands in front by now, ours only passes on."""
        self._active = False
        if self._placed and threading.excepthook == self.hook:
            threading.excepthook = self._before
            self._placed = False

    def hook(self, args: threading.ExceptHookArgs) -> None:
        """Tell of an exception; the shape of `threading.excepthook`. `SystemExit` ends a thread in silence."""
        kind, error = args.exc_type, args.exc_value
        told = self._active and error is not None
        told = told and not issubclass(kind, (KeyboardInterrupt, SystemExit))
        told = told and _tell(logging.ERROR, (kind, error, args.exc_traceback), self._reaches)
        if not told or self._before is not threading.__excepthook__:
            self._before(args)


def _owner(hook: object) -> object:
    """Return whose method a hook is: one layer of a process is enough to tell."""
    return getattr(hook, "__self__", None)


def _tell(level: int, exc_info: Any, reaches: Reaches) -> bool:
    """Log an exception that nobody caught; False if no record would come of it."""
    logger = logging.getLogger(LOGGER_UNCAUGHT)
    if not logger.isEnabledFor(level) or not reaches(logger):
        return False
    logger.log(level, MSG_UNCAUGHT, exc_info=exc_info)
    return True
