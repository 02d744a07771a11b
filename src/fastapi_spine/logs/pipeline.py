"""The one way of a log line: enrich, redact, encode, sink.

Every line of the process comes through here, whoever wrote it. Redaction happens once, on the message
after formatting and on every field, before any sink sees a byte. Our own keys (ids, level, route, numbers) are
made by us and not scanned; that is what keeps a line cheap.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Protocol

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
    KEY_TRUNCATED,
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
from fastapi_spine.logs.outlet import Outlet, is_first
from fastapi_spine.logs.output.sink import Sink
from fastapi_spine.redaction import Redactor

PutLate = Callable[..., bool]
Fields = dict[str, object]
Once = list[None] | None


class Lines(Protocol):
    """Makes bytes of lines."""

    def encode(self, line: dict[str, object]) -> bytes:
        """Return a line's bytes, newline included."""


class Pipeline:
    """Turns what was said into lines on the sink.

    Whatever is plain data is made into a line in the writer's thread, a batch at a time; what holds objects of
    the application's is made at once, because they may change.

    Args:
        sink: where lines go.
        redactor: masks what must not leave.
        lines: makes bytes of a line in the default keys.
        service: the value of `service` on every line.
        outlet: takes each line as well, on its way elsewhere.

    Attributes:
        plain_limit: most bytes of a line that somebody else puts together, JSON in the default keys; 0 if lines look otherwise.
    """

    __slots__ = (
        "_encode", "_put_late", "_redactor", "_service", "_stamp", "lines", "outlet", "plain_limit", "sink",
    )  # fmt: skip

    sink: Sink
    lines: Lines

    def __init__(
        self,
        *,
        sink: Sink,
        redactor: Redactor,
        lines: Lines,
        service: str,
        outlet: Outlet | None = None,
    ) -> None:
        self.outlet = outlet
        self._redactor = redactor
        self._service = service
        self._stamp = Stamp().text
        self.lead_to(sink, lines)

    def lead_to(self, sink: Sink, lines: Lines) -> None:
        """Send lines to a sink from now on, in a form of its own."""
        self.sink = sink
        self.lines = lines
        self._encode = lines.encode
        self._put_late: PutLate | None = getattr(sink, "put_late", None)
        self.plain_limit: int = getattr(lines, "plain_limit", 0)

    def record(self, record: logging.LogRecord) -> None:
        """Write a record of the standard library's logging."""
        exchange = current.get()
        msg, fields = message_of(record), fields_of(record)
        at_ns = round(record.created * 1_000_000) * 1_000
        if msg.endswith("\n"):
            msg = msg.rstrip("\n")
        if isinstance(record.msg, dict):
            fields = {**record.msg, **(fields or {})}
            msg = str(fields.pop("event", ""))
        error, traceback = error_of(record)
        if error is not None:
            exc = self.exc(error, traceback)
            self.say(at_ns, record.levelno, record.name, msg, fields, exchange=exchange, exc=exc)
            return
        rest = self._rest(record.name, msg, fields, exchange)
        self._write(at_ns, record.levelno, record.name, rest, exchange)

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
        exc = self.exc(error) if error is not None else None
        at_ns = round(created * 1_000_000) * 1_000
        self.say(at_ns, levelno, logger, msg, fields, exchange=current.get(), exc=exc)

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
        """Write one line, made at once.

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
        rest = self._rest(logger, msg, fields, exchange)
        line = self._line(at_ns, levelno, logger, rest, exchange, exc=exc, held=held)
        self.put(line, keep=levelno >= logging.ERROR or logger == LOGGER_ACCESS)

    def _rest(
        self, logger: str, msg: str, fields: Fields | None, exchange: Exchange | None
    ) -> Fields:
        """Return message and fields of a line, the request's bound ones before its own."""
        rest: Fields = {KEY_MSG: msg}
        if exchange is not None and exchange.bound and logger != LOGGER_ACCESS:
            _merge(rest, exchange.bound)
        if fields:
            _merge(rest, fields)
        return rest

    def _write(
        self, at_ns: int, levelno: int, logger: str, rest: Fields, exchange: Exchange | None
    ) -> None:
        """Queue a line to be made later if all it holds is plain data, else make it now."""
        keep = levelno >= logging.ERROR or logger == LOGGER_ACCESS
        if self._put_late is not None and _PLAIN.issuperset(map(type, rest.values())):
            once = None if self.outlet is None else [None]
            make = partial(self._make, at_ns, levelno, logger, rest, exchange, once)
            self.later(make, LINE_COST + len(str(rest[KEY_MSG])), keep)
        else:
            self.put(self._make(at_ns, levelno, logger, rest, exchange, None), keep=keep)

    def _make(
        self,
        at_ns: int,
        levelno: int,
        logger: str,
        rest: Fields,
        exchange: Exchange | None,
        once: Once,
    ) -> bytes:
        return self._line(at_ns, levelno, logger, rest, exchange, once=once)

    def _line(
        self,
        at_ns: int,
        levelno: int,
        logger: str,
        rest: Fields,
        exchange: Exchange | None,
        *,
        exc: Fields | None = None,
        held: bool = False,
        once: Once = None,
    ) -> bytes:
        # Nothing given is changed: two threads may come to make the same line (`LateLine`).
        clean = self._redactor.record(rest)
        line = self.head(at_ns, levelno, logger, clean[KEY_MSG], exchange)
        if held:
            line[KEY_HELD] = True
        line.update(clean)
        if clean is not rest and any(map(_was_cut, clean.values())):
            line[KEY_TRUNCATED] = True
        if exc is not None:
            line[KEY_EXC] = exc
        return self.finish(line, at_ns, levelno, exchange, once)

    def later(self, make: Callable[[], bytes], cost: int, keep: bool = True) -> None:
        """Queue a line that is made when it is written, or make it now if the sink cannot wait.

        One that the output has no room for still goes the other way.

        Args:
            make: returns the line.
            cost: bytes that it is taken for until then.
            keep: whether it is dropped last: an ERROR or access line.
        """
        put_late = self._put_late
        if put_late is None:
            self.sink.put(make(), keep=keep)
        elif not put_late(make, cost, keep) and self.outlet is not None:
            make()

    def head(
        self, at_ns: int, levelno: int, logger: str, msg: object, exchange: Exchange | None
    ) -> Fields:
        """Return the keys that every line begins with; `msg` is taken as it is."""
        level = _LEVELS.get(levelno) or _other_level(levelno)
        if exchange is None:
            return {
                KEY_TS: self._stamp(at_ns),
                KEY_LEVEL: level,
                KEY_LOGGER: logger,
                KEY_MSG: msg,
                KEY_SERVICE: self._service,
            }
        identity = exchange.identity
        return {
            KEY_TS: self._stamp(at_ns),
            KEY_LEVEL: level,
            KEY_LOGGER: logger,
            KEY_MSG: msg,
            KEY_REQUEST_ID: identity.request_id,
            KEY_TRACE_ID: identity.trace_id,
            KEY_SPAN_ID: identity.span_id,
            KEY_SERVICE: self._service,
        }

    def finish(
        self,
        line: Fields,
        at_ns: int,
        levelno: int,
        exchange: Exchange | None,
        once: Once = None,
    ) -> bytes:
        """Return a finished, redacted line's bytes, and hand the line on to the other way.

        Args:
            line: in the default keys.
            at_ns: wall time, nanoseconds since the epoch.
            levelno: logging's number.
            exchange: the request that it belongs to.
            once: see `is_first`.
        """
        if self.outlet is not None and is_first(once):
            self.outlet.line(at_ns, levelno, line, exchange)
        return self._encode(line)

    def put(self, line: bytes, *, keep: bool = False) -> None:
        """Queue a line."""
        self.sink.put(line, keep=keep)

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
        return self.finish(line, at_ns, logging.WARNING, None)


