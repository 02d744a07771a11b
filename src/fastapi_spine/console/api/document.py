"""The OpenAPI document, made from the same table and types that answer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from fastapi_spine.console.api.alert_endpoints import DEEDS, QUESTIONS, Deed
from fastapi_spine.console.api.endpoints import ENDPOINTS, HEALTH, PREFIX, TAILS, Endpoint, Tail
from fastapi_spine.console.api.parameters import Parameter
from fastapi_spine.console.api.problem import KINDS, PROBLEM_JSON, Problem
from fastapi_spine.console.api.tails import MOST_BEHIND, MOST_ROWS, MOST_TAILS, PARAMETERS

_READ: Final = (*ENDPOINTS, HEALTH, *QUESTIONS)
_REF: Final = "#/components/schemas/{name}"
_ABOUT: Final = (
    "Everything the console shows, for programs, as JSON. GET tells; POST, of alerts only, changes something. Times are whole microseconds since the epoch "
    "(`*_us`), durations microseconds with fractions, ids lower-case hex. A field that does not apply is empty or null, "
    "never missing. Errors are problems (RFC 9457). Cursors are opaque and belong to one console."
)
_PART: Final = re.compile(r"\{(\w+)\}")
TAIL_ABOUT: Final = (
    f"Server-sent events. `{{name}}` brings an array of 1 to {MOST_ROWS} rows, oldest first; its `id` is the cursor to go "
    f'on from (`Last-Event-ID`). `behind` brings `{{{{"skipped": n}}}}` when a client was more than '
    f"{MOST_BEHIND * MOST_ROWS:,} rows behind; the newest rows follow. `trouble` brings a problem of the store; the tail "
    f"goes on. A comment comes every 15 s. At most {MOST_TAILS} tails are open at a time; beyond, 503."
)


def document(version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of this version."""
    paths = {f"{PREFIX}{one.path}": {"get": _operation(one)} for one in _READ}
    paths |= {f"{PREFIX}{one.path}": {"post": _deed(one)} for one in DEEDS}
    paths |= {f"{PREFIX}{one.path}": {"get": _tail(one)} for one in TAILS}
    return {
        "openapi": "3.1.0",
        "info": {"title": "fastapi-spine console", "version": version, "description": _ABOUT},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": _schemas()},
    }


def _kinds() -> list[Any]:
    told = [*(one.kind for one in (*_READ, *DEEDS)), *(one.row for one in TAILS)]
    return [*told, *(one.body for one in DEEDS), Problem]


def _schemas() -> dict[str, Any]:
    _, found = msgspec.json.schema_components(_kinds(), ref_template=_REF)
    for schema in found.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    return dict(sorted(found.items()))


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    schema = kind_of(endpoint.kind)
    return {
        "operationId": endpoint.name,
        "summary": endpoint.sentence,
        "parameters": [*_parts(endpoint.path), *_parameters(endpoint.parameters)],
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {"application/json": {"schema": schema}},
            },
            **_problems(),
        },
    }


def _deed(deed: Deed) -> dict[str, Any]:
    return {
        "operationId": deed.name,
        "summary": deed.sentence,
        "parameters": _parts(deed.path),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": kind_of(deed.body),
                    "example": msgspec.json.decode(deed.example),
                }
            },
        },
        "responses": {
            str(deed.status): {
                "description": "It is done.",
                "content": {"application/json": {"schema": kind_of(deed.kind)}},
            },
            **_problems(),
        },
    }


def _tail(tail: Tail) -> dict[str, Any]:
    kind = {"type": "array", "items": kind_of(tail.row), "maxItems": MOST_ROWS}
    return {
        "operationId": f"{tail.name}_tail",
        "summary": tail.sentence,
        "description": TAIL_ABOUT.format(name=tail.name),
        "parameters": _parameters(PARAMETERS),
        "responses": {
            "200": {
                "description": f"Events until somebody ends it; the data of `{tail.name}`:",
                "content": {"text/event-stream": {"schema": kind}},
            },
            **_problems(),
        },
    }


def kind_of(kind: Any) -> dict[str, Any]:
    """Return the schema of a type, by reference where it has a name."""
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _parts(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PART.findall(path)
    ]


def _parameters(known: Sequence[Parameter]) -> list[dict[str, Any]]:
    return [_parameter(one) for one in known]


def _parameter(one: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if one.most is not None:
        schema = {
            "type": "integer",
            "minimum": one.least,
            "maximum": one.most,
            "default": int(one.default),
        }
    elif one.default:
        schema["default"] = one.default
    found = {"name": one.name, "in": "query", "description": one.sentence, "schema": schema}
    return found | ({"example": one.example} if one.example else {})


def _problems() -> dict[str, Any]:
    by_status: dict[str, list[str]] = {}
    for kind in KINDS:
        by_status.setdefault(str(kind.status), []).append(f"{kind.title}.")
    content = {PROBLEM_JSON: {"schema": {"$ref": _REF.format(name="Problem")}}}
    return {
        status: {"description": " ".join(titles), "content": content}
        for status, titles in sorted(by_status.items())
    }
