"""The one way of a log line: enrich, redact, encode, sink.

Every line of the process comes through here, whoever wrote it. Redaction happens once, on the message
after formatting and on every field, before any sink sees a byte. Our own keys (ids, level, route, numbers) are
made by us and not scanned; that is what keeps a line cheap.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any

from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import (
    EXC_MESSAGE,
    EXC_STACK,
    EXC_TYPE,
    KEY_DROPPED,
    KEY_EXC,
    KEY_EXTRA_PREFIX,
    KEY_HELD,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_MSG,
    KEY_REQUEST_ID,
    KEY_SERVICE,
    KEY_SPAN_ID,
    KEY_TRACE_ID,
    KEY_TS,
    LOGGER_ACCESS,
    LOGGER_HEALTH,
    MSG_LINES_DROPPED,
    RESERVED_KEYS,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.logs.capture.record import error_of, fields_of, message_of
from fastapi_spine.logs.lines import exceptions
from fastapi_spine.logs.lines.stamp import Stamp
from fastapi_spine.logs.output.sink import Sink
from fastapi_spine.redaction import Redactor

Encode = Callable[[dict[str, object]], bytes]
Fields = dict[str, object]


class Pipeline:
    """Turns what was said into lines on the sink.

    Args:
        sink: where lines go.
        redactor: masks what must not leave.
        encode: makes bytes of a line in the default keys.
        service: the value of `service` on every line.
    """

    __slots__ = ("_redactor", "_service", "_stamp", "encode", "sink")

    def __init__(self, *, sink: Sink, redactor: Redactor, encode: Encode, service: str) -> None:
        self.sink = sink
        self._redactor = redactor
        self.encode = encode
        self._service = service
        self._stamp = Stamp()

    def record(self, record: logging.LogRecord) -> None:
        """Write a record of the standard library's logging."""
        exchange = current.get()
        msg, fields = message_of(record), fields_of(record)
        if isinstance(record.msg, dict):
            fields = {**record.msg, **(fields or {})}
            msg = str(fields.pop("event", ""))
        error, traceback = error_of(record)
        self.say(
            round(record.created * 1_000_000) * 1_000,
            record.levelno,
            record.name,
            msg,
            fields,
            exchange=exchange,
            exc=self.exc(error, traceback) if error is not None else None,
        )

    def event(
        self,
        levelno: int,
        logger: str,
        created: float,
        msg: str,
        fields: Fields,
        error: BaseException | None,
    ) -> None:
        """Write an event of another logging library; `created` is seconds since the epoch."""
        self.say(
            round(created * 1_000_000) * 1_000,
            levelno,
            logger,
            msg,
            fields,
            exchange=current.get(),
            exc=self.exc(error) if error is not None else None,
        )

    def say(
        self,
        at_ns: int,
        levelno: int,
        logger: str,
        msg: str,
        fields: Fields | None,
        *,
        exchange: Exchange | None,
        exc: Fields | None = None,
        held: bool = False,
    ) -> None:
        """Write one line.

        Args:
            at_ns: wall time, nanoseconds since the epoch.
            levelno: logging's number.
            logger: the logger's name.
            msg: the formatted message, not redacted yet.
            fields: the line's own fields, not redacted yet; a name of ours moves under `extra.`.
            exchange: the request it belongs to, whose bound fields it carries.
            exc: a rendered exception, redacted already.
            held: whether the line was held back until its request failed or was slow.
        """
        rest: Fields = {KEY_MSG: msg}
        if exchange is not None and exchange.bound and logger != LOGGER_ACCESS:
            _merge(rest, exchange.bound)
        if fields:
            _merge(rest, fields)
        clean = self._redactor.record(rest)
        line = self.head(at_ns, levelno, logger, clean.pop(KEY_MSG), exchange)
        if held:
            line[KEY_HELD] = True
        line.update(clean)
        if exc is not None:
            line[KEY_EXC] = exc
        self.put(line, levelno, keep=logger == LOGGER_ACCESS)

    def head(
        self, at_ns: int, levelno: int, logger: str, msg: object, exchange: Exchange | None
    ) -> Fields:
        """Return the keys that every line begins with; `msg` is taken as it is."""
        line: Fields = {
            KEY_TS: self._stamp(at_ns),
            KEY_LEVEL: _LEVELS.get(levelno) or logging.getLevelName(levelno),
            KEY_LOGGER: logger,
            KEY_MSG: msg,
        }
        if exchange is not None:
            identity = exchange.identity
            line[KEY_REQUEST_ID] = identity.request_id
            line[KEY_TRACE_ID] = identity.trace_id
            line[KEY_SPAN_ID] = identity.span_id
        line[KEY_SERVICE] = self._service
        return line

    def put(self, line: Fields, levelno: int, *, keep: bool = False) -> None:
        """Encode a finished, redacted line and queue it."""
        self.sink.put(self.encode(line), keep=keep or levelno >= logging.ERROR)

    def exc(self, error: BaseException, traceback: TracebackType | None = None) -> Fields:
        """Render an exception with its message and stack redacted."""
        rendered = exceptions.render(error, traceback)
        text = self._redactor.text
        return {
            EXC_TYPE: rendered[EXC_TYPE],
            EXC_MESSAGE: text(rendered[EXC_MESSAGE]),
            EXC_STACK: text(rendered[EXC_STACK]),
        }

    def drops(self, at_ns: int, dropped: dict[str, int]) -> bytes:
        """Return the line that says what was lost, for the sink to write once writing works again."""
        line = self.head(at_ns, logging.WARNING, LOGGER_HEALTH, MSG_LINES_DROPPED, None)
        line[KEY_DROPPED] = dropped
        return self.encode(line)


_LEVELS = {
    logging.DEBUG: "DEBUG",
    logging.INFO: "INFO",
    logging.WARNING: "WARNING",
    logging.ERROR: "ERROR",
    logging.CRITICAL: "CRITICAL",
}


def _merge(into: Fields, fields: dict[str, Any]) -> None:
    """Add a user's fields; one that has a name of ours lands under `extra.<name>`."""
    if RESERVED_KEYS.isdisjoint(fields):
        into.update(fields)
        return
    for key, value in fields.items():
        into[KEY_EXTRA_PREFIX + key if key in RESERVED_KEYS else key] = value
