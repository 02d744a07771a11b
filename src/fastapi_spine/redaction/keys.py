"""Is a key the name of a secret? Decided by its words, once a key.

By words and never by substring: joined keys hide words that are not there (``class_name`` holds
``ssn``, ``photo_kenya`` holds ``token``). The same classifier judges keys of mappings and keys
found in text, so that a secret fares the same in ``{"password": x}`` and in ``password=x``.
"""

from __future__ import annotations

import re

from fastapi_spine.redaction.gate import Anchor
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.policy import Policy
from fastapi_spine.redaction.shapes import is_opaque
from fastapi_spine.redaction.words import (
    ANCHORS,
    DENY_ANY,
    DENY_FIRST,
    DENY_LAST,
    HARD,
    ID_DENIED,
    OPAQUE_QUERY,
    PAIRS,
    QUERY,
    SID_OF,
    SOFT,
    SOFT_TAILS,
    SUFFIXES,
    TELLING_BELOW,
)

CACHE_SIZE = 4096
LONGEST_KEY = 128
_MOST_WORDS = 8
_LONG_WORD = 6
_SHORTEST_PAST = 4
_SHORTEST_OPAQUE = 16
_SHORTEST_LISTED = 10
_LISTED = "tokens"
_WORD = LazyPattern(r"[A-Z]{2,}(?![a-z])[0-9]*|[A-Z]?[a-z0-9]+|[A-Z][0-9]*", re.ASCII)
_SUFFIX = tuple(SUFFIXES)


def words_of(name: str) -> list[str]:
    """Split `name` at punctuation and camel case into lower-case words without outer digits."""
    stripped = (word.strip("0123456789") for word in _WORD.findall(name))
    return [word.lower() for word in stripped if word]


def is_field_name(text: str) -> bool:
    """Say whether `text` is the plain name of a sensitive field, as in a list of columns.

    ``("password", "api_key")`` are two names; ``("password", "mypassword")`` is a name and a value.
    """
    if text.lower() in HARD or text.lower() in SOFT:
        return True
    return "_" in text and text.replace("_", "").isalpha() and _kind_of(words_of(text)) is not None


def tells_about(name: str) -> bool:
    """Say whether `name`, found below a sensitive key, is that of a description and no secret.

    In ``{"auth": {"type": "oauth2", "username": "bob", "value": "x"}}`` only the last one goes.
    """
    words = words_of(name)
    return bool(words) and words[-1] in TELLING_BELOW


def is_listed(value: str) -> bool:
    """Say whether an item of a list of tokens is a secret, and no word that a text was taken apart into."""
    return is_opaque(value, _SHORTEST_LISTED)


class KeyClassifier:
    """Answers what kind of secret a key names, from a bounded cache."""

    def __init__(self, policy: Policy) -> None:
        self._enabled = policy.enabled
        self._allowed = {name.lower() for name in policy.allow_keys}
        self._extra = {tuple(words_of(name)) for name in policy.extra_keys} - {()}
        self._disabled = policy.disable_kinds
        self.cache: dict[str, str | None] = {}

    def anchors(self) -> list[Anchor]:
        """Return what a text must hold before any sensitive key can be in it."""
        extra = [Anchor(max(words, key=len)) for words in self._extra]
        return [*ANCHORS, *extra]

    def kind(self, name: str) -> str | None:
        """Return the kind of secret that `name` announces, or None.

        Args:
            name: a key of any casing and style; one longer than 128 characters is text, not a key.
        """
        try:
            return self.cache[name]
        except KeyError:
            pass
        kind = self._classify(name)
        if len(self.cache) >= CACHE_SIZE:
            self.cache.clear()
        self.cache[name] = kind
        return kind

    def query_kind(self, name: str) -> str | None:
        """Return the kind of `name` as a parameter of a query string, where signatures count too."""
        kind = QUERY.get(name.lower()) or QUERY.get(name.lower().rpartition("-")[2])
        allowed = not self._enabled or name.lower() in self._allowed
        return self.kind(name) if allowed or kind is None or kind in self._disabled else kind

    def opaque_query_kind(self, name: str, value: str) -> str | None:
        """Return the kind of the parameter `name` if its `value` looks like a secret."""
        name = name.lower()
        kind = OPAQUE_QUERY.get(name)
        if kind is None or kind in self._disabled or not self._enabled or name in self._allowed:
            return None
        return kind if is_opaque(value, _SHORTEST_OPAQUE) else None

    def listed_kind(self, name: str) -> str | None:
        """Return the kind of what a list of this name may hold: `tokens` of somebody, or of a language model.

        Which of both says each item: see `is_listed`.
        """
        if name[-len(_LISTED) :].lower() != _LISTED or name.lower() in self._allowed:
            return None
        return self.kind(name[:-1])

    def _classify(self, name: str) -> str | None:
        if not self._enabled or len(name) > LONGEST_KEY or "=" in name:
            return None
        if name.lower() in self._allowed:
            return None
        words = words_of(name)
        if self._extra and tuple(words) in self._extra:
            return "secret"
        kind = _kind_of(words)
        return None if kind in self._disabled else kind


def _kind_of(words: list[str]) -> str | None:
    if not words or len(words) > _MOST_WORDS or _denied(words):
        return None
    for place in range(len(words) - 1, -1, -1):
        kind = _kind_at(words, place)
        if kind:
            return kind
    return None


def _denied(words: list[str]) -> bool:
    last = words[-1]
    if last in DENY_LAST or (last.endswith("ed") and len(last) > _SHORTEST_PAST):
        return last != "encoded"
    if (words[0] in DENY_FIRST and len(words) > 1) or not DENY_ANY.isdisjoint(words):
        return True
    if last == "sid" and len(words) > 1:
        return words[-2] in SID_OF
    if last != "id" or len(words) == 1:
        return False
    return words[-2] in ID_DENIED and words[-3:-1] != ["access", "key"]


def _kind_at(words: list[str], place: int) -> str | None:
    word = words[place]
    if word in HARD:
        return HARD[word]
    if word in SOFT:
        return SOFT[word] if SOFT_TAILS.issuperset(words[place + 1 :]) else None
    if len(word) > _LONG_WORD and word.endswith(_SUFFIX):
        return next(kind for suffix, kind in SUFFIXES.items() if word.endswith(suffix))
    return PAIRS.get((words[place - 1], word)) if place else None