_CUT_MARK = 32
_LEVELS = {
    logging.DEBUG: "DEBUG",
    logging.INFO: "INFO",
    logging.WARNING: "WARNING",
    logging.ERROR: "ERROR",
    logging.CRITICAL: "CRITICAL",
}


_FOREIGN_LEVELS = {5: "TRACE", 25: "SUCCESS"}
"""loguru's, unless `logging` has a name of its own for them."""


def _other_level(levelno: int) -> str:
    name = logging.getLevelName(levelno)
    return _FOREIGN_LEVELS.get(levelno, name) if name == f"Level {levelno}" else name


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""What cannot change between the call and the writing."""
LINE_COST = 600
"""Bytes that a line is taken for beside its message until it is made; its own length counts from then on."""


def _was_cut(value: object) -> bool:
    """Tell a text that redaction cut, because it was too long to be read."""
    return isinstance(value, str) and value.endswith("]") and "[TRUNCATED:" in value[-_CUT_MARK:]


def _merge(into: Fields, fields: dict[str, Any]) -> None:
    """Add a user's fields; one that has a name of ours lands under `extra.<name>`."""
    if RESERVED_KEYS.isdisjoint(fields):
        into.update(fields)
        return
    for key, value in fields.items():
        into[KEY_EXTRA_PREFIX + key if key in RESERVED_KEYS else key] = value
