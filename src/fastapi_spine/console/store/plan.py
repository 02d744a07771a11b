"""A search as parameters of statements: what SQLite can judge by columns and indices. The rest is for `fits`.

Every condition that stands here only leaves out rows that `fits` would leave out too, so a search is right even where
SQLite can help with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import json

from fastapi_spine.console.facts import SEVERITY_ERROR, SEVERITY_WARN
from fastapi_spine.console.filter import Between, Filter, Match, Words
from fastapi_spine.console.store import phrases
from fastapi_spine.console.store.mend import LARGEST
from fastapi_spine.console.store.numbers import MOST_WORDS
from fastapi_spine.console.store.slice_reader import SliceReader
from fastapi_spine.console.store.terms import slow
from fastapi_spine.console.store.terms import wanted as wanted_terms

Parameters = dict[str, Any]
_REQUEST_COLUMNS: Final = frozenset(
    {"service", "route", "method", "path", "outcome", "error", "name", "status", "logger"}
)
_LINE_COLUMNS: Final = frozenset(
    {"service", "route", "method", "path", "outcome", "error", "status", "logger"}
)
_NOTHING: Final = "[]"
_SERVER_ERROR: Final = 500


def request_conditions(wanted: Filter, file: SliceReader) -> Parameters:
    """Return the parameters of `requests_by_*` for one slice."""
    status, duration = _range(wanted.sizes, "status"), _range(wanted.sizes, "duration")
    return {
        "sources": _sources(wanted, file),
        "methods": _words(wanted, "method", file),
        "routes": _words(wanted, "route", file),
        "status_low": status[0],
        "status_high": status[1],
        "duration_low": duration[0],
        "duration_high": duration[1],
        "failed": None if wanted.failed is None else int(wanted.failed),
    }


def line_conditions(wanted: Filter, file: SliceReader) -> Parameters:
    """Return the parameters of `logs_by_*` for one slice."""
    low, high = _range(wanted.sizes, "severity")
    if wanted.failed is True:
        low = max(low or 0, SEVERITY_ERROR)
    elif wanted.failed is False:
        high = min(LARGEST if high is None else high, SEVERITY_ERROR - 1)
    return {
        "sources": _sources(wanted, file),
        "loggers": _words(wanted, "logger", file),
        "severity_low": low,
        "severity_high": high,
    }


def request_plan(wanted: Filter, conditions: Parameters) -> tuple[str, Parameters]:
    """Return which index leads to requests, and what it needs."""
    low = conditions["status_low"]
    if wanted.failed is True or (low is not None and low >= _SERVER_ERROR):
        return "failed", {}
    routes = json.decode(conditions["routes"]) if conditions["routes"] else []
    if len(routes) == 1:
        return "route", {"route": routes[0]}
    return "time", {}


def line_plan(conditions: Parameters) -> str:
    """Return which index leads to lines."""
    low = conditions["severity_low"]
    return "warned" if low is not None and low >= SEVERITY_WARN else "time"


def positive_words(wanted: Filter) -> str:
    """Return what asks the index for all texts that have to be there; empty without any."""
    return phrases.all_of(
        one.text for one in wanted.words if not one.negated and phrases.has_words(one.text)
    )


def negative_words(wanted: Filter) -> str:
    """Return what asks the index for any of the texts that may not be there; empty without any."""
    return phrases.any_of(
        one.text for one in wanted.words if one.negated and phrases.has_words(one.text)
    )


def words_of(one: Words) -> str:
    """Return what asks the index for one text; empty if it has no word in it."""
    return phrases.phrase(one.text) if phrases.has_words(one.text) else ""


def line_terms(wanted: Filter) -> list[str]:
    """Return what asks the index of lines' attributes, one question a condition."""
    return _terms(wanted, _LINE_COLUMNS)


def request_terms(wanted: Filter) -> list[str]:
    """Return what asks the index of requests' attributes, and those of lines, one question a condition."""
    return _terms(wanted, _REQUEST_COLUMNS - {"path"})


def slow_terms(wanted: Filter) -> str:
    """Return what asks the index for requests that took long enough; empty if it cannot help."""
    low, _ = _range(wanted.sizes, "duration")
    return "" if low is None else slow(low)


def ids(numbers: Iterable[int | str | None]) -> str:
    """Return numbers as one parameter."""
    return json.encode(list(numbers)).decode("utf-8")


def _terms(wanted: Filter, columns: frozenset[str]) -> list[str]:
    asked = [
        wanted_terms(match.key, match.values)
        for match in wanted.matches
        if not match.negated and match.key not in columns
    ]
    return [term for term in asked if term]


def _sources(wanted: Filter, file: SliceReader) -> str | None:
    return _listed(
        wanted,
        "service",
        lambda fits: [number for number, source in file.sources().items() if fits(source.service)],
    )


def _words(wanted: Filter, key: str, file: SliceReader) -> str | None:
    if not any(match.key == key for match in wanted.matches):
        return None
    words = file.words()
    if len(words) >= MOST_WORDS:
        return None
    return _listed(
        wanted, key, lambda fits: [number for number, word in words.items() if fits(word)]
    )


def _listed(
    wanted: Filter, key: str, chosen: Callable[[Callable[[str], bool]], list[int]]
) -> str | None:
    matches = [match for match in wanted.matches if match.key == key]
    if not matches:
        return None
    found = chosen(lambda text: all(_fits(match, text) for match in matches))
    return ids(found) if found else _NOTHING


def _fits(match: Match, text: str) -> bool:
    has = bool(text) and any(
        text.startswith(value[:-1]) if value.endswith("*") else text == value
        for value in match.values
    )
    return has != match.negated


def _range(sizes: tuple[Between, ...], key: str) -> tuple[int | None, int | None]:
    low: int | None = None
    high: int | None = None
    for size in sizes:
        if size.key == key and not size.negated:
            if size.low is not None:
                low = max(_whole(size.low, up=True), low or 0)
            if size.high is not None:
                high = min(_whole(size.high, up=False), LARGEST if high is None else high)
    return low, high


def _whole(number: float, *, up: bool) -> int:
    """Return the whole number inside the range nearest to its end."""
    if number != number or abs(number) > LARGEST:  # noqa: PLR0124 - NaN
        return LARGEST if number > 0 else 0
    whole = int(number)
    if up and whole < number:
        whole += 1
    return max(min(whole, LARGEST), -LARGEST)
