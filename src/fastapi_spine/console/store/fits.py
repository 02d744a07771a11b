"""Whether a row is what was looked for, word for word: the last word after the indices have had theirs.

Conditions on words of messages are not judged here, only the index knows them, save for texts without any word in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from fastapi_spine.console.facts import SEVERITY_ERROR, method_of, request, text
from fastapi_spine.console.filter import Between, Filter, Match, Words
from fastapi_spine.console.rows import Attributes, LogRow, SpanRow, Value
from fastapi_spine.console.store.phrases import has_words
from fastapi_spine.console.store.terms import texts
from fastapi_spine.core.conventions import (
    ATTR_EXCEPTION_MESSAGE,
    ATTR_EXCEPTION_TYPE,
    ATTR_PATH,
    ATTR_ROUTE,
    ATTR_SPINE_OUTCOME,
    ATTR_STATUS,
    KEY_METHOD,
    KEY_ROUTE,
)


class Line(NamedTuple):
    """What conditions on a request ask of its trace's lines."""

    severity: int
    logger: str
    attributes: Attributes


Lines = Callable[[], list[Line]]
"""Returns the lines of a request's trace; only asked where they decide."""


class RequestFields:
    """A request, as conditions see it."""

    def __init__(self, span: SpanRow, lines: Lines) -> None:
        self.span = span
        self.facts = request(span)
        self._lines = lines
        self._known: list[Line] | None = None

    def own(self, key: str) -> list[str] | None:  # noqa: PLR0911 - a table
        """Return what one of the fields that every request has is; None if the key is no such field."""
        facts, span = self.facts, self.span
        match key:
            case "service":
                return [span.source.service]
            case "route":
                return [facts.route]
            case "method":
                return [facts.method]
            case "path":
                return [facts.path]
            case "outcome":
                return [facts.outcome]
            case "error":
                return [facts.error]
            case "name":
                return [span.name]
            case "status":
                return [] if facts.status is None else [str(facts.status)]
            case "logger":
                return [line.logger for line in self.lines()]
            case _:
                return None

    def lines(self) -> list[Line]:
        """Return the lines of its trace."""
        if self._known is None:
            self._known = self._lines()
        return self._known

    def attributes(self) -> Iterable[Attributes]:
        """Yield its attributes, then those of its trace's lines."""
        yield self.span.attributes
        yield from (line.attributes for line in self.lines())

    def number(self, key: str) -> list[float] | None:
        """Return one of the sizes that every request has; None if the key is no such size."""
        if key == "duration":
            return [float(self.span.end_ns - self.span.start_ns)]
        if key == "status":
            return [] if self.facts.status is None else [self.facts.status]
        if key == "severity":
            return [line.severity for line in self.lines()]
        return None

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.facts.failed


class LineFields:
    """A line, as conditions see it."""

    def __init__(self, row: LogRow) -> None:
        self.row = row

    def own(self, key: str) -> list[str] | None:  # noqa: PLR0911 - a table
        """Return what one of the fields that a line may have is; None if the key is no such field."""
        row = self.row
        attributes = row.attributes
        match key:
            case "service":
                return [row.source.service]
            case "logger":
                return [row.logger]
            case "error":
                return [text(attributes, ATTR_EXCEPTION_TYPE)]
            case "route":
                return [text(attributes, ATTR_ROUTE, KEY_ROUTE)]
            case "method":
                return [method_of(attributes) or text(attributes, KEY_METHOD)]
            case "path":
                return [text(attributes, ATTR_PATH)]
            case "outcome":
                return [text(attributes, ATTR_SPINE_OUTCOME)]
            case "status":
                return texts(attributes[ATTR_STATUS]) if ATTR_STATUS in attributes else []
            case _:
                return None

    def attributes(self) -> Iterable[Attributes]:
        """Yield its attributes."""
        yield self.row.attributes

    def number(self, key: str) -> list[float] | None:
        """Return one of the sizes that a line may have; None if the key is no such size."""
        if key == "severity":
            return [self.row.severity]
        if key == "status":
            return _numbers(self.row.attributes.get(ATTR_STATUS))
        return None

    @property
    def failed(self) -> bool:
        """Whether it tells of an error."""
        return self.row.severity >= SEVERITY_ERROR


Fields = RequestFields | LineFields


def fits(wanted: Filter, fields: Fields) -> bool:
    """Whether every condition holds but those on words."""
    if wanted.failed is not None and wanted.failed != fields.failed:
        return False
    return all(_in(size, fields) for size in wanted.sizes) and all(
        _matches(match, fields) for match in wanted.matches
    )


def said(words: Iterable[Words], rows: Iterable[LogRow]) -> bool:
    """Whether texts without a word in them stand, or do not stand, in one of these lines."""
    rows = list(rows)
    return all(
        any(_says(one.text, row) for row in rows) != one.negated
        for one in words
        if not has_words(one.text)
    )


def _says(wanted: str, row: LogRow) -> bool:
    return wanted in row.body or wanted in text(row.attributes, ATTR_EXCEPTION_MESSAGE)


def _matches(match: Match, fields: Fields) -> bool:
    return _has(match, fields) != match.negated


def _has(match: Match, fields: Fields) -> bool:
    own = fields.own(match.key)
    if own is not None:
        return any(_equal(value, has) for has in own if has for value in match.values)
    return any(
        _equal(value, has)
        for attributes in fields.attributes()
        if match.key in attributes
        for has in texts(attributes[match.key])
        for value in match.values
    )


def _equal(wanted: str, has: str) -> bool:
    return has.startswith(wanted[:-1]) if wanted.endswith("*") else has == wanted


def _in(size: Between, fields: Fields) -> bool:
    own = fields.number(size.key)
    if own is None:
        found = (number for each in fields.attributes() for number in _numbers(each.get(size.key)))
        return any(_between(size, number) for number in found) != size.negated
    return any(_between(size, number) for number in own) != size.negated


def _between(size: Between, number: float) -> bool:
    return (size.low is None or number >= size.low) and (size.high is None or number <= size.high)


def _numbers(value: Value) -> list[float]:
    """Return a value as numbers; text that reads as one counts too."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, (int, float)):
        return [value]
    if isinstance(value, str):
        try:
            return [float(value)]
        except ValueError:
            return []
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return []
