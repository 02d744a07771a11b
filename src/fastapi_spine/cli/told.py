"""What a log line says, in the log's own keys: sent over OTLP, our keys travel under OpenTelemetry's names."""

from __future__ import annotations

from typing import Final

from fastapi_spine.cli.terminal import clean
from fastapi_spine.console.views import LogView
from fastapi_spine.core.conventions import (
    ATTR_CLIENT_ADDRESS,
    ATTR_CLOSE_CODE,
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACK,
    ATTR_EXCEPTION_TYPE,
    ATTR_METHOD,
    ATTR_PATH,
    ATTR_PROTOCOL_NAME,
    ATTR_REQUEST_SIZE,
    ATTR_RESPONSE_SIZE,
    ATTR_ROUTE,
    ATTR_SPINE_REQUEST_ID,
    ATTR_STATUS,
    KEY_BYTES_IN,
    KEY_BYTES_OUT,
    KEY_CLIENT,
    KEY_CLOSE_CODE,
    KEY_HELD,
    KEY_METHOD,
    KEY_PATH,
    KEY_REQUEST_ID,
    KEY_ROUTE,
    KEY_STATUS,
    KEY_TYPE,
    LOGGER_ACCESS,
)

_OURS: Final = "spine."
"""What our own keys begin with where names have no owner."""
_ELSEWHERE: Final = frozenset(
    {
        ATTR_EXCEPTION_MESSAGE,
        ATTR_EXCEPTION_STACK,
        ATTR_EXCEPTION_TYPE,
        ATTR_SPINE_REQUEST_ID,
        KEY_HELD,
        f"{_OURS}{KEY_HELD}",
        KEY_REQUEST_ID,
    }
)
"""A line shows these in a place of their own."""
_OF_ACCESS: Final = {
    ATTR_PROTOCOL_NAME: KEY_TYPE,
    ATTR_METHOD: KEY_METHOD,
    ATTR_PATH: KEY_PATH,
    ATTR_ROUTE: KEY_ROUTE,
    ATTR_STATUS: KEY_STATUS,
    ATTR_REQUEST_SIZE: KEY_BYTES_IN,
    ATTR_RESPONSE_SIZE: KEY_BYTES_OUT,
    ATTR_CLOSE_CODE: KEY_CLOSE_CODE,
    ATTR_CLIENT_ADDRESS: KEY_CLIENT,
}


def route_name(method: str, route: str) -> str:
    """Return a route as people write it; requests that met none have a method only, and what counts the rest nothing."""
    return clean(f"{method} {route or '(no route)'}" if method else route)


def is_access(line: LogView) -> bool:
    """Tell whether it is the line that sums up a request."""
    return line.logger == LOGGER_ACCESS


def fields_of(line: LogView) -> dict[str, object]:
    """Return a line's fields as the log itself has them, without those that every line shows anyway."""
    names = _OF_ACCESS if is_access(line) else {}
    return {
        names.get(key) or (key.removeprefix(_OURS) if names else key): value
        for key, value in line.attributes.items()
        if key not in _ELSEWHERE
    }
