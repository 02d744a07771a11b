"""Which handlers and streams end at the process's own standard output or standard error."""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from typing import Any, Final

_DESCRIPTORS: Final = (1, 2)


def is_standard(stream: object) -> bool:
    """Tell whether a stream is the process's standard output or standard error.

    Args:
        stream: any object; a text stream, its byte buffer, a wrapper that passes `fileno` on, or something else.

    Returns:
        True for `sys.stdout`, `sys.stderr`, the originals behind replaced ones, and whatever writes to descriptor
        1 or 2.
    """
    if stream is None:
        return False
    standard = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    if any(stream is one or stream is getattr(one, "buffer", one) for one in standard):
        return True
    fileno = getattr(stream, "fileno", None)
    if not callable(fileno):
        return False
    try:
        return fileno() in _DESCRIPTORS
    except (OSError, ValueError, TypeError, AttributeError, NotImplementedError):
        return False


def prints(handler: logging.Handler) -> bool:
    """Tell whether everything that a handler takes ends on standard output or standard error.

    Seen are stream handlers, file handlers on `/dev/stdout` and its like, Rich's handler (by its `console`), a memory
    handler by its target, and a queue handler by its listener (which it knows since Python 3.12). What a handler
    prints from its own code is not seen.
    """
    if isinstance(handler, logging.FileHandler):
        return handler.baseFilename in _standard_paths()
    if isinstance(handler, logging.handlers.MemoryHandler):
        target = handler.target
        return isinstance(target, logging.Handler) and target is not handler and prints(target)
    if isinstance(handler, logging.handlers.QueueHandler):
        behind = handlers_behind(handler)
        return bool(behind) and all(prints(one) for one in behind)
    return is_standard(_stream_of(handler))


def handlers_behind(handler: logging.handlers.QueueHandler) -> tuple[logging.Handler, ...]:
    """Return the handlers that a queue handler's listener feeds; empty when it does not know its listener."""
    listener = getattr(handler, "listener", None)
    behind = getattr(listener, "handlers", ())
    return tuple(one for one in behind if isinstance(one, logging.Handler) and one is not handler)


def _stream_of(handler: Any) -> object:
    stream = getattr(handler, "stream", None)
    if stream is not None:
        return stream
    return getattr(getattr(handler, "console", None), "file", None)


def _standard_paths() -> frozenset[str]:
    owners = ("self", "1", str(os.getpid()))
    devices = (f"/proc/{owner}/fd/{number}" for owner in owners for number in _DESCRIPTORS)
    short = (f"/dev/fd/{number}" for number in _DESCRIPTORS)
    return frozenset(("/dev/stdout", "/dev/stderr", *short, *devices))
