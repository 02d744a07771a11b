"""What still reaches standard output or standard error without us; `spine doctor` shows it.

Looking may take a while (it searches the interpreter's objects for structlog's loggers): it is for a person who asks, never
for a request.
"""

from __future__ import annotations

import gc
import logging
import logging.handlers
import sys
import threading
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any, Final, NamedTuple

from fastapi_spine.logs.capture.hold import HoldHandler
from fastapi_spine.logs.capture.hooks import UncaughtExceptions, UncaughtInThreads
from fastapi_spine.logs.capture.loggers import MUTED, ROOT, anywhere_up, every_logger
from fastapi_spine.logs.capture.loguru_bridge import handler_prints, handlers_of
from fastapi_spine.logs.capture.printing import handlers_behind, is_standard, prints
from fastapi_spine.logs.capture.root import ACCESS_LOGGERS, SpineHandler
from fastapi_spine.logs.capture.structlog_bridge import Factory

_PRINTING_NAMES: Final = frozenset({"print", "stdout", "stderr"})
_STRUCTLOG_LOGGERS: Final = ("PrintLogger", "WriteLogger", "BytesLogger")


class Uncovered(NamedTuple):
    """One way around us.

    Attributes:
        where: the logger, library or hook.
        what: what goes past, in one sentence.
        remedy: what to do about it, in one sentence.
    """

    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.remedy}"


def uncovered() -> list[Uncovered]:
    """List what is not covered now: empty before set-up tells nothing, so ask after the application has started.

    Returns:
        Findings of the standard library's logging first, then hooks, structlog, loguru. What calls `print` itself cannot be
        found.
    """
    if not any(isinstance(handler, SpineHandler) for handler in ROOT.handlers):
        return [
            Uncovered(
                "root logger",
                "The layer's handler is not on the root logger: no record reaches it.",
                "Start the application (or send it a request) and ask again.",
            )
        ]
    return [
        *_handlers(),
        *_unreached_loggers(),
        *_hooks(),
        *_structlog(),
        *_loguru(),
    ]


def _handlers() -> Iterator[Uncovered]:
    for logger in every_logger():
        for handler in logger.handlers:
            if isinstance(handler, (SpineHandler, HoldHandler)) or handler.level is MUTED:
                continue
            what = _what_it_prints(handler)
            if what:
                yield Uncovered(
                    f"logger {logger.name!r}",
                    f"{type(handler).__name__} {what}.",
                    "Add it before the application starts, or drop it.",
                )


def _what_it_prints(handler: logging.Handler) -> str | None:
    if prints(handler):
        return "was added after set-up and prints beside the layer"
    if isinstance(handler, logging.handlers.QueueHandler):
        if any(prints(one) for one in handlers_behind(handler)):
            return "feeds a listener that prints and does other things"
        if not handlers_behind(handler):
            return "feeds a listener that cannot be looked into and may print"
        return None
    if type(handler).__module__.partition(".")[0] == logging.__name__:
        return None
    if _mentions_printing(type(handler)):
        return "seems to print from its own code"
    return None


def _mentions_printing(kind: type[logging.Handler]) -> bool:
    codes = (getattr(getattr(kind, name, None), "__code__", None) for name in ("emit", "handle"))
    return any(
        not _PRINTING_NAMES.isdisjoint(code.co_names)
        for code in codes
        if isinstance(code, CodeType)
    )


def _unreached_loggers() -> Iterator[Uncovered]:
    for logger in every_logger():
        if logger.name in ACCESS_LOGGERS:
            continue
        if logger.disabled:
            yield Uncovered(
                f"logger {logger.name!r}",
                "It is disabled, as dictConfig and fileConfig do with loggers that they are not told of.",
                "Configure with disable_existing_loggers=False.",
            )
        elif not logger.propagate and _is_read(logger) and not _reaches_us(logger):
            yield Uncovered(
                f"logger {logger.name!r}",
                "It does not propagate, so its records go to its own handlers only.",
                "Set propagate to true if its lines should be written here too.",
            )


def _is_read(logger: logging.Logger) -> bool:
    return any(not isinstance(handler, logging.NullHandler) for handler in logger.handlers)


def _reaches_us(logger: logging.Logger) -> bool:
    return anywhere_up(logger, lambda handler: isinstance(handler, SpineHandler))


def _hooks() -> Iterator[Uncovered]:
    hooks: tuple[tuple[str, Any, type], ...] = (
        ("sys.excepthook", sys.excepthook, UncaughtExceptions),
        ("threading.excepthook", threading.excepthook, UncaughtInThreads),
    )
    for name, hook, ours in hooks:
        if not isinstance(getattr(hook, "__self__", None), ours):
            yield Uncovered(
                name,
                "Another hook stands before the layer's, which hears of an uncaught exception only if that one calls it.",
                "Set it before the application is made.",
            )


def _structlog() -> Iterator[Uncovered]:
    module: Any = sys.modules.get("structlog")
    if module is None or not hasattr(module, "get_config"):
        return
    factory = module.get_config()["logger_factory"]
    if not isinstance(factory, (Factory, module.stdlib.LoggerFactory)):
        yield Uncovered(
            "structlog",
            f"Its logger factory is {type(factory).__name__}, which the layer does not know.",
            "Leave logger_factory out, or use structlog.stdlib.LoggerFactory().",
        )
    early = sum(1 for _ in _early_loggers(gc.get_objects(), module.BoundLoggerBase))
    if early:
        yield Uncovered(
            "structlog",
            f"{early} logger(s) were bound or cached before set-up and still print.",
            "Set up the layer before modules bind loggers, or leave out cache_logger_on_first_use.",
        )


def _early_loggers(objects: Iterable[object], bound: type) -> Iterator[object]:
    """Find structlog's bound loggers that end in its printing ones."""
    for one in objects:
        if not issubclass(type(one), bound):
            continue
        inner = getattr(one, "__dict__", {}).get("_logger")
        if type(inner).__name__ in _STRUCTLOG_LOGGERS and is_standard(
            getattr(inner, "_file", None)
        ):
            yield one


def _loguru() -> Iterator[Uncovered]:
    logger: Any = getattr(sys.modules.get("loguru"), "logger", None)
    if logger is None:
        return
    handlers = handlers_of(logger)
    if handlers is None:
        yield Uncovered(
            "loguru",
            "This loguru keeps its handlers otherwise than the layer knows, so those that print cannot be found.",
            "Pin loguru 0.7, or add no handler that prints.",
        )
        return
    for number, handler in handlers.items():
        if handler_prints(handler) and handler._levelno < MUTED:  # noqa: SLF001 - see LoguruBridge
            yield Uncovered(
                "loguru",
                f"Handler {number} was added after set-up and prints beside the layer.",
                "Add it before the application starts, or drop it.",
            )
