"""The reference page says where each key of a line goes in each vendor's words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shaped_lines import ACCESS, shape

from fastapi_spine.core.conventions import ACCESS_KEYS
from fastapi_spine.logs.lines.schemas import SCHEMAS

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "log-schema.md"
SAMPLE: dict[str, object] = {
    **ACCESS,
    "exc": {"type": "T", "message": "M", "stack": "S"},
    "held": True,
    "truncated": True,
    "type": "websocket",
    "ttfb_ms": 1.5,
    "messages_in": 1,
    "messages_out": 2,
    "close_code": 1000,
    "client": "192.0.2.7",
    "errors": [{"loc": "body.qty", "type": "missing"}],
    "request_id_refused": {"reason": "too long", "length": 300},
    "skipped": 59,
    "dropped": {"queue_full": 3},
    "fields_cut": 4,
    "extra.level": "mine",
}


def documented() -> dict[str, list[str]]:
    """Read the page's table: a key of ours, then its place in ecs, gcp and datadog."""
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in PAGE.read_text(encoding="utf-8").splitlines()
        if row.startswith("| `")
    ]
    return {row[0].strip("`"): row[2:] for row in rows}


def places(shaped: dict[str, object], prefix: str = "") -> set[str]:
    """List every place of a shaped line; members of an object as `object > member`."""
    found: set[str] = set()
    for key, value in shaped.items():
        found.add(prefix + key)
        if isinstance(value, dict):
            found |= places(value, f"{prefix}{key} > ")
    return found


def without(line: dict[str, object], key: str) -> dict[str, object]:
    """Leave out a key, or a member of the exception."""
    outer, _, inner = key.partition(".")
    exc = line["exc"]
    if outer == "exc" and isinstance(exc, dict):
        return {**line, "exc": {name: value for name, value in exc.items() if name != inner}}
    return {name: value for name, value in line.items() if name != key}


KEYS = sorted(
    {*SAMPLE, "exc.type", "exc.message", "exc.stack"} - {"exc", "user_id", "logger", "level"}
)


@pytest.mark.parametrize("key", KEYS)
def test_the_page_says_where_each_key_goes(key: str) -> None:
    """Leaving out a key takes away exactly the places that the reference page gives for it."""
    line = {**SAMPLE, "level": "ERROR"}
    stated = documented()["extra.<name>" if key == "extra.level" else key]
    for schema, cell in zip(SCHEMAS[1:], stated, strict=True):
        there = places(shape(schema, None)(line))
        gone = there - places(shape(schema, None)(without(line, key)))
        assert gone == {name.replace("<name>", "level") for name in re.findall(r"`([^`]+)`", cell)}


def test_the_page_has_every_key() -> None:
    """A key that is not explained does not exist."""
    missing = ACCESS_KEYS - documented().keys() - {"exc"}
    assert missing == set()
    assert {"exc.type", "exc.message", "exc.stack"} <= documented().keys()
