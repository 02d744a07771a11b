"""A search, read into a filter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from fastapi_spine.console.filter import Filter
from fastapi_spine.console.search.conditions import Condition, condition
from fastapi_spine.console.search.problem import SearchError, WrongError
from fastapi_spine.console.search.scan import Term, terms
from fastapi_spine.console.search.write import render
from fastapi_spine.core.conventions import KEY_REQUEST_ID, KEY_TRACE_ID

LONGEST: Final = 1_000
MOST_TERMS: Final = 40
_ONCE: Final = {"failed": "failed:", KEY_REQUEST_ID: "id:", KEY_TRACE_ID: "trace:"}
_UNSEEN: Final = re.compile(r"[^\S \t\r\n]|[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def parse(text: str) -> Filter:
    """Read a search.

    Args:
        text: as somebody typed it.

    Returns:
        What it means; `EVERYTHING` for an empty one. `parse(render(found)) == found`.

    Raises:
        SearchError: it cannot be read; says where, and what to write instead. Nothing else is raised, whatever the text.
    """
    if len(text) > LONGEST:
        hint = f"Keep to {LONGEST:,} characters."
        raise SearchError(text, "The search is too long.", LONGEST, len(text) - LONGEST, hint)
    try:
        _refuse_unseen(text)
        found = _together(terms(text))
    except WrongError as wrong:
        raise SearchError(text, wrong.message, wrong.position, wrong.length, wrong.hint) from None
    if len(render(found)) > LONGEST:
        raise SearchError(text, "The search is too long.", 0, len(text), "Leave a term out.")
    return found


def _refuse_unseen(text: str) -> None:
    """Refuse what nobody sees and nobody typed: it would make two searches that look the same differ."""
    wrong = _UNSEEN.search(text)
    if wrong is not None:
        name = unicodedata.name(wrong[0], f"U+{ord(wrong[0]):04X}").lower()
        hint = "Remove it, or write a plain blank."
        raise WrongError(
            f"There is a character that cannot be seen ({name}).", wrong.start(), 1, hint
        )


def _together(written: Sequence[Term]) -> Filter:
    if len(written) > MOST_TERMS:
        first = written[MOST_TERMS]
        end = written[-1].position + written[-1].length
        hint = f"Keep to {MOST_TERMS}."
        raise WrongError("These are too many terms.", first.position, end - first.position, hint)
    once: dict[str, Condition] = {}
    lists: dict[str, list[Condition]] = {"words": [], "matches": [], "sizes": []}
    for term in written:
        field, value = condition(term)
        if field in lists:
            lists[field].append(value)
        elif field in once:
            message = f"{_ONCE[field]} stands here twice, and no request fits both."
            raise WrongError(message, term.position, term.length, "Leave one out.")
        else:
            once[field] = value
    return Filter(**{field: tuple(values) for field, values in lists.items()}, **once)  # type: ignore[arg-type]  # each field's own type, by its name
