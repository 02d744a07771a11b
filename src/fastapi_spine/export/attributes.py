"""Attributes as OTLP's `KeyValue` and `AnyValue` (opentelemetry-proto, `common/v1/common.proto`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from fastapi_spine.core.telemetry import AttributeValue
from fastapi_spine.export.wire import blob, double, number, text

_INT64_MIN: Final = -(1 << 63)
_INT64_MAX: Final = (1 << 63) - 1
_DEEPEST: Final = 16
_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 128
_LENGTHS_REMEMBERED: Final = 128
_KEYS_REMEMBERED: Final = 256


class Pairs:
    """Writes attributes into one field; what repeats (keys, methods, routes, small numbers) is written once.

    Args:
        field: the number of the field that holds them.
    """

    __slots__ = ("_field", "_known")

    def __init__(self, field: int) -> None:
        self._field = field
        self._known: dict[tuple[str, str | int], bytes] = {}

    def __call__(self, key: str, value: AttributeValue) -> bytes:
        """Write one attribute."""
        kind = type(value)
        # A boolean equals a number, so it is not remembered at all.
        if kind is int or (kind is str and len(value) <= _LONGEST_REMEMBERED):  # type: ignore[arg-type]
            known = self._known.get((key, value))  # type: ignore[arg-type]
            if known is not None:
                return known
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            made = self._known[key, value] = pair(self._field, key, value)  # type: ignore[index]
            return made
        return pair(self._field, key, value)


class TextHeads(dict[str, Callable[[int], bytes]]):
    """What stands before the texts of attributes that are others each time: it depends on key and length only.

    Under each key it has what returns the head for a text of so many bytes.

    Args:
        field: the number of the field that holds the attributes.
    """

    def __init__(self, field: int) -> None:
        super().__init__()
        self._field = field

    def __missing__(self, key: str) -> Callable[[int], bytes]:
        if len(self) >= _KEYS_REMEMBERED:
            self.clear()
        made = self[key] = lru_cache(_LENGTHS_REMEMBERED)(partial(_text_head, self._field, key))
        return made


def _text_head(field: int, key: str, length: int) -> bytes:
    """Write what stands before the text of an attribute, given its length in bytes."""
    return pair(field, key, "x" * length)[: -length or None]


class ResourceField:
    """Writes who the process is, again only when the answer is another object.

    Args:
        resource: returns who the process is; an answer is not changed once it was given.
    """

    __slots__ = ("_read", "_resource", "_written")

    def __init__(self, resource: Callable[[], Mapping[str, AttributeValue]]) -> None:
        self._resource = resource
        self._read: Mapping[str, AttributeValue] | None = None
        self._written = b""

    def written(self) -> bytes:
        """Return the field that every request has."""
        attributes = self._resource()
        if attributes is not self._read:
            self._written = resource_of(attributes)
            self._read = attributes
        return self._written


def resource_of(attributes: Mapping[str, AttributeValue]) -> bytes:
    """Write a `Resource`, as the field that every request has it in."""
    return blob(1, b"".join(pair(1, key, value) for key, value in attributes.items()))


def scope_of(name: str, version: str) -> bytes:
    """Write an `InstrumentationScope`, as the field that every group of items has it in."""
    return blob(1, text(1, name) + (text(2, version) if version else b""))


def pair(field: int, key: str, value: AttributeValue) -> bytes:
    """Write one attribute."""
    return blob(field, text(1, key) + blob(2, any_value(value)))


def any_value(value: AttributeValue, depth: int = 0) -> bytes:
    """Write a value as `AnyValue`; what has no form of its own is written as text.

    Args:
        value: what an attribute holds.
        depth: how many lists and maps it lies in; beyond 16 it becomes text, because receivers refuse more.
    """
    if isinstance(value, str):
        return text(1, value)
    if isinstance(value, bool):
        return number(2, value)
    if isinstance(value, int):
        inside = _INT64_MIN <= value <= _INT64_MAX
        return number(3, value) if inside else text(1, str(value))
    if isinstance(value, float):
        return double(4, value)
    return _compound(value, depth)


def _compound(value: AttributeValue, depth: int) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return blob(7, value)
    if depth >= _DEEPEST or not isinstance(value, Mapping | Sequence):
        return text(1, "…" if depth >= _DEEPEST else str(value))
    if isinstance(value, Mapping):
        pairs = (_deep_pair(str(key), inner, depth) for key, inner in value.items())
        return blob(6, b"".join(pairs))
    return blob(5, b"".join(blob(1, any_value(inner, depth + 1)) for inner in value))


def _deep_pair(key: str, value: AttributeValue, depth: int) -> bytes:
    return blob(1, text(1, key) + blob(2, any_value(value, depth + 1)))
