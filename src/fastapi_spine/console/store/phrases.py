"""Words that somebody typed, as a question to the full-text index that cannot be anything but words."""

from __future__ import annotations

from collections.abc import Iterable
from re import compile as pattern
from typing import Final

_WORD: Final = pattern(r"\w")


def phrase(text: str) -> str:
    """Return a text as a phrase: between quotation marks nothing has a meaning, and a mark is written twice.

    Source: sqlite.org/fts5.html, section 3.1 (FTS5 strings). A NUL would end the text early.
    """
    return '"' + text.replace("\0", " ").replace('"', '""') + '"'


def all_of(phrases: Iterable[str]) -> str:
    """Return what asks for every phrase."""
    return " AND ".join(phrase(text) for text in phrases)


def any_of(phrases: Iterable[str]) -> str:
    """Return what asks for one of the phrases."""
    return " OR ".join(phrase(text) for text in phrases)


def has_words(text: str) -> bool:
    """Whether a text has anything that the index knows; `->` has not, and is looked for letter by letter."""
    return _WORD.search(text) is not None
