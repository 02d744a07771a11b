"""A filter, written as the search that reads as the same filter: one spelling for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from fastapi_spine.console.filter import Between, Filter, Match, Words
from fastapi_spine.console.search.conditions import TRACE_ID, UUID, is_joining
from fastapi_spine.console.search.keys import BY_NAME, nearest
from fastapi_spine.console.search.measures import (
    BETWEEN,
    LEVEL_NAMES,
    written_duration,
    written_number,
)
from fastapi_spine.console.search.scan import has_head

_SPECIAL: Final = frozenset('",\\')
Written = Callable[[float], str]


def render(wanted: Filter) -> str:
    """Return a filter as a search: ids first, then fields, sizes and words, each in its order.

    Returns:
        `parse` reads it as the same filter, if `parse` could have made that filter.
    """
    return " ".join(_terms(wanted))


def _terms(wanted: Filter) -> Iterator[str]:
    if wanted.request_id:
        yield f"id:{_value(wanted.request_id)}"
    if wanted.trace_id:
        yield f"trace:{wanted.trace_id}"
    if wanted.failed is not None:
        yield f"failed:{'yes' if wanted.failed else 'no'}"
    for match in wanted.matches:
        yield f"{_minus(match)}{_match(match)}"
    for size in wanted.sizes:
        yield f"{_minus(size)}{_SIZES.get(size.key, _attribute_size)(size)}"
    for words in wanted.words:
        yield f"{_minus(words)}{_words(words.text)}"


def _minus(condition: Match | Between | Words) -> str:
    return "-" if condition.negated else ""


def _match(match: Match) -> str:
    if match.key == "status":
        values = [f"{value[0]}xx" if value.endswith("*") else value for value in match.values]
        return f"status:{','.join(values)}"
    if BETWEEN in match.values[0] and len(match.values) == 1:
        return f"{_key(match.key)}:{_quoted(match.values[0])}"
    return f"{_key(match.key)}:{','.join(_value(value) for value in match.values)}"


def _key(name: str) -> str:
    """Return an attribute's name; one that would be taken for a slip gets its @."""
    return f"@{name}" if name not in BY_NAME and nearest(name) else name


def _value(text: str) -> str:
    plain = text and not any(one.isspace() or one in _SPECIAL for one in text)
    # A link behind a key's operator would be taken for an address.
    return text if plain and not text.startswith("//") else _quoted(text)


def _words(text: str) -> str:
    plain = (
        not any(one.isspace() or one in '"\\' for one in text)
        and not text.startswith("-")
        and not text.endswith("*")
        and not has_head(text)
        and not is_joining(text)
        and not UUID.fullmatch(text)
        and not TRACE_ID.fullmatch(text)
    )
    return text if plain and text else _quoted(text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _status(size: Between) -> str:
    low, high = size.low, size.high
    if low is not None and high is not None:
        if low == high:
            return f"status:{low:.0f}"
        if low % 100 == 0 and high == low + 99:
            return f"status:{low / 100:.0f}xx"
    return _whole(size)


def _whole(size: Between) -> str:
    return _open_or_range(size, size.key, lambda value: f"{value:.0f}")


def _severity(size: Between) -> str:
    if size.high is None and size.low in LEVEL_NAMES:
        return f"level:{LEVEL_NAMES[size.low]}"
    return _whole(size)


def _duration(size: Between) -> str:
    if size.low is None and size.high is not None:
        return f"faster:{written_duration(size.high)}"
    if size.high is None and size.low is not None:
        return f"slower:{written_duration(size.low)}"
    return _open_or_range(size, "duration", written_duration)


def _attribute_size(size: Between) -> str:
    """Write a bound that is left out as it was read: the shorter one of two neighbours is what somebody wrote."""
    name = _key(size.key)
    if size.high is None and size.low is not None:
        below = math.nextafter(size.low, -math.inf)
        if len(repr(below)) < len(repr(size.low)):
            return f"{name}>{written_number(below)}"
    if size.low is None and size.high is not None:
        above = math.nextafter(size.high, math.inf)
        if len(repr(above)) < len(repr(size.high)):
            return f"{name}<{written_number(above)}"
    return _open_or_range(size, name, written_number)


def _open_or_range(size: Between, name: str, written: Written) -> str:
    if size.high is None:
        return f"{name}>={written(size.low or 0.0)}"
    if size.low is None:
        return f"{name}<={written(size.high)}"
    return f"{name}:{written(size.low)}{BETWEEN}{written(size.high)}"


_SIZES: Final[dict[str, Callable[[Between], str]]] = {
    "status": _status,
    "severity": _severity,
    "duration": _duration,
}
