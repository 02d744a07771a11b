"""One term, read into one condition of a filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from fastapi_spine.console.filter import Between, Match, Words
from fastapi_spine.console.search.keys import BY_NAME, Key, Kind, nearest
from fastapi_spine.console.search.problem import WrongError
from fastapi_spine.console.search.scan import Term, Value
from fastapi_spine.console.search.sizes import (
    attribute_size,
    duration_size,
    is_size,
    level_size,
    longer,
    severity_size,
    shorter,
    status,
)
from fastapi_spine.core.conventions import KEY_REQUEST_ID, KEY_TRACE_ID

Condition: TypeAlias = Words | Match | Between | bool | str
Found: TypeAlias = tuple[str, Condition]
"""The field of the filter, and what goes into it."""

UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
TRACE_ID: Final = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
LONGEST_ID: Final = 200
_YES: Final = frozenset({"yes", "true", "1"})
_NO: Final = frozenset({"no", "false", "0"})
_JOINING: Final = {
    "AND": "Leave it out: all terms must hold anyway.",
    "OR": "Several values of one key stand with commas: key:a,b.",
    "NOT": "Write a minus before what is to be left out: -service:orders.",
}
_MISSPELT: Final = {"=>": ">=", "=<": "<=", "==": ":", ":=": ":"}


def condition(term: Term) -> Found:
    """Read a term.

    Returns:
        The name of a field of `Filter`, and what it holds or gains.

    Raises:
        WrongError: it cannot be read.
    """
    if not term.key:
        return _words(term)
    _refuse_operator(term)
    if term.key.startswith("@"):
        return _attribute(term, _own_name(term))
    key = BY_NAME.get(term.key)
    if key is not None:
        return _READERS[key.kind](term, key)
    near = nearest(term.key)
    if near:
        hint = f"Write {near}, or @{term.key} for an attribute of that name."
        raise WrongError(f"There is no key {term.key}.", _key_place(term), len(term.key), hint)
    return _attribute(term, term.key)


def is_joining(word: str) -> bool:
    """Whether a word looks like an operator of other search languages."""
    return word in _JOINING


def _key_place(term: Term) -> int:
    return term.position + term.negated


def _refuse_operator(term: Term) -> None:
    place = _key_place(term) + len(term.key)
    if term.operator == "!=":
        hint = f"Write -{term.key}:{term.value.text}."
        raise WrongError("!= is not known.", place, 2, hint)
    if term.operator in _MISSPELT:
        hint = f"Write {_MISSPELT[term.operator]}."
        raise WrongError(f"{term.operator} is not known.", place, len(term.operator), hint)


def _own_name(term: Term) -> str:
    name = term.key.removeprefix("@")
    if name in BY_NAME:
        key = BY_NAME[name].name
        hint = f"Write {key} without @; it is never an attribute."
        raise WrongError(f"{name} is a key.", _key_place(term), len(term.key), hint)
    return name


def _words(term: Term) -> Found:
    value = term.value
    text = value.text
    if not value.quoted:
        if text in _JOINING:
            hint = f'{_JOINING[text]} To find the word in lines write "{text}".'
            raise WrongError(f"{text} joins nothing here.", value.position, value.length, hint)
        if UUID.fullmatch(text):
            return _identity(term, KEY_REQUEST_ID, text)
        if TRACE_ID.fullmatch(text):
            return _identity(term, KEY_TRACE_ID, text.lower())
        if text.endswith("*"):
            hint = "Beginnings work after a key: path:/orders*."
            message = "Words in lines are found whole."
            raise WrongError(message, value.position + value.length - 1, 1, hint)
    if not any(one.isalnum() for one in text):
        hint = "Write a word that stands in a line."
        message = "There is no letter or digit to look for."
        raise WrongError(message, value.position, value.length, hint)
    return "words", Words(text, term.negated)


def _text(term: Term, key: Key) -> Found:
    if term.operator not in {":", "="}:
        hint = f"Write {key.name}:{term.value.text}."
        raise WrongError(f"{key.name} has no size.", _key_place(term), len(term.key), hint)
    values = _nonempty(term, key.name)
    if key.name == "method":
        values = tuple(value.upper() for value in values)
    return "matches", Match(key.name, values, term.negated)


def _nonempty(term: Term, name: str) -> tuple[str, ...]:
    for value in term.values:
        if not value.text:
            hint = f"To find what has no {name} write -{name}:*."
            message = "An empty value finds nothing."
            raise WrongError(message, value.position, value.length, hint)
    return tuple(value.text for value in term.values)


def _attribute(term: Term, name: str) -> Found:
    if is_size(term):
        return "sizes", attribute_size(term, name)
    return "matches", Match(name, _nonempty(term, name), term.negated)


def _status(term: Term, _key: Key) -> Found:
    found = status(term)
    return ("matches" if isinstance(found, Match) else "sizes"), found


def _size(read: Callable[[Term], Between]) -> Callable[[Term, Key], Found]:
    def reader(term: Term, _key: Key) -> Found:
        return "sizes", read(term)

    return reader


def _yes_no(term: Term, key: Key) -> Found:
    value = _single(term, key)
    word = value.text.lower()
    if word not in _YES | _NO:
        hint = f"Write {key.name}:yes or {key.name}:no."
        raise WrongError(f"{key.name} is yes or no.", value.position, value.length, hint)
    return "failed", (word in _YES) is not term.negated


def _request_id(term: Term, key: Key) -> Found:
    return _identity(term, KEY_REQUEST_ID, _single(term, key).text)


def _trace_id(term: Term, key: Key) -> Found:
    value = _single(term, key)
    if not TRACE_ID.fullmatch(value.text):
        hint = f"For a request id write id:{value.text}."
        message = "A trace id has 32 hex digits."
        raise WrongError(message, value.position, value.length, hint)
    return _identity(term, KEY_TRACE_ID, value.text.lower())


def _identity(term: Term, field: str, text: str) -> Found:
    if term.negated:
        hint = "Leave the minus out."
        raise WrongError("An id cannot be left out.", term.position, term.length, hint)
    if not text or len(text) > LONGEST_ID:
        hint = f"An id has 1 to {LONGEST_ID} characters."
        raise WrongError("This is no id.", term.value.position, term.value.length, hint)
    return field, text


def _single(term: Term, key: Key) -> Value:
    if term.operator not in {":", "="}:
        hint = f"Write {key.name}:{term.value.text}."
        raise WrongError(f"{key.name} has no size.", _key_place(term), len(term.key), hint)
    if len(term.values) > 1:
        second = term.values[1]
        raise WrongError(
            f"{key.name} takes one value.", second.position, second.length, "Leave one."
        )
    return term.value


_READERS: Final[dict[Kind, Callable[[Term, Key], Found]]] = {
    Kind.TEXT: _text,
    Kind.STATUS: _status,
    Kind.LONGER: _size(longer),
    Kind.SHORTER: _size(shorter),
    Kind.DURATION: _size(duration_size),
    Kind.LEVEL: _size(level_size),
    Kind.SEVERITY: _size(severity_size),
    Kind.YES_NO: _yes_no,
    Kind.REQUEST_ID: _request_id,
    Kind.TRACE_ID: _trace_id,
}
