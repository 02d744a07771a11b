"""What a span is called when people read it: pure, shared by terminal, web and the demo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi_spine.core.conventions import (
    ATTR_DB_COLLECTION,
    ATTR_DB_OPERATION,
    ATTR_DB_QUERY,
    ATTR_DB_SUMMARY,
    ATTR_DB_SYSTEM,
    ATTR_FUNCTION,
    ATTR_METHOD,
    ATTR_OLD_DB_OPERATION,
    ATTR_OLD_DB_QUERY,
    ATTR_OLD_DB_SYSTEM,
    ATTR_OLD_METHOD,
    ATTR_OLD_URL,
    ATTR_SERVER_ADDRESS,
    ATTR_URL_FULL,
    SPAN_OPERATION_PREFIX,
)
from fastapi_spine.core.telemetry import KIND_CLIENT

LONGEST: Final = 120
_OPERATIONS: Final = {
    "serialization": "render response",
    "dependencies": "dependencies",
    "endpoint": "endpoint",
    "background_task": "background",
}
_VERBS: Final = "SELECT|INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|TRUNCATE|REPLACE|CALL|COPY"
_STATEMENT: Final = re.compile(
    rf"\s{{0,64}}(?:(?:--[^\n]{{0,500}}\n|/\*.{{0,500}}?\*/)\s{{0,64}}){{0,4}}({_VERBS}|WITH)\b",
    re.IGNORECASE | re.DOTALL,
)
_NAME: Final = (
    r"[\"`\[]?([A-Za-z_][\w$]{0,62})[\"`\]]?(?:\.[\"`\[]?([A-Za-z_][\w$]{0,62})[\"`\]]?)?"
)
_TARGET: Final = re.compile(
    rf"\b(?:FROM|INTO|UPDATE|TABLE|CALL|COPY|TRUNCATE)\s{{1,16}}(?:ONLY\s|IF\s{{1,4}}(?:NOT\s{{1,4}})?EXISTS\s)?\s{{0,16}}{_NAME}",
    re.IGNORECASE,
)
_READ: Final = 4_096


def title(name: str, kind: int, attributes: Mapping[str, Any]) -> str:
    """Return a span's title.

    `db: SELECT order` from the query, `http: GET /inventory/availability` from method and URL, `render response` and
    `endpoint: create_order` from FastAPI's operations; every other span keeps its name, which is what
    `span("auth: decode_jwt")` relies on.

    Args:
        name: the span's own, as it was exported.
        kind: OTLP's number: 3 is a client's.
        attributes: names and values, redacted or not; older and newer semantic conventions are understood.

    Returns:
        At most 120 characters, on one line.
    """
    if _first(attributes, ATTR_DB_SYSTEM, ATTR_OLD_DB_SYSTEM) is not None:
        text = f"db: {_query(attributes, name)}"
    elif kind == KIND_CLIENT and _first(attributes, ATTR_METHOD, ATTR_OLD_METHOD) is not None:
        text = f"http: {_call(attributes)}"
    elif name.startswith(SPAN_OPERATION_PREFIX):
        text = _operation(name.removeprefix(SPAN_OPERATION_PREFIX), attributes)
    else:
        text = name
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _first(attributes: Mapping[str, Any], *keys: str) -> str | None:
    for key in keys:
        value = attributes.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def _query(attributes: Mapping[str, Any], name: str) -> str:
    """Return verb and table: from the summary, the statement, or what the instrumentation called it."""
    summary = _first(attributes, ATTR_DB_SUMMARY)
    if summary is not None:
        return summary
    statement = _first(attributes, ATTR_DB_QUERY, ATTR_OLD_DB_QUERY)
    if statement is not None:
        found = _of_statement(statement[:_READ])
        if found is not None:
            return found
    operation = _first(attributes, ATTR_DB_OPERATION, ATTR_OLD_DB_OPERATION)
    collection = _first(attributes, ATTR_DB_COLLECTION)
    if operation is not None:
        return f"{operation} {collection}" if collection else operation
    return statement.split(None, 1)[0] if statement is not None and statement.split() else name


def _of_statement(statement: str) -> str | None:
    verb = _STATEMENT.match(statement)
    if verb is None:
        return None
    word = verb[1].upper()
    target = _TARGET.search(statement, verb.start(1))
    if target is None:
        return word
    return f"{word} {target[2] or target[1]}"


def _call(attributes: Mapping[str, Any]) -> str:
    method = _first(attributes, ATTR_METHOD, ATTR_OLD_METHOD) or ""
    url = _first(attributes, ATTR_URL_FULL, ATTR_OLD_URL)
    if url is None:
        return f"{method} {_first(attributes, ATTR_SERVER_ADDRESS) or ''}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return method
    path = parts.path
    return f"{method} {path if path not in {'', '/'} else parts.hostname or '/'}"


def _operation(name: str, attributes: Mapping[str, Any]) -> str:
    text = _OPERATIONS.get(name, name.replace("_", " "))
    function = _first(attributes, ATTR_FUNCTION)
    if function is None or name in {"serialization", "dependencies"}:
        return text
    return f"{text}: {function.rsplit('.', 1)[-1]}"
