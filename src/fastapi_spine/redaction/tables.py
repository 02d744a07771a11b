"""Secrets in a column of separated values: a line of names, and rows of as many cells below it."""

from __future__ import annotations

from collections.abc import Callable

from fastapi_spine.redaction.keys import KeyClassifier
from fastapi_spine.redaction.lazy import LazyPattern
from fastapi_spine.redaction.marks import mark
from fastapi_spine.redaction.spans import Span, splice
from fastapi_spine.redaction.values import is_blank

_HEAD = LazyPattern(
    r"(?P<names>\"?[A-Za-z_][\w .-]{0,40}+\"?(?P<gap>[,;\t|])(?:\"?[\w .-]{1,40}+\"?(?P=gap)){0,30}\"?[\w .-]{1,40}+\"?)\r?\n"
)
_MOST_ROWS = 500


class TableRule:
    """Replaces the cells of sensitive columns."""

    def __init__(self, keys: KeyClassifier, found: Callable[[str], None]) -> None:
        self._keys = keys
        self._found = found

    def __call__(self, text: str) -> str:
        """Return `text` with the cells of sensitive columns replaced."""
        spans: list[Span] = []
        place = 0
        while place >= 0 and "\n" in text:
            head = _HEAD.match(text, place)
            if head is None:
                place = text.find("\n", place) + 1 or -1
                continue
            names = head["names"].split(head["gap"])
            kinds = [self._keys.kind(name.strip(' "')) for name in names]
            place = head.end()
            if any(kinds):
                place = self._rows(text, place, head["gap"], kinds, spans)
        return splice(text, spans)

    def _rows(
        self, text: str, place: int, gap: str, kinds: list[str | None], spans: list[Span]
    ) -> int:
        for _ in range(_MOST_ROWS):
            end = text.find("\n", place)
            line = text[place : end if end >= 0 else len(text)]
            cells = line.rstrip("\r").split(gap)
            if len(cells) != len(kinds):
                return place
            begin = place
            for cell, kind in zip(cells, kinds, strict=True):
                bare = cell.strip(' "')
                start = begin + cell.find(bare)
                if kind and bare and not bare.startswith("[REDACTED") and not is_blank(bare):
                    spans.append((start, start + len(bare), mark(kind)))
                    self._found(kind)
                begin += len(cell) + 1
            if end < 0:
                return len(text)
            place = end + 1
        return place
