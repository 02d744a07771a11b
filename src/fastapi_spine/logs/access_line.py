"""What an access line says of a finished request, and its bytes.

The line of an ordinary request is put together when the request ends, while all that it says is at hand: kept for
later, when the code would be warm, the request itself has left the processor's caches, and keeping it costs the next
requests theirs.
"""

from __future__ import annotations

import logging
from typing import Final, TypeVar

from fastapi_spine.core.conventions import (
    ACCESS_KEYS,
    KEY_BYTES_IN,
    KEY_BYTES_OUT,
    KEY_CLIENT,
    KEY_CLOSE_CODE,
    KEY_ELAPSED_MS,
    KEY_ERRORS,
    KEY_EXC,
    KEY_EXTRA_PREFIX,
    KEY_GUARD,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_MESSAGES_IN,
    KEY_MESSAGES_OUT,
    KEY_METHOD,
    KEY_MSG,
    KEY_OUTCOME,
    KEY_PATH,
    KEY_REASON,
    KEY_REFUSED_ID,
    KEY_REQUEST_ID,
    KEY_ROUTE,
    KEY_SERVICE,
    KEY_SKIPPED,
    KEY_SPAN_ID,
    KEY_STATUS,
    KEY_TRACE_ID,
    KEY_TS,
    KEY_TTFB_MS,
    KEY_TYPE,
    LOGGER_ACCESS,
    MSG_COMPLETED,
    MSG_FAILED,
    TYPE_WEBSOCKET,
    Outcome,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.logs.lines.json_lines import inside_quotes
from fastapi_spine.logs.lines.stamp import Stamp, milliseconds
from fastapi_spine.logs.pipeline import Fields, Once, Pipeline
from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.clients import Clients
from fastapi_spine.redaction.paths import Paths

MAX_METHOD = 32
_REMEMBERED: Final = 1_024
"""Strangers choose methods and addresses."""
_TS: Final = f'{{"{KEY_TS}":"'
_REQUEST_ID: Final = (
    f'","{KEY_LEVEL}":"INFO","{KEY_LOGGER}":"{LOGGER_ACCESS}","{KEY_MSG}":"{MSG_COMPLETED}"'
    f',"{KEY_REQUEST_ID}":"'
)
_TRACE_ID: Final = f'","{KEY_TRACE_ID}":"'
_SPAN_ID: Final = f'","{KEY_SPAN_ID}":"'
_BYTES_IN: Final = f',"{KEY_BYTES_IN}":'
_BYTES_OUT: Final = f',"{KEY_BYTES_OUT}":'
_COMPLETED = Outcome.COMPLETED.value

Key = TypeVar("Key")
Value = TypeVar("Value")


class AccessLines:
    """Makes access lines.

    Args:
        pipeline: gives every line its head and its form.
        redactor: masks the path.
        clients: reads who asked.
        service: the value of `service`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        redactor: Redactor,
        clients: Clients,
        service: str,
    ) -> None:
        self._pipeline = pipeline
        self._redactor = redactor
        self._paths = Paths(redactor)
        self._client_of = clients.of
        self._service = service
        self._stamp = Stamp().text
        self._pieces: dict[tuple[str, str, int | None], tuple[str, str]] = {}
        self._ends: dict[str, str] = {}

    def plain_line(self, exchange: Exchange) -> bytes | None:
        """Return the line of a request with nothing unusual about it, put together from pieces that stand ready.

        Nothing but ids, path, sizes and times is looked at, and none of these has anything to escape. It is the line that
        `line` returns, byte for byte.

        Args:
            exchange: an HTTP request that went well, not streamed, with nothing bound, found or refused.

        Returns:
            None if it has to go the long way after all: lines have another form, this one is too long, or holds a lone
            surrogate.
        """
        try:
            scope, identity, client_of = exchange.scope, exchange.identity, self._client_of
            path = self._paths.plain(exchange)
            if path is None:
                path = inside_quotes(self._paths.of(exchange))
            known = (scope["method"], exchange.route, exchange.status)
            before, behind = self._pieces.get(known) or self._learn(known)
            client = client_of(exchange)
            end = self._ends.get(client) or self._learn_client(client)
            stamp = self._stamp
            line = (
                f"{_TS}{stamp(exchange.ended_at)}{_REQUEST_ID}{identity.request_id}{_TRACE_ID}{identity.trace_id}"
                f"{_SPAN_ID}{identity.span_id}{before}{path}{behind}{milliseconds(exchange.elapsed_ns)}{_BYTES_IN}{exchange.bytes_in}"
                f"{_BYTES_OUT}{exchange.bytes_out}{end}"
            ).encode()
        except UnicodeEncodeError:
            return None
        return line if len(line) <= self._pipeline.plain_limit else None

    def export(self, exchange: Exchange) -> None:
        """Hand a plain line on to whoever exports it; path and client have been read by then."""
        outlet = self._pipeline.outlet
        if outlet is not None:
            outlet.access(exchange)

    def _learn(self, known: tuple[str, str, int | None]) -> tuple[str, str]:
        """Write what stands before and behind the path in lines of one method, route and status."""
        method, route, status = known
        before = (
            f'","{KEY_SERVICE}":"{inside_quotes(self._service)}"'
            f',"{KEY_METHOD}":"{inside_quotes(method[:MAX_METHOD])}","{KEY_PATH}":"'
        )
        behind = (
            f'","{KEY_ROUTE}":"{inside_quotes(route)}","{KEY_STATUS}":{status},"{KEY_ELAPSED_MS}":'
        )
        if len(method) > MAX_METHOD:  # a stranger's own word: kept by nobody
            return before, behind
        return _remember(self._pieces, known, (before, behind))

    def _learn_client(self, client: str) -> str:
        """Write the end of lines that are about a client."""
        named = f',"{KEY_CLIENT}":"{inside_quotes(client)}"' if client else ""
        return _remember(self._ends, client, f'{named},"{KEY_OUTCOME}":"{_COMPLETED}"}}\n')

    def line(
        self,
        exchange: Exchange,
        level: int,
        skipped: int,
        bound: Fields | None,
        once: Once = None,
    ) -> bytes:
        """Return the line of any request.

        Args:
            exchange: the finished request.
            level: logging's number.
            skipped: how many lines like it were left out before.
            bound: its bound fields, redacted.
            once: see `is_first`.
        """
        line = self._line(exchange, level, skipped, bound)
        return self._pipeline.finish(line, exchange.ended_at, level, exchange, once)

    def _line(self, exchange: Exchange, level: int, skipped: int, bound: Fields | None) -> Fields:
        msg = MSG_FAILED if level == logging.ERROR else MSG_COMPLETED
        line = self._pipeline.head(exchange.ended_at, level, LOGGER_ACCESS, msg, exchange)
        line.update(self.fields(exchange, skipped, bound))
        if exchange.error is not None and level == logging.ERROR:
            line[KEY_EXC] = self._pipeline.exc(exchange.error, exchange.traceback)
        return line

    def fields(self, exchange: Exchange, skipped: int, bound: Fields | None) -> Fields:
        """Return what the line says beside the keys that every line has; see `line`."""
        fields: Fields = {}
        if exchange.kind == TYPE_WEBSOCKET:
            fields[KEY_TYPE] = TYPE_WEBSOCKET
        else:
            fields[KEY_METHOD] = exchange.scope.get("method", "")[:MAX_METHOD]
        fields[KEY_PATH] = self._paths.of(exchange)
        fields[KEY_ROUTE] = exchange.route
        fields[KEY_STATUS] = exchange.status
        _add_numbers(fields, exchange)
        client = self._client_of(exchange)
        if client:
            fields[KEY_CLIENT] = client
        fields[KEY_OUTCOME] = exchange.outcome.value
        self._add_findings(fields, exchange)
        if skipped:
            fields[KEY_SKIPPED] = skipped
        for key, value in (bound or {}).items():
            fields[KEY_EXTRA_PREFIX + key if key in ACCESS_KEYS else key] = value
        return fields

    def _add_findings(self, fields: Fields, exchange: Exchange) -> None:
        if exchange.invalid:
            text = self._redactor.text
            fields[KEY_ERRORS] = [
                {"loc": text(place), "type": kind} for place, kind in exchange.invalid
            ]
        if exchange.refusal is not None:
            fields[KEY_GUARD], fields[KEY_REASON] = exchange.refusal
        refused = exchange.identity.refused
        if refused is not None:
            fields[KEY_REFUSED_ID] = {"reason": refused.reason, "length": refused.length}


def _remember(known: dict[Key, Value], key: Key, value: Value) -> Value:
    """Keep a value for the next line, up to a limit."""
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
    return value


def _add_numbers(fields: Fields, exchange: Exchange) -> None:
    fields[KEY_ELAPSED_MS] = exchange.elapsed_ns // 1000 / 1000
    if exchange.streamed:
        fields[KEY_TTFB_MS] = (exchange.first_byte - exchange.started) // 1000 / 1000
    fields[KEY_BYTES_IN] = exchange.bytes_in
    fields[KEY_BYTES_OUT] = exchange.bytes_out
    if exchange.kind == TYPE_WEBSOCKET:
        fields[KEY_MESSAGES_IN] = exchange.messages_in
        fields[KEY_MESSAGES_OUT] = exchange.messages_out
        fields[KEY_CLOSE_CODE] = exchange.close_code
