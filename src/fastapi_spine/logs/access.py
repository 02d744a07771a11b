"""The access line: one per request, whatever happened to it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

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
    KEY_MESSAGES_IN,
    KEY_MESSAGES_OUT,
    KEY_METHOD,
    KEY_OUTCOME,
    KEY_PATH,
    KEY_REFUSED_ID,
    KEY_ROUTE,
    KEY_SKIPPED,
    KEY_STATUS,
    KEY_TTFB_MS,
    KEY_TYPE,
    LOGGER_ACCESS,
    LOGGER_APPLICATION,
    MSG_AFTER_RESPONSE_FAILED,
    MSG_BACKGROUND_FAILED,
    MSG_COMPLETED,
    MSG_FAILED,
    POLICY_ATTRIBUTE,
    REPORTED_ATTRIBUTE,
    TYPE_WEBSOCKET,
)
from fastapi_spine.core.exchange import Exchange
from fastapi_spine.logs.capture.record import FIELDS_ATTRIBUTE
from fastapi_spine.logs.noise import Noise
from fastapi_spine.logs.pipeline import Fields, Pipeline
from fastapi_spine.logs.recorder import Recorder
from fastapi_spine.redaction import Redactor
from fastapi_spine.settings.route_policy import RoutePolicy

_SECOND_NS = 1_000_000_000
MAX_METHOD = 32
MAX_PATH = 2048
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class AccessLog:
    """Writes the access line when a request has finished.

    With nobody else listening to `spine.access` the line goes straight to the sink; as soon as a handler of the
    user's would see it (Sentry, a file, pytest's caplog) it becomes a regular log record.

    Args:
        pipeline: writes the line.
        redactor: masks the path and what was bound.
        noise: leaves out what nobody would read.
        recorder: holds the request's DEBUG lines, if the flight recorder is on.
        client: reads who asked.
        slow_ns: a request slower than this is a WARNING; None for never. A route's own limit wins.
        alone: tells whether only we would see the record.
    """

    name = "access_log"

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        redactor: Redactor,
        noise: Noise,
        recorder: Recorder | None,
        client: Callable[[Scope], str | None],
        slow_ns: int | None,
        alone: Callable[[], bool],
    ) -> None:
        self._pipeline = pipeline
        self._redactor = redactor
        self._noise = noise
        self._recorder = recorder
        self._client = client
        self._slow_ns = slow_ns
        self._alone = alone
        self._logger = logging.getLogger(LOGGER_ACCESS)

    def finish(self, exchange: Exchange) -> None:
        """Write the line of a finished request, after the lines that were held for it."""
        failed = exchange.failed
        slow = not failed and self._is_slow(exchange)
        if exchange.held is not None and self._recorder is not None:
            self._recorder.release(exchange, write=failed or slow)
        path = self._path(exchange)
        skipped = self._noise.skipped(exchange, path, notable=failed or slow)
        level = logging.ERROR if failed else logging.WARNING if slow else logging.INFO
        if skipped is None:
            return
        alone = self._alone()  # first, because it mends a logger that somebody has disabled since
        if self._logger.isEnabledFor(level):
            self._write(exchange, level, path, skipped, alone=alone)

    def failed_after(self, exchange: Exchange, error: BaseException, *, background: bool) -> None:
        """Write the error record of what failed once the caller had its answer."""
        if self._recorder is not None:
            self._recorder.release(exchange, write=True)
        logging.getLogger(LOGGER_APPLICATION).error(
            MSG_BACKGROUND_FAILED if background else MSG_AFTER_RESPONSE_FAILED,
            exc_info=(type(error), error, error.__traceback__),
            extra={KEY_METHOD: exchange.scope.get("method"), KEY_ROUTE: exchange.route},
        )
        _mark_reported(error)

    def leave(self, exchange: Exchange) -> None:
        """Forget what was held after the response of a request that went well."""
        if self._recorder is not None:
            self._recorder.release(exchange, write=False)

    def _is_slow(self, exchange: Exchange) -> bool:
        if exchange.kind == TYPE_WEBSOCKET:
            return False
        policy = getattr(exchange.endpoint, POLICY_ATTRIBUTE, None)
        limit: float | None = self._slow_ns
        if isinstance(policy, RoutePolicy) and policy.slow_ns is not None:
            limit = policy.slow_ns
        if limit is None:
            return False
        end = exchange.first_byte if exchange.streamed else exchange.ended
        return end - exchange.started > limit

    def _path(self, exchange: Exchange) -> str:
        """Return the path as it may be written: no query, sensitive parameters as their names."""
        scope = exchange.scope
        path = str(scope.get("path", ""))[:MAX_PATH]
        params = scope.get("path_params")
        if params and any(map(self._redactor.is_sensitive_key, params)):
            return self._template_filled(exchange.route, params)
        return self._redactor.text(path)

    def _template_filled(self, route: str, params: dict[str, object]) -> str:
        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name not in params or self._redactor.is_sensitive_key(name):
                return f"{{{name}}}"
            return str(params[name])

        return self._redactor.text(_PARAMETER.sub(fill, route))[:MAX_PATH]

    def _write(
        self, exchange: Exchange, level: int, path: str, skipped: int, *, alone: bool
    ) -> None:
        fields = self._fields(exchange, path)
        if skipped:
            fields[KEY_SKIPPED] = skipped
        if exchange.bound:
            self._add_bound(fields, exchange.bound)
        msg = MSG_FAILED if level == logging.ERROR else MSG_COMPLETED
        if alone:
            self._write_directly(exchange, level, msg, fields)
        else:
            self._write_as_record(exchange, level, msg, fields)
        if exchange.error is not None:
            _mark_reported(exchange.error)

    def _fields(self, exchange: Exchange, path: str) -> Fields:
        fields: Fields = {}
        if exchange.kind == TYPE_WEBSOCKET:
            fields[KEY_TYPE] = TYPE_WEBSOCKET
        else:
            fields[KEY_METHOD] = exchange.scope.get("method", "")[:MAX_METHOD]
        fields[KEY_PATH] = path
        fields[KEY_ROUTE] = exchange.route
        fields[KEY_STATUS] = exchange.status
        fields[KEY_ELAPSED_MS] = (exchange.ended - exchange.started) // 1000 / 1000
        if exchange.streamed:
            fields[KEY_TTFB_MS] = (exchange.first_byte - exchange.started) // 1000 / 1000
        fields[KEY_BYTES_IN] = exchange.bytes_in
        fields[KEY_BYTES_OUT] = exchange.bytes_out
        if exchange.kind == TYPE_WEBSOCKET:
            fields[KEY_MESSAGES_IN] = exchange.messages_in
            fields[KEY_MESSAGES_OUT] = exchange.messages_out
            fields[KEY_CLOSE_CODE] = exchange.close_code
        client = self._client(exchange.scope)
        if client is not None:
            fields[KEY_CLIENT] = client
        fields[KEY_OUTCOME] = exchange.outcome.value
        if exchange.invalid:
            text = self._redactor.text
            fields[KEY_ERRORS] = [
                {"loc": text(place), "type": kind} for place, kind in exchange.invalid
            ]
        refused = exchange.identity.refused
        if refused is not None:
            fields[KEY_REFUSED_ID] = {"reason": refused.reason, "length": refused.length}
        return fields

    def _add_bound(self, fields: Fields, bound: dict[str, object]) -> None:
        for key, value in self._redactor.record(dict(bound)).items():
            fields[KEY_EXTRA_PREFIX + key if key in ACCESS_KEYS else key] = value

    def _write_directly(self, exchange: Exchange, level: int, msg: str, fields: Fields) -> None:
        line = self._pipeline.head(exchange.ended_at, level, LOGGER_ACCESS, msg, exchange)
        line.update(fields)
        if exchange.error is not None and level == logging.ERROR:
            line[KEY_EXC] = self._pipeline.exc(exchange.error, exchange.traceback)
        self._pipeline.put(line, level, keep=True)

    def _write_as_record(self, exchange: Exchange, level: int, msg: str, fields: Fields) -> None:
        error = exchange.error if level == logging.ERROR else None
        info = (type(error), error, exchange.traceback) if error is not None else None
        record = self._logger.makeRecord(LOGGER_ACCESS, level, __file__, 0, msg, (), info)
        attributes = record.__dict__
        for key, value in fields.items():
            attributes.setdefault(key, value)
        attributes[FIELDS_ATTRIBUTE] = fields
        record.created = exchange.ended_at / _SECOND_NS
        self._logger.handle(record)


def _mark_reported(error: BaseException) -> None:
    """Leave a mark on an exception whose stack has been shown, so that the server's own line need not."""
    try:
        setattr(error, REPORTED_ATTRIBUTE, True)
    except AttributeError:
        return
