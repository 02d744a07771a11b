"""Attribute values as OpenTelemetry wants them: plain data, of bounded number, depth and length.

What users hand over runs code of theirs when it is read: what that code raises becomes the value's text, and never
reaches the function that has set the attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from fastapi_spine.core.telemetry import AttributeValue

_PLAIN: Final = frozenset({int, float, bool, type(None)})
_HOLDING: Final = frozenset({tuple, list, dict, bytes})
MOST_MEMBERS: Final = 1_024
"""Of one value, all lists and mappings in it together; the specification has no limit, memory has one."""
_MEMBER: Final = 32
"""Bytes that a member of a list takes beside its text: a reference, and a small object."""
DEEPEST: Final = 16
"""Lists in lists; what holds itself ends here."""


def clean(value: Any, length: int) -> AttributeValue:
    """Return a value as an attribute may hold it.

    Args:
        value: anything; what is no plain data becomes its text, as OpenTelemetry's `BoundedAttributes` does.
        length: most characters of a text, most bytes of bytes.
    """
    return _Cleaning(length).of(value)


class _Cleaning:
    """Cleans one value, with all that it holds.

    Args:
        length: most characters of a text.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._left = MOST_MEMBERS

    def of(self, value: Any, depth: int = 0) -> AttributeValue:
        """Return a value as plain data; what cannot be read says so."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        try:
            if isinstance(value, (str, bytes)):
                return value[: self._length]
            if isinstance(value, (Sequence, Mapping)):
                return self._held(value, depth)
            return str(value)[: self._length] if _says_something(value) else None
        except Exception as fault:  # noqa: BLE001 - the observed program's own code runs here
            return without_text(value, fault)

    def _held(self, value: Sequence[Any] | Mapping[Any, Any], depth: int) -> AttributeValue:
        """Clean a list or a mapping; what comes after too many members is left out."""
        if depth >= DEEPEST:
            return "…"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        return tuple(self.of(item, depth + 1) for item in takewhile(self._counts, value))

    def _mapping(self, mapping: Mapping[Any, Any], depth: int) -> AttributeValue:
        some = takewhile(self._counts, _named(mapping))
        return {key: self.of(value, depth + 1) for key, value in some}

    def _counts(self, _member: object) -> bool:
        """Count one more member, and say whether there is room for it."""
        self._left -= 1
        return self._left >= 0


def shortened(attributes: dict[str, AttributeValue], length: int) -> dict[str, AttributeValue]:
    """Return clean attributes with their texts cut; the same object if none is longer.

    They are recorded with some more than their length (`REACH`), redacted, and cut then: a secret that the cut would
    halve is gone by that time.
    """
    for value in attributes.values():
        kind = type(value)
        if (kind is str and len(value) > length) or kind in _HOLDING:  # type: ignore[arg-type]
            return {key: clean(value, length) for key, value in attributes.items()}
    return attributes


def weight_of(value: AttributeValue) -> int:
    """Return about how many bytes a clean value takes: its texts, and some room for each member of what holds others."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_MEMBER + len(key) + weight_of(inner) for key, inner in value.items())
    if isinstance(value, Sequence):
        return sum(_MEMBER + weight_of(inner) for inner in value)
    return 0


def without_text(value: object, fault: BaseException) -> str:
    """Say of an object that its own code failed when its text was asked for."""
    return f"<{type(value).__qualname__} without a text: {type(fault).__name__}>"


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
    if most == 0 or not isinstance(key, str) or not key:
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
    try:
        count, cleaned = len(given), {key: clean(value, length) for key, value in _named(given)}
    except Exception:  # noqa: BLE001 - a mapping whose own code fails says nothing
        return 1
    dropped = count - len(cleaned)
    for key, value in cleaned.items():
        dropped += put(attributes, key, value, most, length)
    return dropped


def _named(given: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what has a name; keys that are empty, or no text and cannot become one, go."""
    for key, value in given.items():
        if key and (isinstance(key, str) or _says_something(key)):
            yield str(key), value


def taken(
    given: Mapping[Any, Any] | None, most: int, length: int
) -> tuple[dict[str, AttributeValue], int]:
    """Return new attributes, and how many were dropped.

    Args:
        given: what a caller handed over; None or empty for none.
        most: how many there may be.
        length: most characters of a text.
    """
    attributes: dict[str, AttributeValue] = {}
    if given is None:
        return attributes, 0
    if type(given) is dict and len(given) <= most:
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
