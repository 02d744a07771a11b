"""Terms about how much: status, duration, level, and numbers of attributes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from fastapi_spine.console.filter import Between, Match
from fastapi_spine.console.search.measures import BETWEEN, duration, level, number
from fastapi_spine.console.search.problem import WrongError
from fastapi_spine.console.search.scan import Term, Value

_CODE: Final = re.compile(r"[1-9][0-9]{2}")
_CLASS: Final = re.compile(r"([1-9])xx", re.IGNORECASE)
_EQUAL: Final = frozenset({":", "="})
_CODES: Final = (100, 999)
_SEVERITIES: Final = (0, 24)
_STATUS_HINT: Final = "Write a code, 404, or a class, 5xx."
_DURATION_HINT: Final = "Write a number with its unit, 300ms, 1.5s or 2m."
Reader = Callable[[Value], float]


def is_size(term: Term) -> bool:
    """Whether a term about an attribute compares numbers: by an operator, or from … to."""
    if term.operator not in _EQUAL:
        return True
    if len(term.values) > 1 or term.value.quoted or BETWEEN not in term.value.text:
        return False
    low, _, high = term.value.text.partition(BETWEEN)
    return number(low) is not None and number(high) is not None


def attribute_size(term: Term, name: str) -> Between:
    """Read a comparison of an attribute; a bound that is left out is the next number that a float can hold."""

    def above(value: float, *, up: bool) -> float:
        return math.nextafter(value, math.inf if up else -math.inf)

    return _compared(term, name, _plain_number, above)


def status(term: Term) -> Between | Match:
    """Read a status: a code, a class, several, or a comparison."""
    if term.operator in _EQUAL and len(term.values) > 1:
        return Match("status", tuple(_status_text(value) for value in term.values), term.negated)
    group = _CLASS.fullmatch(term.value.text)
    if group and term.operator in _EQUAL:
        first = int(group[1]) * 100
        return Between("status", float(first), float(first + 99), term.negated)
    if group:
        hint = f"Write status{term.operator}{group[1]}00, or status:{group[1]}xx."
        message = "A class cannot be compared."
        raise WrongError(message, term.value.position, term.value.length, hint)
    return _within(_compared(term, "status", _code, _next_whole), term, _CODES)


def longer(term: Term) -> Between:
    """Read `slower:300ms`."""
    return Between("duration", _duration(_one(term, "slower")), None, term.negated)


def shorter(term: Term) -> Between:
    """Read `faster:1s`."""
    return Between("duration", None, _duration(_one(term, "faster")), term.negated)


def duration_size(term: Term) -> Between:
    """Read a comparison of durations; bounds are included, nobody measures to the nanosecond."""
    if term.operator in _EQUAL and BETWEEN not in term.value.text:
        shown = term.value.text
        hint = f"Write slower:{shown} or faster:{shown}."
        message = "No request takes exactly as long."
        raise WrongError(message, term.position + term.negated, len(term.key), hint)

    def same(value: float, *, up: bool) -> float:  # noqa: ARG001 - the shape of a step
        return value

    return _compared(term, "duration", _duration, same)


def level_size(term: Term) -> Between:
    """Read `level:warn`: that or worse."""
    value = _one(term, "level")
    severity = level(value.text)
    if severity is None:
        hint = "Write trace, debug, info, warn, error or fatal."
        raise WrongError(f"There is no level {value.text}.", value.position, value.length, hint)
    return Between("severity", float(severity), None, term.negated)


def severity_size(term: Term) -> Between:
    """Read a comparison of severities as numbers."""
    return _within(_compared(term, "severity", _severity, _next_whole), term, _SEVERITIES)


def _compared(term: Term, key: str, read: Reader, step: Callable[..., float]) -> Between:
    """Read `key>=low`, `key<high` and so on, or `key:low..high`.

    Args:
        term: the term.
        key: of the condition.
        read: reads one number, or says what is wrong.
        step: the next number up or down, for bounds that are left out.
    """
    value = _one(term, key, sizes=True)
    if term.operator in _EQUAL:
        low, high = _ends(value, read)
        return Between(key, low, high, term.negated)
    bound = read(value)
    if term.operator == ">=":
        return Between(key, bound, None, term.negated)
    if term.operator == "<=":
        return Between(key, None, bound, term.negated)
    if term.operator == ">":
        return Between(key, step(bound, up=True), None, term.negated)
    return Between(key, None, step(bound, up=False), term.negated)


def _within(found: Between, term: Term, known: tuple[int, int]) -> Between:
    first, last = known
    if (found.low or first) > last or (last if found.high is None else found.high) < first:
        value = term.value
        message = f"There is no {found.key} beyond {value.text}."
        hint = f"Write a bound from {first} to {last}."
        raise WrongError(message, value.position, value.length, hint)
    return found


def _ends(value: Value, read: Reader) -> tuple[float, float]:
    first, dots, second = value.text.partition(BETWEEN)
    if not dots:
        only = read(value)
        return only, only
    low = read(value._replace(text=first))
    high = read(value._replace(text=second))
    if low > high:
        hint = f"Write {second}..{first}."
        raise WrongError("From is more than to.", value.position, value.length, hint)
    return low, high


def _one(term: Term, key: str, *, sizes: bool = False) -> Value:
    if len(term.values) > 1:
        second = term.values[1]
        message = f"{key} takes one value here."
        raise WrongError(message, second.position, second.length, "Leave one.")
    if not sizes and term.operator not in _EQUAL:
        hint = f"Write {key}:{term.value.text}."
        place = term.position + term.negated + len(term.key)
        raise WrongError(f"{key} compares already.", place, len(term.operator), hint)
    return term.value


def _next_whole(value: float, *, up: bool) -> float:
    return value + 1 if up else value - 1


def _plain_number(value: Value) -> float:
    found = number(value.text)
    if found is None:
        hint = "Write a number, 42 or 0.5."
        raise WrongError("This is no number.", value.position, value.length, hint)
    return found


def _code(value: Value) -> float:
    if not _CODE.fullmatch(value.text):
        raise WrongError("This is no status.", value.position, value.length, _STATUS_HINT)
    return float(value.text)


def _status_text(value: Value) -> str:
    group = _CLASS.fullmatch(value.text)
    if group:
        return f"{group[1]}*"
    _code(value)
    return value.text


def _severity(value: Value) -> float:
    found = number(value.text)
    if found is None or not found.is_integer() or not _SEVERITIES[0] <= found <= _SEVERITIES[1]:
        hint = "Write 1 to 24, or level:warn."
        raise WrongError("This is no severity.", value.position, value.length, hint)
    return found


def _duration(value: Value) -> float:
    found = duration(value.text)
    if found is None:
        bare = number(value.text) is not None
        hint = f"Write {value.text}ms or {value.text}s." if bare else _DURATION_HINT
        message = "The unit is missing." if bare else "This is no duration."
        raise WrongError(message, value.position, value.length, hint)
    return found
