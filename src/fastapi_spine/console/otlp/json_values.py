"""Attributes, numbers and ids of JSON bodies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from fastapi_spine.console.otlp.faults import BadBodyError, Budget, Reject
from fastapi_spine.console.otlp.json_shapes import AnyValue, KeyValue, Real, Whole
from fastapi_spine.console.otlp.limits import Limits, cut
from fastapi_spine.console.otlp.reasons import TOO_DEEP, TOO_MANY_ATTRIBUTES
from fastapi_spine.console.otlp.values import plain_float
from fastapi_spine.console.rows import Attributes, Value

_LONGEST_NUMBER: Final = 20
_UNSIGNED: Final = 1 << 64
_SIGNED: Final = 1 << 63
_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def whole(number: Whole) -> int:
    """Read a number of 64 bits without a sign, text or not; 0 if there is none.

    Raises:
        BadBodyError: it is no such number.
    """
    value = _integer(number)
    if 0 <= value < _UNSIGNED:
        return value
    raise BadBodyError("a time or count in the body is not a number of 64 bits without a sign")


def _integer(number: Whole) -> int:
    if number is None:
        return 0
    if isinstance(number, int):
        return number
    digits = number[1:] if number[:1] == "-" else number
    if digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER:
        return int(number)
    raise BadBodyError("a whole number in the body is written as another text")


def signed(number: Whole) -> int:
    """Read a number of 64 bits with a sign.

    Raises:
        BadBodyError: it is no such number.
    """
    value = _integer(number)
    if -_SIGNED <= value < _SIGNED:
        return value
    raise BadBodyError("an intValue in the body is beyond 64 bits")


def real(number: Real) -> float:
    """Read a floating-point number; the words NaN, Infinity and -Infinity are some.

    Raises:
        BadBodyError: it is none.
    """
    if number is None:
        return 0.0
    if not isinstance(number, str):
        return number
    if number in _WORDS:
        return _WORDS[number]
    try:
        return float(number)
    except ValueError:
        raise BadBodyError("a number in the body is written as another text") from None


def raw_id(text: str | None) -> bytes:
    """Read an id; what is no hex is an id that does not fit."""
    if not text:
        return b""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b"?"


def attributes(pairs: Sequence[KeyValue] | None, budget: Budget, limits: Limits) -> Attributes:
    """Read attributes.

    Raises:
        Reject: there are too many, or one is nested too deeply.
    """
    if not pairs:
        return {}
    if len(pairs) > limits.attributes_each:
        raise Reject(TOO_MANY_ATTRIBUTES)
    return _map(pairs, budget, limits, 0)


def _map(pairs: Sequence[KeyValue], budget: Budget, limits: Limits, depth: int) -> Attributes:
    budget.values(len(pairs))
    return {
        cut(pair.key or "", limits.key): value(pair.value, budget, limits, depth) for pair in pairs
    }


def value(given: AnyValue | None, budget: Budget, limits: Limits, depth: int = 0) -> Value:
    """Read a value.

    Raises:
        Reject: it is nested too deeply.
    """
    if given is None:
        return None
    if given.string_value is not None:
        return cut(given.string_value, limits.text)
    if given.int_value is not None:
        return signed(given.int_value)
    if given.bool_value is not None:
        return given.bool_value
    if given.double_value is not None:
        return plain_float(real(given.double_value))
    if given.bytes_value is not None:
        return cut(given.bytes_value, limits.text)
    return _nested(given, budget, limits, depth)


def _nested(given: AnyValue, budget: Budget, limits: Limits, depth: int) -> Value:
    if given.array_value is None and given.kvlist_value is None:
        return None
    if depth >= limits.depth:
        raise Reject(TOO_DEEP)
    if given.array_value is not None:
        inside = given.array_value.values or []
        budget.values(len(inside))
        return [value(one, budget, limits, depth + 1) for one in inside]
    pairs = given.kvlist_value.values if given.kvlist_value else None
    return _map(pairs or [], budget, limits, depth + 1)
