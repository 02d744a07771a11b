"""One access line, and the strictest reader a line of JSON can meet."""

from __future__ import annotations

import json
from typing import Any, NoReturn

LINE: dict[str, object] = {
    "ts": "2026-11-23T09:14:03.120457Z",
    "level": "INFO",
    "logger": "spine.access",
    "msg": "request completed",
    "request_id": "0199c0de-7d3a-7b6e-8f00-0123456789ab",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id": "00f067aa0ba902b7",
    "service": "orders",
    "method": "GET",
    "path": "/orders/7",
    "status": 200,
    "elapsed_ms": 12.345,
}


def refuse(word: str) -> NoReturn:
    """Stand in for a strict reader, which takes no NaN."""
    raise AssertionError(f"{word} is not JSON")


def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with one key twice."""
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


def read(data: bytes) -> dict[str, Any]:
    """Read one line as the strictest reader would."""
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert min(data[:-1]) >= 0x20
    assert b"\x7f" not in data
    parsed = json.loads(data.decode(), parse_constant=refuse, object_pairs_hook=no_twins)
    assert isinstance(parsed, dict)
    return parsed
