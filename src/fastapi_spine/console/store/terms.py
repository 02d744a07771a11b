"""`key=value` as one term of the full-text index, and what a value is as text.

A term is a superset: characters that the index would split at become `_`, long values are cut, case is lost. Whatever
the index finds is compared again with the row itself (`fits`).
"""

from __future__ import annotations

from re import compile as pattern
from typing import Final

from msgspec import json

from fastapi_spine.console.rows import Attributes, Value
from fastapi_spine.core.conventions import (
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_STACK,
    ATTR_METHOD,
    ATTR_PROTOCOL_NAME,
    ATTR_PROTOCOL_VERSION,
    ATTR_SCHEME,
    ATTR_SERVER_ADDRESS,
    ATTR_SERVER_PORT,
    ATTR_SPINE_REQUEST_ID,
    KEY_REQUEST_ID,
)

NOT_INDEXED: Final = frozenset(
    {
        ATTR_EXCEPTION_MESSAGE, ATTR_EXCEPTION_STACK, ATTR_SPINE_REQUEST_ID, KEY_REQUEST_ID, ATTR_METHOD, ATTR_SCHEME,
        ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT, ATTR_PROTOCOL_NAME, ATTR_PROTOCOL_VERSION,
    }
)  # fmt: skip
"""Long texts, ids that have an index of their own, and what is nearly always the same, so that it narrows nothing."""
PATH: Final = "path"
_LONGEST: Final = 80
_JOINT: Final = "\x1f"
_BITS: Final = "=d"
"""An attribute with an empty name and such a value gets the same term; that costs a look at its row, no more."""
_SLOW_NS: Final = 50_000_000
_MOST_BITS: Final = 64
_UNSAFE: Final = pattern(r"[^A-Za-z0-9=._\-/:%@+\x1f\x80-\U0010ffff]")


def terms(attributes: Attributes, path: str = "") -> str:
    """Return the terms of a row, for the index."""
    parts = []
    for key, value in attributes.items():
        if key in NOT_INDEXED:
            continue
        kind = value.__class__
        if kind is str or kind is int:
            parts.append(f"{key}={value}"[:_LONGEST])
        else:
            parts += [f"{key}={text}"[:_LONGEST] for text in texts(value)]
    if path:
        parts.append(f"{PATH}={path}"[:_LONGEST])
    return _UNSAFE.sub("_", _JOINT.join(parts))


def request_terms(attributes: Attributes, path: str, duration_ns: int) -> str:
    """Return the terms of a request: those of its attributes, its path, and how many bits its duration has."""
    found = terms(attributes, path)
    return f"{found}{_JOINT if found else ''}{_BITS}{max(duration_ns, 0).bit_length()}"


def slow(low_ns: int) -> str:
    """Return what asks the index for durations from `low_ns` on, and some that are down to half of it.

    Empty where most requests would be found, so that the index cannot help.
    """
    if low_ns < _SLOW_NS:
        return ""
    return " OR ".join(f'"{_BITS}{bits}"' for bits in range(low_ns.bit_length(), _MOST_BITS))


def wanted(key: str, values: tuple[str, ...]) -> str:
    """Return what asks the index for one of these values; a value that ends in `*` is a beginning.

    Empty where the index cannot say.
    """
    asked = [_asked(key, value) for value in values]
    return " OR ".join(asked) if all(asked) and key not in NOT_INDEXED else ""


def _asked(key: str, value: str) -> str:
    beginning = value.endswith("*")
    term = f"{key}={value[:-1] if beginning else value}"
    beginning = beginning or _JOINT in term
    term = _UNSAFE.sub("_", term[:_LONGEST].partition(_JOINT)[0])
    if not term:
        return ""
    return f'"{term}"*' if beginning else f'"{term}"'


def texts(value: Value) -> list[str]:
    """Return what a value is compared as: of a list, each item."""
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return [as_text(value)]


def as_text(value: Value) -> str:
    """Return one value as text: `true`, `42`, `4.2`; what has parts is JSON."""
    if isinstance(value, str):
        return value
    return json.encode(value).decode("utf-8")
