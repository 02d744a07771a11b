"""Any value as plain JSON data, without trusting it.

What reaches a log line is whatever a program, its libraries and strangers put there: objects whose
`__str__` raises, containers that hold themselves, numbers JSON has no word for. `plain` makes a copy that
is only dict (with str keys), list, str, int (64 bit), float (finite), bool and None, of bounded depth and
size. It never raises and never looks at an object in a way that runs its code, other than a guarded
`str()`; classes are asked by `type()`, not `isinstance`, because `__class__` may be a property.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Any, Final

MAX_DEPTH: Final = 16
"""Containers inside containers; deeper ones are left out. Log backends index four or five levels."""
MAX_NODES: Final = 10_000
"""Values of one line; the rest is left out. A line of 32 KiB holds fewer."""

INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 64) - 1
"""What JSON readers take as an integer; anything beyond is written as a string of digits."""

REST_KEY: Final = "…"
"""Where an object says how many of its members were left out."""

_NAME_OF: Final = type.__dict__["__name__"].__get__
_TIMES: Final = (dt.date, dt.time)


def mark(what: object) -> str:
    """Return what stands where something was left out: `…[TRUNCATED:12]`."""
    return f"…[TRUNCATED:{what}]"


def text_of(value: object) -> str:
    """Return `str(value)`, or `<unprintable Name>` if that raises or gives something else.

    The one place of the logs room where a stranger's code runs. Call it with no lock held. It cannot bound
    how long that code takes.
    """
    try:
        # The outer call turns a str subclass, whose methods would be a stranger's too, into a str.
        return whole_text(str.__str__(str(value)))
    except Exception:  # noqa: BLE001 - a stranger's __str__ may raise anything
        return f"<unprintable {_NAME_OF(type(value))}>"


def whole_text(text: str) -> str:
    r"""Return text that UTF-8 can carry: a lone surrogate becomes its escape, `\ud800`, spelt out.

    JSON could say `"\ud800"`, but RFC 8259 section 8.2 calls that unpredictable, and strict readers refuse
    the whole line for it.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def plain(line: dict[str, object]) -> tuple[dict[str, object], bool]:
    """Copy a line as plain JSON data, in the same key order.

    Args:
        line: any dict, of anything.

    Returns:
        The copy, and whether it is whole: False if depth, size or a cycle made us leave something out.
    """
    copy = _Copy()
    return copy.members(line, 0), copy.whole


class _Copy:
    """One pass over one line, with its budget."""

    __slots__ = ("nodes", "path", "whole")

    def __init__(self) -> None:
        self.nodes = 0
        self.path: set[int] = set()
        self.whole = True

    def value(self, value: Any, depth: int) -> object:
        kind = type(value)
        self.nodes += 1
        if kind is str:
            return whole_text(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, int):
            return _integer(value)
        if issubclass(kind, float):
            return _number(value)
        if issubclass(kind, (dict, list, tuple, set, frozenset)):
            return self._container(value, kind, depth)
        return self._single(value, kind, depth)

    def _single(self, value: Any, kind: type, depth: int) -> object:
        if issubclass(kind, str):
            return whole_text(str.__str__(value))
        if issubclass(kind, (bytes, bytearray)):
            return value.decode("utf-8", "backslashreplace")
        if issubclass(kind, enum.Enum) and depth <= MAX_DEPTH:
            return self.value(_value_of(value), depth + 1)
        if kind in _TIMES or kind is dt.datetime:
            return _moment(value)
        return text_of(value)

    def _container(self, value: Any, kind: type, depth: int) -> object:
        if depth >= MAX_DEPTH or id(value) in self.path:
            self.whole = False
            return mark("depth" if depth >= MAX_DEPTH else "cycle")
        self.path.add(id(value))
        copy = (
            self.members(value, depth + 1)
            if issubclass(kind, dict)
            else self._elements(_iterate(value, kind), depth + 1)
        )
        self.path.discard(id(value))
        return copy

    def members(self, members: dict[Any, Any], depth: int) -> dict[str, object]:
        copy: dict[str, object] = {}
        # A list of the items is made in one step, so another thread may go on changing the dict.
        items = list(dict.items(members))
        for place, (key, value) in enumerate(items):
            if self.nodes >= MAX_NODES:
                self.whole = False
                copy[_free(REST_KEY, copy)] = mark(len(items) - place)
                break
            copy[_free(_key(key), copy)] = self.value(value, depth)
        return copy

    def _elements(self, elements: list[Any], depth: int) -> list[object]:
        copy: list[object] = []
        for place, value in enumerate(elements):
            if self.nodes >= MAX_NODES:
                self.whole = False
                copy.append(mark(len(elements) - place))
                break
            copy.append(self.value(value, depth))
        return copy


def _iterate(value: Any, kind: type) -> list[Any]:
    """List the elements without asking a subclass, whose `__iter__` would be a stranger's code."""
    for own in (list, tuple, set, frozenset):
        if issubclass(kind, own):
            iterator: Iterable[Any] = own.__iter__(value)
            return list(iterator)
    return []


def _value_of(member: enum.Enum) -> object:
    try:
        return object.__getattribute__(member, "_value_")
    except AttributeError:
        return text_of(member)


def _key(key: Any) -> str:
    kind = type(key)
    if kind is str:
        return whole_text(key)
    if issubclass(kind, str):
        return whole_text(str.__str__(key))
    if issubclass(kind, (bytes, bytearray)):
        return str(key.decode("utf-8", "backslashreplace"))
    return text_of(key)


def _free(key: str, taken: dict[str, object]) -> str:
    """Return a key nobody has: `1` and `"1"` are two keys of a dict and must stay two in JSON."""
    if key not in taken:
        return key
    number = 2
    while f"{key}#{number}" in taken:
        number += 1
    return f"{key}#{number}"


def _integer(value: int) -> int | str:
    number = int.__int__(value)
    if INT_MIN <= number <= INT_MAX:
        return number
    try:
        return str(number)
    except ValueError:
        # CPython refuses to write more than 4300 decimal digits (CVE-2020-10735); hex is linear.
        return hex(number)


def _number(value: float) -> float | str:
    number = float.__float__(value)
    if number - number == 0.0:
        return number
    if number != number:  # noqa: PLR0124 - the definition of NaN
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _moment(value: dt.date | dt.time) -> str:
    try:
        return value.isoformat()
    except Exception:  # noqa: BLE001 - a tzinfo is a stranger's object
        return text_of(value)
