"""Does a word look like a secret, by its characters alone?

Only asked where a sensitive word or parameter stands beside it: identifiers look the same.
"""

from __future__ import annotations

import re

from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.values import is_blank

MIXED = LazyPattern(r"(?=[^\d]{0,200}\d)(?=[^A-Za-z]{0,200}[A-Za-z])\S{6,200}")
TECHNICAL = LazyPattern(
    r"(?:base|sha|md|utf|aes|rsa|hs|rs|es|oauth|pbkdf|http|v)[-/]?\d{1,4}(?![A-Za-z0-9])|\d{1,6}[a-z]{1,12}$",
    re.IGNORECASE,
)
_UUID = LazyPattern(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|01[0-9A-Z]{24}")
_NAME = LazyPattern(r"[a-z]{1,40}[a-z0-9]{0,40}(?:[-_./:]{1,2}[a-z0-9]{1,40}){1,12}")
_DATE = LazyPattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


_STRONG = LazyPattern(
    r"(?!eyJ)(?=[^a-z]{0,60}[a-z])(?=[^A-Z]{0,60}[A-Z])(?=[^0-9]{0,60}[0-9])[\w+/-]{32,200}={0,2}"
)
# What would be a pair by itself: `user=bob`.
NEXT_PAIR = LazyPattern(r"[A-Za-z_.-]{1,40}=\S")


def is_strong(value: str) -> bool:
    """Say whether `value` can only be key material: 32 characters or more of all three sorts."""
    return _STRONG.fullmatch(value) is not None


def is_opaque(value: str, shortest: int) -> bool:
    """Say whether `value` is no word, no name of a thing and no public id.

    Args:
        value: the text, without quotes.
        shortest: how many characters it must have.
    """
    return (
        len(value) >= shortest
        and MIXED.match(value) is not None
        and not (is_blank(value) or TECHNICAL.match(value) or NEXT_PAIR.match(value))
        and not (_UUID.fullmatch(value) or _NAME.fullmatch(value) or _DATE.match(value))
    )


def is_expression(word: str, separator: str, following: str) -> bool:
    """Say whether `word` is a name compared with, a type, or the key of the next pair."""
    if separator == "==":
        return word.replace("_", "").replace(".", "").isalpha()
    if following == "<" and word.isalpha():  # Option<String>
        return True
    return (
        separator[:1] == ":" and NEXT_PAIR.match(word) is not None and not word.startswith("key=")
    )
