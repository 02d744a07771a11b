"""Reading the tree of `logging`'s loggers, without creating any and without taking its lock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final

ROOT = logging.getLogger()


class Mark(int):
    """A level that compares like its number and is recognised as ours by being this very object.

    `logging` keeps the object it is given, so a level that somebody else has set since, the same number included,
    is told apart, and pytest's `caplog` puts the object itself back.
    """

    __slots__ = ()


MUTED: Final = Mark(2**31)
"""The level of a handler that we have silenced; what is written in C still takes it for a number."""


def every_logger() -> list[logging.Logger]:
    """Return all loggers that exist, parents before children, the root first."""
    known = ROOT.manager.loggerDict
    found = [known.get(name) for name in sorted(known.copy())]
    return [ROOT, *(one for one in found if isinstance(one, logging.Logger))]


def below(logger: logging.Logger) -> Iterator[logging.Logger]:
    """Yield the loggers under a logger that exist now."""
    prefix = f"{logger.name}."
    return (one for one in every_logger() if one.name.startswith(prefix))


def deciding(name: str) -> logging.Logger:
    """Return the logger whose level decides for a record of this name: the nearest that has one, else the root.

    Args:
        name: a record's `name`; one that no logger has (made by hand, received from elsewhere) is the root's.
    """
    logger = ROOT.manager.loggerDict.get(name)
    if not isinstance(logger, logging.Logger):
        return ROOT
    return deciding_for(logger)


def deciding_for(logger: logging.Logger) -> logging.Logger:
    """Return the logger whose level is this logger's effective level."""
    one: logging.Logger | None = logger
    while one is not None and one.level == logging.NOTSET:
        one = one.parent
    return one if one is not None else ROOT


def anywhere_up(logger: logging.Logger | None, found: Callable[[logging.Handler], bool]) -> bool:
    """Tell whether a record of this logger meets a handler of that kind on its way up.

    Args:
        logger: where the record starts; None meets nobody.
        found: recognises the handler.
    """
    while logger is not None:
        if any(found(handler) for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
