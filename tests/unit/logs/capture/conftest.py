"""A process whose logging a test may turn upside down."""

from __future__ import annotations

import io
import logging
import logging.config
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from fastapi_spine.logs.capture.stdlib import LogCapture

Said = tuple[str, str, str]
"""Level, logger, message."""


@dataclass
class Heard:
    """What reached the pipeline's door."""

    lines: list[Said] = field(default_factory=list)
    fields: list[dict[str, object]] = field(default_factory=list)
    errors: list[BaseException | None] = field(default_factory=list)
    held: list[Said] = field(default_factory=list)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, as the pipeline does."""
        info = record.exc_info
        self.lines.append((record.levelname, record.name, record.getMessage()))
        self.fields.append({})
        self.errors.append(info[1] if isinstance(info, tuple) else None)

    def emit_fields(
        self,
        levelno: int,
        logger: str,
        created: float,
        msg: str,
        fields: dict[str, object],
        error: BaseException | None,
    ) -> None:
        """Take an event, as the pipeline does."""
        assert created > 1_700_000_000
        self.lines.append((logging.getLevelName(levelno), logger, msg))
        self.fields.append(fields)
        self.errors.append(error)

    def hold(self, record: logging.LogRecord) -> None:
        """Take a record, as the flight recorder does."""
        self.held.append((record.levelname, record.name, record.getMessage()))
        assert record.levelno >= 0


class ListHandler(logging.Handler):
    """A handler of the user's that does not print."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.said: list[Said] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was said."""
        self.said.append((record.levelname, record.name, record.getMessage()))


def logging_state() -> dict[str, object]:
    """Everything about the process's logging that somebody could set."""
    root = logging.getLogger()
    loggers = [one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    state: dict[str, object] = {
        one.name: (
            [(id(h), h.level, list(h.filters)) for h in one.handlers],
            one.level,
            one.propagate,
            one.disabled,
            list(one.filters),
        )
        for one in (root, *loggers)
    }
    module: Any = logging.config
    state["hooks"] = (
        sys.excepthook, threading.excepthook, warnings.showwarning, module.dictConfigClass,
    )  # fmt: skip
    return state


class Process:
    """A process whose logging is a test's own until the test ends."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.captures: list[LogCapture] = []

    def forget_pytest(self) -> None:
        """Take pytest's own handlers off the root, as in a process without it."""
        root = logging.getLogger()
        for handler in list(root.handlers):
            if type(handler).__module__ == "_pytest.logging":
                root.removeHandler(handler)

    def capture(
        self, *, level: int = logging.INFO, recorder: tuple[str, ...] = (), **off: bool
    ) -> LogCapture:
        """Make a capture that a test installs itself."""
        made = LogCapture(
            emit=self.heard.emit,
            emit_fields=self.heard.emit_fields,
            hold=self.heard.hold,
            level=level,
            recorder=recorder,
            warnings=off.get("warnings", True),
            excepthook=off.get("excepthook", True),
            structlog=off.get("structlog", True),
            loguru=off.get("loguru", True),
        )
        self.captures.append(made)
        return made

    def install(
        self, *, level: int = logging.INFO, recorder: tuple[str, ...] = (), **off: bool
    ) -> LogCapture:
        """Make a capture and install it, in a process without pytest's handlers."""
        self.forget_pytest()
        made = self.capture(level=level, recorder=recorder, **off)
        made.install()
        return made

    def printer(self, logger: str | None = None) -> io.StringIO:
        """Give a logger a handler that prints; what it prints is in the returned buffer."""
        buffer = io.StringIO()
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Into(buffer))
        logging.getLogger(logger).addHandler(handler)
        return buffer


class _Into(logging.Formatter):
    """Shows whether a handler was reached, whatever becomes of the stream."""

    def __init__(self, buffer: io.StringIO) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._buffer = buffer

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        self._buffer.write(text + "\n")
        return text


def _as_new(root: logging.Logger) -> None:
    """Make logging what it is in a young process, but for pytest's handlers: other tests' libraries set it up, too."""
    for one in root.manager.loggerDict.values():
        if isinstance(one, logging.Logger):
            one.handlers, one.filters, one.propagate, one.disabled = [], [], True, False
            one.setLevel(logging.NOTSET)
    root.handlers = [one for one in root.handlers if type(one).__module__ == "_pytest.logging"]
    logging.disable(logging.NOTSET)


@pytest.fixture
def process() -> Iterator[Process]:
    """This process, its logging given back afterwards."""
    root = logging.getLogger()
    known = root.manager.loggerDict
    before = dict(known)
    kept = [
        (
            one,
            list(one.handlers),
            list(one.filters),
            one.level,
            one.propagate,
            one.disabled,
            one.parent,
        )
        for one in (root, *(x for x in before.values() if isinstance(x, logging.Logger)))
    ]
    module: Any = logging.config
    hooks = sys.excepthook, threading.excepthook, warnings.showwarning, module.dictConfigClass
    _as_new(root)
    made = Process()
    yield made
    for capture in made.captures:
        capture.remove()
    sys.excepthook, threading.excepthook, warnings.showwarning, module.dictConfigClass = hooks
    logging.disable(logging.NOTSET)
    for one, handlers, filters, level, propagate, disabled, parent in kept:
        one.parent, one.filters = parent, filters
        one.handlers, one.propagate, one.disabled = handlers, propagate, disabled
        one.setLevel(level)
    for name, made_since in list(known.items()):
        if name not in before:
            del known[name]
        elif made_since is not before[name]:  # it only held the place of loggers below it
            known[name] = before[name]


@pytest.fixture
def snapshot() -> Callable[[], dict[str, object]]:
    """Reads everything about the process's logging that somebody could set."""
    return logging_state


@pytest.fixture
def list_handler() -> Callable[..., ListHandler]:
    """Makes a handler of the user's that does not print."""
    return ListHandler
