"""The reference page of the API, written from its OpenAPI document.

`python -m fastapi_spine.console.api.reference > docs/reference/console-api.md` renews it; a test fails when the
committed page differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi_spine.console.api.alert_endpoints import DEEDS, QUESTIONS, Deed
from fastapi_spine.console.api.document import document, kind_of
from fastapi_spine.console.api.endpoints import ENDPOINTS, HEALTH, PREFIX, TAILS
from fastapi_spine.console.api.page import example_path
from fastapi_spine.console.api.problem import KINDS

_INTRODUCTION: Final = """\
# The console's API

<!-- Written by `python -m fastapi_spine.console.api.reference`; change the table of endpoints and the views, not this page. -->

"""
_ADDRESS: Final = """
The console serves this page's content for its own version at `/api`, and for programs at `/api/openapi.json` (OpenAPI 3.1).
Searches (`q`) are in [the search language](search.md).

```sh
curl -s 'http://127.0.0.1:4319/api/v1/requests?q=status%3E%3D500&since=2h'
```

"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    found = document("")
    yield (
        _INTRODUCTION + found["info"]["description"].replace(". ", ".\n") + "\n" + _ADDRESS.rstrip()
    )
    yield "\n## Questions"
    examples = {
        f"{PREFIX}{one.path}": example_path(one.path, one.example)
        for one in (*ENDPOINTS, HEALTH, *TAILS, *QUESTIONS)
    }
    for path, item in found["paths"].items():
        if "get" in item:
            yield from _operation(path, item["get"], examples[path])
    yield "\n## Changes\n\nA body of JSON, with `Content-Type: application/json`, and the session of a page or the console's token."
    for deed in DEEDS:
        yield from _deed(deed)
    yield "\n## Problems\n"
    yield "Every error is `application/problem+json`: `type`, `title`, `status`, `detail`, and of a search `position`, `length`, `hint`.\n"
    yield "| Status | `type` | Title | |\n|---|---|---|---|"
    for kind in KINDS:
        yield f"| {kind.status} | `/api#{kind.name}` | {kind.title} | {kind.sentence} |"
    yield "\n## Shapes"
    for name, schema in found["components"]["schemas"].items():
        yield from _shape(name, schema)


def _operation(path: str, operation: Mapping[str, Any], example: str) -> Iterator[str]:
    yield f"\n### `GET {path}`\n\n{operation['summary']}"
    if "description" in operation:
        yield operation["description"].replace(". ", ".\n")
    content = operation["responses"]["200"]["content"]
    kind = next(iter(content.values()))["schema"]
    yield f"Answer: {_kind(kind)}. Example: `{example}`\n"
    queries = [one for one in operation["parameters"] if one["in"] == "query"]
    if queries:
        yield "| Parameter | Does | Default |\n|---|---|---|"
    for one in queries:
        default = one["schema"].get("default", "")
        yield f"| `{one['name']}` | {one['description']} | {f'`{default}`' if default != '' else ''} |"


def _deed(deed: Deed) -> Iterator[str]:
    body, answer = (_kind(kind_of(one)) for one in (deed.body, deed.kind))
    yield f"\n### `POST {PREFIX}{deed.path}`\n\n{deed.sentence}"
    yield f"Body: {body}, such as `{deed.example}`. Answer: {deed.status}, {answer}."


def _shape(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    about = schema.get("description", "")
    summary, _, rest = about.partition("Attributes:")
    told = _told(rest)
    yield f"\n### {name}\n\n{' '.join(summary.split())}\n\n| Field | Type | |\n|---|---|---|"
    for field, kind in schema.get("properties", {}).items():
        yield f"| `{field}` | {_kind(kind)} | {told.get(field, '')} |"


def _told(text: str) -> dict[str, str]:
    """Return what a docstring says of each attribute."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        start, colon, rest = line.strip().partition(": ")
        if (
            colon
            and start.isidentifier()
            and line.startswith("    ")
            and not line.startswith("     ")
        ):
            name = start
            found[name] = rest
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties", {})
        return f"object of {_kind(inner) if isinstance(inner, Mapping) else 'anything'}"
    return str(schema.get("type", "anything"))


if __name__ == "__main__":
    sys.stdout.write(page())
