r"""A search cut into terms, each with its places: the first step of reading.

search  = blanks [ term *( blanks term ) ] blanks
term    = [ "-" ] ( value | key operator value *( "," value ) )
key     = [ "@" ] letter *( letter | digit | "_" | "." | "-" )
value   = quoted | bare
quoted  = '"' … '"', where \" stands for a quote and \\ for a backslash
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from fastapi_spine.console.search.problem import WrongError

_BLANKS: Final = re.compile(r"\s*")
_HEAD: Final = re.compile(r"(@?[A-Za-z_][\w.\-]*)(>=|<=|=>|=<|!=|==|:=|[:=<>])", re.ASCII)
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE_WORD: Final = re.compile(r'[^\s"]+')
_BARE_VALUE: Final = re.compile(r'[^\s",]+')
_ESCAPE: Final = re.compile(r'\\(["\\])')
_LINK: Final = "//"


class Value(NamedTuple):
    """One value of a term, and where it stands."""

    text: str
    position: int
    length: int
    quoted: bool


class Term(NamedTuple):
    """One condition as it was written.

    Attributes:
        position: where it begins, its minus included.
        key: empty for words.
        operator: one of the ten that people write; `:` for words.
    """

    position: int
    length: int
    negated: bool
    key: str
    operator: str
    values: tuple[Value, ...]

    @property
    def value(self) -> Value:
        """The first value."""
        return self.values[0]


def terms(text: str) -> list[Term]:
    """Cut a search into terms.

    Raises:
        WrongError: a quote is open, a value is missing, or two terms stand together.
    """
    found: list[Term] = []
    place = _skip(text, 0)
    while place < len(text):
        term = _term(text, place)
        end = place + term.length
        if end < len(text) and not text[end].isspace():
            raise WrongError(
                "Two terms stand together.", end, 1, f"Write a blank before {text[end]}."
            )
        found.append(term)
        place = _skip(text, end)
    return found


def has_head(text: str) -> bool:
    """Whether a text begins as a term with a key does."""
    head = _HEAD.match(text)
    return head is not None and not text.startswith(_LINK, head.end())


def _skip(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return blanks.end() if blanks else place


def _term(text: str, begin: int) -> Term:
    negated = text[begin] == "-"
    place = begin + negated
    head = _HEAD.match(text, place)
    # An address such as https://… is no key with a value: people paste it to find it in lines.
    if head is None or text.startswith(_LINK, head.end()):
        if place == len(text) or text[place].isspace():
            raise WrongError(
                "Nothing follows the minus.", begin, 1, "Write what to leave out: -service:orders."
            )
        word = _value(text, place, _BARE_WORD)
        return Term(begin, word.position + word.length - begin, negated, "", ":", (word,))
    values, end = _values(text, head.end(), head[0])
    return Term(begin, end - begin, negated, head[1], head[2], values)


def _values(text: str, place: int, head: str) -> tuple[tuple[Value, ...], int]:
    found: list[Value] = []
    while True:
        if place == len(text) or text[place].isspace() or text[place] == ",":
            raise _missing(text, place, head, found)
        value = _value(text, place, _BARE_VALUE)
        found.append(value)
        place = value.position + value.length
        if not text.startswith(",", place):
            return tuple(found), place
        place += 1


def _missing(text: str, place: int, head: str, found: list[Value]) -> WrongError:
    next_word = _BARE_WORD.match(text, _skip(text, place))
    follows = next_word[0].lstrip(",") if next_word else ""
    if found:
        hint = "Write values without blanks between them, a,b, or leave the last comma out."
        return WrongError("A value is missing at a comma.", max(place - 1, 0), 1, hint)
    hint = f"Write {head}{follows} without a blank." if follows else f"Write it: {head}…"
    return WrongError(f"Nothing follows {head}", max(place - 1, 0), 1, hint)


def _value(text: str, place: int, bare: re.Pattern[str]) -> Value:
    if text[place] == '"':
        quoted = _QUOTED.match(text, place)
        if quoted is None:
            raise WrongError(
                "The quote is not closed.", place, len(text) - place, 'Write " at its end.'
            )
        return Value(_ESCAPE.sub(r"\1", quoted[1]), place, len(quoted[0]), quoted=True)
    word = bare.match(text, place)
    if word is None:
        raise WrongError("A value is missing.", place, 1, "Write it.")
    return Value(word[0], place, len(word[0]), quoted=False)
