"""Attribute values as OpenTelemetry wants them: plain data, of bounded number and length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi_spine.core.telemetry import AttributeValue

_PLAIN = frozenset({int, float, bool, type(None)})


def clean(value: Any, length: int) -> AttributeValue:
    """Return a value as an attribute may hold it.

    Args:
        value: anything; what is no plain data becomes its text, as OpenTelemetry's `BoundedAttributes` does.
        length: most characters of a text.
    """
    if value is None or isinstance(value, (bool, int, float, bytes)):
        return value
    if isinstance(value, str):
        return value[:length]
    if isinstance(value, Sequence):
        return tuple(clean(item, length) for item in value)
    if isinstance(value, Mapping):
        return _clean_mapping(value, length)
    return str(value)[:length] if _says_something(value) else None


def _clean_mapping(mapping: Mapping[Any, Any], length: int) -> dict[str, AttributeValue]:
    """Clean a mapping's values; keys that are empty, or no text and cannot become one, go."""
    cleaned: dict[str, AttributeValue] = {}
    for key, value in mapping.items():
        if not key:
            continue
        if isinstance(key, str):
            cleaned[key] = clean(value, length)
        elif _says_something(key):
            cleaned[str(key)] = clean(value, length)
    return cleaned


def _says_something(value: object) -> bool:
    """Tell whether an object's text is more than its address."""
    kind = type(value)
    return kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__


def put(
    attributes: dict[str, AttributeValue], key: object, value: Any, most: int, length: int
) -> int:
    """Set one attribute; when there are too many, the oldest goes.

    Args:
        attributes: changed in place.
        key: the name.
        value: the value, not yet clean.
        most: how many attributes there may be.
        length: most characters of a text.

    Returns:
        How many attributes were dropped, this one or another.
    """
    if most == 0 or not key or not isinstance(key, str):
        return 1
    if type(value) not in _PLAIN:
        value = value[:length] if type(value) is str else clean(value, length)
    attributes.pop(key, None)
    attributes[key] = value
    if len(attributes) <= most:
        return 0
    del attributes[next(iter(attributes))]
    return 1


def put_all(
    attributes: dict[str, AttributeValue], given: Mapping[Any, Any], most: int, length: int
) -> int:
    """Set many attributes at once; see `put`. Keys that are no text become text, as OpenTelemetry's do.

    Returns:
        How many attributes were dropped.
    """
    if most == 0:
        return len(given)
    cleaned = _clean_mapping(given, length)
    dropped = len(given) - len(cleaned)
    for key, value in cleaned.items():
        dropped += put(attributes, key, value, most, length)
    return dropped


def taken(
    given: Mapping[Any, Any] | None, most: int, length: int
) -> tuple[dict[str, AttributeValue], int]:
    """Return new attributes, and how many were dropped.

    Args:
        given: what a caller handed over; None or empty for none.
        most: how many there may be.
        length: most characters of a text.
    """
    if not given:
        return {}, 0
    attributes: dict[str, AttributeValue] = {}
    if len(given) <= most:
        for key, value in given.items():
            kind = type(value)
            if type(key) is not str or not key:
                break
            short = kind is str and len(value) <= length
            attributes[key] = value if short or kind in _PLAIN else clean(value, length)
        else:
            return attributes, 0
        attributes.clear()
    return attributes, put_all(attributes, given, most, length)
