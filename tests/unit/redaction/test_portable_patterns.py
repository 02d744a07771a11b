"""Patterns mean the same on every supported Python."""

from __future__ import annotations

import re
from pathlib import Path

import fastapi_spine.redaction

POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{\{?\d+,\d*\}?\})\+|\(\?>")


def test_no_group_is_possessive() -> None:
    """Before CPython 3.11.5 such a group could miss matches (python/cpython#106052): Debian 12 has 3.11.2.

    Possessive character sets are sound there. A group that must not be entered again stands in a lookahead and is
    matched by a reference to it.
    """
    folder = Path(next(iter(fastapi_spine.redaction.__path__)))
    found = [
        f"{path.name}: {match.group()}"
        for path in sorted(folder.glob("*.py"))
        for match in POSSESSIVE_GROUP.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
