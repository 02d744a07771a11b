"""A line in the Elastic Common Schema.

Sources: the field reference, version 8.11, <https://www.elastic.co/docs/reference/ecs/ecs-field-reference>
(`http.*`, `event.*`, `client.*`, `error.*`), and the ecs-logging specification,
<https://github.com/elastic/ecs-logging/blob/main/spec/spec.json> (the first three keys and their order, dots in
names, what a label may be).
"""

from __future__ import annotations

from typing import Final

import msgspec

from fastapi_spine.core.conventions import (
    ATTR_CLIENT_ADDRESS,
    ATTR_ERROR_TYPE,
    ATTR_METHOD,
    ATTR_PATH,
    ATTR_STATUS,
    EXC_MESSAGE,
    EXC_STACK,
    EXC_TYPE,
    KEY_BYTES_IN,
    KEY_BYTES_OUT,
    KEY_CLIENT,
    KEY_ELAPSED_MS,
    KEY_LEVEL,
    KEY_LOGGER,
    KEY_METHOD,
    KEY_MSG,
    KEY_OUTCOME,
    KEY_PATH,
    KEY_REQUEST_ID,
    KEY_SERVICE,
    KEY_SPAN_ID,
    KEY_STATUS,
    KEY_TRACE_ID,
    KEY_TS,
    LOGGER_ACCESS,
    OTEL_SERVICE_KEY,
    Outcome,
)
from fastapi_spine.core.exchange import SERVER_ERROR
from fastapi_spine.logs.lines.vendor import (
    Line,
    is_address,
    nanoseconds,
    take_exception,
    without_nulls,
)

ECS_VERSION: Final = "8.11.0"

_write = msgspec.json.Encoder().encode
_FAILURES: Final = frozenset(
    {Outcome.FAILED.value, Outcome.FAILED_AFTER_START.value, Outcome.INCOMPLETE.value}
)
_LABEL_KEY: Final = str.maketrans({".": "_", "*": "_", "\\": "_"})


class Ecs:
    """Elastic Common Schema, names with dots as ecs-logging writes them.

    Args:
        service: the service's name, for lines that do not carry one.
    """

    def __init__(self, service: str | None) -> None:
        self._service = service

    def __call__(self, line: Line) -> Line:
        """Return the line as an ECS document."""
        rest = dict(line)
        shaped: Line = {
            "@timestamp": rest.pop(KEY_TS, None),
            "log.level": rest.pop(KEY_LEVEL, None),
            "message": rest.pop(KEY_MSG, None),
            "ecs.version": ECS_VERSION,
            "log.logger": rest.pop(KEY_LOGGER, None),
            OTEL_SERVICE_KEY: rest.pop(KEY_SERVICE, self._service),
            "http.request.id": rest.pop(KEY_REQUEST_ID, None),
            "trace.id": rest.pop(KEY_TRACE_ID, None),
            "span.id": rest.pop(KEY_SPAN_ID, None),
        }
        if line.get(KEY_LOGGER) == LOGGER_ACCESS:
            self._access(shaped, rest)
        exc = take_exception(rest)
        shaped[ATTR_ERROR_TYPE] = exc.get(EXC_TYPE)
        shaped["error.message"] = exc.get(EXC_MESSAGE)
        shaped["error.stack_trace"] = exc.get(EXC_STACK)
        shaped = without_nulls(shaped)
        if rest:
            shaped["labels"] = _labels(rest)
        return shaped

    def _access(self, shaped: Line, rest: Line) -> None:
        # The word for the ending says more than success or failure: it stays, as a label.
        shaped["event.outcome"] = _outcome(rest.get(KEY_OUTCOME), rest.get(KEY_STATUS))
        shaped[ATTR_METHOD] = rest.pop(KEY_METHOD, None)
        shaped[ATTR_PATH] = rest.pop(KEY_PATH, None)
        shaped[ATTR_STATUS] = rest.pop(KEY_STATUS, None)
        shaped["event.duration"] = nanoseconds(rest.pop(KEY_ELAPSED_MS, None))
        shaped["http.request.body.bytes"] = rest.pop(KEY_BYTES_IN, None)
        shaped["http.response.body.bytes"] = rest.pop(KEY_BYTES_OUT, None)
        client = rest.pop(KEY_CLIENT, None)
        # `client.ip` is an Elasticsearch `ip`: a network there would make the document be refused.
        shaped[ATTR_CLIENT_ADDRESS] = client
        shaped["client.ip"] = client if is_address(client) else None


def _outcome(outcome: object, status: object) -> str:
    """Tell success from failure; a request that nobody let finish is `unknown`, as ECS says."""
    server_error = isinstance(status, int) and status >= SERVER_ERROR
    if server_error or (isinstance(outcome, str) and outcome in _FAILURES):
        return "failure"
    return "success" if outcome == Outcome.COMPLETED.value else "unknown"


def _labels(rest: Line) -> Line:
    """Return ECS labels: names without dots, scalar values; anything nested as its JSON text."""
    labels: Line = {}
    for name, value in rest.items():
        key = name.translate(_LABEL_KEY)
        while key in labels:
            key += "_"
        labels[key] = _write(value).decode() if isinstance(value, (dict, list)) else value
    return labels
