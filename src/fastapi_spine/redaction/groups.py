"""A bracketed value beside a sensitive key in text: ``"tokens": ["a", "b"]``, ``auth: {pw: x}``.

It is read as the walk over nested values reads it: every leaf goes, names stay, and so does a leaf
whose own name tells about the secret (``type``, ``username``, ``expires_in``).
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi_spine.redaction.keys import is_listed, tells_about
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import MARK, mark
from fastapi_spine.redaction.spans import Span
from fastapi_spine.redaction.values import CONTENT_GROUPS, VALUE, is_innocent, redact_content

_LONGEST_GROUP = 4000
_DEEPEST_GROUP = 6
_GAP = LazyPattern(rf"(?:[\s,;:=<>|&%]|{MARK}){{1,4000}}")
_BARE = LazyPattern(r"[^\s,;:=\[\](){}\"'<>\\]{1,4000}+")
_NAMES = LazyPattern(r"[\])]?[ \t]{0,3}+(?:=>|:=|[:=])(?![=:])")


def group_spans(
    text: str, start: int, kind: str, found: Callable[[str], None], *, listed: bool = False
) -> tuple[list[Span], int]:
    """Return what to replace in the bracketed value at `start`, and where the value ends.

    Of what is `listed`, only items without a name of their own that look like secrets.
    """
    spans: list[Span] = []
    depth, name, place = 0, "", start
    limit = min(len(text), start + _LONGEST_GROUP)
    while place < limit:
        if gap := _GAP.match(text, place, limit):
            place = gap.end()
        elif text[place] in "[({":
            depth, place = depth + 1, place + 1
            if depth > _DEEPEST_GROUP:
                return [*spans, (place, limit, mark(kind))], limit
        elif text[place] in "])}":
            depth, place = depth - 1, place + 1
            if depth <= 0:
                break
        else:
            first, last, place, quoted = _leaf(text, place, limit)
            if separator := _NAMES.match(text, place, limit):
                name, place = text[first:last], separator.end()
                continue
            value = text[first:last]
            secret = not listed or (not name and is_listed(value))
            instead = _instead(value, name, kind, quoted=quoted) if secret else None
            if instead:
                spans.append((first, last, instead))
                found(kind)
            name = ""
    return spans, place


def _leaf(text: str, place: int, limit: int) -> tuple[int, int, int, bool]:
    """Return where the leaf at `place` begins and ends, where to go on, and whether it is quoted."""
    value = VALUE.match(text, place, limit)
    if value is not None:
        for group in CONTENT_GROUPS:
            if value[group] is not None:
                return *value.span(group), max(value.end(), place + 1), True
        if value["mark"]:
            return place, place, value.end(), True
    bare = _BARE.match(text, place, limit)
    end = bare.end() if bare else place
    return place, end, max(end, place + 1), False


def _instead(value: str, name: str, kind: str, *, quoted: bool) -> str | None:
    if not value or (name and tells_about(name)):
        return None
    if not quoted and is_innocent(value, kind, name, quoted=False):
        return None
    return redact_content(value, kind, name)
