"""The flight recorder: DEBUG lines kept beside a request, written only if it fails or is slow.

Nobody wants DEBUG in production until a request has gone wrong, and then everybody wants the DEBUG of that
request. A line costs its formatting at the call (arguments may change later) and nothing more; redaction
waits until it is written. Memory is bounded three times: lines and bytes a request, bytes a process.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice

from fastapi_spine.core.context import current
from fastapi_spine.core.conventions import DROP_RECORDER_FULL, SCOPE_MARKER
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.core.health import Health
from fastapi_spine.logs.capture.record import error_of, fields_of, message_of
from fastapi_spine.logs.lines.plain import text_of
from fastapi_spine.logs.pipeline import Pipeline

CHUNK_BYTES = 4096
"""Requests take memory from the process's share in pieces of this size."""
LINE_OVERHEAD = 200
"""What a held line costs beyond its text: the tuple, its numbers, its place in the deque."""

MOST_MEMBERS = 64
"""Of a container in a held line, so many members are kept."""

_HeldLine = tuple[int, int, str, str, dict[str, object] | None, dict[str, object] | None, int]
_PLAIN = (str, int, float, bool, type(None))


class _Held:
    """A request's lines, and the pieces of the pool that it has taken for them."""

    __slots__ = ("chunks", "forgotten", "lines", "size")

    def __init__(self) -> None:
        self.lines: deque[_HeldLine] = deque()
        self.size = 0
        self.chunks: deque[None] = deque()
        self.forgotten = 0


class Recorder:
    """Holds lines for open requests.

    The process's share is a pool of chunks. Taking and giving back are single deque operations, which the
    interpreter makes atomic, so no lock is held while a line that a destructor logs might come in. A request that
    has left holds nothing any more: what a task or thread of its own says later is below the threshold again.

    Args:
        pipeline: writes what is released.
        health: counts what did not fit.
        lines: most lines a request.
        size: most bytes a request.
        total: most bytes a process.
    """

    __slots__ = ("_health", "_lines", "_pipeline", "_pool", "_size")

    def __init__(
        self, pipeline: Pipeline, health: Health, *, lines: int, size: int, total: int
    ) -> None:
        self._pipeline = pipeline
        self._health = health
        self._lines = lines
        self._size = size
        self._pool: deque[None] = deque([None] * (total // CHUNK_BYTES))

    def hold(self, record: logging.LogRecord) -> None:
        """Keep a record for the running request; without one it is gone, as below the threshold."""
        exchange = current.get()
        if exchange is None or _has_left(exchange):
            return
        held = exchange.held
        if not isinstance(held, _Held):
            held = exchange.held = _Held()
        line = self._freeze(record)
        self._make_room(held, line[-1])
        if self._afford(held, line[-1]):
            held.lines.append(line)
            held.size += line[-1]
        else:
            held.forgotten += 1
        if exchange.held is not held or _has_left(exchange):  # meanwhile, in another thread
            self._let_go(exchange, held)

    def _freeze(self, record: logging.LogRecord) -> _HeldLine:
        """Take from a record what it says now; mutable fields are copied as JSON would show them."""
        msg = message_of(record)
        fields = fields_of(record)
        error, traceback = error_of(record)
        exc = self._pipeline.exc(error, traceback) if error is not None else None
        size = len(msg) + LINE_OVERHEAD
        if fields is not None:
            fields = {key: _frozen(value) for key, value in fields.items()}
            size += sum(len(key) + len(str(value)) for key, value in fields.items())
        if exc is not None:
            size += sum(len(str(value)) for value in exc.values())
        at_ns = round(record.created * 1_000_000) * 1_000
        return at_ns, record.levelno, record.name, msg, fields, exc, size

    def _make_room(self, held: _Held, size: int) -> None:
        """Let the oldest lines go: what happened just before the failure says most."""
        while held.lines and (len(held.lines) >= self._lines or held.size + size > self._size):
            held.size -= held.lines.popleft()[-1]
            held.forgotten += 1

    def _afford(self, held: _Held, size: int) -> bool:
        """Take as many chunks from the pool as the request needs now."""
        if held.size + size > self._size:
            return False
        while len(held.chunks) * CHUNK_BYTES < held.size + size:
            try:
                held.chunks.append(self._pool.pop())
            except IndexError:
                return False
        return True

    def release(self, exchange: Exchange, *, write: bool) -> None:
        """Write a request's held lines, in order and marked, or forget them."""
        held = exchange.held
        if not isinstance(held, _Held):
            return
        exchange.held = None
        if write:
            for at_ns, levelno, logger, msg, fields, exc, _ in tuple(held.lines):
                self._pipeline.say(
                    at_ns, levelno, logger, msg, fields, exchange=exchange, exc=exc, held=True
                )
            if held.forgotten:
                self._health.dropped[DROP_RECORDER_FULL] += held.forgotten
        self._give_back(held)

    def _let_go(self, exchange: Exchange, held: _Held) -> None:
        """Forget lines that nobody will release any more."""
        if exchange.held is held:
            exchange.held = None
        self._give_back(held)

    def _give_back(self, held: _Held) -> None:
        """Return the chunks one by one: should two threads do it, each chunk still goes back once."""
        chunks, pool = held.chunks, self._pool
        with suppress(IndexError):
            while True:
                pool.append(chunks.pop())


def _has_left(exchange: Exchange) -> bool:
    """Tell whether the application has ended on this request: the pass takes its mark away then."""
    return exchange.scope.get(SCOPE_MARKER) is not exchange


def _frozen(value: object) -> object:
    """Return a value that nobody can change later."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {str(key): _frozen(item) for key, item in islice(value.items(), MOST_MEMBERS)}
    if isinstance(value, (list, tuple)):
        return [_frozen(item) for item in value[:MOST_MEMBERS]]
    return text_of(value)
