"""Attributes of protobuf bodies: `KeyValue` and `AnyValue` (opentelemetry-proto, `common/v1/common.proto`)."""

from __future__ import annotations

import base64
import math
import struct
from typing import Final

from fastapi_spine.console.otlp.faults import BadBodyError, Budget, Reject
from fastapi_spine.console.otlp.limits import Limits, cut
from fastapi_spine.console.otlp.reasons import TOO_DEEP
from fastapi_spine.console.otlp.wire import members, skip, varint
from fastapi_spine.console.rows import Value

_REMEMBERED: Final = 8192
_LONGEST_REMEMBERED: Final = 256
_DOUBLE: Final = struct.Struct("<d").unpack_from
_SIGN: Final = 1 << 63
_INT64: Final = 1 << 64

# Tags: field number << 3 | wire type.
_KEY: Final = 0x0A
_VALUE: Final = 0x12
_STRING: Final = 0x0A
_BOOL: Final = 0x10
_INT: Final = 0x18
_FLOAT: Final = 0x21
_ARRAY: Final = 0x2A
_MAP: Final = 0x32
_BYTES: Final = 0x3A
_ELEMENT: Final = 0x0A

_LEFT: Final = 0x80
_SHORT: Final = tuple(bytes((_VALUE, length)) for length in range(_LEFT))

Pair = tuple[str, Value]


class Pairs:
    """Reads attributes, and remembers those that it has read: most of them come again and again.

    Attributes:
        known: bytes of a `KeyValue` → the pair. Only values that cannot change are remembered, since rows share them.
        names: bytes of a name → the name.
    """

    def __init__(self, limits: Limits) -> None:
        self.known: dict[bytes, Pair] = {}
        self.names: dict[bytes, str] = {}
        self._limits = limits

    def name(self, content: bytes) -> str:
        """Read a name: of a span, an attribute, a scope."""
        known = self.names.get(content)
        if known is not None:
            return known
        name = cut(content.decode("utf-8", "replace"), self._limits.key)
        if len(content) <= _LONGEST_REMEMBERED:
            if len(self.names) >= _REMEMBERED:
                self.names.clear()
            self.names[content] = name
        return name

    def text(self, content: bytes) -> str:
        """Read a text."""
        return cut(content.decode("utf-8", "replace"), self._limits.text)

    def learn(self, content: bytes, budget: Budget, depth: int = 0) -> Pair:
        """Read a `KeyValue`.

        Raises:
            BadBodyError: it is none.
            Reject: its value is nested too deeply.
        """
        # Nearly always: a short key, then a short value that reaches to the end.
        after = content[1] + 2 if len(content) > 1 else 0
        size = len(content) - after - 2
        if 1 < size < _LEFT and content[0] == _KEY and content[after : after + 2] == _SHORT[size]:
            name = content[2:after]
            key = self.names.get(name) or self.name(name)
            if content[after + 2] == _STRING and content[after + 3] == size - 2:
                value: Value = content[after + 4 :].decode("utf-8", "replace")
            else:
                value = self.value(content[after + 2 :], budget, depth)
        else:
            key, value = self._slowly(content, budget, depth)
        pair = (key, value)
        if len(content) <= _LONGEST_REMEMBERED and not isinstance(value, list | dict):
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known[content] = pair
        return pair

    def _slowly(self, content: bytes, budget: Budget, depth: int) -> Pair:
        key: str = ""
        value: Value = None
        for tag, start, end in members(content, 0, len(content), 0, budget):
            if tag == _KEY:
                key = self.name(content[start:end])
            elif tag == _VALUE:
                value = self.value(content[start:end], budget, depth)
        return key, value

    def value(self, content: bytes, budget: Budget, depth: int = 0) -> Value:
        """Read an `AnyValue`; the last of several counts, as with every `oneof`."""
        value: Value = None
        place, end = 0, len(content)
        while place < end:
            tag = content[place]
            if tag in (_STRING, _ARRAY, _MAP, _BYTES):
                length, start = varint(content, place + 1)
                place = start + length
                value = self._long(tag, content[start:place], budget, depth)
            elif tag in (_BOOL, _INT):
                number, place = varint(content, place + 1)
                value = bool(number) if tag == _BOOL else _signed(number)
            elif tag == _FLOAT and place + 9 <= end:
                value = plain_float(_DOUBLE(content, place + 1)[0])
                place += 9
            else:
                place = skip(content, place, budget)
        if place != end:
            raise BadBodyError("a value in the body is longer than what it lies in")
        return value

    def _long(self, tag: int, content: bytes, budget: Budget, depth: int) -> Value:
        if tag == _STRING:
            return self.text(content)
        if tag == _BYTES:
            return cut(base64.b64encode(content).decode(), self._limits.text)
        if depth >= self._limits.depth:
            raise Reject(TOO_DEEP)
        inside = [
            content[start:end]
            for found, start, end in members(content, 0, len(content), 0, budget)
            if found == _ELEMENT  # each was charged to the budget as a member
        ]
        if tag == _ARRAY:
            return [self.value(one, budget, depth + 1) for one in inside]
        return dict(self.learn(one, budget, depth + 1) for one in inside)


def _signed(number: int) -> int:
    return number - _INT64 if number >= _SIGN else number


def plain_float(number: float) -> float | str:
    """Return a number that JSON has; the others as the words that our log lines use."""
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
