"""What an access line says of a finished request, and its bytes.

Called in the writer's thread as a rule, some milliseconds after the request: everything it reads has come to rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from fastapi_spine.core.asgi import Scope
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
from fastapi_spine.logs.lines.stamp import Stamp
from fastapi_spine.logs.pipeline import Fields, Once, Pipeline
from fastapi_spine.redaction import Redactor
from fastapi_spine.redaction.paths import Paths

EncodePlain = Callable[[Iterable[msgspec.Struct]], list[bytes] | None]

MAX_METHOD = 32
_PLAIN_KEYS = (
    KEY_TS, KEY_LEVEL, KEY_LOGGER, KEY_MSG, KEY_REQUEST_ID, KEY_TRACE_ID, KEY_SPAN_ID, KEY_SERVICE,
    KEY_METHOD, KEY_PATH, KEY_ROUTE, KEY_STATUS, KEY_ELAPSED_MS, KEY_BYTES_IN, KEY_BYTES_OUT,
    KEY_CLIENT, KEY_OUTCOME,
)  # fmt: skip
"""The keys of an access line with nothing unusual about it, in their order."""
_COMPLETED = Outcome.COMPLETED.value


class AccessLines:
    """Makes access lines.

    Args:
        pipeline: gives every line its head and its form.
        redactor: masks the path.
        client: reads who asked.
        service: the value of `service`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        redactor: Redactor,
        client: Callable[[Scope], str | None],
        service: str,
    ) -> None:
        self._pipeline = pipeline
        self._redactor = redactor
        self._paths = Paths(redactor)
        self._client = client
        self._service = service
        self._stamp = Stamp()
        self._plain: Callable[..., msgspec.Struct] = msgspec.defstruct(
            "AccessLine", [(key, Any) for key in _PLAIN_KEYS]
        )

    def plain_lines(self, exchanges: Sequence[Exchange]) -> list[bytes]:
        """Return the lines of requests with nothing unusual about them, made in one go.

        Args:
            exchanges: HTTP requests that went well, not streamed, with nothing bound, found or refused.
        """
        paths = self._paths.of_all(exchanges)
        clients = [self._client(exchange.scope) for exchange in exchanges]
        encode: EncodePlain | None = getattr(self._pipeline.lines, "encode_plain", None)
        made = None
        if encode is not None and None not in clients:
            made = encode(map(self._struct, exchanges, paths, clients))
        if made is None:
            made = [
                self._pipeline.bytes_of(self._line(exchange, logging.INFO, 0, None))
                for exchange in exchanges
            ]
        if self._pipeline.outlet is not None:
            self._pipeline.outlet.access(exchanges, paths, clients)
        return made

    def _struct(self, exchange: Exchange, path: str, client: str | None) -> msgspec.Struct:
        identity = exchange.identity
        took = exchange.ended - exchange.started
        return self._plain(
            self._stamp(exchange.started_at + took), "INFO", LOGGER_ACCESS,
            MSG_COMPLETED, identity.request_id, identity.trace_id, identity.span_id, self._service,
            exchange.scope.get("method", "")[:MAX_METHOD], path, exchange.route,
            exchange.status, took // 1000 / 1000, exchange.bytes_in, exchange.bytes_out, client, _COMPLETED,
        )  # fmt: skip

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
        client = self._client(exchange.scope)
        if client is not None:
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


def _add_numbers(fields: Fields, exchange: Exchange) -> None:
    fields[KEY_ELAPSED_MS] = (exchange.ended - exchange.started) // 1000 / 1000
    if exchange.streamed:
        fields[KEY_TTFB_MS] = (exchange.first_byte - exchange.started) // 1000 / 1000
    fields[KEY_BYTES_IN] = exchange.bytes_in
    fields[KEY_BYTES_OUT] = exchange.bytes_out
    if exchange.kind == TYPE_WEBSOCKET:
        fields[KEY_MESSAGES_IN] = exchange.messages_in
        fields[KEY_MESSAGES_OUT] = exchange.messages_out
        fields[KEY_CLOSE_CODE] = exchange.close_code
